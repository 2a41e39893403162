"""Tasks: what is told to workers, what the sweep mends, and files to files in a worker."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from avsite.accounts.models import User
from lipsync import tasks
from lipsync.models import Asset, Job, Spending
from tests.engines import ScriptedEngine, SecondEngine
from tests.lipsync.test_runner import failing

MakeJob = Callable[..., Job]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """(job, queue) of each message to the workers."""
    sent: list[tuple[int, str]] = []

    def send(args: tuple[int], queue: str) -> None:
        sent.append((args[0], queue))

    monkeypatch.setattr(tasks.run_job_task, "apply_async", send)
    return sent


def test_a_job_is_told_only_once_it_is_there_for_all(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine], told: list[tuple[int, str]]
) -> None:
    with transaction.atomic():
        job = make_job(alice)
        tasks.enqueue(job)
        assert told == []
    assert told == [(job.pk, "cpu")]


def test_each_engine_has_its_queue(
    alice: User,
    bob: User,
    make_job: MakeJob,
    second_engine: type[SecondEngine],
    told: list[tuple[int, str]],
) -> None:
    job = make_job(alice, engine="second")
    gone = make_job(bob, engine="gone")
    tasks.sweep_task()
    assert told == [(job.pk, "remote"), (gone.pk, "default")]


def test_without_redis_the_job_waits_for_the_sweep(
    alice: User,
    make_job: MakeJob,
    engine: type[ScriptedEngine],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(args: tuple[int], queue: str) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.run_job_task, "apply_async", refuse)
    job = make_job(alice)
    with caplog.at_level(logging.WARNING):
        tasks.enqueue(job)
    assert f"job {job.pk} waits" in caplog.text
    sent: list[int] = []
    monkeypatch.setattr(tasks.run_job_task, "apply_async", lambda args, queue: sent.append(args[0]))
    tasks.sweep_task()
    assert sent == [job.pk]


def test_a_finished_job_starts_its_owners_next(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine], told: list[tuple[int, str]]
) -> None:
    first, second, third = make_job(alice), make_job(alice), make_job(alice)
    tasks.run_job_task(first.pk)
    assert told == [(second.pk, "cpu")]
    tasks.run_job_task(second.pk)
    assert told[1:] == [(third.pk, "cpu")]


def test_a_finished_job_starts_one_that_is_the_same(
    alice: User, bob: User, make_job: MakeJob, engine: type[ScriptedEngine], told: list[tuple[int, str]]
) -> None:
    def claim_twin(request: Any, on_progress: Any) -> None:
        assert Job.objects.claim(twin.pk, 15) is None

    first, twin = (make_job(one, text="The same.") for one in (alice, bob))
    Job.objects.update(cache_key=key_of(first))
    engine.script = staticmethod(claim_twin)
    tasks.run_job_task(first.pk)
    assert told == [(twin.pk, "cpu")]
    tasks.run_job_task(twin.pk)
    twin.refresh_from_db()
    assert (twin.state, twin.from_cache) == ("done", True)
    assert len(engine.requests) == 1


def key_of(job: Job) -> str:
    from lipsync.order_rows import order_of
    from lipsync.service import get_lipsync_service

    return get_lipsync_service().key(order_of(job), "scripted")


def test_the_sweep_takes_jobs_from_dead_workers(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine], told: list[tuple[int, str]]
) -> None:
    job = make_job(alice)
    Job.objects.claim(job.pk, 15)
    tasks.sweep_task()
    assert told == [], "a live lease is left alone"
    Job.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep_task()
    assert told == [(job.pk, "cpu")]
    assert "stopped answering" in job.log.get().message


def test_a_message_for_a_job_that_is_gone_does_nothing(engine: type[ScriptedEngine]) -> None:
    tasks.run_job_task(12345)
    assert engine.requests == []


def test_expired_files_go_and_the_row_stays(
    alice: User,
    make_job: MakeJob,
    make_asset: Callable[..., Asset],
    engine: type[ScriptedEngine],
    told: list[tuple[int, str]],
) -> None:
    asset = make_asset(alice, expires_at=timezone.now() - timedelta(seconds=1))
    old, young = make_job(alice), make_job(alice)
    for job in (old, young):
        tasks.run_job_task(job.pk)
        job.refresh_from_db()
    Job.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    tasks.expire_files_task()
    assert not Path(old.result.path).exists()
    assert Path(young.result.path).exists()
    old.refresh_from_db()
    assert (old.state, old.result.name, old.poster.name) == ("done", "", "")
    assert not Asset.objects.filter(pk=asset.pk).exists()


@pytest.fixture
def clip_and_sound(tmp_path: Path, tone_wav: bytes, portrait_png: bytes) -> tuple[str, str]:
    (tmp_path / "face.png").write_bytes(portrait_png)
    (tmp_path / "speech.wav").write_bytes(tone_wav)
    return str(tmp_path / "face.png"), str(tmp_path / "speech.wav")


def test_files_to_a_file(
    engine: type[ScriptedEngine], clip_and_sound: tuple[str, str], tmp_path: Path
) -> None:
    output = str(tmp_path / "out.mp4")
    made = tasks.generate_lipsync_task(*clip_and_sound, output)
    assert made["status"] == "success"
    assert made["output_path"] == output
    assert made["method_used"] == "scripted"
    assert (made["duration"], made["cost_usd"]) == (0.4, 0.02)
    assert Path(output).is_file()


def test_a_batch_goes_on_past_a_failure(
    engine: type[ScriptedEngine], clip_and_sound: tuple[str, str], tmp_path: Path
) -> None:
    face, speech = clip_and_sound
    pairs = [(face, speech), (face, str(tmp_path / "missing.wav")), (face, speech)]
    made = tasks.batch_generate_lipsync_task(pairs, [str(tmp_path / f"{n}.mp4") for n in range(3)], "auto")
    assert made["status"] == "completed"
    assert [one["status"] for one in made["results"]] == ["success", "failed", "success"]
    assert "missing.wav" in made["results"][1]["error"]
    summary = made["summary"]
    assert (summary["total"], summary["success"], summary["failed"]) == (3, 2, 1)
    assert summary["total_duration"] == pytest.approx(0.8)
    assert summary["total_cost_usd"] == pytest.approx(0.04)


def test_a_batch_says_why_each_failed(
    engine: type[ScriptedEngine], clip_and_sound: tuple[str, str], tmp_path: Path
) -> None:
    engine.script = failing(TimeoutError("The service did not answer"))
    made = tasks.batch_generate_lipsync_task([clip_and_sound], [str(tmp_path / "out.mp4")], "scripted")
    assert made["results"][0]["error"] == "The service did not answer; try again later."


def test_files_for_money_are_in_the_books_of_the_site(
    second_engine: type[SecondEngine], clip_and_sound: tuple[str, str], tmp_path: Path, settings: Any
) -> None:
    output = str(tmp_path / "out.mp4")
    tasks.generate_lipsync_task(*clip_and_sound, output, "second", user_id="user123")
    line = Spending.objects.get()
    assert (line.owner, line.state, float(line.reserved_usd), float(line.cost_usd)) == (
        None,
        "settled",
        0.05,
        0.02,
    )
    settings.BUDGET_SITE_MONTH_USD = Decimal("0.06")
    with pytest.raises(RuntimeError, match="the site's budget this month"):
        tasks.generate_lipsync_task(*clip_and_sound, output, "second")
    many = tasks.batch_generate_lipsync_task([clip_and_sound], [output], "auto")
    assert many["results"][0]["method_used"] == "scripted", "many go to the cheapest"
