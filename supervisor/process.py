"""One child process: started, listened to, restarted when it dies, stopped with everything it started."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import time
from collections import deque
from typing import TYPE_CHECKING

from supervisor.child import Child
from supervisor.console import Console

if TYPE_CHECKING:
    from supervisor.table import ProcessSpec

RESTART_DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each restart in a row; one more death than these and the process is given up."""
STEADY_SECONDS = 30.0
"""A process that lived this long has recovered: the next death counts as the first."""
CANNOT_RUN_HERE = 3
"""The exit status of an optional process that starting again would not help."""
PROBE_SECONDS = 0.1
KEPT_LINES = 12
LINE_LIMIT = 64 * 1024


class GivenUp(Exception):  # noqa: N818 -- an outcome
    """A process died again and again; the message says so and shows its last words."""


class Process:
    """Runs ``spec`` until ``stop`` is called; ``up`` is set once it answers."""

    def __init__(self, spec: ProcessSpec, console: Console, environment: dict[str, str]) -> None:
        self.spec = spec
        self.up = asyncio.Event()
        self.given_up = False
        self._console = console
        self._environment = environment
        self._child: Child | None = None
        self._stopping = False
        self._last_lines: deque[str] = deque(maxlen=KEPT_LINES)

    async def run(self) -> None:
        """Keep the process running. Returns after ``stop``; raises GivenUp after too many deaths in a row.

        An optional process that is given up counts as up, so that nobody waits for it, and returns.
        """
        deaths = 0
        while not self._stopping:
            born = time.monotonic()
            status = await self._live()
            if self._stopping:
                return
            deaths = 1 if time.monotonic() - born >= STEADY_SECONDS else deaths + 1
            if self.spec.optional and (status == CANNOT_RUN_HERE or deaths > len(RESTART_DELAYS)):
                self._console.say(f"{self.spec.name} is left out; all else goes on without it.")
                self.given_up = True
                self.up.set()
                return
            if deaths > len(RESTART_DELAYS):
                raise GivenUp(self._obituary(deaths, status))
            delay = RESTART_DELAYS[deaths - 1]
            self._console.say(
                f"{self.spec.name} ended with {name_status(status)}; starting it again in {delay:g} s."
            )
            await asyncio.sleep(delay)

    async def stop(self) -> None:
        """Ask the process to stop, then kill it and all of its process group."""
        self._stopping = True
        child = self._child
        if child is None or child.status is not None:
            return
        child.send(self.spec.stop_signal)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.spec.stop_seconds):
                await child.wait()
        self.kill()
        await child.wait()

    def kill(self) -> None:
        """End the process and all of its process group now."""
        if self._child is not None:
            self._child.kill_group()

    async def _live(self) -> int:
        """One life of the process, from spawn to death; returns its exit status."""
        try:
            self._child = child = await Child.spawn(
                self.spec.argv, {**self._environment, **self.spec.environment}, self.spec.stdin
            )
        except OSError as error:
            self._last_lines.append(f"{self.spec.argv[0]}: {error.strerror}")
            return 127
        watcher = asyncio.create_task(self._watch_up())
        try:
            await self._read_output(child)
            return await child.wait()
        finally:
            watcher.cancel()
            child.kill_group()
            child.close()

    async def _read_output(self, child: Child) -> None:
        """Show every line until the process has ended."""
        rest = b""
        while chunk := await child.read(LINE_LIMIT):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._show(line)
            if len(rest) >= LINE_LIMIT:
                self._show(rest)
                rest = b""
        if rest:
            self._show(rest)

    async def _watch_up(self) -> None:
        """Set ``up`` once the probe succeeds; end a process that does not come up in time."""
        deadline = time.monotonic() + self.spec.up_seconds
        while self.spec.probe is not None and not await self._probe():
            if time.monotonic() > deadline:
                self._last_lines.append(f"did not answer within {self.spec.up_seconds:g} seconds")
                self.kill()
                return
            await asyncio.sleep(PROBE_SECONDS)
        self.up.set()

    async def _probe(self) -> bool:
        if self.spec.probe is None:
            return True
        try:
            return await self.spec.probe()
        except TimeoutError:
            return False

    def _show(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip()
        self._last_lines.append(text)
        if not (self.spec.hidden and re.search(self.spec.hidden, text)):
            self._console.line(self.spec.name, text)

    def _obituary(self, deaths: int, status: int) -> str:
        said = "\n".join(f"    {line}" for line in self._last_lines)
        return (
            f"{self.spec.name} ended {deaths} times in a row, last with {name_status(status)}; "
            f"its last words were:\n{said}"
        )


def name_status(status: int) -> str:
    """``exit status 1`` or ``signal SIGKILL``."""
    if status >= 0:
        return f"exit status {status}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-status).name}"
    return f"signal {-status}"
