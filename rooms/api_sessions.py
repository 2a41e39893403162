"""The avatar in a room: put there, changed in mid-call, spoken through, stopped. For hosts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status

from avsite.accounts.models import User
from avsite.auth import caller
from avsite.errors import ApiError, not_found
from lipsync.assets import find_asset
from lipsync.models import Asset, Job
from lipsync.order import Order, Refused, check_order
from rooms import control, presence
from rooms.access import ROOM_AUTH, Visit, host_visit, visit
from rooms.bell import ring
from rooms.describe import describe_session
from rooms.library import DEFAULT_AVATAR, Face, check_voice, find_face
from rooms.models import AvatarSession, Kind
from rooms.orders import describe_voice
from rooms.schemas import (
    AvatarSessionList,
    AvatarSessionOut,
    CommandOut,
    InterruptIn,
    PresentChanges,
    PresentIn,
    SayIn,
)

router = Router()

ENDED_SHOWN = 50
ME = "me"


@router.get("/{slug}/avatars", response=AvatarSessionList, auth=ROOM_AUTH)
def list_room_avatars(request: HttpRequest, slug: str, ended: bool = False) -> AvatarSessionList:
    """Those that are wanted; with ``ended`` also the latest that were."""
    room = visit(request, slug).room
    rows = room.sessions.select_related("avatar", "face", "job")
    found = rows[:ENDED_SHOWN] if ended else rows.unfinished()
    return AvatarSessionList(items=[describe_session(session) for session in found])


@router.post("/{slug}/avatars", response={201: AvatarSessionOut})
def present_avatar(request: HttpRequest, slug: str, payload: PresentIn) -> Status[AvatarSessionOut]:
    """Ask for an avatar in the room. It waits until an agent has a place for it."""
    found = host_visit(request, slug)
    owner = caller(request)
    face, job = _face_of(owner, payload)
    session = presence.present(
        found.room,
        owner,
        face,
        job=job,
        listen_to=_listen_to(found, payload.listen_to) or "",
        agent_identity=payload.protocol.agent_identity if payload.protocol else "",
        voice=check_voice(payload.voice) if payload.voice else None,
        voice_rate=payload.voice_rate,
        expression=payload.expression,
        expression_amount=payload.expression_amount,
    )
    return Status(201, describe_session(session))


@router.patch("/{slug}/avatars/{uuid:session_id}", response=AvatarSessionOut)
def change_room_avatar(
    request: HttpRequest, slug: str, session_id: UUID, payload: PresentChanges
) -> AvatarSessionOut:
    """Another voice, expression or person to listen to; another ``avatar`` takes its place at once."""
    found = host_visit(request, slug)
    session = _unfinished(found, session_id)
    changes = payload.dict(exclude_unset=True)
    if "listen_to" in changes:
        changes["listen_to"] = _listen_to(found, changes["listen_to"]) or ""
    if changes.get("voice"):
        changes["voice"] = check_voice(changes["voice"])
    wanted = changes.pop("avatar", None)
    changes = {name: value for name, value in changes.items() if value is not None}
    if wanted:
        owner = caller(request)
        return describe_session(presence.replace(session, owner, find_face(owner, wanted), **changes))
    if changes:
        presence.change(session, **changes)
        session = presence.find_session(found.room, session_id)
    return describe_session(session)


@router.delete("/{slug}/avatars/{uuid:session_id}", response={204: None})
def stop_avatar(request: HttpRequest, slug: str, session_id: UUID) -> Status[None]:
    """Out of the room. Stopping twice is no error."""
    found = host_visit(request, slug, in_open_room=False)
    control.stop(presence.find_session(found.room, session_id))
    return Status(204, None)


@router.post("/{slug}/say", response={202: CommandOut})
def say(request: HttpRequest, slug: str, payload: SayIn) -> Status[CommandOut]:
    """Have the avatar say a text, a recording, or what a finished video says."""
    found = host_visit(request, slug)
    owner = caller(request)
    given = [name for name in ("text", "speech", "job") if getattr(payload, name)]
    if len(given) != 1:
        raise ApiError("invalid", "Give one thing to say: a text, a recording or a finished job.", "text")
    file = _recording(owner, payload)
    session = presence.find_speaker(found.room, payload.avatar)
    voice = check_voice(payload.voice) if payload.voice else session.voice
    rate = payload.voice_rate or session.voice_rate
    text = "" if file else _checked_text(payload.text or "", voice, rate)
    if payload.expression:
        amount = session.expression_amount if payload.expression_amount is None else payload.expression_amount
        presence.set_expression(session, payload.expression, amount)
    if file is not None:
        content = file.file if isinstance(file, Asset) else file.result
        suffix = "." + str(content.name).rpartition(".")[2]
        command_id = presence.play(session, file, suffix)
    else:
        command_id = presence.say(session, text, describe_voice(voice, rate))
    return Status(202, CommandOut(id=command_id, avatar=describe_session(session)))


@router.post("/{slug}/interrupt", response={202: CommandOut})
def interrupt(request: HttpRequest, slug: str, payload: InterruptIn) -> Status[CommandOut]:
    """Silence, at once."""
    found = host_visit(request, slug)
    session = presence.find_speaker(found.room, payload.avatar)
    command_id = presence.interrupt(session)
    ring(found.room.pk)
    return Status(202, CommandOut(id=command_id, avatar=describe_session(session)))


def _face_of(owner: User, payload: PresentIn) -> tuple[Face, Job | None]:
    """What is to be shown, and the finished job it is played from."""
    if payload.avatar != Kind.FILE:
        return find_face(owner, payload.avatar), None
    if bool(payload.job) == bool(payload.face):
        raise ApiError("invalid", "Say what to play: a finished job or a video of yours.", "job")
    if payload.job:
        job = _finished_job(owner, payload.job)
        return Face(name="Video", kind="file"), job
    asset = find_asset(owner, payload.face or "", "face", param="face")
    if asset.media != Asset.Media.VIDEO:
        raise ApiError("invalid", "Only a video can be played; choose one.", "face")
    return Face(name="Video", kind="file", asset=asset), None


def _finished_job(owner: User, uid: str) -> Job:
    try:
        job = Job.objects.filter(owner=owner, uid=UUID(uid)).first()
    except ValueError:
        job = None
    if job is None:
        error = not_found("job")
        error.param = "job"
        raise error
    if not job.result:
        raise ApiError("conflict", "This job has no video; wait until it is done, or retry it.", "job")
    return job


def _recording(owner: User, payload: SayIn) -> Asset | Job | None:
    if payload.speech:
        return find_asset(owner, payload.speech, "speech", param="speech")
    return _finished_job(owner, payload.job) if payload.job else None


def _checked_text(text: str, voice: str, rate: float) -> str:
    """The same rules as for a video's text. Raises ApiError naming ``text``."""
    try:
        look = DEFAULT_AVATAR.removeprefix("house:")
        return check_order(Order(house_look=look, text=text, voice=voice, voice_rate=rate)).text
    except Refused as refused:
        raise ApiError(refused.code, refused.message, refused.param) from None


def _listen_to(found: Visit, wanted: Any) -> str | None:
    """The identity whose microphone drives the avatar's face. Raises ApiError naming ``listen_to``."""
    if not wanted:
        return None
    if wanted == ME:
        if found.identity is None:
            raise ApiError("conflict", "Come into the room first, so that it can hear you.", "listen_to")
        return found.identity
    if not found.room.participants.filter(identity=str(wanted)[:24]).exists():
        error = not_found("person in this room")
        error.param = "listen_to"
        raise error
    return str(wanted)


def _unfinished(found: Visit, session_id: UUID) -> AvatarSession:
    session = presence.find_session(found.room, session_id)
    if session.ended_at is not None:
        raise ApiError("conflict", "This avatar has left the room already; add it again.")
    return session
