"""A worker dies at any step of a job at HeyGen; another goes on, and nothing is paid for twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from avsite.accounts.models import User
from lipsync import attempts, results, runner
from lipsync.engines.heygen import transfer
from lipsync.engines.heygen.client import HeyGenClient
from lipsync.models import Job, RemoteRender, Spending
from tests.fakes.heygen.server import Server
from tests.lipsync.engines.heygen.conftest import drive, look_after

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """Nothing catches it, so nothing is written after it: as when the process is gone."""


def kill_at(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, at: int, *, after: bool) -> None:
    """Die at the ``at``-th call of ``owner.name``, before it or after it."""
    real, count = getattr(owner, name), 0

    def call(*args: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        if count == at and not after:
            raise Killed
        outcome = real(*args, **named)
        if count == at:
            raise Killed
        return outcome

    monkeypatch.setattr(owner, name, call)


def die_and_go_on(job: Job) -> Job:
    """Run until it dies, let the sweep find that out, and run to the end."""
    with pytest.raises(Killed):
        drive(job)
    job.refresh_from_db()
    if job.state == "running" and job.lease_token is not None:
        Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        assert [one.pk for one in Job.objects.requeue_lost()] == [job.pk]
    return drive(job)


def assert_paid_once(job: Job, fake: Server) -> None:
    assert (job.state, job.engine_used) == ("done", "heygen")
    assert list(job.attempts.values_list("engine", "outcome")) == [("heygen", "done")]
    assert job.cost_usd == Decimal("0.0266")
    assert len(fake.world.charges) == len(fake.world.renders) == 1
    spending = Spending.objects.get()
    assert (spending.state, spending.cost_usd) == ("settled", Decimal("0.0266"))
    keys = [
        one["headers"]["idempotency-key"]
        for one in fake.world.journal
        if (one["method"], one["path"]) == ("POST", "/v3/lipsyncs")
    ]
    assert len(set(keys)) == 1
    look_after()
    assert RemoteRender.objects.get().state == "tidied"
    assert not fake.world.assets


STEPS = {1: "first upload", 2: "second upload", 3: "create", 4: "first look", 5: "second look"}


@pytest.mark.parametrize("after", [False, True], ids=["asked", "answered"])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: STEPS[step].replace(" ", "-"))
def test_killed_at_a_call(
    step: int,
    after: bool,
    alice: User,
    order: Callable[..., Job],
    fake: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake.world.render_seconds = 1.0  # more looks than one
    kill_at(monkeypatch, HeyGenClient, "_send", step, after=after)
    job = die_and_go_on(order(alice))
    assert_paid_once(job, fake)


@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [
        (transfer.Download, "run", False),
        (transfer.Download, "run", True),
        (results, "store", False),
        (results, "store", True),
        (attempts, "close_done", False),
    ],
    ids=["before-download", "after-download", "before-storing", "after-storing", "before-closing-the-books"],
)
def test_killed_around_the_result(
    owner: Any,
    name: str,
    after: bool,
    alice: User,
    order: Callable[..., Job],
    fake: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kill_at(monkeypatch, owner, name, 1, after=after)
    job = die_and_go_on(order(alice))
    assert_paid_once(job, fake)


def test_a_job_there_holds_up_no_worker_and_nobody(
    alice: User, order: Callable[..., Job], fake: Server, play: Callable[..., None]
) -> None:
    play("never_completes")
    first, second = order(alice), order(alice)
    there = drive(first, until=lambda job: job.wake_at and job.stage == "remote")
    assert (there.state, there.lease_token) == ("running", None)
    assert runner.run(there.pk) is None or Job.objects.get(pk=there.pk).wake_at, "it sleeps until its time"
    assert Job.objects.claimable().filter(pk=second.pk).exists(), "the next of its owner may start"


def test_cancel_is_honest_about_what_it_may_still_cost(
    alice: User, order: Callable[..., Job], fake: Server, play: Callable[..., None]
) -> None:
    play("slow")
    job = drive(order(alice), until=lambda job: job.wake_at and job.stage == "remote")
    assert Job.objects.request_cancel(job.pk)
    job.refresh_from_db()
    assert job.state == "cancelled"
    look_after()
    job.refresh_from_db()
    assert job.warnings == ["HeyGen may still finish and bill the render that it has started."]
    assert job.attempts.get().outcome == "cancelled"
    assert Spending.objects.get().state == "reserved"
    fake.world.moved_seconds += 3600
    look_after(2)
    job.refresh_from_db()
    assert job.cost_usd == Decimal("0.0266")
    assert "it cost $0.03" in job.warnings[-1]
    assert len(fake.world.charges) == 1
    assert RemoteRender.objects.get().state == "tidied"


def test_a_deleted_job_leaves_its_cost_in_the_books(
    alice: User, order: Callable[..., Job], fake: Server, play: Callable[..., None]
) -> None:
    play("slow")
    job = drive(order(alice), until=lambda job: job.wake_at and job.stage == "remote")
    job.delete()
    look_after()
    fake.world.moved_seconds += 3600
    look_after(2)
    spending = Spending.objects.get()
    assert (spending.owner, spending.cost_usd, spending.state) == (alice, Decimal("0.0266"), "settled")
    assert not fake.world.assets


def test_what_never_ends_is_booked_as_it_was_put_aside(
    alice: User, order: Callable[..., Job], fake: Server, play: Callable[..., None], settings: Any
) -> None:
    settings.HEYGEN_DEADLINE_SECONDS, settings.HEYGEN_DEADLINE_LIMIT_SECONDS = 0, 0.2
    play("never_completes")
    job = drive(order(alice))
    assert job.engine_used == "scripted"
    RemoteRender.objects.update(created_at=timezone.now() - timedelta(hours=25))
    look_after()
    spending = Spending.objects.get(engine="heygen")
    assert (spending.state, spending.cost_usd) == ("settled", spending.reserved_usd)
