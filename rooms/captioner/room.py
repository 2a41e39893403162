"""One room: hears its microphones and avatars, and shows what they say to everybody in it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc

from avsite.ai.asr.base import SAMPLE_RATE
from avsite.ai.asr.pool import HearingPool, Voice
from avsite.ai.asr.stream import Heard
from rooms.captioner.lines import LineMaker, Update

logger = logging.getLogger("avsite.captions")

TOPIC = "lk.transcription"
SEGMENT, TRACK, FINAL = "lk.segment_id", "lk.transcribed_track_id", "lk.transcription_final"
SETTLED = "avsite.settled"
"""Our own attribute: how many characters of an interim text never change any more."""
LENT = "avsite.listening_to"
"""An avatar's attribute: whose voice it speaks with. That person is heard, and the avatar is not."""
FRAME_MS = 30
LEADS_SECONDS = 2.0
"""After a sentence of somebody's own captions; the next one leads just as well."""


@dataclass(frozen=True)
class Said:
    """A line that is final. Times are the clock's, in seconds since 1970."""

    segment: str
    identity: str
    name: str
    text: str
    start: float
    end: float


OnSaid = Callable[[Said], None]


@dataclass
class _Ear:
    """One track that is heard."""

    participant: rtc.RemoteParticipant
    sid: str
    voice: Voice
    lines: LineMaker = field(default_factory=LineMaker)
    task: asyncio.Task[None] | None = None


@dataclass
class _Lead:
    """Captions that somebody publishes for a track themselves, so that it is not heard."""

    open: int = 0
    until: float = 0.0

    def holds(self) -> bool:
        return self.open > 0 or time.monotonic() < self.until


