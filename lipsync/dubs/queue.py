"""Every change of a dub's state, each one conditional UPDATE; see ``lipsync.queue``."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

if TYPE_CHECKING:
    from lipsync.dubs.models import Dub

MOST_ATTEMPTS = 5
RING_AGAIN_SECONDS = 20
LOST_MESSAGE = (
    f"Its worker stopped {MOST_ATTEMPTS} times in this stage, so it was given up. What came before is kept: "
    "run it again, with a shorter video if it happens again."
)
QUEUED, RUNNING, WAITING, PAUSED, DONE, FAILED = "queued", "running", "waiting", "paused", "done", "failed"
AT_REST = (PAUSED, DONE, FAILED)


class DubQuerySet(models.QuerySet["Dub"]):
    """Dubs, and the only code that moves them from one state to another."""

    def unfinished(self) -> DubQuerySet:
        return self.filter(state__in=(QUEUED, RUNNING, WAITING))

    def claimable(self) -> DubQuerySet:
        """Those that may start: one of a person's at a time."""
        others = self.model._default_manager.filter(state=RUNNING, owner=OuterRef("owner"))
        return self.filter(~Exists(others), state=QUEUED)

    def claim(self, dub_id: int, lease_seconds: float) -> Dub | None:
        """The dub with a fresh lease; None when it may not start now or somebody else has it."""
        token = uuid.uuid4()
        won = (
            self.claimable()
            .filter(pk=dub_id)
            .update(
                state=RUNNING,
                lease_token=token,
                lease_expires_at=timezone.now() + timedelta(seconds=lease_seconds),
                attempt_count=F("attempt_count") + 1,
                percent=0,
                message="",
                revision=F("revision") + 1,
            )
        )
        return (
            self.select_related("source", "owner", "job").get(pk=dub_id, lease_token=token) if won else None
        )

    def held(self, dub_id: int, token: uuid.UUID) -> DubQuerySet:
        return self.filter(pk=dub_id, state=RUNNING, lease_token=token)

    def renew(self, dub_id: int, token: uuid.UUID, lease_seconds: float, **changes: Any) -> bool | None:
        """Renew the lease, writing progress; whether a pause was asked for. None when the lease is lost."""
        expires_at = timezone.now() + timedelta(seconds=lease_seconds)
        if changes:
            changes["revision"] = F("revision") + 1
        held = self.held(dub_id, token)
        if not held.update(lease_expires_at=expires_at, **changes):
            return None
        return held.values_list("pause_requested", flat=True).first()

    def settle(self, dub_id: int, token: uuid.UUID, state: str, **changes: Any) -> bool:
        """The worker has stopped, in ``state``. False when its lease is lost."""
        return self.held(dub_id, token)._leave(state, **changes)

    def _leave(self, state: str, **changes: Any) -> bool:
        return bool(
            self.update(
                state=state,
                lease_token=None,
                lease_expires_at=None,
                rung_at=None,
                pause_requested=False,
                revision=F("revision") + 1,
                **changes,
            )
        )

    def run(self, dub_id: int, stop_before: str = "") -> bool:
        """Go on, as far as ``stop_before``. False while it goes on anyway."""
        return self.filter(pk=dub_id, state__in=AT_REST)._leave(
            QUEUED,
            stop_before=stop_before,
            attempt_count=0,
            message="",
            error_code="",
            error_message="",
            run_at=timezone.now(),
            finished_at=None,
        )

    def pause(self, dub_id: int) -> bool:
        """Stop now, or soon where a worker is at it. False when there is nothing to stop."""
        told = "Paused. Go on whenever you like."
        if self.filter(pk=dub_id, state__in=(QUEUED, WAITING))._leave(PAUSED, message=told):
            return True
        asked = self.filter(pk=dub_id, state=RUNNING)
        return bool(asked.update(pause_requested=True, revision=F("revision") + 1))

    def change(self, dub_id: int, **changes: Any) -> bool:
        """Write what its owner wants otherwise. False while a worker is at it, or is about to be."""
        return bool(self.filter(pk=dub_id, state__in=AT_REST).update(revision=F("revision") + 1, **changes))

    def wake(self, dub_id: int) -> bool:
        """What it waited for has ended."""
        return self.filter(pk=dub_id, state=WAITING)._leave(QUEUED)

    def wakeable(self) -> DubQuerySet:
        return self.filter(Q(job=None) | Q(job__state__in=("done", "failed", "cancelled")), state=WAITING)

    def requeue_lost(self) -> list[Dub]:
        """Take dubs back from workers that stopped renewing their lease: those that changed."""
        lost = self.filter(state=RUNNING, lease_expires_at__lt=timezone.now())
        return [dub for dub in list(lost) if self._take_back(dub)]

    def _take_back(self, dub: Dub) -> bool:
        held = self.filter(
            pk=dub.pk, state=RUNNING, lease_token=dub.lease_token, lease_expires_at__lt=timezone.now()
        )
        if dub.pause_requested:
            return held._leave(PAUSED, message="Paused. Go on whenever you like.")
        if dub.attempt_count >= MOST_ATTEMPTS:
            return held._leave(FAILED, error_code="worker_lost", error_message=LOST_MESSAGE)
        return held._leave(QUEUED)

    def take_unrung(self) -> list[Dub]:
        """Dubs that may start and that no worker was told of lately, marked as told now."""
        now = timezone.now()
        stale = Q(rung_at=None) | Q(rung_at__lt=now - timedelta(seconds=RING_AGAIN_SECONDS))
        found = list(self.claimable().filter(stale).order_by("id"))
        return [
            dub
            for dub in found
            if self.filter(pk=dub.pk, state=QUEUED, rung_at=dub.rung_at).update(rung_at=now)
        ]
