"""Renders at a service elsewhere, as the database knows them: a place to work, notes between steps, an end.

    open --done, failed--> ended --files removed--> tidied
      `---given up-------> detached --over, or a day has passed--^

A detached render is one that nobody waits for and that may still cost money: it is followed until that is
known, and what was put aside for it stays put aside.
"""

from __future__ import annotations

import logging
import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from django.db.models import F, Q
from django.utils import timezone

from lipsync import budget
from lipsync.engines.base import Ended, RemoteEngine, RemoteError, get_engine
from lipsync.models import Job, LogEntry, RemoteRender, Spending

logger = logging.getLogger(__name__)

SLOT_SECONDS = 2 * 3600
FOLLOW_SECONDS = 24 * 3600
FOLLOW_EVERY_SECONDS = 30
TIDY_TRIES = 10
AT_ONCE = 100

State = RemoteRender.State


def take_slot(render: RemoteRender, engine: RemoteEngine) -> bool:
    """Have a place at the service, or say that all are taken."""
    now = timezone.now()
    with budget.locked_till():
        mine = RemoteRender.objects.filter(pk=render.pk, slot_until__gt=now).exists()
        taken = RemoteRender.objects.filter(engine=engine.name, slot_until__gt=now).count()
        if not mine and taken >= engine.max_at_once:
            return False
        render.slot_until = now + timedelta(seconds=SLOT_SECONDS)
        render.save(update_fields=["slot_until"])
    return True


def finish(render: RemoteRender, usd: Decimal | None = None, seconds: float | None = None) -> None:
    """It is over and cost ``usd``; None: nothing was started."""
    if usd is None:
        budget.release(render.spending)
    else:
        budget.settle(render.spending, usd, seconds)
    RemoteRender.objects.filter(pk=render.pk).update(
        state=State.ENDED, slot_until=None, memo=render.memo, wake_at=timezone.now()
    )


def give_up(render: RemoteRender, engine: RemoteEngine) -> bool:
    """Nobody waits for it any more. True when it may still cost money: it is followed from now on."""
    if not engine.may_bill(render.memo):
        cost = render.memo.get("cost_usd")
        finish(render, None if cost is None else Decimal(str(cost)), render.memo.get("billed_seconds"))
        return False
    soon = timedelta(seconds=FOLLOW_EVERY_SECONDS * random.uniform(0.5, 1))  # noqa: S311 -- not a secret
    still_open = RemoteRender.objects.filter(pk=render.pk, state=State.OPEN)
    changes = {"state": State.DETACHED, "memo": render.memo, "wake_at": timezone.now() + soon}
    return bool(still_open.update(**changes))


def follow_up() -> None:
    """Look after everything that no job waits for."""
    _orphans()
    _abandoned()
    for engine, renders in _due(Q(state=State.DETACHED)):
        _follow(engine, renders)
    for engine, renders in _due(Q(state=State.ENDED)):
        _tidy(engine, renders)


def _orphans() -> None:
    """Renders whose job ended without them: cancelled, deleted, or given up."""
    gone = Q(spending__attempt=None) | Q(spending__attempt__job__state__in=Job.ENDED)
    for render in RemoteRender.objects.filter(gone, state=State.OPEN).select_related(
        "spending__attempt__job"
    ):
        engine = _engine(render)
        if engine is None:
            continue
        may_bill = give_up(render, engine)
        attempt = render.spending.attempt
        if attempt is not None:
            attempt.job.attempts.filter(finished_at=None).update(
                finished_at=timezone.now(), outcome="cancelled"
            )
            if may_bill:
                tell(attempt.job, f"{engine.label} may still finish and bill the render that it has started.")


def _abandoned() -> None:
    """Money put aside by engines of this site whose worker died."""
    over = Spending.objects.filter(state=Spending.State.RESERVED, remote=None)
    for spending in over.exclude(attempt=None).exclude(attempt__finished_at=None):
        budget.release(spending)


def tell(job: Job, message: str) -> None:
    """Say something about money in the job's log, and where its owner looks first."""
    LogEntry.objects.create(job=job, message=message, level="warning")
    warnings = [*Job.objects.values_list("warnings", flat=True).get(pk=job.pk), message]
    Job.objects.filter(pk=job.pk).update(warnings=warnings, revision=F("revision") + 1)


def _due(which: Q) -> Iterable[tuple[RemoteEngine, list[RemoteRender]]]:
    """Renders to look at now, each taken by one process only, by engine."""
    now = timezone.now()
    taken: dict[str, list[RemoteRender]] = defaultdict(list)
    rows = RemoteRender.objects.filter(which, wake_at__lte=now).select_related("spending__attempt__job")
    for render in rows.order_by("wake_at")[:AT_ONCE]:
        mine = RemoteRender.objects.filter(pk=render.pk, state=render.state, wake_at=render.wake_at)
        if mine.update(wake_at=now + timedelta(seconds=FOLLOW_EVERY_SECONDS)):
            taken[render.engine].append(render)
    for renders in taken.values():
        engine = _engine(renders[0])
        if engine is not None:
            yield engine, renders


def _engine(render: RemoteRender) -> RemoteEngine | None:
    try:
        engine = get_engine(render.engine)
    except (KeyError, ImportError):
        return None
    return engine if isinstance(engine, RemoteEngine) else None


def _follow(engine: RemoteEngine, renders: list[RemoteRender]) -> None:
    try:
        outcomes = engine.follow([render.memo for render in renders])
    except RemoteError as error:
        logger.warning("renders at %s could not be followed: %s", engine.name, error)
        outcomes = [None] * len(renders)
    for render, outcome in zip(renders, outcomes, strict=True):
        if outcome is not None:
            _book(engine, render, outcome)
        elif timezone.now() - render.created_at > timedelta(seconds=FOLLOW_SECONDS):
            logger.error("remote render %s: its cost never became known", render.pk)
            usd = render.spending.reserved_usd
            budget.settle(render.spending, usd, comment="Never known; booked as it was put aside.")
            finish(render, usd)


def _book(engine: RemoteEngine, render: RemoteRender, ended: Ended) -> None:
    usd = Decimal(str(ended.cost_usd))
    finish(render, usd, ended.seconds)
    attempt = render.spending.attempt
    if attempt is None or not usd:
        return
    type(attempt).objects.filter(pk=attempt.pk).update(cost_usd=usd)
    Job.objects.filter(pk=attempt.job_id).update(cost_usd=F("cost_usd") + usd)
    tell(attempt.job, f"{engine.label} finished a render that was given up; it cost ${usd:.2f}.")


def _tidy(engine: RemoteEngine, renders: list[RemoteRender]) -> None:
    for render in renders:
        try:
            engine.tidy(render.memo)
        except RemoteError as error:
            logger.warning("files at %s were not removed: %s", engine.name, error)
            if render.failures + 1 < TIDY_TRIES:
                delay = timedelta(seconds=FOLLOW_EVERY_SECONDS * 2**render.failures)
                RemoteRender.objects.filter(pk=render.pk).update(
                    failures=F("failures") + 1, wake_at=timezone.now() + delay
                )
                continue
        RemoteRender.objects.filter(pk=render.pk).update(state=State.TIDIED, wake_at=None, memo=render.memo)
