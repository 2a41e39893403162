"""The others in the room: who speaks, what they write to the avatar, in which mood another agent writes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine

from livekit import rtc

from rooms.agent.markup import named_expression
from rooms.agent.order import SessionOrder

logger = logging.getLogger("avsite.agent")

CHAT_TOPIC = "lk.chat"
TRANSCRIPTION_TOPIC = "lk.transcription"
EXPRESSION_ATTRIBUTE = "lk.expression"
LONGEST_CHAT = 2000


class Audience:
    """Calls back for what concerns the avatar."""

    def __init__(
        self,
        room: rtc.Room,
        order: SessionOrder,
        on_chat: Callable[[str], None],
        on_mood: Callable[[str], None],
        on_change: Callable[[], None],
    ) -> None:
        self._room = room
        self._order = order
        self._on_chat = on_chat
        self._on_mood = on_mood
        self._on_change = on_change
        self._tasks: set[asyncio.Task[None]] = set()
        self.somebody_speaks = False

    def start(self) -> None:
        """Begin to listen."""
        self._room.on("active_speakers_changed", self._note_speakers)
        if self._order.chat:
            self._room.register_text_stream_handler(CHAT_TOPIC, self._open_chat)
        if self._order.protocol is not None:
            self._room.register_text_stream_handler(TRANSCRIPTION_TOPIC, self._open_transcription)

    async def aclose(self) -> None:
        """Stop listening."""
        self._room.off("active_speakers_changed", self._note_speakers)
        for topic in (CHAT_TOPIC, TRANSCRIPTION_TOPIC):
            self._room.unregister_text_stream_handler(topic)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _note_speakers(self, speakers: list[rtc.Participant]) -> None:
        me = self._room.local_participant.identity
        speaks = any(speaker.identity != me for speaker in speakers)
        if speaks != self.somebody_speaks:
            self.somebody_speaks = speaks
            self._on_change()

    def _open_chat(self, reader: rtc.TextStreamReader, sender: str) -> None:
        self._spawn(self._read_chat(reader))

    async def _read_chat(self, reader: rtc.TextStreamReader) -> None:
        text = await reader.read_all()
        words = self.addressed(text)
        if words:
            self._on_chat(words[:LONGEST_CHAT])

    def addressed(self, text: str) -> str | None:
        """What of a message is for the avatar: all of it by one who is alone with it, else after @name."""
        text = text.strip()
        mention = f"@{self._order.avatar.name}"
        if text.lower().startswith(mention.lower()):
            return text[len(mention) :].lstrip(" ,:") or None
        people = [
            other
            for other in self._room.remote_participants.values()
            if other.kind == rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
        ]
        avatars = len(self._room.remote_participants) - len(people)
        return text if len(people) == 1 and avatars == 0 and not text.startswith("@") else None

    def _open_transcription(self, reader: rtc.TextStreamReader, sender: str) -> None:
        assert self._order.protocol is not None  # noqa: S101 -- only registered with one
        attributes = reader.info.attributes or {}
        value = attributes.get(EXPRESSION_ATTRIBUTE)
        if value and sender == self._order.protocol.agent_identity:
            name = named_expression(_expression_text(value))
            if name is not None:
                self._on_mood(name)
        self._spawn(_drain(reader))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _expression_text(value: str) -> str:
    """The attribute is JSON, ``{"value": "speak happy"}``; plain words do as well."""
    try:
        parsed = json.loads(value)
    except ValueError:
        return value
    return str(parsed.get("value", "")) if isinstance(parsed, dict) else str(parsed)


async def _drain(reader: rtc.TextStreamReader) -> None:
    """A stream nobody reads would be kept."""
    await reader.read_all()
