"""What the site asks of an avatar in a room, as data messages only a server can send."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

TOPIC = "avsite.command"
TYPES = ("say", "play", "interrupt", "listen", "expression", "stop")
LONGEST_TEXT = 20_000


class CommandError(ValueError):
    """The command cannot be followed; the message is a sentence for who sent it."""

    def __init__(self, message: str, command: str | None = None) -> None:
        super().__init__(message)
        self.command = command


@dataclass(frozen=True)
class Command:
    """One command. Only the fields of its ``kind`` mean anything."""

    kind: str
    id: str | None = None
    text: str = ""
    voice: str | None = None
    speed: float | None = None
    media_url: str = ""
    name: str = ""
    identity: str | None = None
    expression: str = "neutral"
    amount: float = 0.6
    reason: str = ""


def parse_command(data: bytes) -> Command:
    """Raises CommandError."""
    try:
        body = json.loads(data)
    except ValueError:
        raise CommandError("The command is not JSON.") from None
    if not isinstance(body, dict):
        raise CommandError("The command is not a JSON object.")
    kind = body.get("type")
    command = str(body["id"])[:64] if body.get("id") else None
    if kind not in TYPES:
        raise CommandError(f"There is no command {str(kind)[:40]!r}.", command)
    text = str(body.get("text") or "")
    if kind == "say" and not text.strip():
        raise CommandError("There is no text to say.", command)
    if len(text) > LONGEST_TEXT:
        raise CommandError(f"The text is longer than {LONGEST_TEXT} characters.", command)
    if kind == "play" and not body.get("media_url"):
        raise CommandError("There is no file to play.", command)
    voice, speed = _voice(body.get("voice"))
    return Command(
        kind=str(kind),
        id=command,
        text=text,
        voice=voice,
        speed=speed,
        media_url=str(body.get("media_url") or ""),
        name=str(body.get("name") or ""),
        identity=str(body["identity"]) if body.get("identity") else None,
        expression=str(body.get("expression") or "neutral"),
        amount=_number(body.get("amount"), 0.6),
        reason=str(body.get("reason") or ""),
    )


def _voice(value: Any) -> tuple[str | None, float | None]:
    """A voice as its id, or as an object like the order's."""
    if isinstance(value, dict):
        name = value.get("name")
        speed = value.get("speed")
        return (str(name) if name else None), (_number(speed, 1.0) if speed is not None else None)
    return (str(value) if value else None), None


def _number(value: Any, default: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return default
