"""Spans of jobs for OpenTelemetry: Logfire, or any collector. Off unless a token or an address says where to.

A job may wait, change workers and outlive some, so its spans are made when it has ended, from the rows that
recorded each step at its time: ``job`` over ``wait`` and one ``attempt`` for each engine tried. Ids, times,
engines, costs and codes of errors go out; never texts, names, files or messages.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError
from redis.exceptions import RedisError

from lipsync.models import Attempt, Job
from lipsync.progress import job_changed

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

logger = logging.getLogger(__name__)

LOGFIRE = "https://logfire-{region}.pydantic.dev"
TOLD_SECONDS = 3600
FAILED_OUTCOMES = ("failed", "lost")


def connect() -> None:
    """Have ended jobs told of, where somebody wants to hear."""
    if traces_url():
        job_changed.connect(on_job_changed, dispatch_uid="tracing")


def traces_url() -> str:
    """Where spans go; "" for nowhere."""
    if settings.OTLP_ENDPOINT:
        return f"{settings.OTLP_ENDPOINT.rstrip('/')}/v1/traces"
    if settings.LOGFIRE_TOKEN:
        parts = settings.LOGFIRE_TOKEN.split("_")  # pylf_v1_eu_...
        region = parts[2] if len(parts) > 3 and parts[2].isalpha() else "us"
        return f"{LOGFIRE.format(region=region)}/v1/traces"
    return ""


def on_job_changed(sender: Any, job: Job, **_: Any) -> None:
    try:
        row = Job.objects.prefetch_related("attempts").filter(pk=job.pk, state__in=Job.ENDED).first()
        if row is not None and row.finished_at is not None and _is_first(row):
            record(row)
    except DatabaseError:
        logger.exception("job %s was not traced", job.pk)


def record(job: Job) -> None:
    """Send the spans of an ended job."""
    from opentelemetry.trace import set_span_in_context

    if job.finished_at is None:
        return
    outer = tracer().start_span(
        "job",
        start_time=nanoseconds(job.created_at),
        attributes={
            "job.id": str(job.uid),
            "job.state": job.state,
            "job.engine": job.engine_used or job.engine,
            "job.cost_usd": float(job.cost_usd),
            "job.from_cache": job.from_cache,
            "job.attempts": job.attempt_count,
            "user.id": str(job.owner_id),
            **({"job.seconds_of_video": job.duration_seconds} if job.duration_seconds else {}),
        },
    )
    inside = set_span_in_context(outer)
    if job.started_at:
        wait = tracer().start_span("wait", context=inside, start_time=nanoseconds(job.created_at))
        wait.end(nanoseconds(job.started_at))
    for attempt in job.attempts.all():
        _record_attempt(attempt, inside)
    if job.error_code:
        _mark_failed(outer, job.error_code)
    outer.end(nanoseconds(job.finished_at))


def _record_attempt(attempt: Attempt, inside: Any) -> None:
    span = tracer().start_span(
        "attempt",
        context=inside,
        start_time=nanoseconds(attempt.started_at),
        attributes={
            "attempt.engine": attempt.engine,
            "attempt.outcome": attempt.outcome or "open",
            "attempt.cost_usd": float(attempt.cost_usd),
        },
    )
    if attempt.outcome in FAILED_OUTCOMES:
        _mark_failed(span, attempt.outcome)
    span.end(nanoseconds(attempt.finished_at or attempt.started_at))


def _mark_failed(span: Any, code: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute("error.type", code)
    span.set_status(Status(StatusCode.ERROR))


def _is_first(job: Job) -> bool:
    """Whether no process has told of this end yet: bells ring more than once."""
    key = f"traced:{job.pk}:{job.finished_at}".replace(" ", "_")
    try:
        return bool(caches["default"].add(key, 1, TOLD_SECONDS))
    except (RedisError, OSError):
        return bool(caches["process"].add(key, 1, TOLD_SECONDS))


def nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000


@cache
def tracer() -> Tracer:
    """Made on first use, so that each worker process has a sender of its own."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    headers = {"Authorization": settings.LOGFIRE_TOKEN} if settings.LOGFIRE_TOKEN else {}
    exporter = OTLPSpanExporter(endpoint=traces_url(), headers=headers)
    provider = TracerProvider(resource=Resource({"service.name": "avsite"}))
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    return provider.get_tracer("avsite")
