"""What is sorted out, or said plainly, before anything starts."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor import prepare
from supervisor.prepare import (
    Site,
    StartError,
    choose_redis,
    choose_site,
    free_port,
    lock_data,
    migration_stamp,
)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        yield listener.getsockname()[1]


def test_a_taken_default_port_gives_the_next_and_says_so(
    taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "DEFAULT_PORT", taken_port)
    site, notice = choose_site("127.0.0.1", "")
    assert site.port > taken_port
    assert notice is not None and str(taken_port) in notice and str(site.port) in notice


def test_a_taken_port_that_was_asked_for_is_refused(taken_port: int) -> None:
    with pytest.raises(StartError, match=f"Port {taken_port} .* is taken by another program; choose another"):
        choose_site("127.0.0.1", str(taken_port))


@pytest.mark.parametrize("port", ["eight", "70000", "-1"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(StartError, match="give a number from 1 to 65535"):
        choose_site("127.0.0.1", port)


def test_a_host_that_is_not_of_this_machine_is_refused() -> None:
    with pytest.raises(StartError, match="HOST=192.0.2.7 is not an address of this machine"):
        choose_site("192.0.2.7", "")


def test_what_to_open_in_the_browser() -> None:
    assert Site("127.0.0.1", 8000).url == "http://localhost:8000"
    assert Site("0.0.0.0", 8000).url == "http://localhost:8000"
    assert Site("192.0.2.7", 80).url == "http://192.0.2.7:80"
    assert Site("2001:db8::1", 80).url == "http://[2001:db8::1]:80"


def test_a_given_redis_is_used_and_otherwise_one_of_our_own() -> None:
    given = choose_redis("redis://elsewhere:6379/3")
    assert (given.url, given.owned) == ("redis://elsewhere:6379/3", False)
    own = choose_redis("")
    assert own.owned and own.password in own.url and own.port != 6379
    assert b"bind 127.0.0.1\n" in own.config(Path("/tmp/x"))


def test_no_redis_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StartError, match="apt install redis-server"):
        choose_redis("")


def test_data_is_held_by_one_run_at_a_time_and_the_lock_leaves_no_file(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    lock = lock_data(data)
    with pytest.raises(StartError, match="already running on"):
        lock_data(data)
    os.close(lock)
    os.close(lock_data(data))
    assert list(data.iterdir()) == []


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="cannot be used"):
        lock_data(tmp_path / "file" / "data")


def test_the_migration_stamp_changes_with_the_database_only(tmp_path: Path) -> None:
    assert migration_stamp("", tmp_path) is None
    database = tmp_path / "db.sqlite3"
    database.write_text("one")
    first = migration_stamp("", tmp_path)
    assert first is not None and migration_stamp("", tmp_path) == first
    assert migration_stamp("postgresql://db/avsite", tmp_path) is None
    (tmp_path / "restored").write_text("two")
    (tmp_path / "restored").replace(database)
    assert migration_stamp("", tmp_path) != first


def test_a_free_port_can_be_listened_on() -> None:
    assert prepare.why_port_is_unusable("127.0.0.1", free_port()) is None
