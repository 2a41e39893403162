"""The bell of a room's open pages."""

from __future__ import annotations

from django.db import transaction

from avsite import live


def room_group(room_id: int) -> str:
    return f"rooms.{room_id}"


def ring(room_id: int) -> None:
    """Tell every open page of the room, once the change can be seen. Never raises: pages look anyway."""
    transaction.on_commit(lambda: live.ring({"type": "room.changed"}, room_group(room_id)))
