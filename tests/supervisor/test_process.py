"""One child: restarted when it dies, given up when it keeps dying, stopped with all it started."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from supervisor import process as process_module
from supervisor.console import Console
from supervisor.process import GivenUp, Process
from supervisor.table import ProcessSpec
from tests.stack.conftest import wait_until


class Recorder(Console):
    """Keeps lines instead of printing them."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.more = asyncio.Event()

    def line(self, name: str, text: str) -> None:
        self.lines.append(f"{name}: {text}")
        self.more.set()


def make(code: str, console: Console, **more: object) -> Process:
    spec = ProcessSpec("child", [sys.executable, "-u", "-c", code], stage=0, **more)  # type: ignore[arg-type]
    return Process(spec, console, dict(os.environ))


async def seen(console: Recorder, text: str, times: int = 1) -> list[str]:
    async with asyncio.timeout(60):
        while sum(text in line for line in console.lines) < times:
            await console.more.wait()
            console.more.clear()
    return [line for line in console.lines if text in line]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until_gone(pid: int) -> None:
    """A killed process goes once it is scheduled; one that was spared sleeps for longer than this waits."""
    wait_until(lambda: not is_alive(pid), 30, f"the end of {pid}")


@pytest.fixture
def quick_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "RESTART_DELAYS", (0.01, 0.01))


async def test_a_killed_process_is_started_again(quick_restarts: None) -> None:
    console = Recorder()
    child = make("import os, time; print('pid', os.getpid()); time.sleep(60)", console)
    run = asyncio.create_task(child.run())
    first = int((await seen(console, "pid"))[0].split()[-1])
    os.kill(first, signal.SIGKILL)
    second = int((await seen(console, "pid", 2))[1].split()[-1])
    assert second != first
    assert any("SIGKILL" in line and "again" in line for line in console.lines)
    await child.stop()
    await run
    wait_until_gone(second)


async def test_a_process_that_keeps_dying_is_given_up_with_its_last_words(quick_restarts: None) -> None:
    child = make("print('the disk is full'); raise SystemExit(3)", Recorder())
    with pytest.raises(GivenUp, match=r"3 times in a row, last with exit status 3(.|\n)*the disk is full"):
        await child.run()


async def test_stop_takes_grandchildren_along_even_stubborn_ones() -> None:
    console = Recorder()
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print('grandchild', child.pid)\ntime.sleep(60)\n"
    )
    child = make(code, console, stop_seconds=0.2)
    run = asyncio.create_task(child.run())
    grandchild = int((await seen(console, "grandchild"))[0].split()[-1])
    assert is_alive(grandchild)
    await child.stop()
    await run
    wait_until_gone(grandchild)


async def test_output_comes_line_by_line_whatever_it_holds() -> None:
    console = Recorder()
    code = "import os, time\nos.write(1, b'caf\\xc3\\xa9\\nbroken \\xff byte\\n' "
    code += "+ b'x' * 300_000 + b'\\nend\\nno newline')\ntime.sleep(60)"
    child = make(code, console)
    run = asyncio.create_task(child.run())
    await seen(console, "child: end")
    assert console.lines[0] == "child: café"
    assert console.lines[1] == "child: broken \N{REPLACEMENT CHARACTER} byte"
    assert sum(line.count("x") for line in console.lines) == 300_000
    await child.stop()
    await run
    assert console.lines[-1] == "child: no newline"


async def test_up_waits_for_the_probe() -> None:
    answers = iter([False, False, True])

    async def probe() -> bool:
        return next(answers)

    child = make("import time; time.sleep(60)", Recorder(), probe=probe)
    run = asyncio.create_task(child.run())
    await child.up.wait()
    with pytest.raises(StopIteration):
        next(answers)
    await child.stop()
    await run


async def test_hidden_lines_stay_out_of_the_terminal_but_not_out_of_a_crash_report(
    quick_restarts: None,
) -> None:
    console = Recorder()
    child = make("print('noise'); raise SystemExit(1)", console, hidden="noise")
    with pytest.raises(GivenUp, match="noise"):
        await child.run()
    assert "child: noise" not in console.lines
