"""How far a job is, in words and seconds, and the bell that tells open pages that it changed."""

from __future__ import annotations

from datetime import datetime

from django.dispatch import Signal
from django.utils import timezone

from avsite import live
from lipsync.models import Job

STAGE_LABELS = {
    "voice": "Preparing the voice",
    "face": "Finding the face",
    "render": "Rendering",
    "slot": "Waiting for a free place at the service",
    "upload": "Sending the files",
    "remote": "Waiting for the service",
    "fetch": "Fetching the result",
    "quality": "Checking the result",
    "music": "Adding the music",
    "finish": "Finishing",
}
STATE_LABELS = {
    Job.State.QUEUED: "Waiting",
    Job.State.RUNNING: "Starting",
    Job.State.DONE: "Done",
    Job.State.FAILED: "Failed",
    Job.State.CANCELLED: "Cancelled",
}
LEAST_PERCENT = 4
"""Below this, elapsed time says nothing about what is left."""


job_changed = Signal()
"""Sent with ``job``, as the caller of ``publish`` has it: whoever wants to be sure reads its row."""


def owner_group(owner_id: int) -> str:
    return f"jobs.owner.{owner_id}"


def job_group(uid: object) -> str:
    return f"jobs.one.{uid}"


def publish(job: Job) -> None:
    """Tell every page that shows ``job``, and who else listens. Never raises: all also look by themselves."""
    message = {"type": "job.changed", "uid": str(job.uid)}
    live.ring(message, owner_group(job.owner_id), job_group(job.uid))
    job_changed.send_robust(Job, job=job)


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
