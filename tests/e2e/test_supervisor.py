"""``make run``: nothing left behind however it ends, nothing in the way of another."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.running import RunningStack, marked_processes

Start = Callable[..., RunningStack]


@pytest.fixture
def start(built_pages: None, tmp_path: Path) -> Iterator[Start]:
    running: list[RunningStack] = []

    def start_one(name: str = "data", **environment: str) -> RunningStack:
        running.append(RunningStack(tmp_path / name, **environment))
        return running[-1]

    yield start_one
    for one in running:
        one.stop(signal.SIGKILL)


def expect_nothing_left(one: RunningStack) -> None:
    deadline = time.monotonic() + 15
    mark = f"AVSITE_DATA_DIR={one.data_dir}\0"
    while marked_processes(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert marked_processes(mark) == []
    left = {path.name for path in one.data_dir.iterdir()}
    assert not {name for name in left if re.search(r"pid|sock|lock|^run$|schedule|rdb", name)}, left


def wait_for_worker(one: RunningStack) -> None:
    one.wait_until_ready().wait_for(re.compile(r"worker .* ready\."))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_behind(start: Start, number: signal.Signals) -> None:
    one = start()
    wait_for_worker(one)
    assert len(marked_processes(f"AVSITE_DATA_DIR={one.data_dir}\0")) >= 5
    status = one.stop(number)
    assert status == (-9 if number == signal.SIGKILL else 0)
    expect_nothing_left(one)


def test_a_start_that_is_given_up_early_leaves_nothing_either(start: Start) -> None:
    one = start()
    one.wait_for(re.compile("Starting at http"))
    assert one.stop(signal.SIGHUP) == 0
    expect_nothing_left(one)


def test_a_killed_web_server_comes_back(start: Start) -> None:
    one = start().wait_until_ready()
    web = [pid for pid in marked_processes(f"AVSITE_DATA_DIR={one.data_dir}\0") if is_running(pid, "daphne")]
    os.kill(web[0], signal.SIGKILL)
    one.wait_for(re.compile("web ended with signal SIGKILL; starting it again"))
    deadline = time.monotonic() + 60
    while not answers(one.url) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert answers(one.url)


def test_two_checkouts_and_a_second_start_of_the_same(start: Start) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
    one = start("one", PORT=port)
    one.wait_until_ready()
    assert one.url.endswith(port)
    again = start("one")
    assert again.process.wait(30) == 1
    assert "already running on" in again.log
    same_port = start("other", PORT=port)
    assert same_port.process.wait(30) == 1
    assert re.search(f"Port {port} on 127.0.0.1 is taken by another program; choose another", same_port.log)
    other = start("other").wait_until_ready()
    assert answers(one.url) and answers(other.url) and one.url != other.url


def test_a_product_that_cannot_start_says_why_and_stops(start: Start) -> None:
    one = start(AVSITE_JOB_LIMIT="many")
    assert one.process.wait(60) == 1
    assert "AVSITE_JOB_LIMIT is 'many'; set it to a whole number" in one.log
    expect_nothing_left(one)


def is_running(pid: int, program: str) -> bool:
    try:
        return program.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/v1/session", timeout=5) as reply:
            return reply.status == 200
    except OSError:
        return False
