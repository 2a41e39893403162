"""The bell that tells open pages of a room to look again. It carries no state: the rows do."""

from __future__ import annotations

import asyncio
import logging

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

logger = logging.getLogger(__name__)

RING_SECONDS = 1.5


class _Bell:
    """Remembers whether Redis was away, so that an outage is one line in the log and not thousands."""

    silent = False


def room_group(room_id: int) -> str:
    return f"rooms.{room_id}"


def ring(room_id: int) -> None:
    """Tell every open page of the room, once the change can be seen. Never raises: pages look anyway."""
    transaction.on_commit(lambda: _ring(room_id))


def _ring(room_id: int) -> None:
    layer = get_channel_layer()
    if layer is None:
        return

    async def send() -> None:
        # A connection that was open when Redis went may never answer.
        async with asyncio.timeout(RING_SECONDS):
            await layer.group_send(room_group(room_id), {"type": "room.changed"})

    try:
        async_to_sync(send)()
    except Exception as error:  # noqa: BLE001 -- whatever is wrong with Redis, the room goes on
        if not _Bell.silent:
            logger.warning("Pages are not told of changes while Redis is away: %s", error)
        _Bell.silent = True
    else:
        _Bell.silent = False
