"""A call: one's own voice into a room of LiveKit's, and everybody else's out of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
from livekit import rtc

from rooms.client.captions import Captions
from rooms.client.errors import CallError
from rooms.client.mixer import Mixer
from rooms.client.screen import Screen
from rooms.client.site import Pass
from rooms.client.sound import RATE, Microphone, Speaker
from rooms.client.voice import Talk, Voice

MICROPHONE = "microphone"
QUEUE_MS = 200
LOOK_SECONDS = 0.1
BARS = 24
TRACK_NAME = "microphone"
WHY_IT_ENDED = {
    "DUPLICATE_IDENTITY": "You came in from somewhere else, which ended this call.",
    "PARTICIPANT_REMOVED": "A host took you out of the room.",
    "ROOM_DELETED": "The room was closed.",
    "ROOM_CLOSED": "The room was closed.",
    "SERVER_SHUTDOWN": "The call's server stopped; join again in a moment.",
}


class Call:
    """In a room from ``run`` until it is cancelled, ``leave`` is called, or the room ends it."""

    def __init__(
        self, way_in: Pass, microphone: Microphone, speaker: Speaker, voice: Voice, talk: Talk, screen: Screen
    ) -> None:
        self._pass, self._microphone, self._speaker = way_in, microphone, speaker
        self._voice, self._talk, self._screen = voice, talk, screen
        self._room = rtc.Room()
        self._mixer = Mixer()
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._listening: dict[str, asyncio.Task[None]] = {}

    def leave(self) -> None:
        """End the call."""
        self._end("You left.")

    async def run(self) -> str:
        """Be in the room until the end; why it ended, in a sentence. Raises CallError."""
        self._watch_room()
        captions = Captions(self._room, self._screen.caption)
        try:
            await self._connect()
            await self._be_there(captions)
            return self._ended.result()
        finally:
            await captions.aclose()
            for task in list(self._listening.values()):
                task.cancel()
            await asyncio.gather(*self._listening.values(), return_exceptions=True)
            await self._room.disconnect()
            self._screen.close()

    async def _connect(self) -> None:
        try:
            await self._room.connect(self._pass.url, self._pass.token)
        except rtc.ConnectError as error:
            raise CallError(f"The call's server at {self._pass.url} cannot be reached: {error}.") from error
        self._count_people()

    async def _be_there(self, captions: Captions) -> None:
        """All that goes on during a call; the first thing that ends, or fails, ends it."""
        works: list[Coroutine[Any, Any, Any]] = [self._speaker.play(self._mixer.pull), self._look(captions)]
        if MICROPHONE in self._pass.sources:
            works.append(self._speak(await self._publish()))
        else:
            self._screen.say("You may listen here, but not speak.")
        tasks = [asyncio.create_task(work) for work in works]
        try:
            await asyncio.wait([self._ended, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _publish(self) -> rtc.AudioSource:
        source = rtc.AudioSource(RATE, 1, QUEUE_MS)
        track = rtc.LocalAudioTrack.create_audio_track(TRACK_NAME, source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await self._room.local_participant.publish_track(track, options)
        return source

    async def _speak(self, source: rtc.AudioSource) -> None:
        async for step in self._microphone.steps():
            samples = self._voice.process_audio(step)
            if len(samples):
                data = np.round(np.clip(samples, -1.0, 1.0) * 32_767).astype("<i2").tobytes()
                await source.capture_frame(rtc.AudioFrame(data, RATE, 1, len(samples)))

    async def _look(self, captions: Captions) -> None:
        while True:
            bars = self._voice.bars(BARS)
            self._screen.show(self._voice.level, bars, self._talk.is_on, captions.partial)
            await asyncio.sleep(LOOK_SECONDS)

    def _watch_room(self) -> None:
        room = self._room

        @room.on("track_subscribed")
        def _heard(track: rtc.Track, publication: object, participant: object) -> None:
            if track.kind == rtc.TrackKind.KIND_AUDIO:
                self._listening[track.sid] = asyncio.create_task(self._listen(track))

        @room.on("track_unsubscribed")
        def _gone(track: rtc.Track, publication: object, participant: object) -> None:
            task = self._listening.pop(track.sid, None)
            if task is not None:
                task.cancel()

        room.on("participant_connected", self._teller("{} came in."))
        room.on("participant_disconnected", self._teller("{} left."))

        @room.on("disconnected")
        def _ended(reason: rtc.DisconnectReason.ValueType) -> None:
            name = rtc.DisconnectReason.Name(reason)
            self._end(WHY_IT_ENDED.get(name, "The connection to the room was lost; join again."))

    def _teller(self, words: str) -> Callable[[rtc.RemoteParticipant], None]:
        def tell(participant: rtc.RemoteParticipant) -> None:
            self._count_people()
            self._screen.say(words.format(participant.name or participant.identity))

        return tell

    def _count_people(self) -> None:
        people = self._room.remote_participants.values()
        self._screen.people = sorted(one.name or one.identity for one in people)

    def _end(self, why: str) -> None:
        if not self._ended.done():
            self._ended.set_result(why)

    async def _listen(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream.from_track(track=track, sample_rate=RATE, num_channels=1)
        try:
            async for event in stream:
                samples = np.frombuffer(event.frame.data, np.int16).astype(np.float32) / np.float32(32_768)
                self._mixer.push(track.sid, samples)
        finally:
            self._mixer.remove(track.sid)
            await stream.aclose()
