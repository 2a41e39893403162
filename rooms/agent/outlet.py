"""The way of sound into the native queue: in order, one piece at a time, and nobody waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from livekit import rtc

from rooms.agent.generators.speech import SAMPLE_RATE, Sound, audio_frame

logger = logging.getLogger("avsite.agent")

TRIES = 20
TRY_AGAIN_SECONDS = 0.005


class SoundOutlet:
    """Hands pieces of sound to ``source``, which refuses a piece while it still takes in another."""

    def __init__(self, source: rtc.AudioSource) -> None:
        self._source = source
        self._waiting: deque[Sound] = deque()
        self._ready = asyncio.Event()
        self._cuts = 0
        self.lost_seconds = 0.0
        """Sound that the queue would not take."""

    def push(self, sound: Sound) -> None:
        """Send ``sound`` after what was pushed before."""
        self._waiting.append(sound)
        self._ready.set()

    def clear(self) -> None:
        """Nothing of what was pushed is heard any more."""
        self._cuts += 1
        self._waiting.clear()
        self._source.clear_queue()

    async def run(self) -> None:
        """Send for ever."""
        while True:
            await self._ready.wait()
            while self._waiting:
                await self._send(self._waiting.popleft(), self._cuts)
            self._ready.clear()

    async def _send(self, sound: Sound, cuts: int) -> None:
        for _ in range(TRIES):
            if cuts != self._cuts:
                return
            try:
                await self._source.capture_frame(audio_frame(sound))
            except Exception as error:  # noqa: BLE001 -- the SDK raises plain exceptions
                reason = error
                await asyncio.sleep(TRY_AGAIN_SECONDS)
            else:
                return
        self.lost_seconds += len(sound) / SAMPLE_RATE
        logger.warning("%.2f s of sound were not taken: %s", len(sound) / SAMPLE_RATE, reason)
