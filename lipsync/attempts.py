"""One engine's go at a job, on the record: its reason, its money, its place at a service, how it ended."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from django.utils import timezone

from lipsync import breaker, budget, remote
from lipsync.engines.base import (
    Engine,
    EngineError,
    Memo,
    QualityReport,
    RemoteDeadline,
    RemoteEngine,
    RemoteError,
    Trip,
    Wait,
    get_engine,
)
from lipsync.models import Attempt, Job, RemoteRender, Spending
from lipsync.policy import Choice, price
from lipsync.render import Parked, Try

SLOT_WAIT_SECONDS = 4.0
TRIED = ("failed", "skipped", "done")


class Round:
    """The attempts since the job was last asked for: what is left to try, and what is to be gone on with."""

    def __init__(self, job: Job) -> None:
        self.job = job
        attempts = job.attempts.select_related("spending__remote")
        if job.retried_at is not None:
            attempts = attempts.filter(started_at__gte=job.retried_at)
        self.attempts = list(attempts)

    @property
    def open_remote(self) -> Attempt | None:
        """The attempt that a service elsewhere is at."""
        for attempt in self.attempts:
            render = render_of(attempt)
            if not attempt.finished_at and render and render.state == RemoteRender.State.OPEN:
                return attempt
        return None

    @property
    def first(self) -> Attempt | None:
        """The attempt whose poor result is kept while another engine tries."""
        return next((one for one in self.attempts if one.video and one.outcome == "done"), None)

    def left(self, choices: list[Choice]) -> list[Choice]:
        """What is still to be tried, with what is under way in front."""
        tried = {one.engine for one in self.attempts if one.outcome in TRIED}
        fresh = [choice for choice in choices if choice.engine not in tried]
        open_one = self.open_remote
        if open_one is None:
            return fresh
        others = [choice for choice in fresh if choice.engine != open_one.engine]
        return [Choice(open_one.engine, open_one.reason), *others]

    def last_failure(self) -> str:
        failed = [one.error_message for one in self.attempts if one.outcome in ("failed", "skipped")]
        return failed[-1] if failed else ""

    def start(self, seconds: float, choice: Choice) -> AttemptTry:
        """Begin, or go on with, the try at ``choice``. Raises EngineError and Parked."""
        open_one = self.open_remote
        if open_one is not None and open_one.engine == choice.engine:
            tried = AttemptTry(self.job, open_one, get_engine(choice.engine))
        else:
            attempt = Attempt.objects.create(job=self.job, engine=choice.engine, reason=choice.reason)
            self.attempts.append(attempt)
            tried = AttemptTry(self.job, attempt, get_engine(choice.engine))
            tried.pay(seconds)
        tried.take_place()
        return tried


def render_of(attempt: Attempt) -> RemoteRender | None:
    spending: Spending | None = getattr(attempt, "spending", None)
    return None if spending is None else getattr(spending, "remote", None)


class AttemptTry(Try):
    """Keeps the record of one engine's try."""

    def __init__(self, job: Job, attempt: Attempt, engine: Engine) -> None:
        self.job, self.attempt, self.engine = job, attempt, engine
        self._render = render_of(attempt)
        self.memo: Memo | None = None if self._render is None else self._render.memo

    def pay(self, seconds: float) -> None:
        """Put its price aside. Raises EngineError when that is more than may be spent."""
        usd = price(self.engine, seconds)
        if not usd and not isinstance(self.engine, RemoteEngine):
            return
        try:
            spending = budget.reserve(
                self.engine.name,
                usd,
                seconds,
                owner_id=self.job.owner_id,
                attempt=self.attempt,
                job_uid=self.job.uid,
                job_limit_usd=self.job.max_cost_usd,
            )
        except budget.OverBudget as error:
            raise self._skipped(f"{self.engine.label}: {error}") from None
        if isinstance(self.engine, RemoteEngine):
            self._render = RemoteRender.objects.create(spending=spending, engine=self.engine.name)
            self.memo = self._render.memo

    def take_place(self) -> None:
        """A place at the service, unless the work is there already. Raises EngineError and Parked."""
        engine, render = self.engine, self._render
        if not isinstance(engine, RemoteEngine) or render is None or self._is_under_way:
            return
        may_go, why_not = breaker.admit(engine)
        if may_go and why_not == "try":
            why_not = self._tested(engine)
        if why_not:
            raise self._skipped(why_not)
        if remote.take_slot(render, engine):
            return
        if (timezone.now() - render.created_at).total_seconds() > engine.queue_seconds:
            raise self._skipped(f"{engine.label} had no free place in time.")
        raise Parked(Wait(SLOT_WAIT_SECONDS * random.uniform(0.75, 1.25), 0.05, "slot"))  # noqa: S311

    @property
    def _is_under_way(self) -> bool:
        return bool(self._render and self._render.slot_until and self.memo)

    def _tested(self, engine: RemoteEngine) -> str:
        """What is wrong with a service that was ill; "" when it is well enough to try."""
        kind: Trip = "credit"
        try:
            why_not = engine.test()
        except RemoteError as error:
            kind, why_not = error.trip or "down", str(error)
        if why_not:
            breaker.trip(engine, kind, why_not)
        return why_not or ""

    def _skipped(self, message: str) -> EngineError:
        self._close("skipped", message)
        self._give_up()
        return EngineError(message)

    def keep(self) -> None:
        if self._render is not None and self.memo is not None:
            RemoteRender.objects.filter(pk=self._render.pk).update(memo=self.memo)

    def ended(
        self, outcome: str, message: str = "", cost_usd: float = 0.0, error: Exception | None = None
    ) -> None:
        if outcome == "done":
            self._done(Decimal(str(cost_usd)))
            return
        if isinstance(self.engine, RemoteEngine) and isinstance(error, RemoteError) and error.trip:
            breaker.trip(self.engine, error.trip, str(error))
        self._close(outcome, message)
        self._give_up()

    def _done(self, usd: Decimal) -> None:
        """The engine made it. The attempt itself is closed once the result is in its place."""
        if isinstance(self.engine, RemoteEngine):
            breaker.succeed(self.engine)
        Attempt.objects.filter(pk=self.attempt.pk).update(cost_usd=usd)
        spending: Spending | None = getattr(self.attempt, "spending", None)
        if spending is not None:
            budget.settle(spending, usd, (self.memo or {}).get("billed_seconds"))
        self.keep()

    def scored(self, quality: QualityReport | None) -> None:
        Attempt.objects.filter(pk=self.attempt.pk).update(quality=describe_quality(quality))

    def _give_up(self) -> None:
        spending: Spending | None = getattr(self.attempt, "spending", None)
        if self._render is None:
            if spending is not None:
                budget.release(spending)
            return
        if isinstance(self.engine, RemoteEngine):
            self._render.memo = self.memo or {}
            remote.give_up(self._render, self.engine)
            cost = (self.memo or {}).get("cost_usd")
            if cost:
                Attempt.objects.filter(pk=self.attempt.pk).update(cost_usd=Decimal(str(cost)))

    def _close(self, outcome: str, message: str) -> None:
        close(Attempt.objects.filter(pk=self.attempt.pk), outcome, message)
        self.attempt.refresh_from_db(fields=["finished_at", "outcome", "error_message"])


