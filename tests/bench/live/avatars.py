"""One publisher in a process of its own: avatars KIND URL TOKEN FOLDER [OFFSET_MS].

replay        ready pictures with ready sound, OFFSET_MS of sound behind picture; says nothing but the words
ready         the same with as little work as can be: what speaking costs at least
stock-queue   livekit-agents' AvatarRunner, spoken to in its own process
stock-stream  the same, spoken to by ``voice`` over the room
ours-queue    our pacer and publisher, spoken to in their own process; the whole agent is in ``agent``

Orders: say (what: words | chatter), interrupt, cost, and the end of the pipe to leave. Told: ready, with the
time at which it began to join; started and finished of what it says.
"""

from __future__ import annotations

import asyncio
import math
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path

import cv2
import numpy as np
from livekit import rtc
from livekit.agents.voice.avatar import (
    AudioSegmentEnd,
    AvatarRunner,
    DataStreamAudioReceiver,
    QueueAudioOutput,
)

from rooms.agent.pacer import Finished, Pacer
from rooms.agent.publisher import Publisher
from tests.bench.live import material
from tests.bench.live.actor import cost, orders, tell
from tests.bench.live.material import FPS, HEIGHT, WIDTH, Speech

AVATAR, AGENT = "avatar", "agent"
BITRATE = 1_500_000
"""Of the picture; the product's for this size."""
LEAD_SECONDS, BLOCK_SECONDS = 0.12, 0.04
"""Of replayed sound in the queue, and at a time."""
KINDS = ("replay", "ready", "stock-queue", "stock-stream", "ours-queue")


class Avatar(ABC):
    """What each kind can be told."""

    @abstractmethod
    async def start(self, room: rtc.Room) -> None:
        """Be seen in ``room``."""

    @abstractmethod
    async def say(self, speech: Speech) -> None:
        """Take ``speech`` as a whole, as from a voice that is faster than real time."""

    @abstractmethod
    async def interrupt(self) -> None:
        """Be silent now."""

    @abstractmethod
    async def aclose(self) -> None:
        """Leave."""


class Replay(Avatar):
    """Pictures and sound that were made ready, each handed over at its time.

    ``offset_ms`` is sound minus picture, as everywhere. Without a ``lead`` sound leaves in blocks of 10 ms
    with no queue between, and it is known to the millisecond when it does; with one it is kept that many
    seconds ahead in the native queue, in larger blocks, which costs less.
    """

    def __init__(self, folder: Path, offset_ms: float, lead: float) -> None:
        pictures, sound = material.load_ready(folder)
        self._pictures = [
            rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.I420, picture.tobytes()) for picture in pictures
        ]
        self._lead = lead
        size = round(48_000 * (BLOCK_SECONDS if lead else 0.01))
        self._blocks = np.pad(sound, (0, -len(sound) % size)).reshape(-1, size)
        self._offset = offset_ms / 1000
        self._began: float | None = None
        self._zero = 0.0  # pictures and blocks of sound are due at whole steps from here
        self._audio = rtc.AudioSource(48_000, 1, queue_size_ms=round(lead * 2000))
        self._video = rtc.VideoSource(WIDTH, HEIGHT)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, room: rtc.Room) -> None:
        self._video.capture_frame(self._pictures[0])
        encoding = rtc.VideoEncoding(max_framerate=FPS, max_bitrate=BITRATE)
        await asyncio.gather(
            room.local_participant.publish_track(
                rtc.LocalAudioTrack.create_audio_track("sound", self._audio),
                rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False, stream="one"),
            ),
            room.local_participant.publish_track(
                rtc.LocalVideoTrack.create_video_track("picture", self._video),
                rtc.TrackPublishOptions(
                    source=rtc.TrackSource.SOURCE_CAMERA,
                    video_encoding=encoding,
                    video_codec=rtc.VideoCodec.VP8,
                    simulcast=False,
                    stream="one",
                ),
            ),
        )
        self._zero = time.monotonic() + 0.1
        self._tasks = [asyncio.create_task(self._show()), asyncio.create_task(self._sound())]

    async def say(self, speech: Speech) -> None:
        slots = math.ceil((time.monotonic() + self._lead + 0.1 - self._zero) * FPS)
        self._began = self._zero + slots / FPS

    async def interrupt(self) -> None:
        self._began = None

    def _position(self, now: float, step: float, count: int) -> int:
        """Which of ``count`` pieces of ``step`` seconds begins to play at ``now``; -1 for none."""
        if self._began is None:
            return -1
        number = round((now - self._began) / step)
        return number if 0 <= number < count else -1

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._audio.aclose()
        await self._video.aclose()

    async def _show(self) -> None:
        due = self._zero
        while True:
            number = self._position(due + self._offset, 1 / FPS, len(self._pictures))
            self._video.capture_frame(self._pictures[max(0, number)])
            due += 1 / FPS
            await asyncio.sleep(due - time.monotonic())

    async def _sound(self) -> None:
        size = self._blocks.shape[1]
        silence = np.zeros(size, np.int16)
        await asyncio.sleep(self._zero - time.monotonic())
        if self._lead:
            await self._audio.capture_frame(_sound_frame(np.zeros(round(self._lead * 48_000), np.int16)))
        due = self._zero + self._lead
        while True:
            number = self._position(due, size / 48_000, len(self._blocks))
            block = self._blocks[number] if number >= 0 else silence
            if due < time.monotonic() - 0.01:
                tell("stalled", seconds=time.monotonic() - due)
            await self._audio.capture_frame(_sound_frame(block))
            due += size / 48_000
            await asyncio.sleep(due - self._lead - time.monotonic())


