"""Coming in: who gets a token, who waits to be let in, who is turned away, each with the reason."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from avsite.accounts.models import User
from avsite.errors import ApiError, not_found
from rooms import sfu, tokens
from rooms.access import closed_room
from rooms.models import Invite, Participant, Role, Room
from rooms.people import ADMITTED, OUT_FOR_GOOD, PRESENT, WAITING

NAME_LENGTH = 60
ASK_TO_WAIT = "A host has been told that you are here; wait until they let you in."


@dataclass(frozen=True)
class Caller:
    """What somebody shows at the door."""

    user: User | None
    seat: Participant | None
    invite: str | None
    name: str | None


def find_invite(text: str) -> Invite:
    """The invite of a link. Raises ApiError ``not_found`` once it was withdrawn, used up or too old."""
    uid = tokens.read_invite(text)
    fresh = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    found = Invite.objects.select_related("room__owner").filter(fresh, uid=uid).first() if uid else None
    if found is None:
        raise ApiError("not_found", "This invitation does not hold any longer; ask for a new one.", "invite")
    return found


def enter(room: Room, caller: Caller) -> Participant:
    """The caller's place in ``room``, admitted or waiting. Raises ApiError saying why not."""
    with transaction.atomic():
        Room.objects.select_for_update().get(pk=room.pk)  # two at once must not both take the last place
        person = _find_place(room, caller) or _make_place(room, caller)
        if not room.is_open:
            raise closed_room()
        _require_welcome(room, person)
        if _must_wait(room, person):
            _move(person, WAITING)
        else:
            _require_space(room, person)
            _move(person, person.state if person.state == PRESENT else ADMITTED)
    return person


def open_for(room: Room) -> None:
    """Have the room in LiveKit too. Raises ApiError ``unavailable``."""
    try:
        sfu.call(lambda livekit: sfu.open_room(livekit, room.slug, room.max_people))
    except (sfu.LiveKitAway, sfu.LiveKitRefused):
        raise ApiError(
            "unavailable",
            "Rooms are not ready yet: the LiveKit server does not answer; try again in a moment.",
            retry_after_seconds=3,
        ) from None


def _find_place(room: Room, caller: Caller) -> Participant | None:
    if caller.user is not None:
        return room.participants.seat_of(caller.user.pk)
    seat = caller.seat
    return seat if seat is not None and seat.room_id == room.pk else None


def _make_place(room: Room, caller: Caller) -> Participant:
    """A new one: the owner's, or by an invite."""
    if caller.user is not None and caller.user.pk == room.owner_id:
        return _create(room, caller.user, caller.user.username, Role.HOST, None)
    if not caller.invite:
        if caller.user is None and caller.seat is None:
            raise ApiError("unauthenticated", "Open the link you were invited with, or sign in.")
        raise not_found("room")
    invite = find_invite(caller.invite)
    if invite.room_id != room.pk:
        raise not_found("room")
    if not room.is_open:
        raise closed_room()
    name = caller.user.username if caller.user else _clean_name(caller.name)
    unused = Q(max_uses=None) | Q(uses__lt=F("max_uses"))
    if not Invite.objects.filter(unused, pk=invite.pk).update(uses=F("uses") + 1):
        raise ApiError("not_found", "This invitation has been used up; ask for a new one.", "invite")
    return _create(room, caller.user, name, invite.role, invite)


def _create(room: Room, user: User | None, name: str, role: str, invite: Invite | None) -> Participant:
    waits = room.waiting_room and role != Role.HOST
    return Participant.objects.create(
        room=room, user=user, name=name[:NAME_LENGTH], role=role, invite=invite,
        state=WAITING if waits else ADMITTED,
    )  # fmt: skip


def _clean_name(name: str | None) -> str:
    """Raises ApiError naming ``name``."""
    kept = "".join(c for c in " ".join((name or "").split()) if unicodedata.category(c)[0] != "C")
    clean = " ".join(kept.split())
    if not clean:
        raise ApiError("invalid", "Say your name, so that the others know who you are.", "name")
    if len(clean) > NAME_LENGTH:
        raise ApiError("invalid", f"A name may have at most {NAME_LENGTH} characters; shorten it.", "name")
    return clean


def _require_welcome(room: Room, person: Participant) -> None:
    if person.state in OUT_FOR_GOOD:
        raise ApiError(
            "forbidden", "A host of this room has turned you away; ask them if you think it an error."
        )
    is_inside = person.state == PRESENT or (person.state == ADMITTED and person.seen_at is not None)
    if room.locked and person.role != Role.HOST and not is_inside:
        raise ApiError("forbidden", "This room is locked; ask a host to unlock it, then try again.")


def _must_wait(room: Room, person: Participant) -> bool:
    """Who has been let in once comes back without asking."""
    if not room.waiting_room or person.role == Role.HOST:
        return False
    return person.state == WAITING or (person.state not in (PRESENT, ADMITTED) and person.joined_at is None)


def _require_space(room: Room, person: Participant) -> None:
    if person.state == PRESENT or person.role == Role.HOST:
        return
    if room.participants.counted().exclude(pk=person.pk).count() >= room.max_people:
        raise ApiError("limit_reached", f"The room is full with {room.max_people} people; try again later.")


def _move(person: Participant, state: str) -> None:
    person.state = state
    person.seen_at = timezone.now()
    person.save(update_fields=["state", "seen_at"])
