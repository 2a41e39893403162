"""``/avatars``: the faces with voices that somebody keeps, to be put into rooms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from ninja import Router, Status

from avsite.auth import caller
from avsite.errors import ApiError
from avsite.idempotency import once
from lipsync import tasks
from lipsync.engines.base import RenderOptions
from lipsync.order import Order, Refused
from lipsync.progress import publish
from lipsync.schemas import JobOut, describe_job
from lipsync.service import get_lipsync_service
from rooms.describe import describe_avatar, describe_builtin
from rooms.library import DEFAULT_AVATAR, builtin_faces, check_voice, find_avatar, read_face
from rooms.models import Avatar, Kind
from rooms.schemas import AvatarChanges, AvatarIn, AvatarList, AvatarOut, PreviewIn

router = Router()

AVATARS_PER_PERSON = 200
PREVIEW_LINE = "Hello, I am {name}. It is good to see you here today."


@router.get("", response=AvatarList)
def list_avatars(request: HttpRequest) -> AvatarList:
    """One's own, newest first, then those of the house."""
    own = Avatar.objects.filter(owner=caller(request)).select_related("face", "preview")
    items = [*map(describe_avatar, own), *map(describe_builtin, builtin_faces())]
    return AvatarList(items=items, default=DEFAULT_AVATAR)


@router.post("", response={201: AvatarOut})
def create_avatar(request: HttpRequest, payload: AvatarIn) -> HttpResponseBase:
    with once(request) as answer:
        if answer.replay is not None:
            return answer.replay
        owner = caller(request)
        kind, face, look = read_face(owner, payload.face, as_file=payload.kind is not None)
        name, voice = _clean_name(payload.name), check_voice(payload.voice)
        with transaction.atomic():
            if Avatar.objects.filter(owner=owner).count() >= AVATARS_PER_PERSON:
                raise ApiError(
                    "limit_reached", f"You have {AVATARS_PER_PERSON} avatars already; delete one first."
                )
            avatar = Avatar.objects.create(
                owner=owner,
                name=name,
                kind=kind,
                face=face,
                look=look,
                voice=voice,
                voice_rate=payload.voice_rate,
                expression=payload.expression,
                expression_amount=payload.expression_amount,
            )
            return answer.keep(201, describe_avatar(avatar))


@router.get("/{uuid:avatar_id}", response=AvatarOut)
def get_avatar(request: HttpRequest, avatar_id: UUID) -> AvatarOut:
    return describe_avatar(find_avatar(caller(request), avatar_id))


@router.patch("/{uuid:avatar_id}", response=AvatarOut)
def change_avatar(request: HttpRequest, avatar_id: UUID, payload: AvatarChanges) -> AvatarOut:
    """Only what is sent is changed. Rooms it is in just now show it as it was."""
    owner = caller(request)
    avatar = find_avatar(owner, avatar_id)
    changes: dict[str, Any] = payload.dict(exclude_unset=True, exclude_none=True)
    if "name" in changes:
        changes["name"] = _clean_name(changes["name"])
    if "voice" in changes:
        changes["voice"] = check_voice(changes["voice"])
    if "face" in changes:
        as_file = avatar.kind == Kind.FILE
        kind, changes["face"], look = read_face(owner, changes["face"], as_file=as_file)
        changes |= {"kind": kind, "look": look}
    for name, value in changes.items():
        setattr(avatar, name, value)
    avatar.save(update_fields=list(changes) or None)
    return describe_avatar(avatar)


@router.delete("/{uuid:avatar_id}", response={204: None})
def delete_avatar(request: HttpRequest, avatar_id: UUID) -> Status[None]:
    """Refused with 409 while it is in a room."""
    avatar = find_avatar(caller(request), avatar_id)
    if avatar.sessions.unfinished().exists():
        raise ApiError("conflict", "This avatar is in a room just now; stop it there first.")
    avatar.delete()
    return Status(204, None)


@router.post("/{uuid:avatar_id}/preview", response={201: JobOut})
def preview_avatar(request: HttpRequest, avatar_id: UUID, payload: PreviewIn) -> Status[JobOut]:
    """The avatar saying a line, made as any other job."""
    owner = caller(request)
    avatar = find_avatar(owner, avatar_id)
    if not avatar.face and not avatar.look:
        raise ApiError("conflict", "This avatar has no face, so there is nothing to say a line with.")
    order = Order(
        face=avatar.face,
        house_look=avatar.look,
        text=payload.text or PREVIEW_LINE.format(name=avatar.name),
        voice=avatar.voice,
        voice_rate=avatar.voice_rate,
        options=RenderOptions(
            expression=describe_avatar(avatar).expression, expression_amount=avatar.expression_amount
        ),
    )
    try:
        with transaction.atomic():
            job = get_lipsync_service().submit(owner, order)
            Avatar.objects.filter(pk=avatar.pk).update(preview=job)
            transaction.on_commit(lambda: publish(job))
            tasks.enqueue(job)
    except Refused as refused:
        raise ApiError(refused.code, refused.message, refused.param) from None
    return Status(201, describe_job(job))


def _clean_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean:
        raise ApiError("invalid", "Give the avatar a name, so that you know it again.", "name")
    return clean