def _sound_frame(sound: material.Sound) -> rtc.AudioFrame:
    return rtc.AudioFrame(sound.tobytes(), 48_000, 1, len(sound))


class Stock(Avatar):
    """livekit-agents' own runner around our generator."""

    def __init__(self, over_stream: bool) -> None:
        self._over_stream = over_stream
        self._generator = material.make_generator()
        self._output: QueueAudioOutput | None = None
        self._runner: AvatarRunner | None = None

    async def start(self, room: rtc.Room) -> None:
        if self._over_stream:
            receiver: DataStreamAudioReceiver | QueueAudioOutput = DataStreamAudioReceiver(room)
        else:
            receiver = self._output = QueueAudioOutput(wait_playback_start=True)
            self._output.on("playback_started", lambda event: tell("started", at=time.monotonic()))
            self._output.on(
                "playback_finished",
                lambda event: _tell_finished(event.playback_position, event.interrupted),
            )
        self._runner = AvatarRunner(
            room, audio_recv=receiver, video_gen=self._generator, options=self._generator.options
        )
        await self._runner.start()

    async def say(self, speech: Speech) -> None:
        assert self._output is not None
        for block in speech.blocks():
            await self._output.capture_frame(block)
        self._output.flush()

    async def interrupt(self) -> None:
        assert self._output is not None
        self._output.clear_buffer()

    async def aclose(self) -> None:
        if self._runner is not None:
            await self._runner.aclose()
        await self._generator.aclose()


class Ours(Avatar):
    """The product's pacer and publisher around the same generator."""

    def __init__(self) -> None:
        self._generator = material.make_generator()
        self._pacer: Pacer | None = None
        self._publisher: Publisher | None = None

    async def start(self, room: rtc.Room) -> None:
        first = await self._generator.first_picture()
        self._publisher = Publisher(room, WIDTH, HEIGHT, FPS)
        self._pacer = Pacer(self._generator, self._publisher)
        self._pacer.on_started = lambda number: tell("started", at=time.monotonic())
        self._pacer.on_finished = _note_finished
        await self._publisher.publish(first)
        self._pacer.start()

    async def say(self, speech: Speech) -> None:
        for block in speech.blocks():
            await self._generator.push_audio(block)
        await self._generator.push_audio(AudioSegmentEnd())

    async def interrupt(self) -> None:
        assert self._pacer is not None
        self._pacer.interrupt()

    async def aclose(self) -> None:
        if self._pacer is not None:
            await self._pacer.aclose()
        await self._generator.aclose()
        if self._publisher is not None:
            await self._publisher.aclose()


def _note_finished(finished: Finished) -> None:
    _tell_finished(finished.seconds, finished.interrupted)


def _tell_finished(seconds: float, interrupted: bool) -> None:
    tell("finished", at=time.monotonic(), seconds=seconds, interrupted=interrupted)


def make_avatar(kind: str, folder: Path, offset_ms: float = 0.0) -> Avatar:
    """One of KINDS."""
    if kind in ("replay", "ready"):
        return Replay(folder, offset_ms, LEAD_SECONDS if kind == "ready" else 0.0)
    if kind == "ours-queue":
        return Ours()
    return Stock(over_stream=kind == "stock-stream")


async def main() -> None:
    kind, url, token, folder = sys.argv[1:5]
    cv2.setNumThreads(1)
    what = dict(zip(("words", "chatter"), material.load(Path(folder)), strict=True))
    avatar = make_avatar(kind, Path(folder), float(sys.argv[5]) if len(sys.argv) > 5 else 0.0)
    room, began = rtc.Room(), time.monotonic()
    await room.connect(url, token)
    await avatar.start(room)
    tell("ready", at=began)
    async for order in orders():
        if order["do"] == "say":
            at = time.monotonic()
            await avatar.say(what[order["what"]])
            tell("handed", at=at)
        elif order["do"] == "interrupt":
            at = time.monotonic()
            await avatar.interrupt()
            tell("cut", at=at)
        elif order["do"] == "cost":
            tell("cost", **cost())
    await avatar.aclose()
    await room.disconnect()


if __name__ == "__main__":
    asyncio.run(main())
