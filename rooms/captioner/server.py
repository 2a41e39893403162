"""The captions process: every second it asks which rooms want captions, and brings what was said."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
import time
from collections import deque
from collections.abc import Coroutine
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import jwt
from livekit import rtc

from avsite.ai.asr.pool import HearingPool, StreamMaker
from rooms.captioner.room import CaptionedRoom, Said

logger = logging.getLogger("avsite.captions")

BEAT_SECONDS = 1.0
ANSWER_SECONDS = 10.0
TOKEN_SECONDS = 60
LINES_AT_ONCE = 100
LINES_KEPT = 20_000
"""While the site is away; at a line every three seconds, that is sixteen hours of somebody speaking."""
LAST_SECONDS = 3.0
"""For what is still being heard when the process is asked to stop."""


@dataclass(frozen=True)
class CaptionerSettings:
    """Where the site and LiveKit are, and what hears.

    model      its name, for people
    languages  ISO 639-1 codes of what it knows
    note       what people should know of it, such as that it is rough
    alive_file touched at every beat, for health checks; none where empty
    """

    site_url: str
    livekit_url: str
    api_key: str
    api_secret: str
    model: str
    languages: tuple[str, ...]
    note: str = ""
    alive_file: str = ""


class CaptionServer:
    """``run`` stays until ``stop`` is called."""

    def __init__(self, settings: CaptionerSettings, make_stream: StreamMaker) -> None:
        self.settings = settings
        self.worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._make_stream = make_stream
        self._pool: HearingPool | None = None
        self._rooms: dict[str, CaptionedRoom] = {}
        self._said: deque[dict[str, Any]] = deque(maxlen=LINES_KEPT)
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._is_away = False

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Serve until stopped."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError, NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, self.stop)
        logger.info("captions by %s", self.settings.model)
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while not self._stopping.is_set():
                await self._beat(session)
                if self.settings.alive_file:
                    await asyncio.to_thread(Path(self.settings.alive_file).touch)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), BEAT_SECONDS)
            await self._leave_all()
            await self._beat(session, is_last=True)
        if self._pool is not None:
            await asyncio.to_thread(self._pool.close)

    async def _leave_all(self) -> None:
        rooms, self._rooms = list(self._rooms.values()), {}
        await asyncio.gather(*(room.aclose() for room in rooms), *self._tasks, return_exceptions=True)
        if self._pool is not None:
            await asyncio.to_thread(self._pool.finish, LAST_SECONDS)

    async def _beat(self, session: aiohttp.ClientSession, *, is_last: bool = False) -> None:
        """Tell the site what there is, and do as it says; a site that is away changes nothing."""
        lines = [self._said[number] for number in range(min(len(self._said), LINES_AT_ONCE))]
        body = {
            "worker": self.worker,
            "model": self.settings.model,
            "languages": list(self.settings.languages),
            "note": self.settings.note,
            "leaving": is_last,
            "rooms": [slug for slug, room in self._rooms.items() if room.is_connected],
            "lines": lines,
        }
        claims = {
            "iss": self.settings.api_key,
            "sub": "avsite-agent",
            "exp": int(time.time()) + TOKEN_SECONDS,
        }
        headers = {
            "Authorization": f"Bearer {jwt.encode(claims, self.settings.api_secret, algorithm='HS256')}"
        }
        url = f"{self.settings.site_url.rstrip('/')}/api/v1/agent/captions"
        try:
            async with session.post(url, json=body, headers=headers) as answer:
                if answer.status != 200:
                    raise OSError(f"status {answer.status}")
                wanted = {room["slug"]: room["token"] for room in (await answer.json())["rooms"]}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
            if not self._is_away:
                logger.info("the site does not answer, captions go on meanwhile: %s", type(error).__name__)
            self._is_away = True
            return
        self._is_away = False
        for _ in lines:
            self._said.popleft()
        if not is_last:
            self._follow(wanted)

    def _follow(self, wanted: dict[str, str]) -> None:
        for slug in [slug for slug, room in self._rooms.items() if slug not in wanted or room.is_over]:
            self._spawn(self._rooms.pop(slug).aclose())
        for slug, token in wanted.items():
            if slug not in self._rooms:
                if self._pool is None:
                    self._pool = HearingPool(self._make_stream)
                room = CaptionedRoom(self._pool, partial(self._keep, slug))
                self._rooms[slug] = room
                self._spawn(self._enter(room, token))

    async def _enter(self, room: CaptionedRoom, token: str) -> None:
        try:
            await asyncio.wait_for(room.start(self.settings.livekit_url, token), ANSWER_SECONDS)
        except (rtc.ConnectError, TimeoutError) as error:
            logger.warning("a room could not be joined, and is tried again: %s", type(error).__name__)
            room.is_over = True

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """The site is to hear of this process meanwhile."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _keep(self, slug: str, said: Said) -> None:
        self._said.append({"room": slug, **asdict(said)})
