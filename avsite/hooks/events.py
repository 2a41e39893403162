"""What endpoints are told of, read from the rows that say it happened.

A source gives what happened to an owner since a time, each with a key of its own. Whoever rings, and however
often, one happening becomes one delivery for each endpoint that asked for its type.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q
from django.utils import timezone

from avsite.hooks.models import Delivery, Endpoint
from lipsync.dubs.models import Dub
from lipsync.models import Batch, Job
from lipsync.schemas import API_ROOT
from rooms.models import AvatarSession, Room

EVENTS = {
    "job.done": "A video is finished.",
    "job.failed": "A video could not be made; the error says why.",
    "job.cancelled": "A job was cancelled.",
    "batch.finished": "The last job of a batch has ended.",
    "dub.done": "A video is dubbed.",
    "dub.failed": "A stage of a dub could not be done; the error says why.",
    "room.closed": "One of your rooms was closed.",
    "avatar.started": "An avatar can be seen in one of your rooms.",
    "avatar.ended": "An avatar left one of your rooms for good.",
    "avatar.failed": "An avatar was given up; the message says why.",
}
TEST = "test"
LOOK_BACK = timedelta(days=1)
"""What happened longer ago than this is told to nobody who was not told of it yet."""


@dataclass(frozen=True)
class Happening:
    """Something to tell of. ``key`` is the same however often it is found."""

    type: str
    key: str
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)


Source = Callable[[int, datetime], Iterator[Happening]]


def jobs_ended(owner_id: int, since: datetime) -> Iterator[Happening]:
    for job in Job.objects.filter(owner=owner_id, state__in=Job.ENDED, finished_at__gt=since):
        if job.finished_at is not None:
            key = f"job:{job.uid}:{job.finished_at.timestamp():.6f}"
            yield Happening(f"job.{job.state}", key, job.finished_at, describe_job(job))


def batches_finished(owner_id: int, since: datetime) -> Iterator[Happening]:
    """Those of which every row has become a job that has ended, or was refused."""
    recent = Q(jobs__finished_at__gt=since) | Q(created_at__gt=since)
    for batch in Batch.objects.filter(recent, owner=owner_id).distinct():
        ended = dict(batch.jobs.order_by().values_list("state").annotate(count=Count("pk")))
        last = batch.jobs.aggregate(at=Max("finished_at"))["at"] or batch.created_at
        refused = len(batch.refused)
        is_whole = sum(ended.values()) + refused >= batch.total  # or it is still being taken in
        if is_whole and not set(ended) - set(Job.ENDED):
            counts = {str(state): ended.get(state, 0) for state in Job.ENDED}
            data = {"id": str(batch.uid), "total": batch.total, **counts, "refused": refused}
            yield Happening("batch.finished", f"batch:{batch.uid}", last, data)


def dubs_ended(owner_id: int, since: datetime) -> Iterator[Happening]:
    for dub in Dub.objects.filter(owner=owner_id, state__in=("done", "failed"), finished_at__gt=since):
        if dub.finished_at is not None:
            key = f"dub:{dub.uid}:{dub.finished_at.timestamp():.6f}"
            yield Happening(f"dub.{dub.state}", key, dub.finished_at, describe_ended(dub))


def rooms_closed(owner_id: int, since: datetime) -> Iterator[Happening]:
    for room in Room.objects.filter(owner=owner_id, closed_at__gt=since):
        if room.closed_at is not None:
            yield Happening("room.closed", f"room:{room.slug}:closed", room.closed_at, {"room": room.slug})


def avatars_came_and_went(owner_id: int, since: datetime) -> Iterator[Happening]:
    recent = Q(started_at__gt=since) | Q(ended_at__gt=since)
    for session in AvatarSession.objects.filter(recent, room__owner=owner_id).select_related("room"):
        data = {"id": str(session.uid), "room": session.room.slug, "kind": session.kind}
        if session.started_at and session.started_at > since:
            yield Happening("avatar.started", f"avatar:{session.uid}:started", session.started_at, data)
        if session.ended_at and session.ended_at > since:
            ended = data | {"message": session.message}
            yield Happening(f"avatar.{session.state}", f"avatar:{session.uid}:ended", session.ended_at, ended)


SOURCES: list[Source] = [jobs_ended, batches_finished, dubs_ended, rooms_closed, avatars_came_and_went]


def collect(endpoint: Endpoint) -> int:
    """Make deliveries of what ``endpoint`` wants to know and was not told yet; how many."""
    since = max(endpoint.told_since, timezone.now() - LOOK_BACK)
    happened = [
        one for source in SOURCES for one in source(endpoint.owner_id, since) if one.type in endpoint.events
    ]
    known = set(
        endpoint.deliveries.filter(key__in=[one.key for one in happened]).values_list("key", flat=True)
    )
    fresh = sorted((one for one in happened if one.key not in known), key=lambda one: one.at)
    for one in fresh:
        tell(endpoint, one)
    return len(fresh)


def tell(endpoint: Endpoint, happening: Happening) -> Delivery:
    """The delivery of ``happening``, which a worker is told of once all can see it."""
    from avsite.hooks import tasks  # which sends what this makes

    body = {
        "type": happening.type,
        "timestamp": happening.at.isoformat().replace("+00:00", "Z"),
        "data": happening.data,
    }
    delivery, made = Delivery.objects.get_or_create(
        endpoint=endpoint,
        key=happening.key,
        defaults={
            "type": happening.type,
            "body": json.dumps(body, separators=(",", ":")),
            "next_try_at": timezone.now(),
        },
    )
    if made:
        tasks.send_soon(delivery)
    return delivery


def describe_job(job: Job) -> dict[str, Any]:
    """The outcome of a job, without what was said in it; the API has the rest."""
    return {
        "id": str(job.uid),
        "state": job.state,
        "engine_used": job.engine_used,
        "duration_seconds": job.duration_seconds,
        "cost_usd": float(job.cost_usd),
        "from_cache": job.from_cache,
        "error": {"code": job.error_code, "message": job.error_message} if job.error_code else None,
        "created_at": job.created_at.isoformat().replace("+00:00", "Z"),
        "url": f"{API_ROOT}/lipsyncs/{job.uid}",
        "video_url": f"{API_ROOT}/lipsyncs/{job.uid}/video" if job.result else None,
    }


def describe_ended(dub: Dub) -> dict[str, Any]:
    """The outcome of a dub, without what is said in it."""
    return {
        "id": str(dub.uid),
        "state": dub.state,
        "to_language": dub.target_language,
        "error": {"code": dub.error_code, "message": dub.error_message} if dub.error_code else None,
        "url": f"{API_ROOT}/dubs/{dub.uid}",
    }
