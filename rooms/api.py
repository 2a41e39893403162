"""``/rooms``: making rooms, finding them, changing and closing them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from avsite.auth import caller
from avsite.errors import ApiError
from lipsync.paging import take_page
from rooms import control, presence, sfu
from rooms.access import ROOM_AUTH, host_visit, visit
from rooms.bell import ring
from rooms.describe import describe_event, describe_room
from rooms.library import find_face
from rooms.models import AgentWorker, CaptionLine, Participant, Role, Room, RoomEvent
from rooms.people import OUT_FOR_GOOD
from rooms.schemas import (
    AgentPlacesOut,
    EventPage,
    RoomChanges,
    RoomIn,
    RoomOut,
    RoomPage,
    RoomsStatusOut,
)

router = Router()
Limit = Annotated[int, Query(ge=1, le=100)]


@router.get("/status", response=RoomsStatusOut)
def get_rooms_status(request: HttpRequest) -> RoomsStatusOut:
    """Whether the LiveKit server answers, is still being got ready, or cannot be had here."""
    agent = agent_places()
    if sfu.is_up():
        return RoomsStatusOut(state="ready", message="", agent=agent)
    doing, has_failed = preparation()
    if doing and not has_failed:
        return RoomsStatusOut(state="preparing", message=f"{doing}. The studio works meanwhile.", agent=agent)
    message = doing or "The LiveKit server does not answer; look at the doctor page for the reason"
    return RoomsStatusOut(state="unavailable", message=f"{message}.", agent=agent)


def preparation() -> tuple[str, bool]:
    """What ``make run`` is doing to get the LiveKit server, and whether that has failed; "" when nothing."""
    try:
        said = str(Path(settings.LIVEKIT_STATUS_FILE).read_text().strip().rstrip("."))
    except OSError:
        return "", False
    return said.removeprefix("failed: "), said.startswith("failed: ")


def agent_places() -> AgentPlacesOut:
    since = timezone.now() - timedelta(seconds=control.WORKER_SECONDS)
    found = AgentWorker.objects.filter(seen_at__gt=since, draining=False)
    places = found.aggregate(all=Sum("places"))["all"] or 0
    free = control.free_places()
    return AgentPlacesOut(alive=free is not None, places=places, free=free or 0)


@router.get("", response=RoomPage)
def list_rooms(request: HttpRequest, cursor: str | None = None, limit: Limit = 20) -> RoomPage:
    """One's own rooms and those one has been let into, newest first."""
    user = caller(request)
    page, next_cursor = take_page(_rooms_of(user.pk), cursor, limit)
    seats = Participant.objects.filter(user=user, room__in=page)
    roles = dict(seats.values_list("room_id", "role"))
    items = [
        describe_room(room, Role.HOST if room.owner_id == user.pk else roles[room.pk], user.pk)
        for room in page
    ]
    return RoomPage(items=items, next_cursor=next_cursor)


def _rooms_of(user_id: int) -> QuerySet[Room]:
    seated = Participant.objects.filter(user=user_id).exclude(state__in=OUT_FOR_GOOD).values("room")
    return Room.objects.filter(Q(owner=user_id) | Q(pk__in=seated)).annotate(
        people_count=Count("participants", filter=Q(participants__state="present")),
        waiting_count=Count("participants", filter=Q(participants__state="waiting")),
        lines_exist=Exists(CaptionLine.objects.filter(room=OuterRef("pk"))),
    )


@router.post("", response={201: RoomOut})
def create_room(request: HttpRequest, payload: RoomIn) -> Status[RoomOut]:
    owner = caller(request)
    name = _clean_name(payload.name)
    _require_people(payload.max_people)
    face = find_face(owner, payload.avatar) if payload.avatar else None
    with transaction.atomic():
        if Room.objects.filter(owner=owner, state=Room.State.OPEN).count() >= settings.ROOM_LIMIT:
            raise ApiError(
                "limit_reached", f"You have {settings.ROOM_LIMIT} open rooms already; close one first."
            )
        room = Room.objects.create(
            owner=owner, name=name, waiting_room=payload.waiting_room, max_people=payload.max_people
        )
        if face is not None:
            presence.present(room, owner, face)
    return Status(201, describe_room(room, Role.HOST, owner.pk))


@router.get("/{slug}", response=RoomOut, auth=ROOM_AUTH)
def get_room(request: HttpRequest, slug: str) -> RoomOut:
    found = visit(request, slug)
    return describe_room(found.room, found.role, found.user.pk if found.user else None)


@router.patch("/{slug}", response=RoomOut)
def change_room(request: HttpRequest, slug: str, payload: RoomChanges) -> RoomOut:
    """Rename, lock, open to whoever knocks; only what is sent is changed."""
    found = host_visit(request, slug)
    changes = payload.dict(exclude_unset=True, exclude_none=True)
    if "name" in changes:
        changes["name"] = _clean_name(changes["name"])
    if "max_people" in changes:
        _require_people(changes["max_people"])
    if changes:
        Room.objects.filter(pk=found.room.pk).update(**changes, revision=F("revision") + 1)
        ring(found.room.pk)
        found.room.refresh_from_db()
    return describe_room(found.room, found.role, caller(request).pk)


@router.delete("/{slug}", response={204: None})
def close_room(request: HttpRequest, slug: str) -> Status[None]:
    """Everyone out, and nobody comes in again. Closing twice is no error."""
    found = host_visit(request, slug, in_open_room=False)
    if found.room.owner_id != caller(request).pk:
        raise ApiError("forbidden", "Only the owner of this room may close it; ask them.")
    presence.close(found.room)
    return Status(204, None)


@router.get("/{slug}/events", response=EventPage)
def list_events(request: HttpRequest, slug: str, cursor: str | None = None, limit: Limit = 50) -> EventPage:
    """What happened in the room, newest first."""
    found = host_visit(request, slug, in_open_room=False)
    events = RoomEvent.objects.filter(room=found.room, webhook_id=None)
    page, next_cursor = take_page(events, cursor, limit)
    return EventPage(items=[describe_event(event) for event in page], next_cursor=next_cursor)


def _clean_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean:
        raise ApiError("invalid", "Give the room a name, so that people know it again.", "name")
    return clean


def _require_people(count: int) -> None:
    if count > settings.ROOM_PEOPLE_LIMIT:
        message = f"A room takes at most {settings.ROOM_PEOPLE_LIMIT} people here; choose fewer."
        raise ApiError("invalid", message, "max_people")
