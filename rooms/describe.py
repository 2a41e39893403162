"""Rows in the shapes of ``rooms.schemas``, as one caller may see them."""

from __future__ import annotations

from typing import Any, Literal, cast
from urllib.parse import quote

from lipsync.engines.base import ExpressionName
from lipsync.schemas import API_ROOT, describe_asset
from rooms import captions, tokens
from rooms.library import Face
from rooms.models import Avatar, AvatarSession, Invite, Participant, Role, Room, RoomEvent
from rooms.people import OUT_FOR_GOOD
from rooms.schemas import (
    Activity,
    AvatarOut,
    AvatarSessionOut,
    EventOut,
    FaceOut,
    InviteOut,
    KindName,
    ParticipantOut,
    PersonState,
    PreviewOut,
    RoleName,
    RoomOut,
    SessionState,
    StatsOut,
    UtteranceOut,
)


def describe_room(room: Room, role: str, user_id: int | None) -> RoomOut:
    people = getattr(room, "people_count", None)
    waiting = getattr(room, "waiting_count", None)
    return RoomOut(
        slug=room.slug,
        name=room.name,
        state=cast(Literal["open", "closed"], room.state),
        locked=room.locked,
        waiting_room=room.waiting_room,
        max_people=room.max_people,
        captions=captions.describe(room),
        has_transcript=captions.has_lines(room),
        role=cast(RoleName, role),
        is_owner=user_id is not None and room.owner_id == user_id,
        people=room.participants.filter(state="present").count() if people is None else people,
        waiting=room.participants.filter(state="waiting").count() if waiting is None else waiting,
        url=f"/rooms/{room.slug}",
        created_at=room.created_at,
        closed_at=room.closed_at,
        revision=room.revision,
    )


def describe_person(person: Participant, me: str | None) -> ParticipantOut:
    return ParticipantOut(
        identity=person.identity,
        name=person.name,
        role=cast(RoleName, person.role),
        state=cast(PersonState, person.state),
        is_me=person.identity == me,
        has_account=person.user_id is not None,
        joined_at=person.joined_at,
        left_at=person.left_at,
    )


def visible_people(room: Room, role: str, me: str | None) -> list[ParticipantOut]:
    """Hosts see everyone, who waits sees themselves, the others see who is there."""
    people = room.participants.all()
    shown = [
        person for person in people if role == Role.HOST or person.state == "present" or person.identity == me
    ]
    mine = next((person for person in people if person.identity == me), None)
    if role != Role.HOST and mine is not None and mine.state in ("waiting", *OUT_FOR_GOOD):
        shown = [mine]
    return [describe_person(person, me) for person in shown]


def describe_invite(invite: Invite) -> InviteOut:
    return InviteOut(
        id=str(invite.uid),
        role=cast(RoleName, invite.role),
        label=invite.label,
        url=f"/rooms/{invite.room.slug}?invite={quote(tokens.sign_invite(invite))}",
        uses=invite.uses,
        max_uses=invite.max_uses,
        expires_at=invite.expires_at,
        created_at=invite.created_at,
    )


def describe_avatar(avatar: Avatar) -> AvatarOut:
    """One of somebody's own; wants ``face`` and ``preview`` fetched along with it."""
    job = avatar.preview
    root = f"{API_ROOT}/lipsyncs/{job.uid}" if job else ""
    preview = (
        PreviewOut(
            job_id=str(job.uid),
            state=job.state,
            video_url=f"{root}/video" if job.result else None,
            poster_url=f"{root}/poster" if job.poster else None,
        )
        if job
        else None
    )
    return AvatarOut(
        **_face_fields(Face.of(avatar)),
        id=str(avatar.uid),
        builtin=False,
        face=describe_asset(avatar.face) if avatar.face else None,
        preview=preview,
        created_at=avatar.created_at,
    )


def describe_builtin(face: Face) -> AvatarOut:
    return AvatarOut(**_face_fields(face), id=face.id, builtin=True, face=None, preview=None, created_at=None)


def _face_fields(face: Face) -> dict[str, Any]:
    return {
        "name": face.name,
        "kind": face.kind,
        "look": face.look,
        "thumbnail_url": thumbnail_url(face.look, face.asset),
        "voice": face.voice,
        "voice_rate": face.voice_rate,
        "expression": face.expression,
        "expression_amount": face.expression_amount,
    }


def thumbnail_url(look: str, asset: Any) -> str | None:
    if look:
        return f"{API_ROOT}/looks/{look}/thumbnail"
    return f"{API_ROOT}/assets/{asset.uid}/thumbnail" if asset and asset.thumbnail else None


def describe_session(session: AvatarSession) -> AvatarSessionOut:
    """Wants ``avatar``, ``face`` and ``job`` fetched along with it."""
    job = session.job
    picture = thumbnail_url(session.look, session.face)
    if picture is None and job is not None and job.poster:
        picture = f"{API_ROOT}/lipsyncs/{job.uid}/poster"
    return AvatarSessionOut(
        id=str(session.uid),
        identity=session.identity,
        state=cast(SessionState, session.state),
        message=session.message,
        avatar=FaceOut(
            id=str(session.avatar.uid) if session.avatar else builtin_id(session),
            name=session.name,
            kind=cast(KindName, session.kind),
            look=session.look,
            thumbnail_url=picture,
        ),
        activity=cast(Activity, session.activity),
        utterance=UtteranceOut(**session.utterance) if session.utterance else None,
        voice=session.voice,
        voice_rate=session.voice_rate,
        expression=cast(ExpressionName, session.expression),
        expression_amount=session.expression_amount,
        listen_to=session.listen_to or None,
        stats=StatsOut(**session.stats) if session.stats else None,
        attempts=session.run,
        created_at=session.created_at,
        started_at=session.started_at,
        ended_at=session.ended_at,
        revision=session.revision,
    )


def builtin_id(session: AvatarSession) -> str | None:
    if session.look:
        return f"house:{session.look}"
    return session.kind if session.kind in ("wave", "spectrum", "hue") else None


def describe_event(event: RoomEvent) -> EventOut:
    return EventOut(at=event.at, kind=event.kind, message=event.message)
