"""One avatar in one room: joins, is seen, listens to commands, tells what happens, leaves."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc

from lipsync.video.errors import MediaError
from rooms.agent.audience import Audience
from rooms.agent.captions import Captions
from rooms.agent.commands import TOPIC, Command, CommandError, parse_command
from rooms.agent.events import EventReporter
from rooms.agent.generators.faces import FaceError
from rooms.agent.generators.portrait import PortraitGenerator
from rooms.agent.media import FetchError, MediaCache
from rooms.agent.order import OrderError, SessionOrder, expression_of
from rooms.agent.pacer import Finished, Pacer
from rooms.agent.protocol import ProtocolSource
from rooms.agent.publisher import Publisher
from rooms.agent.sources.microphone import Microphone
from rooms.agent.speaker import Speaker
from rooms.agent.stage import Stage, set_stage
from rooms.agent.stats import SessionStats

logger = logging.getLogger("avsite.agent")

STATS_SECONDS = 5.0
VIEWER_SECONDS = 5.0
"""A file that nobody sees yet is not begun."""
HEARD = 0.5
"""How loud another speaker counts: LiveKit tells who speaks, not how loud."""


@dataclass
class _Parts:
    """What a session that has started is made of."""

    stage: Stage
    publisher: Publisher
    pacer: Pacer
    captions: Captions
    speaker: Speaker
    microphone: Microphone | None = None
    protocol: ProtocolSource | None = None


@dataclass
class Ending:
    """Why a session ends: stopped, finished, draining, room closed, failed, or a sentence."""

    reason: str = ""
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    def set(self, reason: str) -> None:
        """The first reason counts."""
        if not self.happened.is_set():
            self.reason = reason
            self.happened.set()


class AvatarSession:
    """Runs ``order`` in a room that is connected, or about to be, all in one event loop."""

    def __init__(self, room: rtc.Room, order: SessionOrder, cache: MediaCache) -> None:
        self.room = room
        self.order = order
        self.stats = SessionStats()
        self.ending = Ending()
        self._cache = cache
        self._events = EventReporter(order.callback_url, order.token, order.run)
        self._mood = expression_of(order.expression, order.expression_amount)
        self._parts: _Parts | None = None
        self._state = ""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._listening_to: str | None = None
        self.audience = Audience(room, order, self._hear_chat, self._hear_mood, self._tell_state)

    async def prepare(self) -> Stage:
        """Fetch and build the avatar; may run while the room is being joined."""
        return await set_stage(self.order, self._cache)

    async def start(self, stage: Stage) -> None:
        """Be seen. The room must be connected."""
        generator = stage.generator
        generator.mood.expression = self._mood
        publisher = Publisher(self.room, *generator.size, generator.fps)
        await publisher.publish(await generator.first_picture())
        pacer = Pacer(generator, publisher)
        captions = Captions(self.room, publisher.audio_sid, pacer.seconds_of)
        voice = self.order.voice
        speaker = Speaker(generator, captions, self._report_failure, voice.name if voice else None)
        speaker.speed = voice.speed if voice else 1.0
        self._parts = _Parts(stage, publisher, pacer, captions, speaker)
        pacer.on_started, pacer.on_finished = self._note_started, self._note_finished
        self.stats.watch(pacer)
        pacer.start()
        self._spawn(self._watch(pacer))
        self.room.on("data_received", self._receive)
        self.room.on("disconnected", lambda *_: self.ending.set("room closed"))
        self.audience.start()
        if self.order.protocol is not None:
            agent = self.order.protocol.agent_identity
            self._parts.protocol = ProtocolSource(self.room, generator, agent, pacer.interrupt)
        if self.order.listen_to:
            self._listen(self.order.listen_to)
        self._tell_state()
        self._events.post("ready")
        self._spawn(self._report_stats())
        self._spawn(self._leave_when_let_go())
        if self.order.avatar.kind == "file" and stage.media is not None:
            await publisher.wait_for_viewer(VIEWER_SECONDS)
            await speaker.play(stage.media, "file", loop=self.order.loop)
        elif self.order.greeting:
            speaker.say(self.order.greeting)

    async def run(self, stage: Stage) -> str:
        """Start, stay until the session ends, clean up; returns the reason."""
        try:
            await self.start(stage)
            await self.ending.happened.wait()
        finally:
            await self.aclose()
        return self.ending.reason

    async def finish_speaking(self, seconds: float) -> None:
        """Until nothing is being said, but no longer than ``seconds``."""
        for _ in range(round(seconds / 0.05)):
            if self._parts is None or not self._parts.pacer.is_speaking:
                return
            await asyncio.sleep(0.05)

    async def fail(self, message: str) -> None:
        """Could not start: tell the host why and give up."""
        self._events.post("error", message=message, fatal=True)
        self.ending.set(message)
        await self.set_state("failed")
        await self.aclose()

    async def aclose(self) -> None:
        """Leave nothing running. The room's connection is closed by who opened it."""
        self._events.post("ended", reason=self.ending.reason or "stopped")
        self.room.off("data_received", self._receive)
        await self.audience.aclose()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        parts, self._parts = self._parts, None
        if parts is not None:
            for part in (parts.protocol, parts.microphone):
                if part is not None:
                    await part.aclose()
            await parts.speaker.aclose()
            await parts.captions.aclose()
            await parts.pacer.aclose()
            await parts.stage.aclose()
            await parts.publisher.aclose()
        await self._events.aclose()

    # --- what is asked of it ---

    def _receive(self, packet: rtc.DataPacket) -> None:
        # Only a server sends data without a participant; nobody in the room can command the avatar.
        if packet.topic != TOPIC or packet.participant is not None:
            return
        try:
            self.follow(parse_command(packet.data))
        except (CommandError, OrderError) as error:
            self._report_failure(getattr(error, "command", None), str(error))

    def follow(self, command: Command) -> None:
        """Do what the command says. Raises OrderError for an expression there is not."""
        parts = self._parts
        if parts is None:
            return
        if command.kind == "say":
            parts.speaker.say(command.text, command.id, command.voice, command.speed)
        elif command.kind == "play":
            self._spawn(self._play(command))
        elif command.kind == "interrupt":
            self.interrupt()
        elif command.kind == "listen":
            self._listen(command.identity)
        elif command.kind == "expression":
            self._mood = expression_of(command.expression, command.amount)
            parts.stage.generator.mood.expression = self._mood
        else:
            self.ending.set("stopped")

    def interrupt(self) -> None:
        """Silence and a still mouth, now."""
        if self._parts is not None:
            if self._parts.microphone is not None:
                self._parts.microphone.interrupt()
            self._parts.pacer.interrupt()

    async def _play(self, command: Command) -> None:
        try:
            path = await self._cache.fetch(command.media_url, self.order.token)
        except FetchError as error:
            self._report_failure(command.id, str(error))
            return
        if self._parts is not None:
            await self._parts.speaker.play(path, command.id)

    def _listen(self, identity: str | None) -> None:
        parts = self._parts
        if parts is None or identity == self._listening_to:
            return
        if parts.microphone is not None:
            self._spawn(parts.microphone.aclose())
        self._listening_to = identity
        generator = parts.stage.generator
        parts.microphone = Microphone(self.room, generator, identity) if identity else None
        self._tell_state()

    def _hear_chat(self, text: str) -> None:
        if self._parts is not None:
            self._parts.speaker.say(text)

    def _hear_mood(self, expression: str) -> None:
        if self._parts is not None:
            self._parts.stage.generator.mood.expression = expression_of(expression, 0.8)

    # --- what it tells ---

    def _note_started(self, number: int) -> None:
        parts = self._parts
        if parts is None:
            return
        utterance = parts.speaker.note(number)
        self.stats.first_sound_seconds = time.monotonic() - utterance.asked_at
        if utterance.expression is not None:
            parts.stage.generator.mood.expression = utterance.expression
        if parts.protocol is not None:
            parts.protocol.note_started(number)
        self._events.post("speaking", utterance.command, utterance=number)
        self._tell_state(number)

    def _note_finished(self, finished: Finished) -> None:
        parts = self._parts
        if parts is None:
            return
        parts.captions.end(finished.utterance)
        if parts.protocol is not None:
            parts.protocol.note_finished(finished)
        utterance = parts.speaker.forget(finished.utterance)
        if not parts.speaker.utterances and self.order.protocol is None:
            parts.stage.generator.mood.expression = self._mood
        if not utterance.has_failed and (utterance.is_last or finished.interrupted):
            kind = "interrupted" if finished.interrupted else "finished"
            self._events.post(kind, utterance.command, seconds=round(finished.seconds, 3))
        self._tell_state()
        if self.order.avatar.kind == "file" and utterance.command == "file" and not finished.interrupted:
            self.ending.set("finished")

    def _report_failure(self, command: str | None, message: str) -> None:
        self._events.post("error", command, message=message, fatal=False)

    def _tell_state(self, utterance: int | None = None) -> None:
        parts = self._parts
        if parts is None:
            return
        generator = parts.stage.generator
        hears = self.audience.somebody_speaks
        if isinstance(generator, PortraitGenerator):
            generator.heard = HEARD if hears else 0.0
        speaking = parts.pacer.is_speaking
        state = "speaking" if speaking else "listening" if hears or self._listening_to else "idle"
        if state != self._state or utterance is not None:
            self._state = state
            self._spawn(self.set_state(state, utterance))

    async def set_state(self, state: str, utterance: int | None = None) -> None:
        """Show the state to everyone in the room."""
        attributes = {"avsite.state": state, "avsite.listening_to": self._listening_to or ""}
        if utterance is not None:
            attributes["avsite.utterance"] = str(utterance)
        try:
            await self.room.local_participant.set_attributes(attributes)
        except Exception:  # noqa: BLE001 -- the SDK raises plain exceptions; the state is a courtesy
            logger.debug("the state could not be set")

    async def _report_stats(self) -> None:
        while True:
            await asyncio.sleep(STATS_SECONDS)
            self._events.post("stats", **self.stats.report())

    async def _leave_when_let_go(self) -> None:
        await self._events.gone.wait()
        self.ending.set("stopped")

    async def _watch(self, pacer: Pacer) -> None:
        try:
            await pacer.wait_for_failure()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the avatar stands still: another agent takes over
            logger.exception("an avatar stopped moving")
            self._events.post("error", message=f"The avatar stopped moving: {error}", fatal=False)
            self.ending.set("failed")

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


FAILURES = (FetchError, FaceError, MediaError, OSError, ValueError)
"""What ``prepare`` raises, with a sentence for the host."""

__all__ = ["FAILURES", "AvatarSession", "Ending"]
