"""How far a job is, in words and seconds, and the bell that tells open pages that it changed.

The bell carries no state: whoever hears it reads the row. A message that is lost, late or doubled
therefore cannot show anyone something untrue.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from asgiref.sync import async_to_sync
from channels.layers import BaseChannelLayer, get_channel_layer
from django.utils import timezone

from lipsync.models import Job

logger = logging.getLogger(__name__)

STAGE_LABELS = {
    "voice": "Preparing the voice",
    "face": "Finding the face",
    "render": "Rendering",
    "quality": "Checking the result",
    "finish": "Finishing",
}
STATE_LABELS = {
    Job.State.QUEUED: "Waiting",
    Job.State.RUNNING: "Starting",
    Job.State.DONE: "Done",
    Job.State.FAILED: "Failed",
    Job.State.CANCELLED: "Cancelled",
}
RING_SECONDS = 1.5
LEAST_PERCENT = 4
"""Below this, elapsed time says nothing about what is left."""


class _Bell:
    """Remembers whether Redis was away, so that an outage is one line in the log and not thousands."""

    silent = False


def owner_group(owner_id: int) -> str:
    return f"jobs.owner.{owner_id}"


def job_group(uid: object) -> str:
    return f"jobs.one.{uid}"


def publish(job: Job) -> None:
    """Tell every page that shows ``job`` to look again. Never raises: pages also look by themselves."""
    layer = get_channel_layer()
    if layer is None:
        return
    message = {"type": "job.changed", "uid": str(job.uid)}
    try:
        async_to_sync(_ring)(layer, (owner_group(job.owner_id), job_group(job.uid)), message)
    except Exception as error:  # noqa: BLE001 -- whatever is wrong with Redis, the job goes on
        if not _Bell.silent:
            logger.warning("Pages are not told of changes while Redis is away: %s", error)
        _Bell.silent = True
    else:
        _Bell.silent = False


async def _ring(layer: BaseChannelLayer, groups: tuple[str, ...], message: dict[str, str]) -> None:
    # A connection that was open when Redis went may never answer.
    async with asyncio.timeout(RING_SECONDS):
        for group in groups:
            await layer.group_send(group, message)


def stage_label(job: Job) -> str:
    if job.state != Job.State.RUNNING:
        return STATE_LABELS[Job.State(job.state)]
    if job.cancel_requested:
        return "Stopping"
    return STAGE_LABELS.get(job.stage, job.stage.capitalize() or STATE_LABELS[Job.State.RUNNING])


def seconds_left(job: Job, now: datetime | None = None) -> int | None:
    """Seconds until a running job is done, coarser the further off so that it does not jitter.

    None while nothing can be said: too early, or started again by another worker and catching up.
    """
    if job.state != Job.State.RUNNING or job.percent < LEAST_PERCENT or not job.started_at:
        return None
    if job.attempt_count > 1 or job.cancel_requested:
        return None
    elapsed = ((now or timezone.now()) - job.started_at).total_seconds()
    left = max(1.0, elapsed * (100 - job.percent) / job.percent)
    step = 1 if left < 10 else 5 if left < 60 else 15
    return max(1, round(left / step) * step)
