"""Money: reserved before it is spent, under one lock, against every ceiling; then settled or released."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DecimalField, F, Q, Sum, When
from django.utils import timezone

from lipsync.cost import dollars
from lipsync.models import Attempt, Spending, Till

ZERO = Decimal(0)
COUNTED = Sum(
    Case(
        When(state=Spending.State.SETTLED, then=F("cost_usd")),
        When(state=Spending.State.RESERVED, then=F("reserved_usd")),
        default=ZERO,
        output_field=DecimalField(max_digits=12, decimal_places=4),
    )
)


class OverBudget(Exception):  # noqa: N818 -- reads as what it is
    """Which ceiling is in the way, and how much is left below it."""


class Ceiling(NamedTuple):
    """One limit on spending, and what is left below it; ``words`` follow "more than"."""

    limit_usd: Decimal
    left_usd: Decimal
    words: str


@contextmanager
def locked_till() -> Iterator[None]:
    """One at a time, over all processes. Inside a transaction."""
    with transaction.atomic():
        Till.objects.get_or_create(pk=1)
        Till.objects.select_for_update().get(pk=1)
        yield


def tightest(
    owner_id: int | None, job_uid: UUID | None = None, job_limit_usd: Decimal | None = None
) -> Ceiling | None:
    """The ceiling with the least below it; None without any."""
    found = list(ceilings(owner_id, job_uid, job_limit_usd))
    return min(found, key=lambda ceiling: ceiling.left_usd) if found else None


def ceilings(
    owner_id: int | None, job_uid: UUID | None = None, job_limit_usd: Decimal | None = None
) -> Iterator[Ceiling]:
    """Every ceiling that holds for a job of ``owner_id``; without an owner, those of the site."""
    now = timezone.now()
    month = Q(at__gte=start_of_month(now))
    own = Q(owner=owner_id)
    of_job = Q(job_uid=job_uid) if job_uid else None
    yield from _ceiling(settings.BUDGET_JOB_USD, of_job, "one video may cost here")
    yield from _ceiling(job_limit_usd, of_job, "you allowed for this video")
    if owner_id is not None:
        today = own & Q(at__gte=start_of_day(now))
        yield from _ceiling(settings.BUDGET_USER_DAY_USD, today, "is left of your budget for today")
        yield from _ceiling(settings.BUDGET_USER_MONTH_USD, own & month, "is left of your budget this month")
    yield from _ceiling(settings.BUDGET_SITE_MONTH_USD, month, "is left of the site's budget this month")


def _ceiling(limit: Decimal | None, which: Q | None, words: str) -> Iterator[Ceiling]:
    if limit is None:
        return
    used = ZERO if which is None else Spending.objects.filter(which).aggregate(usd=COUNTED)["usd"] or ZERO
    left = max(limit - used, ZERO)
    yield Ceiling(limit, left, f"the {dollars(left)} that {words}")


def reserve(
    engine: str,
    usd: Decimal,
    seconds: float,
    *,
    owner_id: int | None,
    attempt: Attempt | None = None,
    job_uid: UUID | None = None,
    job_limit_usd: Decimal | None = None,
) -> Spending:
    """Put ``usd`` aside. Raises OverBudget, and then nothing is put aside."""
    with locked_till():
        ceiling = tightest(owner_id, job_uid, job_limit_usd)
        if ceiling is not None and usd > ceiling.left_usd:
            raise OverBudget(f"It would cost {dollars(usd)}, more than {ceiling.words}.")
        return Spending.objects.create(
            owner_id=owner_id,
            attempt=attempt,
            job_uid=job_uid,
            engine=engine,
            reserved_usd=usd,
            seconds=seconds,
        )


def settle(spending: Spending, usd: Decimal, seconds: float | None = None, comment: str = "") -> bool:
    """What it did cost. False when that was known already: nothing is booked twice."""
    changes = {} if seconds is None else {"seconds": seconds}
    return bool(
        Spending.objects.filter(pk=spending.pk, state=Spending.State.RESERVED).update(
            state=Spending.State.SETTLED,
            cost_usd=usd,
            settled_at=timezone.now(),
            comment=comment[:200],
            **changes,
        )
    )


def release(spending: Spending) -> None:
    """It cost nothing."""
    Spending.objects.filter(pk=spending.pk, state=Spending.State.RESERVED).update(
        state=Spending.State.RELEASED, settled_at=timezone.now()
    )


def record_free(
    engine: str, seconds: float, *, owner_id: int | None, attempt: Attempt, job_uid: UUID
) -> None:
    """A line in the books for what cost nothing, so that they show all that was made."""
    Spending.objects.get_or_create(
        attempt=attempt,
        defaults={
            "owner_id": owner_id,
            "job_uid": job_uid,
            "engine": engine,
            "state": Spending.State.SETTLED,
            "cost_usd": attempt.cost_usd,
            "seconds": seconds,
            "settled_at": timezone.now(),
        },
    )


def start_of_day(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def start_of_month(now: datetime) -> datetime:
    return start_of_day(now) - timedelta(days=now.day - 1)
