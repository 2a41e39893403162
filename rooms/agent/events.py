"""What a session tells the site: posted in order, tried again when the site is away, never waited for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import aiohttp

WAITS_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
KEPT = 200
POST_SECONDS = 5.0
GONE = 410


class EventReporter:
    """Posts to ``{callback_url}/events``; without a URL it does nothing. ``gone``: the site let go of us."""

    def __init__(self, callback_url: str | None, token: str, run: int) -> None:
        self._url = f"{callback_url}/events" if callback_url else None
        self._headers = {"Authorization": f"Bearer {token}"}
        self._run = run
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(KEPT)
        self.gone = asyncio.Event()
        self._task = asyncio.create_task(self._send_all()) if self._url else None

    def post(self, kind: str, command: str | None = None, **detail: Any) -> None:
        """Queue an event; the oldest gives way when the site has been away for long."""
        if self._url is None:
            return
        if self._queue.full():
            self._queue.get_nowait()
        at = datetime.now(UTC).isoformat()
        self._queue.put_nowait({"type": kind, "command": command, "at": at, "run": self._run, **detail})

    async def aclose(self, patience_seconds: float = 3.0) -> None:
        """Send what is left, for a moment, then stop."""
        if self._task is None:
            return
        self._queue.put_nowait({}) if not self._queue.full() else None
        await asyncio.wait({self._task}, timeout=patience_seconds)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _send_all(self) -> None:
        assert self._url is not None  # noqa: S101 -- only started with one
        timeout = aiohttp.ClientTimeout(total=POST_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, headers=self._headers) as session:
            while event := await self._queue.get():
                for wait in WAITS_SECONDS:
                    if await self._send(session, event):
                        break
                    await asyncio.sleep(wait)

    async def _send(self, session: aiohttp.ClientSession, event: dict[str, Any]) -> bool:
        """Whether it need not be tried again."""
        assert self._url is not None  # noqa: S101 -- only started with one
        try:
            async with session.post(self._url, json=event) as answer:
                if answer.status == GONE:
                    self.gone.set()
                return answer.status < 500
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False


async def refuse(callback_url: str, token: str, run: int, reason: str) -> None:
    """Tell the site that an order was not taken, and why."""
    reporter = EventReporter(callback_url, token, run)
    reporter.post("refused", message=reason)
    await reporter.aclose(patience_seconds=2.0)
