"""Every change of a delivery's state, each one conditional UPDATE."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

if TYPE_CHECKING:
    from avsite.hooks.models import Delivery

WAITING, SENDING, DELIVERED, FAILED = "waiting", "sending", "delivered", "failed"
SEND_SECONDS = 15.0
"""A receiver may take this long in all; then it has failed."""
HOLD_SECONDS = 60
"""A worker that has been sending for this long has died."""
RETRY_SECONDS = (5, 60, 300, 1800, 7200, 18_000, 36_000, 36_000)
"""After each failed try in a row; 28 hours in all."""


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries, and the only code that moves them from one state to another."""

    def due(self) -> DeliveryQuerySet:
        """Those to send now: one at a time for each endpoint, so that a slow one holds up nobody else."""
        now = timezone.now()
        busy = self.model._default_manager.filter(
            endpoint=OuterRef("endpoint"), state=SENDING, next_try_at__gt=now
        )
        return self.filter(
            ~Exists(busy),
            state__in=(WAITING, SENDING),
            next_try_at__lte=now,
            endpoint__disabled_at=None,
            endpoint__owner__is_active=True,
        )

    def claim(self, pk: int) -> Delivery | None:
        """The delivery, held for one try; None when it is not to be sent now, or somebody else does."""
        now = timezone.now()
        won = (
            self.due()
            .filter(pk=pk)
            .update(
                state=SENDING,
                attempts=F("attempts") + 1,
                tried_at=now,
                next_try_at=now + timedelta(seconds=HOLD_SECONDS),
            )
        )
        return self.select_related("endpoint").get(pk=pk) if won else None

    def held(self, delivery: Delivery) -> DeliveryQuerySet:
        return self.filter(pk=delivery.pk, state=SENDING, attempts=delivery.attempts)

    def succeed(self, delivery: Delivery, status: int, milliseconds: int) -> bool:
        return bool(
            self.held(delivery).update(
                state=DELIVERED,
                next_try_at=None,
                response_status=status,
                milliseconds=milliseconds,
                message="",
            )
        )

    def fail(self, delivery: Delivery, message: str, **seen: Any) -> bool:
        """Tried in vain: again later, or never when that was the last time. False when it was not held."""
        delay = retry_seconds(delivery.attempts)
        changes: dict[str, Any] = {"response_status": None, "milliseconds": None, **seen}
        if delay is None:
            changes |= {"state": FAILED, "next_try_at": None}
        else:
            changes |= {"state": WAITING, "next_try_at": timezone.now() + timedelta(seconds=delay)}
        return bool(self.held(delivery).update(message=message[:300], **changes))

    def replay(self, pk: int) -> bool:
        """Send it again now. False while it is waiting or being sent anyway."""
        ended = self.filter(pk=pk, state__in=(DELIVERED, FAILED))
        return bool(ended.update(state=WAITING, attempts=0, next_try_at=timezone.now()))

    def give_up(self, message: str) -> int:
        unsent = self.filter(Q(state=WAITING) | Q(state=SENDING))
        return unsent.update(state=FAILED, next_try_at=None, message=message)

    def forget(self, before: datetime) -> int:
        deleted, _ = self.filter(created_at__lt=before, state__in=(DELIVERED, FAILED)).delete()
        return deleted


def retry_seconds(attempts: int) -> int | None:
    """Seconds to wait after this many failed tries; None when there is to be no other."""
    return RETRY_SECONDS[attempts - 1] if attempts <= len(RETRY_SECONDS) else None
