"""The bell of a room's open pages."""

from __future__ import annotations

from django.db import transaction
from django.dispatch import Signal

from avsite import live

room_changed = Signal()
"""Sent with ``room_id``, once the change can be seen."""


def room_group(room_id: int) -> str:
    return f"rooms.{room_id}"


def ring(room_id: int) -> None:
    """Tell every open page of the room, once the change can be seen. Never raises: pages look anyway."""
    transaction.on_commit(lambda: _ring(room_id))


def _ring(room_id: int) -> None:
    live.ring({"type": "room.changed"}, room_group(room_id))
    room_changed.send_robust(None, room_id=room_id)
