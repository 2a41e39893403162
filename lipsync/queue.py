"""Every change of a job's state, each one conditional UPDATE, so that rival processes cannot both win.

A worker's writes name the lease token it was given by ``claim``; they return False (or None) when that lease
is no longer held, and the worker must then stop without touching anything.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

if TYPE_CHECKING:
    from lipsync.models import Job

MAX_ATTEMPTS = 3
RING_AGAIN_SECONDS = 20
"""A message to the workers that nobody acted on for this long is taken as lost."""
LOST_MESSAGE = (
    f"The render was stopped by its worker {MAX_ATTEMPTS} times, so it was given up. "
    "Try again, with a shorter clip if it happens again."
)

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"


class Held(NamedTuple):
    """What a worker learns from writing to the job it holds."""

    cancel_requested: bool


class JobQuerySet(models.QuerySet["Job"]):
    """Jobs, and the only code that moves them from one state to another."""

    def unfinished(self) -> JobQuerySet:
        return self.filter(state__in=(QUEUED, RUNNING))

    def claimable(self) -> JobQuerySet:
        """Queued jobs that may start now.

        Not those behind their owner's earlier jobs, nor those whose very render is being made for another:
        they will find it in the cache. Jobs that wait for a service elsewhere hold up nobody.
        """
        jobs = self.model._default_manager
        ahead = (
            jobs.filter(
                Q(state=RUNNING, wake_at=None) | Q(state=QUEUED, id__lt=OuterRef("id")),
                owner=OuterRef("owner"),
            )
            .order_by()
            .values("owner")
            .annotate(count=Count("id"))
            .values("count")
        )
        twin = jobs.filter(state=RUNNING, cache_key=OuterRef("cache_key")).exclude(cache_key="")
        return self.alias(ahead=Coalesce(Subquery(ahead), 0)).filter(
            ~Exists(twin), state=QUEUED, cancel_requested=False, ahead__lt=settings.RUNNING_JOBS_PER_USER
        )

    def claim(self, job_id: int, lease_seconds: float) -> Job | None:
        """The job with a fresh lease, or None when it may not start now or somebody else has it."""
        now, token = timezone.now(), uuid.uuid4()
        won = (
            self.claimable()
            .filter(pk=job_id)
            .update(
                state=RUNNING,
                stage="",
                lease_token=token,
                lease_expires_at=now + timedelta(seconds=lease_seconds),
                attempt_count=F("attempt_count") + 1,
                started_at=now,
                revision=F("revision") + 1,
            )
        )
        return self.get(pk=job_id, lease_token=token) if won else None

    def wakeable(self) -> JobQuerySet:
        """Jobs that waited for a service elsewhere and whose time has come."""
        return self.filter(state=RUNNING, lease_token=None, wake_at__lte=timezone.now())

    def rouse(self, job_id: int) -> bool:
        """Have a job that waits for a service elsewhere looked at now. False when it does not sleep."""
        now = timezone.now()
        asleep = self.filter(pk=job_id, state=RUNNING, lease_token=None, wake_at__gt=now)
        return bool(asleep.update(wake_at=now, rung_at=None))

    def wake(self, job_id: int, lease_seconds: float) -> Job | None:
        """A parked job with a fresh lease, to be gone on with; None when it sleeps on or somebody has it."""
        now, token = timezone.now(), uuid.uuid4()
        won = (
            self.wakeable()
            .filter(pk=job_id)
            .update(
                lease_token=token,
                lease_expires_at=now + timedelta(seconds=lease_seconds),
                wake_at=None,
            )
        )
        return self.get(pk=job_id, lease_token=token) if won else None

    def park(self, job_id: int, token: uuid.UUID, wake_at: datetime, *, stage: str, fraction: float) -> bool:
        """Give up the lease until ``wake_at``. False when it is lost, or the owner asked to stop."""
        percent = min(99, max(0, int(fraction * 100)))
        return bool(
            self.held(job_id, token)
            .filter(cancel_requested=False)
            .update(
                stage=stage,
                percent=Greatest(F("percent"), percent),
                lease_token=None,
                lease_expires_at=None,
                wake_at=wake_at,
                rung_at=wake_at,
                revision=F("revision") + 1,
            )
        )

    def held(self, job_id: int, token: uuid.UUID) -> JobQuerySet:
        return self.filter(pk=job_id, state=RUNNING, lease_token=token)

    def look(self, job_id: int, token: uuid.UUID) -> Held | None:
        """Whether to go on, writing nothing. None when the lease is lost."""
        cancel = self.held(job_id, token).values_list("cancel_requested", flat=True).first()
        return None if cancel is None else Held(cancel)

    def heartbeat(self, job_id: int, token: uuid.UUID, lease_seconds: float) -> Held | None:
        """Renew the lease. None when it is lost."""
        return self._write_held(job_id, token, lease_seconds)

    def report(
        self, job_id: int, token: uuid.UUID, lease_seconds: float, *, stage: str, fraction: float
    ) -> Held | None:
        """Write how far the render is (fraction 0..1) and renew the lease. Percent never falls."""
        percent = min(99, max(0, int(fraction * 100)))
        return self._write_held(
            job_id,
            token,
            lease_seconds,
            stage=stage,
            percent=Greatest(F("percent"), percent),
            revision=F("revision") + 1,
        )

    def _write_held(self, job_id: int, token: uuid.UUID, lease_seconds: float, **changes: Any) -> Held | None:
        expires_at = timezone.now() + timedelta(seconds=lease_seconds)
        if not self.held(job_id, token).update(lease_expires_at=expires_at, **changes):
            return None
        return self.look(job_id, token)

    def finish(self, job_id: int, token: uuid.UUID, **results: Any) -> bool:
        """Done, with its results. False when the lease is lost or the owner asked to stop."""
        return self.held(job_id, token).filter(cancel_requested=False)._end(DONE, percent=100, **results)

    def finish_from_cache(self, job_id: int, token: uuid.UUID | None, **results: Any) -> bool:
        """Done with another job's render; ``token`` None for a job no worker has taken up yet."""
        results |= {"from_cache": True, "percent": 100}
        if token is not None:
            return self.held(job_id, token).filter(cancel_requested=False)._end(DONE, **results)
        return self.filter(pk=job_id, state=QUEUED)._end(DONE, **results)

    def fail(
        self, job_id: int, token: uuid.UUID, code: str, message: str, cost_usd: Decimal = Decimal(0)
    ) -> bool:
        return self.held(job_id, token)._end(
            FAILED, error_code=code, error_message=message, cost_usd=cost_usd
        )

    def stop(self, job_id: int, token: uuid.UUID) -> bool:
        """The worker has stopped because the owner asked to."""
        return self.held(job_id, token)._end(CANCELLED)

    def request_cancel(self, job_id: int) -> bool:
        """Cancel now when no live worker holds the job, else ask the worker to. False when it had ended."""
        unheld = (
            Q(state=QUEUED)
            | Q(state=RUNNING, lease_expires_at__lt=timezone.now())
            | Q(state=RUNNING, lease_token=None)
        )
        if self.filter(unheld, pk=job_id)._end(CANCELLED):
            return True
        asked = {"cancel_requested": True, "revision": F("revision") + 1}
        return bool(self.filter(pk=job_id, state=RUNNING).update(**asked))

    def retry(self, job_id: int) -> bool:
        """Queue again a job that failed, was cancelled, or lost its result to age. False when it may not."""
        ended = Q(state__in=(FAILED, CANCELLED)) | Q(state=DONE, result="")
        return bool(
            self.filter(ended, pk=job_id).update(
                state=QUEUED,
                stage="",
                percent=0,
                attempt_count=0,
                cancel_requested=False,
                rung_at=None,
                wake_at=None,
                retried_at=timezone.now(),
                cost_usd=0,
                quality=None,
                started_at=None,
                finished_at=None,
                expires_at=None,
                error_code="",
                error_message="",
                warnings=[],
                from_cache=False,
                revision=F("revision") + 1,
            )
        )

    def requeue_lost(self) -> list[Job]:
        """Take jobs back from workers that stopped renewing their lease: those that changed, as they are."""
        lost = list(self.filter(state=RUNNING, lease_expires_at__lt=timezone.now()))
        return [self.get(pk=job.pk) for job in lost if self._take_back(job)]

    def _take_back(self, job: Job) -> bool:
        held = self.filter(
            pk=job.pk, state=RUNNING, lease_token=job.lease_token, lease_expires_at__lt=timezone.now()
        )
        if job.cancel_requested:
            taken = held._end(CANCELLED)
        elif job.attempt_count >= MAX_ATTEMPTS:
            taken = held._end(FAILED, error_code="worker_lost", error_message=LOST_MESSAGE)
        elif self._is_elsewhere(job):
            now = timezone.now()
            count = F("attempt_count") + 1
            changes: dict[str, Any] = {"lease_token": None, "lease_expires_at": None, "wake_at": now}
            taken = bool(
                held.update(rung_at=None, attempt_count=count, revision=F("revision") + 1, **changes)
            )
        else:
            taken = bool(
                held.update(
                    state=QUEUED,
                    lease_token=None,
                    lease_expires_at=None,
                    rung_at=None,
                    revision=F("revision") + 1,
                )
            )
        if taken:
            # What a service elsewhere is at goes on without any worker.
            job.attempts.filter(finished_at=None).exclude(spending__remote__state="open").update(
                finished_at=timezone.now(), outcome="lost", error_message="The worker stopped answering."
            )
        return taken

    def _is_elsewhere(self, job: Job) -> bool:
        """Whether a service elsewhere has this job, which then must not be begun anew."""
        return job.attempts.filter(finished_at=None, spending__remote__state="open").exists()

    def _end(self, state: str, **changes: Any) -> bool:
        return bool(
            self.update(
                state=state,
                stage="",
                lease_token=None,
                lease_expires_at=None,
                wake_at=None,
                finished_at=timezone.now(),
                revision=F("revision") + 1,
                **changes,
            )
        )

    def forget_result(self, job_id: int) -> bool:
        """The result's time is up. False when it is gone already."""
        gone = self.filter(pk=job_id, state=DONE).exclude(result="")
        return bool(gone.update(result="", poster="", share_token=None, revision=F("revision") + 1))

    def share(self, job_id: int, token: str) -> bool:
        """Let anyone with ``token`` see the result. False when there is none, or it is shared already."""
        done = self.filter(pk=job_id, state=DONE, share_token=None).exclude(result="")
        return bool(done.update(share_token=token, revision=F("revision") + 1))

    def unshare(self, job_id: int) -> None:
        shared = self.filter(pk=job_id).exclude(share_token=None)
        shared.update(share_token=None, revision=F("revision") + 1)

    def take_unrung(self) -> list[Job]:
        """Claimable jobs no worker has been told of lately, marked as told now."""
        now = timezone.now()
        stale = Q(rung_at=None) | Q(rung_at__lt=now - timedelta(seconds=RING_AGAIN_SECONDS))
        jobs = [*self.claimable().filter(stale).order_by("id"), *self.wakeable().filter(stale)]
        return [job for job in jobs if self._mark_rung(job, now)]

    def _mark_rung(self, job: Job, now: datetime) -> bool:
        return bool(self.filter(pk=job.pk, state=job.state, rung_at=job.rung_at).update(rung_at=now))

    def recent_pace(self, engine: str) -> list[tuple[float, float]]:
        """(seconds taken, seconds of video) of the engine's latest renders."""
        renders = self.filter(
            state=DONE, engine_used=engine, from_cache=False, started_at__isnull=False, duration_seconds__gt=0
        ).order_by("-finished_at")
        rows = renders.values_list("started_at", "finished_at", "duration_seconds")[:20]
        return [
            ((finished - started).total_seconds(), length)
            for started, finished, length in rows
            if started and finished and length
        ]

    def rendered(self, cache_key: str) -> Job | None:
        """A finished job with this very render, its file still there."""
        if not cache_key:
            return None
        return self.filter(state=DONE, cache_key=cache_key).exclude(result="").order_by("-id").first()
