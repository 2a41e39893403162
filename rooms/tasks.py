"""What is done for rooms outside of requests. Each task only looks at the rows and at LiveKit."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from rooms import captions
from rooms.bell import ring
from rooms.models import AvatarSession, Participant, Room, RoomEvent
from rooms.reconcile import reconcile, rooms_to_watch
from rooms.reports import forget_workers

logger = logging.getLogger(__name__)

WEBHOOKS_KEPT_FOR = timedelta(hours=1)
EVENTS_KEPT_FOR = timedelta(days=30)


def look_soon(room: Room) -> None:
    """Have the room looked at as soon as this can be seen. While Redis is away, the next round does it."""
    transaction.on_commit(lambda: _send(room.pk))


def serve_waiting() -> None:
    """An agent has come: avatars that wait for one need not wait for their next try as well."""
    for room_id in AvatarSession.objects.end_waits():
        _send(room_id)


def _send(room_id: int) -> None:
    try:
        look_at_room_task.apply_async((room_id,), expires=10)
    except (BrokerError, OSError) as error:
        logger.warning("room %s waits for the next round, the broker is away: %s", room_id, error)


@shared_task(ignore_result=True)
def look_at_room_task(room_id: int) -> None:
    """One room, now."""
    reconcile(Room.objects.filter(pk=room_id))


@shared_task(ignore_result=True)
def reconcile_task() -> None:
    """Every room in which something may have happened that nobody told us of."""
    for room_id in (
        Participant.objects.filter(state=Participant.State.WAITING).values_list("room", flat=True).distinct()
    ):
        if Participant.objects.filter(room=room_id).forget_the_impatient():
            ring(room_id)
    reconcile(rooms_to_watch())


@shared_task(ignore_result=True)
def tidy_task() -> None:
    """Forget what no one will ask for again."""
    now = timezone.now()
    RoomEvent.objects.filter(webhook_id__isnull=False, at__lt=now - WEBHOOKS_KEPT_FOR).delete()
    RoomEvent.objects.filter(at__lt=now - EVENTS_KEPT_FOR).delete()
    Participant.objects.all().forget_the_undecided()
    forget_workers()
    captions.forget_workers()
