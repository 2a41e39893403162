"""The state machine of jobs: who may start, who holds, and who wins when two want the same."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from avsite.accounts.models import User
from lipsync.models import Attempt, Job
from lipsync.queue import MAX_ATTEMPTS, RING_AGAIN_SECONDS

MakeJob = Callable[..., Job]
LEASE = 15.0


def claim(job: Job) -> Job:
    claimed = Job.objects.claim(job.pk, LEASE)
    assert claimed is not None
    return claimed


def token_of(job: Job) -> uuid.UUID:
    assert job.lease_token is not None
    return job.lease_token


def let_lease_expire(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def fresh(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def race(count: int, action: Callable[[int], Any]) -> list[Any]:
    """What ``action(number)`` returned in each of ``count`` threads let loose at once."""
    gate = threading.Barrier(count)
    results: list[Any] = [None] * count

    def run(number: int) -> None:
        try:
            gate.wait()
            results[number] = action(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_claim_takes_a_lease(alice: User, make_job: MakeJob) -> None:
    job = claim(make_job(alice))
    assert job.state == "running"
    assert job.attempt_count == 1
    assert job.revision == 2
    assert job.lease_expires_at is not None
    assert 10 < (job.lease_expires_at - timezone.now()).total_seconds() <= LEASE


@pytest.mark.django_db(transaction=True)
def test_of_many_rivals_one_gets_the_job(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    won = [one for one in race(6, lambda _: Job.objects.claim(job.pk, LEASE)) if one]
    assert len(won) == 1
    assert fresh(job).lease_token == won[0].lease_token
    assert fresh(job).attempt_count == 1


@pytest.mark.django_db(transaction=True)
def test_rivals_for_one_owners_jobs_start_only_the_first(alice: User, make_job: MakeJob) -> None:
    jobs = [make_job(alice) for _ in range(5)]
    won = race(5, lambda number: Job.objects.claim(jobs[number].pk, LEASE))
    assert [one is not None for one in won] == [True, False, False, False, False]


def test_jobs_of_one_owner_start_in_order_of_arrival(alice: User, bob: User, make_job: MakeJob) -> None:
    first, second, other = make_job(alice), make_job(alice), make_job(bob)
    assert Job.objects.claim(second.pk, LEASE) is None
    held = claim(first)
    assert Job.objects.claim(second.pk, LEASE) is None
    assert claim(other).owner == bob
    assert Job.objects.finish(held.pk, token_of(held))
    assert claim(second).pk == second.pk


def test_a_site_may_run_more_of_each_owner(alice: User, make_job: MakeJob, settings: Any) -> None:
    settings.RUNNING_JOBS_PER_USER = 2
    jobs = [make_job(alice) for _ in range(3)]
    assert [Job.objects.claim(job.pk, LEASE) is not None for job in jobs] == [True, True, False]


def test_a_job_retried_while_another_runs_waits_its_turn(alice: User, make_job: MakeJob) -> None:
    first, second = make_job(alice), make_job(alice)
    Job.objects.request_cancel(first.pk)
    claim(second)
    assert Job.objects.retry(first.pk)
    assert Job.objects.claim(first.pk, LEASE) is None


def test_the_same_render_does_not_start_twice_at_once(alice: User, bob: User, make_job: MakeJob) -> None:
    first, twin = make_job(alice, cache_key="k" * 64), make_job(bob, cache_key="k" * 64)
    held = claim(first)
    assert Job.objects.claim(twin.pk, LEASE) is None
    Job.objects.finish(held.pk, token_of(held))
    assert claim(twin)


def test_percent_never_falls_and_revision_always_grows(alice: User, make_job: MakeJob) -> None:
    job = claim(make_job(alice))
    seen = []
    for fraction in (0.1, 0.5, 0.3, 1.0):
        Job.objects.report(job.pk, token_of(job), LEASE, stage="render", fraction=fraction)
        seen.append((fresh(job).percent, fresh(job).revision))
    assert seen == [(10, 3), (50, 4), (50, 5), (99, 6)]
    let_lease_expire(job)
    Job.objects.requeue_lost()
    assert fresh(job).percent == 99


def test_without_the_lease_nothing_can_be_written(alice: User, make_job: MakeJob) -> None:
    job = claim(make_job(alice))
    stranger, before = uuid.uuid4(), Job.objects.filter(pk=job.pk).values().get()
    assert Job.objects.heartbeat(job.pk, stranger, LEASE) is None
    assert Job.objects.look(job.pk, stranger) is None
    assert Job.objects.report(job.pk, stranger, LEASE, stage="render", fraction=0.5) is None
    assert not Job.objects.finish(job.pk, stranger)
    assert not Job.objects.finish_from_cache(job.pk, stranger)
    assert not Job.objects.fail(job.pk, stranger, "internal", "No.")
    assert not Job.objects.stop(job.pk, stranger)
    assert Job.objects.filter(pk=job.pk).values().get() == before


def test_a_heartbeat_renews_the_lease_and_hears_of_a_cancel(alice: User, make_job: MakeJob) -> None:
    job = claim(make_job(alice))
    let_lease_expire(job)
    assert Job.objects.heartbeat(job.pk, token_of(job), LEASE) == (False,)
    assert Job.objects.requeue_lost() == []
    Job.objects.request_cancel(job.pk)
    assert Job.objects.heartbeat(job.pk, token_of(job), LEASE) == (True,)


def test_a_lost_job_is_queued_again_and_given_up_after_three(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        held = claim(job)
        Attempt.objects.create(job=held, engine="slow")
        let_lease_expire(held)
        (lost,) = Job.objects.requeue_lost()
        assert lost.state == ("queued" if attempt < MAX_ATTEMPTS else "failed")
        assert not Job.objects.finish(held.pk, token_of(held))
    assert lost.error_code == "worker_lost"
    assert str(MAX_ATTEMPTS) in lost.error_message
    assert set(job.attempts.values_list("outcome", flat=True)) == {"lost"}


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_take_a_job_back_once(alice: User, make_job: MakeJob) -> None:
    job = claim(make_job(alice))
    let_lease_expire(job)
    taken = race(4, lambda _: Job.objects.requeue_lost())
    assert sum(len(jobs) for jobs in taken) == 1
    assert fresh(job).revision == job.revision + 1


def test_cancel_of_a_queued_job_is_immediate(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    assert Job.objects.request_cancel(job.pk)
    assert fresh(job).state == "cancelled"
    assert fresh(job).finished_at is not None
    assert not Job.objects.request_cancel(job.pk)
    assert Job.objects.claim(job.pk, LEASE) is None


def test_cancel_of_a_running_job_waits_for_its_worker(alice: User, make_job: MakeJob) -> None:
    job = claim(make_job(alice))
    assert Job.objects.request_cancel(job.pk)
    assert fresh(job).state == "running"
    assert not Job.objects.finish(job.pk, token_of(job)), "a wish to cancel comes before a result"
    assert Job.objects.stop(job.pk, token_of(job))
    assert fresh(job).state == "cancelled"


def test_cancel_of_a_job_whose_worker_died_is_immediate(alice: User, make_job: MakeJob) -> None:
    job = claim(make_job(alice))
    let_lease_expire(job)
    assert Job.objects.request_cancel(job.pk)
    assert fresh(job).state == "cancelled"


def test_a_job_cancelled_before_its_worker_died_ends_cancelled(alice: User, make_job: MakeJob) -> None:
    job = claim(make_job(alice))
    Job.objects.request_cancel(job.pk)
    let_lease_expire(job)
    Job.objects.requeue_lost()
    assert fresh(job).state == "cancelled"


def test_retry_starts_afresh(alice: User, make_job: MakeJob) -> None:
    job = claim(make_job(alice))
    assert not Job.objects.retry(job.pk), "it is running"
    Job.objects.report(job.pk, token_of(job), LEASE, stage="render", fraction=0.7)
    Job.objects.fail(job.pk, token_of(job), "damaged", "It broke at 3.0 s.")
    revision = fresh(job).revision
    assert Job.objects.retry(job.pk)
    again = fresh(job)
    assert (again.state, again.percent, again.error_code, again.attempt_count) == ("queued", 0, "", 0)
    assert again.finished_at is None
    assert again.revision > revision
    assert claim(again)


def test_a_finished_job_is_not_retried_until_its_video_is_gone(alice: User, make_job: MakeJob) -> None:
    job = claim(make_job(alice))
    Job.objects.finish(job.pk, token_of(job), result="results/x/video.mp4")
    assert not Job.objects.retry(job.pk)
    assert Job.objects.forget_result(job.pk)
    assert Job.objects.retry(job.pk)


def test_only_those_next_in_line_are_rung_and_each_once(alice: User, bob: User, make_job: MakeJob) -> None:
    first, second, other = make_job(alice), make_job(alice), make_job(bob)
    assert [job.pk for job in Job.objects.take_unrung()] == [first.pk, other.pk]
    assert Job.objects.take_unrung() == []
    held = claim(first)
    Job.objects.finish(held.pk, token_of(held))
    assert [job.pk for job in Job.objects.take_unrung()] == [second.pk]


def test_a_message_nobody_acted_on_is_sent_again(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    Job.objects.take_unrung()
    Job.objects.filter(pk=job.pk).update(rung_at=timezone.now() - timedelta(seconds=RING_AGAIN_SECONDS + 1))
    assert [one.pk for one in Job.objects.take_unrung()] == [job.pk]


def test_a_shared_link_lasts_until_revoked(alice: User, make_job: MakeJob) -> None:
    job = claim(make_job(alice))
    assert not Job.objects.share(job.pk, "early"), "there is nothing to share yet"
    Job.objects.finish(job.pk, token_of(job), result="results/x/video.mp4")
    assert Job.objects.share(job.pk, "first")
    assert not Job.objects.share(job.pk, "second"), "the first link stays good"
    Job.objects.unshare(job.pk)
    assert fresh(job).share_token is None


def test_the_claim_is_one_statement_on_the_row_itself(
    alice: User, make_job: MakeJob, django_assert_num_queries: Any
) -> None:
    """PostgreSQL looks again at a row that changed under it only when the conditions stand on that row."""
    job = make_job(alice)
    with django_assert_num_queries(2) as queries:
        Job.objects.claim(job.pk, LEASE)
    update = queries.captured_queries[0]["sql"]
    assert update.startswith("UPDATE")
    assert " IN (SELECT" not in update