class CaptionedRoom:
    """Captions in one room, from ``start`` until ``aclose``. ``on_said`` gets each line once it is final."""

    def __init__(self, pool: HearingPool, on_said: OnSaid) -> None:
        self._pool, self._on_said = pool, on_said
        self._room = rtc.Room()
        self._loop = asyncio.get_running_loop()
        self._ears: dict[str, _Ear] = {}
        self._leads: dict[str, _Lead] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._pending: dict[str, tuple[_Ear, Update]] = {}
        self._news = asyncio.Event()
        self.is_connected = False
        self.is_over = False

    async def start(self, url: str, token: str) -> None:
        """Join. Raises rtc.ConnectError."""
        room = self._room
        room.on("track_published", self._want)
        room.on("track_subscribed", self._hear)
        room.on("track_unsubscribed", lambda track, *_: self._drop(track.sid))
        room.on("disconnected", self._note_end)
        room.register_text_stream_handler(TOPIC, self._follow)
        await room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
        self.is_connected = True
        for participant in room.remote_participants.values():
            for publication in participant.track_publications.values():
                self._want(publication, participant)
        self._spawn(self._publish())

    async def aclose(self) -> None:
        """Leave; what was said until now still arrives at ``on_said``."""
        self.is_over, self.is_connected = True, False
        for sid in list(self._ears):
            self._drop(sid)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(Exception):  # the SDK raises plain exceptions; a connection that is gone is as good
            await self._room.disconnect()

    def _note_end(self, *_: object) -> None:
        self.is_over, self.is_connected = True, False

    # --- whom to hear ---

    def _want(self, publication: rtc.RemoteTrackPublication, _: rtc.RemoteParticipant) -> None:
        if publication.source == rtc.TrackSource.SOURCE_MICROPHONE:
            publication.set_subscribed(True)

    def _hear(self, track: rtc.Track, _: object, participant: rtc.RemoteParticipant) -> None:
        if track.kind != rtc.TrackKind.KIND_AUDIO or track.sid in self._ears:
            return

        def tell(heard: Heard, zero: float) -> None:  # from the pool's thread
            with suppress(RuntimeError):  # the loop has ended, and so has the process
                self._loop.call_soon_threadsafe(self._show, ear, heard, zero)

        ear = _Ear(participant, track.sid, self._pool.open(tell))
        self._ears[track.sid] = ear
        ear.task = self._spawn(self._listen(ear, track))

    def _drop(self, sid: str) -> None:
        ear = self._ears.pop(sid, None)
        if ear is not None:
            if ear.task is not None:
                ear.task.cancel()
            ear.voice.close()

    async def _listen(self, ear: _Ear, track: rtc.Track) -> None:
        stream = rtc.AudioStream.from_track(
            track=track, sample_rate=SAMPLE_RATE, num_channels=1, frame_size_ms=FRAME_MS
        )
        was_heard = True
        try:
            async for event in stream:
                is_heard = not self._is_led(ear)
                if is_heard:
                    samples = np.frombuffer(event.frame.data, np.int16).astype(np.float32) / np.float32(32768)
                    ear.voice.push(samples, time.time() - len(samples) / SAMPLE_RATE)
                elif was_heard:
                    ear.voice.forget()
                was_heard = is_heard
        finally:
            await stream.aclose()

    def _is_led(self, ear: _Ear) -> bool:
        lead = self._leads.get(ear.sid)
        return bool(ear.participant.attributes.get(LENT)) or (lead is not None and lead.holds())

    # --- captions of those who know what they say ---

    def _follow(self, reader: rtc.TextStreamReader, identity: str) -> None:
        self._spawn(self._read(reader, identity))

    async def _read(self, reader: rtc.TextStreamReader, identity: str) -> None:
        attributes = reader.info.attributes or {}
        sid = attributes.get(TRACK, "")
        speaker = self._speaker(sid, identity)
        if speaker is None:
            await reader.read_all()  # a stream that nobody reads would be kept
            return
        start = time.time()
        lead = self._leads.setdefault(sid, _Lead())
        lead.open += 1
        try:
            text = " ".join((await reader.read_all()).split())
        finally:
            lead.open -= 1
            lead.until = time.monotonic() + LEADS_SECONDS
        if text and (reader.info.attributes or {}).get(FINAL) == "true":
            segment = attributes.get(SEGMENT, "") or reader.info.stream_id
            self._on_said(Said(segment, speaker.identity, speaker.name, text, start, time.time()))

    def _speaker(self, sid: str, identity: str) -> rtc.RemoteParticipant | None:
        """Whose words they are: of who publishes the track. None for words put into another's mouth.

        LiveKit vouches for ``identity``, and lets agents alone speak for others.
        """
        others = self._room.remote_participants
        sender = others.get(identity)
        owner = next((one for one in others.values() if sid and sid in one.track_publications), None)
        is_agent = sender is not None and sender.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        return owner if owner is not None and (is_agent or owner is sender) else None

    # --- what is shown ---

    def _show(self, ear: _Ear, heard: Heard, zero: float) -> None:
        for update in ear.lines.hear(heard, zero):
            if update.is_final and update.text:
                name = ear.participant.name or ear.participant.identity
                self._on_said(
                    Said(
                        update.segment,
                        ear.participant.identity,
                        name,
                        update.text,
                        update.start,
                        update.end,
                    )
                )
            # An older text of the same line that was not sent yet is not worth sending any more.
            self._pending[update.segment] = ear, update
        self._news.set()

    async def _publish(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._pending:
                segment = next(iter(self._pending))
                ear, update = self._pending.pop(segment)
                try:
                    await self._send(ear, update)
                except Exception as error:  # noqa: BLE001 -- the SDK raises plain exceptions; the next line may pass
                    logger.warning("a caption could not be sent: %s", type(error).__name__)

    async def _send(self, ear: _Ear, update: Update) -> None:
        attributes = {
            SEGMENT: update.segment,
            TRACK: ear.sid,
            FINAL: "true" if update.is_final else "false",
            SETTLED: str(update.settled),
        }
        writer = await self._room.local_participant.stream_text(
            topic=TOPIC, attributes=attributes, sender_identity=ear.participant.identity
        )
        if update.text:
            await writer.write(update.text)
        await writer.aclose()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
