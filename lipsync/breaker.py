"""Services that are of no use for now: shared by all workers, so that one job's bad luck spares the others.

closed --trips--> open --time is up, or another key--> half-open: one job tries --well--> closed
                   ^------------------------------------- ill ------'
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from lipsync.budget import locked_till
from lipsync.engines.base import RemoteEngine, Trip
from lipsync.models import Breaker

logger = logging.getLogger(__name__)

CREDIT_SECONDS = 15 * 60
STORM_FAILURES = 3
STORM_SECONDS = 300
"""So many failures within this time open it."""
DOWN_SECONDS = 60
DOWN_LONGEST = 15 * 60
TRY_SECONDS = 180
"""The job that tries whether it is well again has this long."""


def why_open(engine: RemoteEngine) -> str | None:
    """Why no job goes there now; None when one may."""
    row = Breaker.objects.filter(pk=engine.name).exclude(kind="").first()
    return None if row is None or _may_try(row, engine, timezone.now()) else _explain(row)


def admit(engine: RemoteEngine) -> tuple[bool, str]:
    """Whether one job may go there now, and why not. ``(True, "try")``: it is the one that tries."""
    with locked_till():
        now = timezone.now()
        row = Breaker.objects.filter(pk=engine.name).exclude(kind="").first()
        if row is None:
            return True, ""
        if not _may_try(row, engine, now):
            return False, _explain(row)
        row.trying_until = now + timedelta(seconds=TRY_SECONDS)
        row.save(update_fields=["trying_until"])
        return True, "try"


def trip(engine: RemoteEngine, kind: Trip, message: str) -> None:
    """Hold something against the service: a key or no money opens it at once, illness after a few times."""
    with locked_till():
        now = timezone.now()
        row, _ = Breaker.objects.get_or_create(pk=engine.name)
        is_storm = row.failed_at is not None and (now - row.failed_at).total_seconds() < STORM_SECONDS
        row.failures = row.failures + 1 if is_storm or row.kind == kind else 1
        row.failed_at = now
        row.trying_until = None
        if kind != "down" or row.failures >= STORM_FAILURES or row.kind:
            row.kind, row.message, row.key_print = kind, message[:500], engine.key_print()
            row.retry_at = _retry_at(kind, row.failures, now)
            logger.error("engine %s is left alone for now (%s): %s", engine.name, kind, message)
        row.save()


def succeed(engine: RemoteEngine) -> None:
    """The service did what was asked."""
    Breaker.objects.filter(pk=engine.name).update(
        kind="", message="", failures=0, failed_at=None, retry_at=None, trying_until=None
    )


def _retry_at(kind: str, failures: int, now: datetime) -> datetime | None:
    if kind == "key":
        return None
    if kind == "credit":
        return now + timedelta(seconds=CREDIT_SECONDS)
    doubled = DOWN_SECONDS * 2 ** min(max(0, failures - STORM_FAILURES), 6)
    return now + timedelta(seconds=min(doubled, DOWN_LONGEST))


def _may_try(row: Breaker, engine: RemoteEngine, now: datetime) -> bool:
    if row.trying_until is not None and row.trying_until > now:
        return False
    if row.key_print != engine.key_print():
        return True
    return row.retry_at is not None and row.retry_at <= now


def _explain(row: Breaker) -> str:
    if row.kind == "key" or row.retry_at is None:
        return row.message
    return f"{row.message} It is tried again after {row.retry_at:%H:%M} UTC."
