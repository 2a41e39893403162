"""LiveKit's avatar protocol: another agent's voice comes as byte streams, what was played goes back as calls.

The wire is livekit-agents' own ``DataStreamAudioReceiver``. What is played, and how far, is told exactly: one
``playback_started`` at an utterance's first audible sample, one ``playback_finished`` for every segment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, DataStreamAudioReceiver

from rooms.agent.generators.base import FrameGenerator
from rooms.agent.generators.speech import Speech
from rooms.agent.pacer import Finished

FRAME_MS = 40
CLEAR_BUFFER = "lk.clear_buffer"


class RoomReceiver(DataStreamAudioReceiver):
    """Is cleared by the agent of its own room.

    The library keeps one handler for each name of an agent in a process: an agent would silence the avatar of
    another one of its name, in another room. And it keeps them for ever.
    """

    @classmethod
    def _register_clear_buffer_rpc(
        cls, room: rtc.Room, *, caller_identity: str, handler: Callable[[rtc.RpcInvocationData], str]
    ) -> None:
        room.local_participant.register_rpc_method(CLEAR_BUFFER, handler)


class ProtocolSource:
    """Speaks what the agent ``identity`` sends, and answers it.

    interrupt  silences the avatar; the ends of utterances come back through ``note_finished``
    """

    def __init__(
        self, room: rtc.Room, generator: FrameGenerator, identity: str, interrupt: Callable[[], object]
    ) -> None:
        self._generator = generator
        self._interrupt = interrupt
        self._receiver = RoomReceiver(room, sender_identity=identity, frame_size_ms=FRAME_MS)
        self._speech: Speech | None = None
        self._segment_has_sound = False
        self._ours: set[int] = set()
        self._task = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        """Stop serving."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._receiver.aclose()

    def note_started(self, utterance: int) -> None:
        """The utterance's first sample plays."""
        if utterance in self._ours:
            self._receiver.notify_playback_started()

    def note_finished(self, finished: Finished) -> None:
        """The utterance was played, or cut."""
        if finished.utterance in self._ours:
            self._ours.discard(finished.utterance)
            self._receiver.notify_playback_finished(finished.seconds, finished.interrupted)

    async def _run(self) -> None:
        await self._receiver.start()
        self._receiver.on("clear_buffer", self._clear)
        async for item in self._receiver:
            if isinstance(item, AudioSegmentEnd):
                self._end_segment()
            else:
                self._push(item)

    def _push(self, frame: rtc.AudioFrame) -> None:
        self._segment_has_sound = True
        if self._speech is None:
            self._speech = self._generator.begin()
            self._ours.add(self._speech.number)
        self._speech.push(frame)
        self._generator.on_speech()

    def _end_segment(self) -> None:
        if self._speech is not None:
            self._speech.close()
            self._speech = None
            self._generator.on_speech()
        elif not self._segment_has_sound:
            # Cleared before any of it came: its sender still waits for an end.
            self._receiver.notify_playback_finished(0.0, True)
        self._segment_has_sound = False

    def _clear(self) -> None:
        self._speech = None
        self._interrupt()
