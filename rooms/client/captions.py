"""What people say, in words, from the text streams of a room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from livekit import rtc
from livekit.rtc.data_stream import StreamError

TOPIC = "lk.transcription"
SEGMENT, TRACK, FINAL = "lk.segment_id", "lk.transcribed_track_id", "lk.transcription_final"
KEPT = 200
"""Segments remembered as said, so that none is shown twice."""


class Captions:
    """Lines once they end, and the newest words of those that have not."""

    def __init__(self, room: rtc.Room, on_line: Callable[[str, str], None]) -> None:
        """``on_line`` is told a speaker's name and their words once these never change any more."""
        self._room, self._on_line = room, on_line
        self._said: dict[str, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.partial = ""
        room.register_text_stream_handler(TOPIC, self._opened)

    def _opened(self, reader: rtc.TextStreamReader, identity: str) -> None:
        task = asyncio.create_task(self._follow(reader, identity))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, reader: rtc.TextStreamReader, identity: str) -> None:
        begun = dict(reader.info.attributes or {})
        speaker = self._name(begun.get(TRACK, ""), identity)
        segment, text = begun.get(SEGMENT) or reader.info.stream_id, ""
        with suppress(StreamError):  # broken off: what was heard of it is not for good
            async for words in reader:
                text += words
                if segment not in self._said:
                    self.partial = f"{speaker}: {' '.join(text.split())}"
            # The end may say that it was final, which its beginning could not know.
            ended = dict(reader.info.attributes or {})
            if ended.get(FINAL) == "true" or SEGMENT not in begun:
                self._end(segment, speaker, " ".join(text.split()))

    def _end(self, segment: str, speaker: str, text: str) -> None:
        if segment in self._said:
            return
        self._said[segment] = None
        for old in list(self._said)[:-KEPT]:
            del self._said[old]
        self.partial = ""
        if text:
            self._on_line(speaker, text)

    def _name(self, sid: str, identity: str) -> str:
        """Of who publishes the track, else of who sent the words."""
        everybody = [self._room.local_participant, *self._room.remote_participants.values()]
        found = next((one for one in everybody if sid and sid in one.track_publications), None)
        found = found or next((one for one in everybody if one.identity == identity), None)
        return (found.name or found.identity) if found is not None else identity

    async def aclose(self) -> None:
        """Stop following."""
        self._room.unregister_text_stream_handler(TOPIC)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
