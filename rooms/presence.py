"""What a host wants of a room's avatars: to be there, to be another, to say something, to go."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from avsite.accounts.models import User
from avsite.errors import ApiError, not_found
from lipsync.models import Asset, Job
from rooms import control, sfu, tasks
from rooms.bell import ring
from rooms.library import Face
from rooms.models import AvatarSession, Room
from rooms.orders import grant, name_of
from rooms.sessions import LIVE, AvatarSessionQuerySet

VOICES_AT_ONCE = 4
"""Avatars of voice agents (avatar protocol) in one room."""
MEANT_FOR_LATER = "It is getting ready."


def present(
    room: Room,
    wanted_by: User,
    face: Face,
    *,
    job: Job | None = None,
    listen_to: str = "",
    agent_identity: str = "",
    **wishes: Any,
) -> AvatarSession:
    """Put an avatar into the room; it waits for an agent. Raises ApiError ``conflict`` beside another one.

    ``wishes``: voice, voice_rate, expression and expression_amount where they are not the avatar's own.
    """
    given = {name: value for name, value in wishes.items() if value is not None}
    with transaction.atomic():
        Room.objects.select_for_update().get(pk=room.pk)
        _require_place(room, agent_identity)
        session = AvatarSession(
            room=room,
            requested_by=wanted_by,
            avatar=face.avatar,
            name=face.name,
            kind=face.kind,
            face=face.asset,
            job=job,
            look=face.look,
            voice=given.get("voice", face.voice),
            voice_rate=given.get("voice_rate", face.voice_rate),
            expression=given.get("expression", face.expression),
            expression_amount=given.get("expression_amount", face.expression_amount),
            listen_to=listen_to,
            agent_identity=agent_identity,
            granted=[name_of(file) for file in (face.asset, job) if file is not None],
            message=MEANT_FOR_LATER,
        )
        session.save(force_insert=True)
        control.wake(room)
        tasks.look_soon(room)
    ring(room.pk)
    return session


def _require_place(room: Room, agent_identity: str) -> None:
    others = room.sessions.unfinished()
    if not agent_identity and others.filter(agent_identity="").exists():
        raise ApiError("conflict", "There is an avatar in this room already; change it, or stop it first.")
    if agent_identity and others.exclude(agent_identity="").count() >= VOICES_AT_ONCE:
        raise ApiError("conflict", f"There are {VOICES_AT_ONCE} voice agents' avatars here; stop one first.")


def find_session(room: Room, uid: UUID) -> AvatarSession:
    session = _whole(room).filter(uid=uid).first()
    if session is None:
        raise not_found("avatar in this room")
    return session


def find_speaker(room: Room, uid: str | None) -> AvatarSession:
    """The session that is to do something now. Raises ApiError ``conflict`` unless it is live."""
    if uid:
        try:
            session: AvatarSession | None = find_session(room, UUID(uid))
        except ValueError:
            raise not_found("avatar in this room") from None
    else:
        session = _whole(room).filter(state=LIVE).first() or _whole(room).unfinished().first()
    if session is None:
        raise ApiError("conflict", "There is no avatar in this room; add one first.")
    if session.state != LIVE:
        why = session.message or "It is starting."
        raise ApiError("conflict", f"The avatar is not here yet: {why[:1].lower()}{why[1:]}")
    return session


def _whole(room: Room) -> AvatarSessionQuerySet:
    return room.sessions.select_related("room", "avatar", "face", "job")


def say(session: AvatarSession, text: str, voice: Any) -> str:
    """Have it speak; the command's id."""
    command: dict[str, Any] = {"type": "say", "text": text}
    if voice is not None:
        command["voice"] = {"name": voice.name, "language": voice.language, "speed": voice.speed}
    return _command(session, command, speaks=True)


def play(session: AvatarSession, file: Asset | Job, suffix: str) -> str:
    """Have it say a recording, or what a finished video says; the command's id."""
    grant(session, file)
    root = f"{settings.INTERNAL_URL}/api/v1/agent/sessions/{session.uid}/media"
    name = name_of(file)
    command = {"type": "play", "media_url": f"{root}/{name}", "name": f"{name}{suffix}"}
    return _command(session, command, speaks=True)


def interrupt(session: AvatarSession) -> str:
    return _command(session, {"type": "interrupt"})


def change(session: AvatarSession, **changes: Any) -> None:
    """Another voice, expression or person to listen to, at once where it is live."""
    AvatarSession.objects.change(session.pk, **changes)
    for name, value in changes.items():
        setattr(session, name, value)
    if session.state == LIVE:
        if "listen_to" in changes:
            _command(session, {"type": "listen", "identity": session.listen_to or None})
        if {"expression", "expression_amount"} & set(changes):
            set_expression(session, session.expression, session.expression_amount)
    ring(session.room_id)


def set_expression(session: AvatarSession, expression: str, amount: float) -> None:
    _command(session, {"type": "expression", "expression": expression, "amount": amount})


def _command(session: AvatarSession, command: dict[str, Any], *, speaks: bool = False) -> str:
    try:
        command_id = control.send(session, command)
    except (sfu.LiveKitAway, sfu.LiveKitRefused):
        raise ApiError(
            "unavailable", "The avatar could not be reached; try again in a moment.", retry_after_seconds=2
        ) from None
    if speaks:
        said = {"id": command_id, "state": "sent", "message": ""}
        AvatarSession.objects.change(session.pk, utterance=said)
        session.utterance = said
        ring(session.room_id)
    return command_id


def replace(session: AvatarSession, wanted_by: User, face: Face, **wishes: Any) -> AvatarSession:
    """Another avatar in its place, listening to the same person."""
    with transaction.atomic():
        control.stop(session, "Another avatar took its place.")
        listen_to = wishes.pop("listen_to", None)
        return present(
            session.room,
            wanted_by,
            face,
            listen_to=session.listen_to if listen_to is None else listen_to,
            agent_identity=session.agent_identity,
            **wishes,
        )


def close(room: Room) -> None:
    """The room is over: avatars stop, LiveKit puts everyone out."""
    closed = Room.objects.filter(pk=room.pk, state=Room.State.OPEN).update(
        state=Room.State.CLOSED, closed_at=timezone.now(), revision=F("revision") + 1
    )
    if not closed:
        return
    for session in _whole(room).unfinished():
        control.stop(session, control.CLOSED)
    try:
        sfu.call(lambda livekit: sfu.close_room(livekit, room.slug))
    except (sfu.LiveKitAway, sfu.LiveKitRefused):
        tasks.look_soon(room)  # which closes it when LiveKit is back
    else:
        room.participants.exclude(state__in=("removed", "refused", "left")).update(
            state="left", left_at=timezone.now()
        )
    ring(room.pk)
