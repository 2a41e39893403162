"""Coming into a room and being in it: tokens, invites, and what hosts may do to people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Status

from avsite.auth import API_AUTH
from avsite.errors import ApiError, not_found
from avsite.limits import client_address, count_request
from rooms import address, control, entry, sfu, tasks, tokens
from rooms.access import ROOM_AUTH, SeatAuth, find_room, host_visit, seat_of, user_of, visit
from rooms.bell import ring
from rooms.describe import describe_invite, describe_person, visible_people
from rooms.models import Invite, Participant, Room
from rooms.people import ADMITTED, LEFT, PRESENT, REFUSED, WAITING
from rooms.schemas import (
    InviteIn,
    InviteList,
    InviteOut,
    InvitePreviewOut,
    MuteIn,
    ParticipantList,
    ParticipantOut,
    RemoveIn,
    RoleIn,
    RoleName,
    TokenIn,
    TokenOut,
)

router = Router()

INVITES_PER_ROOM = 100


def anyone(request: HttpRequest) -> str:
    """Lets in who has nothing to show yet: whether they may is decided by the invite they bring."""
    return "anyone"


@router.post("/rooms/{slug}/token", response=TokenOut, auth=[*API_AUTH, SeatAuth(), anyone])
def make_token(request: HttpRequest, response: HttpResponse, slug: str, payload: TokenIn) -> TokenOut:
    """The way into the room for ten minutes, or a place in its waiting list.

    Wants an account that belongs to the room, an ``invite``, or the ``seat`` of an earlier answer.
    """
    count_request(f"room-token:{client_address(request)}", settings.ROOM_TOKENS_PER_MINUTE)
    response["Cache-Control"] = "no-store"
    user, seat = user_of(request), seat_of(request)
    if user is None and seat is None and not payload.invite:
        raise ApiError("unauthenticated", "Open the link you were invited with, or sign in.")
    room = find_room(slug)
    person = entry.enter(room, entry.Caller(user, seat, payload.invite, payload.name))
    ring(room.pk)
    if person.state == WAITING:
        return _token_out(person, "waiting", entry.ASK_TO_WAIT)
    entry.open_for(room)
    control.wake(room)
    tasks.look_soon(room)
    made = tokens.join_token(person)
    url = address.public_url(request.get_host(), is_secure=request.is_secure())
    return _token_out(person, "admitted", "", url=url, token=made.token, expires_at=made.expires_at)


def _token_out(person: Participant, state: Any, message: str, **way_in: Any) -> TokenOut:
    return TokenOut(
        **{"url": None, "token": None, "expires_at": None, **way_in},
        state=state,
        message=message,
        identity=person.identity,
        name=person.name,
        role=cast(RoleName, person.role),
        sources=list(tokens.SOURCES[person.role]),
        can_chat=tokens.can_publish(person.role),
        seat=tokens.sign_seat(person),
    )


@router.post("/rooms/{slug}/leave", response={204: None}, auth=ROOM_AUTH)
def leave_room(request: HttpRequest, slug: str) -> Status[None]:
    """Gone, or no longer waiting. Who was not there is not either."""
    found = visit(request, slug)
    if found.person is not None:
        identity = found.person.identity
        if found.room.participants.remove_from_room(found.person.pk, for_good=False):
            _tell_livekit(lambda livekit: sfu.remove(livekit, found.room.slug, identity), must=False)
            tasks.look_soon(found.room)
            ring(found.room.pk)
    return Status(204, None)


@router.get("/invites/{token}", response=InvitePreviewOut, auth=None)
def preview_invite(request: HttpRequest, token: str) -> InvitePreviewOut:
    """What a link leads to, for the page before the room."""
    count_request(f"room-token:{client_address(request)}", settings.ROOM_TOKENS_PER_MINUTE)
    invite = entry.find_invite(token)
    room = invite.room
    state: Any = "closed" if not room.is_open else "locked" if room.locked else "open"
    return InvitePreviewOut(
        slug=room.slug,
        name=room.name,
        host_name=room.owner.username,
        role=cast(RoleName, invite.role),
        state=state,
        waiting_room=room.waiting_room,
    )


@router.get("/rooms/{slug}/invites", response=InviteList)
def list_invites(request: HttpRequest, slug: str) -> InviteList:
    room = host_visit(request, slug, in_open_room=False).room
    invites = room.invites.select_related("room")
    return InviteList(items=[describe_invite(invite) for invite in invites])


@router.post("/rooms/{slug}/invites", response={201: InviteOut})
def create_invite(request: HttpRequest, slug: str, payload: InviteIn) -> Status[InviteOut]:
    """A link that lets people in as ``role``, for as long and as often as it says."""
    found = host_visit(request, slug)
    if found.room.invites.count() >= INVITES_PER_ROOM:
        raise ApiError("limit_reached", f"This room has {INVITES_PER_ROOM} invitations; delete one first.")
    hours = payload.expires_in_hours
    invite = Invite.objects.create(
        room=found.room,
        role=payload.role,
        label=payload.label.strip(),
        max_uses=payload.max_uses,
        expires_at=timezone.now() + timedelta(hours=hours) if hours else None,
        created_by=found.user,
    )
    return Status(201, describe_invite(invite))


@router.delete("/rooms/{slug}/invites/{uuid:invite_id}", response={204: None})
def delete_invite(request: HttpRequest, slug: str, invite_id: UUID) -> Status[None]:
    """The link stops working; who came by it stays."""
    room = host_visit(request, slug, in_open_room=False).room
    deleted, _ = room.invites.filter(uid=invite_id).delete()
    if not deleted:
        raise not_found("invitation")
    return Status(204, None)


@router.get("/rooms/{slug}/participants", response=ParticipantList, auth=ROOM_AUTH)
def list_participants(request: HttpRequest, slug: str) -> ParticipantList:
    found = visit(request, slug)
    return ParticipantList(items=visible_people(found.room, found.role, found.identity))


@router.post("/rooms/{slug}/participants/{identity}/mute", response=ParticipantOut)
def mute_participant(request: HttpRequest, slug: str, identity: str, payload: MuteIn) -> ParticipantOut:
    """Mute what somebody publishes. Only they can switch it on again."""
    person = _person(request, slug, identity)
    if person.state != PRESENT:
        raise ApiError("conflict", "They are not in the room just now, so there is nothing to mute.")
    _tell_livekit(lambda livekit: sfu.mute(livekit, slug, identity, payload.source))
    return _shown(request, person)


@router.post("/rooms/{slug}/participants/{identity}/remove", response=ParticipantOut)
def remove_participant(request: HttpRequest, slug: str, identity: str, payload: RemoveIn) -> ParticipantOut:
    """Out of the room; with ``ban`` they do not come in again until they are admitted."""
    person = _person(request, slug, identity)
    _require_not_owner(person)
    person.room.participants.remove_from_room(person.pk, for_good=payload.ban)
    _tell_livekit(lambda livekit: sfu.remove(livekit, slug, identity), must=False)
    return _changed(request, person)


@router.post("/rooms/{slug}/participants/{identity}/role", response=ParticipantOut)
def change_role(request: HttpRequest, slug: str, identity: str, payload: RoleIn) -> ParticipantOut:
    """Promote or demote, at once: what they publish without leave is taken down."""
    person = _person(request, slug, identity)
    _require_not_owner(person)
    if payload.role == "host" and person.user_id is None:
        raise ApiError("invalid", "Only somebody with an account can be a host; ask them to sign in.", "role")
    Participant.objects.filter(pk=person.pk).update(role=payload.role)
    if person.state == PRESENT:
        _tell_livekit(lambda livekit: sfu.give_role(livekit, slug, identity, payload.role))
    return _changed(request, person)


@router.post("/rooms/{slug}/participants/{identity}/admit", response=ParticipantOut)
def admit_participant(request: HttpRequest, slug: str, identity: str) -> ParticipantOut:
    """Let in somebody who waits, or take back that they were turned away."""
    person = _person(request, slug, identity)
    if not person.room.participants.admit(person.pk) and person.state not in (ADMITTED, PRESENT):
        raise ApiError("conflict", "They have left the waiting list; they can ask again.")
    return _changed(request, person)


@router.post("/rooms/{slug}/participants/{identity}/refuse", response=ParticipantOut)
def refuse_participant(request: HttpRequest, slug: str, identity: str) -> ParticipantOut:
    """Turn away somebody who waits."""
    person = _person(request, slug, identity)
    if not person.room.participants.refuse(person.pk) and person.state not in (REFUSED, LEFT):
        raise ApiError("conflict", "They are not waiting; remove them if they must go.")
    return _changed(request, person)


def _person(request: HttpRequest, slug: str, identity: str) -> Participant:
    """Somebody in a room that the caller hosts."""
    room: Room = host_visit(request, slug).room
    person = room.participants.select_related("room").filter(identity=identity).first()
    if person is None:
        raise not_found("person in this room")
    return person


def _require_not_owner(person: Participant) -> None:
    if person.user_id is not None and person.user_id == person.room.owner_id:
        raise ApiError("forbidden", "This is the owner of the room, who stays its host.")


def _changed(request: HttpRequest, person: Participant) -> ParticipantOut:
    person.refresh_from_db()
    ring(person.room_id)
    tasks.look_soon(person.room)
    return _shown(request, person)


def _shown(request: HttpRequest, person: Participant) -> ParticipantOut:
    is_me = person.user_id is not None and person.user_id == getattr(user_of(request), "pk", None)
    return describe_person(person, person.identity if is_me else None)


def _tell_livekit(operation: Any, *, must: bool = True) -> None:
    """``must``: what was asked has not happened unless LiveKit did it; else the next round sees to it."""
    try:
        sfu.call(operation)
    except sfu.LiveKitRefused as error:
        if must and error.code == "not_found":
            raise ApiError("conflict", "They are not in the room just now; wait until they are.") from None
        if must:
            raise
    except sfu.LiveKitAway:
        if must:
            message = "The LiveKit server does not answer; try again in a moment."
            raise ApiError("unavailable", message, retry_after_seconds=2) from None
