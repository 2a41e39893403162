"""Hands an agent's voice to its avatar at a pace that leaves the machines time to draw."""

from __future__ import annotations

import asyncio

from livekit import rtc
from livekit.agents.voice.avatar import DataStreamAudioOutput

AHEAD_SECONDS = 1.0
"""What the avatar gets at once, to begin with and to live through a slow network."""
SPEED = 4.0
"""Times real time at which the rest follows."""


class PacedAudioOutput(DataStreamAudioOutput):
    """The library's own output, but for its pace.

    A voice made faster than it is spoken would go out in one burst. Sender, server and avatar then unpack
    seconds of sound just when the first picture of the mouth is to be drawn, and it comes late.
    """

    _began: float | None = None
    _sent_seconds = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Send ``frame`` when it is due."""
        now = asyncio.get_running_loop().time()
        if self._began is None:
            self._began = now
        due = self._began + (self._sent_seconds - AHEAD_SECONDS) / SPEED
        if due > now:
            await asyncio.sleep(due - now)
        await super().capture_frame(frame)
        self._sent_seconds += frame.duration

    def flush(self) -> None:
        """The segment is whole; the next one starts anew."""
        super().flush()
        self._began, self._sent_seconds = None, 0.0
