"""Processes that are told what to do, and tell what happened, in lines of JSON."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 30.0
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1")


def tell(event: str, **detail: Any) -> None:
    """From within an actor: something happened."""
    sys.stdout.write(json.dumps({"event": event, **detail}) + "\n")
    sys.stdout.flush()


async def orders() -> AsyncIterator[dict[str, Any]]:
    """Within an actor: what it is told to do, until the pipe is closed."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


def cost() -> dict[str, float]:
    """CPU seconds of this process so far, every thread, and its memory now, MB."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "at": time.monotonic(),
        "cpu": used.ru_utime + used.ru_stime,
        "megabytes": pages * resource.getpagesize() / 1e6,
    }


class Actor:
    """A module of this package run as a process; events are kept in ``events`` in the order they came.

    core  pins the process to this CPU
    """

    def __init__(self, module: str, log: Path, *arguments: str, core: int | None = None) -> None:
        self.events: list[dict[str, Any]] = []
        self._command = [sys.executable, "-m", f"tests.bench.live.{module}", *arguments]
        if core is not None:
            self._command = ["taskset", "-c", str(core), *self._command]
        self._log = log
        self._came = asyncio.Condition()
        self._ended = False
        self._reading: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env={**os.environ, **ONE_THREAD},
            )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process, reading = self._process, self._reading
        assert process is not None and process.stdin is not None and reading is not None
        with suppress(OSError):
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
        await reading

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        while line := await self._process.stdout.readline():
            async with self._came:
                # Native libraries write to the same pipe now and then.
                with suppress(ValueError):
                    self.events.append(json.loads(line))
                self._came.notify_all()
        async with self._came:
            self._ended = True
            self._came.notify_all()

    async def do(self, order: str, **detail: Any) -> None:
        """Tell it to do something."""
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write((json.dumps({"do": order, **detail}) + "\n").encode())
        await self._process.stdin.drain()

    async def expect(self, event: str, after: int = 0, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """The first ``event`` from index ``after`` of ``events`` on. Raises RuntimeError."""

        async def wait() -> dict[str, Any]:
            async with self._came:
                while True:
                    for happened in self.events[after:]:
                        if happened.get("event") == event:
                            return happened
                    if self._ended:
                        raise RuntimeError(f"{self._command[-2:]} ended: {self._log.read_text()[-2000:]}")
                    await self._came.wait()

        try:
            return await asyncio.wait_for(wait(), seconds)
        except TimeoutError:
            tail = self._log.read_text()[-2000:]
            raise RuntimeError(f"{self._command[2:]} did not tell {event!r}; its log ends: {tail}") from None

    async def ask(self, order: str, answer: str, **detail: Any) -> dict[str, Any]:
        """Tell it to do something and wait for the answer."""
        after = len(self.events)
        await self.do(order, **detail)
        return await self.expect(answer, after)
