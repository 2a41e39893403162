"""Tells open pages, and who else listens, that a dub changed."""

from __future__ import annotations

from django.dispatch import Signal

from avsite import live
from lipsync.dubs.models import Dub

dub_changed = Signal()
"""Sent with ``dub``, as the caller of ``publish`` has it."""


def owner_group(owner_id: int) -> str:
    return f"dubs.owner.{owner_id}"


def publish(dub: Dub) -> None:
    """Never raises: pages also look by themselves."""
    live.ring({"type": "dub.changed", "uid": str(dub.uid)}, owner_group(dub.owner_id))
    dub_changed.send_robust(Dub, dub=dub)
