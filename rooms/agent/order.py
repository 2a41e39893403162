"""What a job asks for, as it travels in the dispatch's metadata. Used by the site and by the agent."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from lipsync.face.face import Expression

KINDS = ("photo", "loop", "house", "wave", "spectrum", "hue", "file")
NEEDS_MEDIA = ("photo", "loop", "file")
EXPRESSIONS = ("neutral", *Expression._fields)
SMALLEST_SIDE, LARGEST_SIDE = 64, 1920
FPS = (5.0, 60.0)


class OrderError(ValueError):
    """The metadata is no order; the message says what is wrong with it."""


@dataclass(frozen=True)
class Avatar:
    """Who is to be seen. ``look`` names a house avatar, ``media_url`` a photo or video on the site."""

    name: str = "Avatar"
    kind: str = "house"
    look: str | None = None
    media_url: str | None = None


@dataclass(frozen=True)
class SpokenVoice:
    """The voice for text; ``name`` is the id of a voice."""

    name: str
    language: str = ""
    speed: float = 1.0


@dataclass(frozen=True)
class Protocol:
    """Serve this agent's voice over LiveKit's avatar protocol."""

    agent_identity: str


@dataclass(frozen=True)
class SessionOrder:
    """One avatar in one room. Everything but ``session`` has a default, so that a bare order works.

    run         counts how often the session was handed to an agent; goes back with every event
    loop        start a file again when it has ended
    media_hash  SHA-256 of what is at the avatar's ``media_url``: kept files are not fetched again
    chat        speak what people write to the avatar
    """

    session: str
    room: str = ""
    avatar: Avatar = field(default_factory=Avatar)
    voice: SpokenVoice | None = None
    expression: str = "neutral"
    expression_amount: float = 0.6
    width: int = 512
    height: int = 512
    fps: float = 25.0
    listen_to: str | None = None
    callback_url: str | None = None
    token: str = ""
    run: int = 0
    loop: bool = False
    media_hash: str | None = None
    chat: bool = False
    greeting: str = ""
    protocol: Protocol | None = None

    @property
    def identity(self) -> str:
        """The avatar's identity in the room."""
        return avatar_identity(self.session)

    def to_json(self) -> str:
        """For the dispatch's metadata."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises OrderError for what is no order; unknown keys are ignored."""
        try:
            data = json.loads(text)
        except ValueError:
            raise OrderError("The order is not JSON.") from None
        if not isinstance(data, dict):
            raise OrderError("The order is not a JSON object.")
        try:
            order = cls(**_parsed(cls, data))
        except (TypeError, ValueError, AttributeError) as error:
            raise OrderError(f"The order cannot be read: {error}.") from None
        order.check()
        return order

    def check(self) -> None:
        """Raises OrderError for values nothing can be made of."""
        try:
            uuid.UUID(self.session)
        except ValueError:
            raise OrderError("The order's session is not a UUID.") from None
        if self.avatar.kind not in KINDS:
            raise OrderError(f"An avatar is one of {', '.join(KINDS)}, not {self.avatar.kind[:40]!r}.")
        if self.avatar.kind in NEEDS_MEDIA and not self.avatar.media_url:
            raise OrderError(f"An avatar of kind {self.avatar.kind} needs a media_url.")
        if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (self.width, self.height)):
            raise OrderError(f"A picture's sides are {SMALLEST_SIDE} to {LARGEST_SIDE} pixels.")
        if not FPS[0] <= self.fps <= FPS[1]:
            raise OrderError(f"The frame rate is {FPS[0]:g} to {FPS[1]:g}.")
        expression_of(self.expression, self.expression_amount)


_PARTS: dict[str, type[Any]] = {"avatar": Avatar, "voice": SpokenVoice, "protocol": Protocol}


def _parsed(cls: type[Any], data: dict[str, Any]) -> dict[str, Any]:
    known = {entry.name for entry in fields(cls)}
    values = {name: value for name, value in data.items() if name in known}
    for name, part in _PARTS.items():
        if values.get(name) is not None and name in values:
            values[name] = part(**_parsed(part, dict(values[name])))
    for name in ("width", "height", "run"):
        if name == "run" and name in values:
            values[name] = int(values[name])
        elif name in values:
            values[name] = int(values[name]) // 2 * 2
    for name in ("fps", "expression_amount", "speed"):
        if name in values:
            values[name] = float(values[name])
    return values


def avatar_identity(session: str) -> str:
    """The identity in the room of the avatar of a session."""
    return f"avatar-{session[:8]}"


def expression_of(name: str, amount: float) -> Expression:
    """The face's expression. Raises OrderError for an unknown one."""
    if name not in EXPRESSIONS:
        raise OrderError(f"An expression is one of {', '.join(EXPRESSIONS)}, not {name[:40]!r}.")
    if name == "neutral":
        return Expression()
    return Expression(**{name: min(1.0, max(0.0, amount))})
