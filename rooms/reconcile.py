"""Holds the rows against what LiveKit says, and steers the avatars.

This alone moves people between present and left. Webhooks only say that it is worth a look now, so one that
is lost, late, doubled or out of order can make nothing untrue.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from rooms import captions, control, sfu
from rooms.bell import ring
from rooms.models import AVATAR_PREFIX, AvatarSession, Participant, Room
from rooms.people import OUT_FOR_GOOD, PRESENT
from rooms.sdk import api
from rooms.sessions import RUNNING, UNFINISHED

logger = logging.getLogger(__name__)

STRAY_SECONDS = 3
"""An avatar's agent may take this long to leave once it has been told to."""
WATCHED_AFTER_SECONDS = 30


class _Outage:
    """One line in the log for an outage of LiveKit, not one every other second."""

    noted = False


def rooms_to_watch() -> list[Room]:
    """Rooms in which something may have to be done just now."""
    now = timezone.now()
    lately = now - timedelta(seconds=WATCHED_AFTER_SECONDS)
    busy = Q(participants__state=PRESENT) | Q(sessions__state__in=RUNNING) | Q(sessions__ended_at__gt=lately)
    awake = Q(state=Room.State.OPEN, awake_until__gt=now)
    left_over = Q(state=Room.State.CLOSED, sessions__state__in=UNFINISHED)
    return list(Room.objects.filter(busy | awake | left_over).distinct())


def reconcile(rooms: Iterable[Room]) -> None:
    """One look at each of ``rooms``. Without LiveKit nothing changes but what does not need it."""
    watched = list(rooms)
    if not watched:
        return
    slugs = [room.slug for room in watched]
    try:
        found = sfu.call(lambda livekit: sfu.look_into(livekit, slugs), tries=1)
    except (sfu.LiveKitAway, sfu.LiveKitRefused) as error:
        if not _Outage.noted:
            logger.warning("Rooms are not looked after for now: %s", error)
        _Outage.noted = True
        return
    _Outage.noted = False
    for room in watched:
        _settle(room, found[room.slug])


def _settle(room: Room, people: list[api.ParticipantInfo] | None) -> None:
    gone = api.ParticipantInfo.State.DISCONNECTED
    there = {person.identity for person in people or [] if person.state != gone}
    if not room.is_open and people is not None:
        _try(lambda livekit: sfu.close_room(livekit, room.slug))
        there = set()
    was_cut_off = people is None and room.is_open and room.participants.filter(state=PRESENT).exists()
    came = room.participants.note_present(there)
    left = room.participants.note_absent(there)
    if was_cut_off:
        _reopen(room)
    _put_out(room, there)
    control.steer(room, there)
    captions.look_after(room)
    if came or left:
        ring(room.pk)


def _reopen(room: Room) -> None:
    """LiveKit was restarted under people: their clients are trying to come back, into a room that is gone."""
    logger.info("room %s is opened again, LiveKit had lost it", room.pk)
    _try(lambda livekit: sfu.open_room(livekit, room.slug, room.max_people))
    control.wake(room)


def _put_out(room: Room, there: Collection[str]) -> None:
    """Those who must not be in the room: removed people with an old token, agents that were let go."""
    barred = Participant.objects.filter(room=room, state__in=OUT_FOR_GOOD, identity__in=there)
    out = set(barred.values_list("identity", flat=True))
    avatars = {identity for identity in there if identity.startswith(AVATAR_PREFIX)}
    if avatars:
        recent = timezone.now() - timedelta(seconds=STRAY_SECONDS)
        wanted = Q(state__in=UNFINISHED) | Q(ended_at__gt=recent)
        kept = AvatarSession.objects.filter(wanted, room=room)
        out |= avatars - {session.identity for session in kept}
    for identity in out:
        _try(lambda livekit, identity=identity: sfu.remove(livekit, room.slug, identity))


def _try(operation: Any) -> None:
    """What does not work now is done at the next look."""
    try:
        sfu.call(operation, tries=1)
    except (sfu.LiveKitAway, sfu.LiveKitRefused) as error:
        logger.info("LiveKit did not do as asked: %s", error)
