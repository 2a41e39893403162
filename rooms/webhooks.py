"""What LiveKit tells us by itself: signed, once each, and taken only as a reason to look.

The signature covers the raw body, so that is what is checked. The answer is given at once; a task does the
work.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from ninja import Router, Status

from avsite.errors import ApiError
from rooms import tasks
from rooms.models import Room, RoomEvent
from rooms.sdk import api

logger = logging.getLogger(__name__)
router = Router()

WORTH_A_LOOK = {
    "room_started",
    "room_finished",
    "participant_joined",
    "participant_left",
    "participant_connection_aborted",
}


@router.post("/webhook", auth=None, response={204: None}, include_in_schema=False)
def receive_webhook(request: HttpRequest) -> Status[None]:
    """An event of a room. Refused unless LiveKit signed this very body."""
    event = read_event(request.body, request.headers.get("Authorization", ""))
    room = Room.objects.filter(slug=event.room.name).first()
    if room is None or event.event not in WORTH_A_LOOK:
        return Status(204, None)
    if remember(room, event):
        tasks.look_soon(room)
    return Status(204, None)


def read_event(body: bytes, authorization: str) -> api.WebhookEvent:
    """The event. Raises ApiError ``unauthenticated`` for anything that is not signed as it should be."""
    verifier = api.TokenVerifier(settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET)
    try:
        return api.WebhookReceiver(verifier).receive(body.decode(), authorization)
    except Exception as error:  # noqa: BLE001 -- the library raises all sorts; none of it is LiveKit's word
        logger.warning("a webhook was refused: %s", type(error).__name__)
        raise ApiError("unauthenticated", "This is not signed by the LiveKit server of this site.") from None


def remember(room: Room, event: api.WebhookEvent) -> bool:
    """False for an event that came before."""
    try:
        with transaction.atomic():
            RoomEvent.objects.create(room=room, kind=f"webhook.{event.event}", webhook_id=event.id or None)
    except IntegrityError:
        return False
    return True
