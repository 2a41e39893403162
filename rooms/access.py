"""Who is calling about a room, and whether they may: an account, or the seat of somebody without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyHeader

from avsite.accounts.models import User
from avsite.auth import API_AUTH
from avsite.errors import ApiError, not_found
from avsite.limits import client_address, count_request
from rooms import tokens
from rooms.models import Participant, Role, Room
from rooms.people import OUT_FOR_GOOD


class SeatAuth(APIKeyHeader):
    """``X-Room-Seat``: somebody who came by a link, without an account."""

    param_name = "X-Room-Seat"

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        identity = tokens.read_seat(key) if key else None
        if identity is None:
            return None
        person = Participant.objects.filter(identity=identity).select_related("room").first()
        if person is not None:
            count_request(f"seat:{client_address(request)}", settings.REQUESTS_PER_MINUTE)
            request.seat = person  # type: ignore[attr-defined]
        return person


ROOM_AUTH = [*API_AUTH, SeatAuth()]
"""For operations that are open to people without an account."""


@dataclass(frozen=True)
class Visit:
    """Somebody in a room. ``person`` is None for an owner who has not been inside yet."""

    room: Room
    role: str
    person: Participant | None
    user: User | None

    @property
    def is_host(self) -> bool:
        return self.role == Role.HOST

    @property
    def identity(self) -> str | None:
        return self.person.identity if self.person else None


def user_of(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) and request.user.is_active else None


def seat_of(request: HttpRequest) -> Participant | None:
    return getattr(request, "seat", None)


def find_room(slug: str) -> Room:
    room = Room.objects.select_related("owner").filter(slug=slug[:24]).first()
    if room is None:
        raise not_found("room")
    return room


def visit_of(room: Room, user: User | None, seat: Participant | None) -> Visit | None:
    """Who that is in ``room``; None for strangers, and for those who were put out."""
    if user is not None:
        person = room.participants.seat_of(user.pk)
        if room.owner_id == user.pk:
            return Visit(room, Role.HOST, person, user)
        seat = person
    if seat is None or seat.room_id != room.pk or seat.state in OUT_FOR_GOOD:
        return None
    return Visit(room, seat.role, seat, user)


def visit(request: HttpRequest, slug: str) -> Visit:
    """The caller in the room. Raises ApiError ``not_found`` for strangers."""
    found = visit_of(find_room(slug), user_of(request), seat_of(request))
    if found is None:
        raise not_found("room")
    return found


def host_visit(request: HttpRequest, slug: str, *, in_open_room: bool = True) -> Visit:
    """The caller, who must be a host. Raises ApiError ``not_found``, ``forbidden`` and ``gone``."""
    found = visit(request, slug)
    if not found.is_host:
        raise ApiError("forbidden", "Only a host of this room may do that; ask one of them.")
    if in_open_room and not found.room.is_open:
        raise closed_room()
    return found


def closed_room() -> ApiError:
    return ApiError("gone", "This room was closed; make a new one.")
