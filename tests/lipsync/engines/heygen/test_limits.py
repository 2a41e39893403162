"""Places at HeyGen, budgets and the breaker: many jobs at once, and when it is of no use for now."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from avsite.accounts.models import User
from lipsync import breaker, runner
from lipsync.engines.base import get_engine
from lipsync.models import Breaker, Job, RemoteRender, Spending
from tests.engines import ScriptedEngine
from tests.fakes.heygen.server import Server
from tests.lipsync.engines.heygen.conftest import drive

pytestmark = pytest.mark.django_db(transaction=True)


def drive_all(jobs: list[Job], tick: Callable[[int], None] = lambda left: None) -> list[Job]:
    """All of them side by side, as several workers would; ``tick`` hears each time how many are left."""
    end = time.monotonic() + 90
    while any(job.state not in Job.ENDED for job in jobs):
        assert time.monotonic() < end
        for job in jobs:
            runner.run(job.pk)
        jobs = list(Job.objects.filter(pk__in=[job.pk for job in jobs]).order_by("pk"))
        tick(sum(job.state not in Job.ENDED for job in jobs))
        time.sleep(0.01)
    return jobs


def test_never_more_there_than_allowed(
    alice: User, order: Callable[..., Job], fake: Server, settings: Any
) -> None:
    settings.HEYGEN_MAX_CONCURRENT = 2
    fake.world.render_seconds = 1000

    def tick(left: int) -> None:
        with fake.world.lock:
            if len(fake.world.in_flight()) == min(2, left):
                fake.world.moved_seconds += 1001

    jobs = drive_all([order(alice) for _ in range(5)], tick)
    assert [job.engine_used for job in jobs] == ["heygen"] * 5
    assert fake.world.most_in_flight == 2
    assert len(fake.world.charges) == 5
    assert RemoteRender.objects.filter(slot_until__isnull=False).count() == 0


def test_who_waits_too_long_for_a_place_goes_elsewhere(
    alice: User, bob: User, order: Callable[..., Job], fake: Server, play: Callable[..., None], settings: Any
) -> None:
    settings.HEYGEN_MAX_CONCURRENT, settings.HEYGEN_QUEUE_SECONDS = 1, 0
    play("never_completes")
    drive(order(alice), until=lambda job: job.stage == "remote")
    job = order(bob)
    job = drive(job)
    assert job.engine_used == "scripted"
    assert job.attempts.get(engine="heygen").outcome == "skipped"
    assert "no free place" in job.attempts.get(engine="heygen").error_message
    assert Spending.objects.get(owner=bob, engine="heygen").state == "released"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("BUDGET_JOB_USD", "one video may cost"),
        ("BUDGET_USER_DAY_USD", "your budget for today"),
        ("BUDGET_USER_MONTH_USD", "your budget this month"),
        ("BUDGET_SITE_MONTH_USD", "the site's budget this month"),
    ],
)
def test_no_budget_is_exceeded(
    name: str, said: str, alice: User, order: Callable[..., Job], fake: Server, settings: Any
) -> None:
    setattr(settings, name, Decimal("0.05"))  # 0.8 s: 0.0333 put aside, 0.0266 paid
    first, second = (drive(order(alice)) for _ in range(2))
    assert first.engine_used == "heygen"
    if name == "BUDGET_JOB_USD":
        assert second.engine_used == "heygen", "each job has its own"
        settings.BUDGET_JOB_USD = Decimal("0.03")
        second = drive(order(alice))
    assert second.engine_used == "scripted"
    (attempt,) = second.attempts.all()
    assert "Passed over: HeyGen would cost $0.0333" in attempt.reason
    assert said in attempt.reason
    assert sum(one.cost_usd for one in Spending.objects.filter(engine="heygen")) <= Decimal("0.0534")


def test_an_owners_own_ceiling(alice: User, order: Callable[..., Job], fake: Server) -> None:
    job = drive(order(alice, max_cost_usd=Decimal("0.02")))
    assert job.engine_used == "scripted"
    assert "you allowed for this video" in job.attempts.get().reason
    assert fake.world.journal == []


def test_jobs_at_the_same_time_share_what_is_left(
    alice: User, order: Callable[..., Job], fake: Server, settings: Any
) -> None:
    settings.BUDGET_USER_DAY_USD = Decimal("0.07")
    fake.world.render_seconds = 0.5
    jobs = drive_all([order(alice) for _ in range(4)])
    engines = [job.engine_used for job in jobs]
    assert engines.count("heygen") == 2, "what is put aside counts as spent until it is known"
    assert len(fake.world.charges) == 2


def test_no_key_no_heygen(alice: User, order: Callable[..., Job], fake: Server, settings: Any) -> None:
    settings.HEYGEN_API_KEY = ""
    assert drive(order(alice)).engine_used == "scripted"
    job = order(alice, engine="heygen")
    runner.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "invalid")
    assert "set HEYGEN_API_KEY" in job.error_message


def test_a_refused_key_is_not_shown_again_until_it_changes(
    alice: User, order: Callable[..., Job], fake: Server, play: Callable[..., None], settings: Any
) -> None:
    play("bad_key")
    drive(order(alice))
    asked = len(fake.world.journal)
    job = drive(order(alice))
    assert len(fake.world.journal) == asked, "the second job did not try"
    assert "does not accept the site's key" in job.attempts.get().reason
    fake.world.keys.add("another-key")
    settings.HEYGEN_API_KEY = "another-key"
    play("ok")
    assert drive(order(alice)).engine_used == "heygen"
    assert breaker.why_open(get_engine("heygen")) is None


def test_money_is_asked_for_before_the_next_job_tries(
    alice: User, order: Callable[..., Job], fake: Server, play: Callable[..., None]
) -> None:
    play("no_credits")
    drive(order(alice))
    Breaker.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
    job = drive(order(alice))
    assert job.attempts.get(engine="heygen").outcome == "skipped"
    assert [one["path"] for one in fake.world.journal if one["method"] == "POST"].count("/v3/lipsyncs") == 1
    assert fake.world.journal[-1]["path"] == "/v3/users/me"
    play("ok")
    Breaker.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
    assert drive(order(alice)).engine_used == "heygen"


def test_a_storm_of_failures_opens_it_and_one_job_tries(
    alice: User,
    order: Callable[..., Job],
    fake: Server,
    play: Callable[..., None],
    local: type[ScriptedEngine],
) -> None:
    play("always_5xx")
    for _ in range(3):
        drive(order(alice))
    assert Breaker.objects.get().kind == "down"
    asked = len(fake.world.journal)
    drive(order(alice))
    assert len(fake.world.journal) == asked
    Breaker.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
    engine = get_engine("heygen")
    assert breaker.admit(engine) == (True, "try")
    assert breaker.admit(engine)[0] is False, "one at a time"
    Breaker.objects.update(trying_until=None)
    play("ok")
    assert drive(order(alice)).engine_used == "heygen"
    assert Breaker.objects.get().kind == ""
