"""Everything that lets somebody in: tokens for LiveKit, and our own signed links.

LiveKit tokens are made by the server alone: it decides who one is, which room, what one may publish. They
last ten minutes and say nothing about administration, and nobody may change their own attributes, so nobody
can pose as the avatar (``lk.publish_on_behalf``).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.utils import timezone

from rooms.sdk import api

if TYPE_CHECKING:
    from rooms.models import AvatarSession, Invite, Participant

LIFETIME = timedelta(minutes=10)
DOCTOR_LIFETIME = timedelta(minutes=2)
SEAT_LIFETIME = timedelta(days=1)
AGENT_SUBJECT = "avsite-agent"

CAMERA, MICROPHONE, SCREEN, SCREEN_SOUND = "camera", "microphone", "screen_share", "screen_share_audio"
EVERYTHING = (CAMERA, MICROPHONE, SCREEN, SCREEN_SOUND)
SOURCES: dict[str, tuple[str, ...]] = {
    "host": EVERYTHING,
    "speaker": EVERYTHING,
    "guest": (CAMERA, MICROPHONE),
    "viewer": (),
}
"""What each role may publish. Who may publish nothing may not chat either."""


@dataclass(frozen=True)
class Pass:
    """A LiveKit token and when it stops opening the door; who is in stays in."""

    token: str
    expires_at: datetime


def can_publish(role: str) -> bool:
    return bool(SOURCES[role])


def join_token(person: Participant) -> Pass:
    """The token with which ``person`` joins their room."""
    grants = api.VideoGrants(
        room_join=True,
        room=person.room.slug,
        can_subscribe=True,
        can_publish=can_publish(person.role),
        can_publish_data=can_publish(person.role),
        can_publish_sources=list(SOURCES[person.role]) or None,
        can_update_own_metadata=False,
        hidden=False,
    )
    token = (
        api.AccessToken(settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET)
        .with_identity(person.identity)
        .with_name(person.name)
        .with_kind("standard")
        .with_attributes({"avsite.role": person.role})
        .with_grants(grants)
        .with_ttl(LIFETIME)
    )
    return Pass(token.to_jwt(), timezone.now() + LIFETIME)


def doctor_token(slug: str, identity: str) -> str:
    """For a browser that tries the way to LiveKit: unseen, and to receive only."""
    grants = api.VideoGrants(
        room_join=True,
        room=slug,
        can_subscribe=True,
        can_publish=False,
        can_publish_data=False,
        can_update_own_metadata=False,
        hidden=True,
    )
    token = api.AccessToken(settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET).with_identity(identity)
    return token.with_grants(grants).with_ttl(DOCTOR_LIFETIME).to_jwt()


def captioner_token(slug: str) -> str:
    """For the process that captions a room: unseen, to listen, and to send what others have said."""
    grants = api.VideoGrants(
        room_join=True,
        room=slug,
        can_subscribe=True,
        can_publish=False,
        can_publish_data=True,
        can_update_own_metadata=False,
        hidden=True,
    )
    token = api.AccessToken(settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET)
    return token.with_identity("captions").with_kind("agent").with_grants(grants).with_ttl(LIFETIME).to_jwt()


def sign_invite(invite: Invite) -> str:
    return signing.dumps(str(invite.uid), salt="rooms.invite")


def read_invite(text: str) -> uuid.UUID | None:
    """The invite that a link is signed for; whether it still holds says its row."""
    return _read(text, "rooms.invite")


def sign_seat(person: Participant) -> str:
    """With this somebody without an account shows that they are ``person``."""
    return signing.dumps(person.identity, salt="rooms.seat")


def read_seat(text: str) -> str | None:
    """The identity, or None for what we did not sign, or signed too long ago."""
    try:
        return str(signing.loads(text, salt="rooms.seat", max_age=SEAT_LIFETIME))
    except signing.BadSignature:
        return None


def sign_session(session: AvatarSession) -> str:
    """With this an agent reports on ``session`` and fetches its files, while the session lasts."""
    return signing.dumps(str(session.uid), salt="rooms.agent")


def read_session(text: str) -> uuid.UUID | None:
    return _read(text, "rooms.agent")


def is_agent(token: str) -> bool:
    """Whether an agent process of ours signed this, lately: it knows LiveKit's secret as we do."""
    import jwt

    try:
        claims = jwt.decode(
            token,
            settings.LIVEKIT_API_SECRET,
            algorithms=["HS256"],
            issuer=settings.LIVEKIT_API_KEY,
            leeway=30,
            options={"require": ["exp", "sub", "iss"]},
        )
    except jwt.InvalidTokenError:
        return False
    return bool(claims["sub"] == AGENT_SUBJECT)


def _read(text: str, salt: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(signing.loads(text, salt=salt))
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None
