"""A worker's hold on one job: a thread that renews it, writes progress, and hears when to stop.

The render never waits for the database: ``report`` leaves its figures in memory, and the thread writes them.
"""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Self
from uuid import UUID

from django.db import DatabaseError, connection

from lipsync.engines.base import Cancelled
from lipsync.models import Job, LogEntry
from lipsync.progress import STAGE_LABELS, publish
from lipsync.queue import Held

logger = logging.getLogger(__name__)

WRITE_SECONDS = 0.4
"""How often progress is written and the wish to cancel is read."""


class LeaseLost(Cancelled):
    """Another process owns this job now; nothing of it may be written."""


class Lease:
    """``with Lease(job, seconds) as lease:`` holds ``job``; ``lease.report`` is an ``OnProgress``."""

    def __init__(self, job: Job, lease_seconds: float) -> None:
        if job.lease_token is None:
            raise ValueError("only a claimed job can be held")
        self.job_id = job.pk
        self.token: UUID = job.lease_token
        self._lease_seconds = lease_seconds
        self._renewed_at = time.monotonic()
        self._lock = threading.Lock()
        self._reached: tuple[str, float] = (job.stage, job.percent / 100)
        self._written: tuple[str, int] = (job.stage, job.percent)
        self._logged_stage = job.stage
        self._stop_reason: type[Cancelled] | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{job.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write nothing from here on."""
        self._over.set()
        self._thread.join()

    def report(self, stage: str, fraction: float) -> None:
        """Note how far the whole job is (0..1). Raises Cancelled or LeaseLost when it is time to stop."""
        with self._lock:
            self._reached = (stage, max(fraction, self._reached[1]))
        self.check()

    def check(self) -> None:
        """Raises Cancelled or LeaseLost when it is time to stop."""
        if self._stop_reason is not None:
            raise self._stop_reason

    def _keep(self) -> None:
        try:
            while not self._over.wait(WRITE_SECONDS) and self._stop_reason is None:
                self._beat()
        finally:
            connection.close()

    def _beat(self) -> None:
        try:
            held = self._write()
        except DatabaseError as error:
            logger.warning("job %s: progress not written: %s", self.job_id, error)
            if time.monotonic() - self._renewed_at > self._lease_seconds:
                self._stop_reason = LeaseLost
            return
        if held is None:
            self._stop_reason = LeaseLost
        elif held.cancel_requested:
            self._stop_reason = Cancelled

    def _write(self) -> Held | None:
        with self._lock:
            stage, fraction = self._reached
        reached, now = (stage, int(fraction * 100)), time.monotonic()
        if reached == self._written:
            if now - self._renewed_at < self._lease_seconds / 4:
                return Job.objects.look(self.job_id, self.token)
            held = Job.objects.heartbeat(self.job_id, self.token, self._lease_seconds)
        else:
            held = Job.objects.report(
                self.job_id, self.token, self._lease_seconds, stage=stage, fraction=fraction
            )
        if held is not None:
            self._renewed_at = now
            self._tell(reached)
        return held

    def _tell(self, reached: tuple[str, int]) -> None:
        if reached == self._written:
            return
        self._written = reached
        stage, _ = reached
        if stage and stage != self._logged_stage:
            self._logged_stage = stage
            LogEntry.objects.create(job_id=self.job_id, message=f"{STAGE_LABELS.get(stage, stage)}.")
        publish(Job.objects.get(pk=self.job_id))
