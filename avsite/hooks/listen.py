"""Hears that something changed, and has the rows looked at. Deaf while nobody has an endpoint."""

from __future__ import annotations

import logging
from typing import Any

from django.db import DatabaseError

from avsite.hooks.events import collect
from avsite.hooks.models import Endpoint
from lipsync.dubs.bell import dub_changed
from lipsync.dubs.models import Dub
from lipsync.models import Job
from lipsync.progress import job_changed
from rooms.bell import room_changed
from rooms.models import Room

logger = logging.getLogger(__name__)


def connect() -> None:
    job_changed.connect(on_job_changed, dispatch_uid="hooks")
    dub_changed.connect(on_dub_changed, dispatch_uid="hooks")
    room_changed.connect(on_room_changed, dispatch_uid="hooks")


def on_job_changed(sender: Any, job: Job, **_: Any) -> None:
    if job.state != Job.State.RUNNING:  # the many reports of progress are no events
        _look(job.owner_id)


def on_dub_changed(sender: Any, dub: Dub, **_: Any) -> None:
    if dub.state in (Dub.State.DONE, Dub.State.FAILED):
        _look(dub.owner_id)


def on_room_changed(sender: Any, room_id: int, **_: Any) -> None:
    owner_id = Room.objects.filter(pk=room_id).values_list("owner", flat=True).first()
    if owner_id is not None:
        _look(owner_id)


def _look(owner_id: int) -> None:
    """Whatever is wrong here, the work that was heard of goes on; the scheduler looks again."""
    try:
        endpoints = Endpoint.objects.filter(owner=owner_id, disabled_at=None)
        for endpoint in endpoints:
            collect(endpoint)
    except DatabaseError:
        logger.exception("endpoints of user %s were not told", owner_id)
