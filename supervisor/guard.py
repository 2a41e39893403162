"""Cleans up after a supervisor, however it ended.

Runs as a process of its own (``python guard.py MARK RUN_DIR``) with one end of a pipe as standard input.
When the supervisor ends, for any reason, the pipe closes; the guard then ends every process that carries the
run's mark in its environment and removes the run's directory. It also holds the lock on the data directory
for as long as that takes, so that a new start finds nothing of the old one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time

MARK_NAME = "AVSITE_RUN"
GRACE_SECONDS = 4.0


def find_marked(mark: str) -> list[int]:
    """Process ids of every process of ours whose environment carries ``mark``, except this one."""
    wanted = f"{MARK_NAME}={mark}".encode()
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                variables = file.read().split(b"\0")
        except OSError:
            continue
        if wanted in variables:
            found.append(int(name))
    return found


def end_marked(mark: str, grace_seconds: float = GRACE_SECONDS) -> None:
    """Ask every marked process to stop, wait, then kill what is left."""
    for pid in find_marked(mark):
        _send(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline:
        if not find_marked(mark):
            return
        time.sleep(0.05)
    for _ in range(20):
        left = find_marked(mark)
        if not left:
            return
        for pid in left:
            _send(pid, signal.SIGKILL)
        time.sleep(0.1)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def main() -> None:
    mark, run_dir = sys.argv[1:3]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 4096):
        pass
    end_marked(mark)
    shutil.rmtree(run_dir, ignore_errors=True)


if __name__ == "__main__":
    main()
