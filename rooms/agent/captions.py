"""Captions of what the avatar says, word by word, in time with the sound."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress

from livekit import rtc

from lipsync.speech.synthesize import Word

TOPIC = "lk.transcription"
CLOSEST_SECONDS = 0.02


class Captions:
    """Sends the words of utterances on LiveKit's transcription topic, each when it begins to be heard.

    ``played`` tells how many seconds of an utterance were played.
    """

    def __init__(
        self, room: rtc.Room, track_sid: str, played: Callable[[int], float], as_identity: str | None = None
    ) -> None:
        self._room = room
        self._track_sid = track_sid
        self._played = played
        self._identity = as_identity
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: set[int] = set()
        self._order = asyncio.Lock()

    def add(self, utterance: int, words: Sequence[Word]) -> None:
        """Caption a sentence of ``utterance``; one segment each."""
        if words:
            task = asyncio.create_task(self._caption(utterance, list(words)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def end(self, utterance: int) -> None:
        """The utterance is over, said or cut: words that were not heard by now are not shown."""
        self._ended.add(utterance)

    async def aclose(self) -> None:
        """Stop all captions."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _caption(self, utterance: int, words: list[Word]) -> None:
        async with self._order:
            if not await self._wait(utterance, words[0].start_seconds):
                return
            attributes = {
                "lk.segment_id": f"SG_{uuid.uuid4().hex[:12]}",
                "lk.transcribed_track_id": self._track_sid,
                "lk.transcription_final": "false",
            }
            writer = await self._room.local_participant.stream_text(
                topic=TOPIC, attributes=attributes, sender_identity=self._identity
            )
            try:
                for word in words:
                    if not await self._wait(utterance, word.start_seconds):
                        break
                    await writer.write(word.text)
            finally:
                with suppress(Exception):
                    await writer.aclose(attributes={**attributes, "lk.transcription_final": "true"})

    async def _wait(self, utterance: int, seconds: float) -> bool:
        """Until that much of the utterance was played; False when it ended before."""
        while (left := seconds - self._played(utterance)) > 0:
            if utterance in self._ended:
                return False
            # Not yet begun: behind others, who may be interrupted.
            await asyncio.sleep(min(max(left, CLOSEST_SECONDS), 0.25))
        return True
