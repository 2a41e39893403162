"""A participant's microphone: the avatar becomes that person's face."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import numpy as np
from livekit import rtc

from rooms.agent.generators.base import FrameGenerator
from rooms.agent.generators.speech import SAMPLE_RATE, Speech, mono_samples

FRAME_MS = 10  # what the audio processing takes
VOICE_LEVEL = 10 ** (-42 / 20)  # of full scale, after noise suppression
PRE_ROLL_FRAMES = 4
HANG_SECONDS = 0.7
"""Quiet after which an utterance ends; pauses between words are shorter."""


class VoiceGate:
    """Cuts a stream of 10 ms frames into utterances: opens at a voice, closes after a while of quiet."""

    def __init__(self) -> None:
        self._before: deque[rtc.AudioFrame] = deque(maxlen=PRE_ROLL_FRAMES)
        self._quiet = 0
        self._loud = 0
        self.is_open = False

    def push(self, frame: rtc.AudioFrame) -> list[rtc.AudioFrame]:
        """The frames to speak now, some from before the voice was sure; none while closed."""
        samples = mono_samples(frame).astype(np.float32) / 32768
        is_loud = float(np.sqrt(np.mean(np.square(samples)))) > VOICE_LEVEL
        if self.is_open:
            self._quiet = 0 if is_loud else self._quiet + 1
            if self._quiet * FRAME_MS / 1000 > HANG_SECONDS:
                self.is_open = False
                self._loud = 0
            return [frame]
        self._before.append(frame)
        self._loud = self._loud + 1 if is_loud else 0
        if self._loud < 2:
            return []
        self.is_open, self._quiet = True, 0
        frames = list(self._before)
        self._before.clear()
        return frames


class Microphone:
    """Speaks what one participant says, until closed. Comes back when the participant does."""

    def __init__(self, room: rtc.Room, generator: FrameGenerator, identity: str) -> None:
        self.identity = identity
        self._room = room
        self._generator = generator
        self._speech: Speech | None = None
        self._changed = asyncio.Event()
        room.on("track_subscribed", self._note)
        room.on("participant_disconnected", self._note)
        self._task = asyncio.create_task(self._run())

    def _note(self, *_: object) -> None:
        self._changed.set()

    async def aclose(self) -> None:
        """Stop listening."""
        self._room.off("track_subscribed", self._note)
        self._room.off("participant_disconnected", self._note)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._end()

    def interrupt(self) -> None:
        """The utterance being said was dropped; the next voice begins another."""
        self._speech = None

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            track = await self._find_track()
            if track is None:
                await self._changed.wait()
                continue
            stream = rtc.AudioStream.from_track(
                track=track, sample_rate=SAMPLE_RATE, num_channels=1, frame_size_ms=FRAME_MS
            )
            try:
                await self._speak(stream)
            finally:
                await stream.aclose()
                self._end()

    async def _find_track(self) -> rtc.Track | None:
        participant = self._room.remote_participants.get(self.identity)
        for publication in participant.track_publications.values() if participant else ():
            if publication.source == rtc.TrackSource.SOURCE_MICROPHONE:
                if publication.track is not None:
                    return publication.track
                publication.set_subscribed(True)
        return None

    async def _speak(self, stream: AsyncIterator[rtc.AudioFrameEvent]) -> None:
        cleaner = rtc.AudioProcessingModule(
            noise_suppression=True, high_pass_filter=True, auto_gain_control=True
        )
        gate = VoiceGate()
        async for event in stream:
            cleaner.process_stream(event.frame)
            frames = gate.push(event.frame)
            if frames and (self._speech is None or self._speech.is_closed):
                self._speech = self._generator.begin(is_live=True)
            for frame in frames:
                assert self._speech is not None  # noqa: S101 -- begun above
                self._speech.push(frame)
            if frames:
                self._generator.on_speech()
            if not gate.is_open:
                self._end()

    def _end(self) -> None:
        if self._speech is not None:
            self._speech.close()
            self._speech = None
            self._generator.on_speech()