class FilesTry(Try):
    """The money of a try at files that belong to no job: it counts for the site."""

    def __init__(self, choice: Choice, seconds: float) -> None:
        engine = get_engine(choice.engine)
        usd = price(engine, seconds)
        self._spending: Spending | None = None
        if usd:
            try:
                self._spending = budget.reserve(engine.name, usd, seconds, owner_id=None)
            except budget.OverBudget as error:
                raise EngineError(f"{engine.label}: {error}") from None

    def ended(
        self, outcome: str, message: str = "", cost_usd: float = 0.0, error: Exception | None = None
    ) -> None:
        if self._spending is None:
            return
        if outcome == "done":
            budget.settle(self._spending, Decimal(str(cost_usd)))
        elif not isinstance(error, RemoteDeadline):  # which may still cost what was put aside
            budget.release(self._spending)


def close(attempts: Any, outcome: str, message: str = "", **changes: Any) -> None:
    """End those of ``attempts`` that are under way."""
    attempts.filter(finished_at=None).update(
        finished_at=timezone.now(), outcome=outcome, error_message=message, **changes
    )


def close_done(job: Job, seconds: float) -> None:
    """The attempt under way has made what is now in its place: close its books and let its files go."""
    for attempt in Round(job).attempts:
        if attempt.finished_at:
            continue
        close(Attempt.objects.filter(pk=attempt.pk), "done", duration_seconds=seconds)
        render = render_of(attempt)
        if render is not None:
            remote.finish(render, attempt.cost_usd)
        elif not hasattr(attempt, "spending"):
            budget.record_free(
                attempt.engine, seconds, owner_id=job.owner_id, attempt=attempt, job_uid=job.uid
            )


def describe_quality(quality: QualityReport | None) -> dict[str, Any] | None:
    """A report as it is kept in a row."""
    return None if quality is None else dict(vars(quality))
