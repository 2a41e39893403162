"""One job from claim to end, with engines that do as they are told."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from django.core.files.storage import default_storage
from django.db import connection

from avsite.accounts.models import User
from lipsync import runner
from lipsync.engines.base import EngineError, OnProgress, RenderRequest
from lipsync.models import Asset, Job
from lipsync.video.errors import MediaError
from tests.engines import ScriptedEngine, SecondEngine

MakeJob = Callable[..., Job]
pytestmark = pytest.mark.django_db(transaction=True)


def run(job: Job) -> Job:
    ended = runner.run(job.pk)
    assert ended is not None
    return ended


def failing(error: Exception) -> Callable[[RenderRequest, OnProgress], None]:
    def fail(request: RenderRequest, on_progress: OnProgress) -> None:
        raise error

    return staticmethod(fail)  # type: ignore[return-value]


def keep_rendering(seconds: float) -> Callable[[RenderRequest, OnProgress], None]:
    def go_on(request: RenderRequest, on_progress: OnProgress) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            on_progress("render", 0.5)
            time.sleep(0.05)

    return staticmethod(go_on)  # type: ignore[return-value]


def in_background(job: Job) -> threading.Thread:
    def go() -> None:
        try:
            runner.run(job.pk)
        finally:
            connection.close()

    thread = threading.Thread(target=go)
    thread.start()
    return thread


def wait_until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def files_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_text_becomes_a_video(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine], own_place: Path
) -> None:
    job = run(make_job(alice, text="Hello there."))
    assert (job.state, job.percent, job.stage) == ("done", 100, "")
    assert job.engine_used == "scripted"
    assert job.warnings == ["One warning."]
    assert float(job.cost_usd) == 0.02
    assert job.duration_seconds == 0.4
    assert job.quality is None, "nothing was measured, so nothing is claimed"
    assert job.expires_at is not None
    with av.open(job.result.path) as video:
        assert video.streams.video[0].width == 64
    assert Path(job.poster.path).read_bytes().startswith(b"\xff\xd8")
    assert job.result.name == f"results/{job.uid}/video.mp4"
    assert files_under(own_place / "tmp") == []


def test_the_engine_gets_the_spoken_text_with_its_phones(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine]
) -> None:
    run(make_job(alice, text="Hello there."))
    (request,) = engine.requests
    assert request.house_look == "maya"
    assert request.face_path is None
    assert request.phones
    assert request.speech_path.suffix == ".wav"
    assert request.phones[-1].end_seconds > 0.5


def test_the_engine_gets_uploaded_files(
    alice: User, make_job: MakeJob, make_asset: Callable[..., Asset], engine: type[ScriptedEngine]
) -> None:
    face, speech = make_asset(alice), make_asset(alice, "speech")
    run(make_job(alice, house_look="", text="", voice="", face=face, speech=speech))
    (request,) = engine.requests
    assert request.face_path == Path(face.file.path)
    assert request.speech_path == Path(speech.file.path)
    assert request.phones is None


def test_attempts_and_log_tell_the_story(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine]
) -> None:
    job = run(make_job(alice, text="A secret sentence."))
    (attempt,) = job.attempts.all()
    assert (attempt.engine, attempt.outcome) == ("scripted", "done")
    assert attempt.reason
    assert attempt.finished_at is not None
    log = [entry.message for entry in job.log.all()]
    assert log[0] == "Started."
    assert log[-1].startswith("Done: 0.4 s")
    assert not any("secret" in line for line in log)


def test_a_failed_engine_gives_way_to_the_next(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine], second_engine: type[SecondEngine]
) -> None:
    engine.script = failing(EngineError("It has no heart for this; choose another."))
    job = run(make_job(alice))
    assert (job.state, job.engine_used) == ("done", "second")
    attempts = list(job.attempts.values_list("engine", "outcome", "error_message"))
    assert attempts == [
        ("scripted", "failed", "It has no heart for this; choose another."),
        ("second", "done", ""),
    ]


def test_a_named_engine_is_not_replaced(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine], second_engine: type[SecondEngine]
) -> None:
    engine.script = failing(EngineError("No."))
    job = run(make_job(alice, engine="scripted"))
    assert (job.state, job.error_code, job.error_message) == ("failed", "engine_failed", "No.")
    assert second_engine.requests == []


def test_a_passing_trouble_is_tried_once_more(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine]
) -> None:
    def fail_once(request: RenderRequest, on_progress: OnProgress) -> None:
        if len(engine.requests) == 1:
            raise EngineError("Busy.", retryable=True)

    engine.script = staticmethod(fail_once)
    job = run(make_job(alice))
    assert job.state == "done"
    assert list(job.attempts.values_list("outcome", flat=True)) == ["failed", "done"]


def test_media_that_turns_bad_fails_with_the_time(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine], second_engine: type[SecondEngine]
) -> None:
    engine.script = failing(MediaError("The video is damaged; export it again.", "damaged", at_seconds=12.43))
    job = run(make_job(alice))
    assert job.state == "failed"
    assert job.error_code == "damaged"
    assert job.error_message == "The video is damaged; export it again (at 12.4 s)."
    assert second_engine.requests == [], "no engine can read what is broken"


def test_a_bug_in_an_engine_fails_the_job_and_says_so(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine]
) -> None:
    engine.script = failing(ZeroDivisionError("division by zero"))
    job = run(make_job(alice))
    assert (job.state, job.error_code) == ("failed", "internal")
    assert "zero" not in job.error_message


def test_a_full_disk_is_named(alice: User, make_job: MakeJob, engine: type[ScriptedEngine]) -> None:
    engine.script = failing(OSError(28, "No space left on device"))
    assert "disk is full" in run(make_job(alice)).error_message


def test_nothing_of_a_failed_job_stays_on_disk(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine], own_place: Path
) -> None:
    engine.script = failing(EngineError("No."))
    run(make_job(alice))
    assert files_under(own_place / "media") == []
    assert list((own_place / "tmp").iterdir()) == []


def test_a_deleted_face_fails_with_what_to_do(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine]
) -> None:
    job = run(make_job(alice, house_look=""))
    assert job.error_code == "file_missing"
    assert "make a new job" in job.error_message


def test_a_job_someone_else_holds_is_left_alone(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine]
) -> None:
    job = make_job(alice)
    Job.objects.claim(job.pk, 15)
    assert runner.run(job.pk) is None
    assert engine.requests == []


def test_cancel_stops_a_render_within_two_seconds(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine], own_place: Path
) -> None:
    engine.script = keep_rendering(30)
    job = make_job(alice)
    thread = in_background(job)
    wait_until(lambda: Job.objects.get(pk=job.pk).stage == "render")
    asked_at = time.monotonic()
    Job.objects.request_cancel(job.pk)
    thread.join(10)
    assert time.monotonic() - asked_at < 2
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert job.attempts.get().outcome == "cancelled"
    assert files_under(own_place / "media") == []
    assert list((own_place / "tmp").iterdir()) == []


def test_a_worker_that_lost_its_lease_stops_and_writes_nothing(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine]
) -> None:
    engine.script = keep_rendering(30)
    job = make_job(alice)
    thread = in_background(job)
    wait_until(lambda: Job.objects.get(pk=job.pk).stage == "render")
    Job.objects.filter(pk=job.pk).update(state="queued", lease_token=None, lease_expires_at=None)
    thread.join(10)
    assert not thread.is_alive()
    job.refresh_from_db()
    assert (job.state, job.result.name) == ("queued", "")


def test_a_long_render_keeps_its_lease(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine], settings: Any
) -> None:
    settings.LEASE_SECONDS = 1
    engine.script = keep_rendering(3)
    job = make_job(alice)
    thread = in_background(job)
    while thread.is_alive():
        assert Job.objects.requeue_lost() == []
        thread.join(0.1)
    job.refresh_from_db()
    assert (job.state, job.attempt_count) == ("done", 1)


def test_a_job_deleted_while_it_runs_leaves_nothing(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine], own_place: Path
) -> None:
    def delete(request: RenderRequest, on_progress: OnProgress) -> None:
        Job.objects.all().delete()

    engine.script = staticmethod(delete)
    runner.run(make_job(alice).pk)
    assert Job.objects.count() == 0
    assert files_under(own_place / "media") == []


def test_the_same_again_is_not_rendered_again(
    alice: User, bob: User, make_job: MakeJob, engine: type[ScriptedEngine]
) -> None:
    first = run(make_job(alice, text="The same."))
    second = run(make_job(bob, text="The same."))
    assert len(engine.requests) == 1
    assert (second.state, second.from_cache, second.percent) == ("done", True, 100)
    assert float(second.cost_usd) == 0
    assert second.duration_seconds == first.duration_seconds
    assert Path(second.result.path).read_bytes() == Path(first.result.path).read_bytes()
    assert os.stat(first.result.path).st_ino == os.stat(second.result.path).st_ino


def test_deleting_one_of_two_alike_keeps_the_other(
    alice: User, bob: User, make_job: MakeJob, engine: type[ScriptedEngine]
) -> None:
    first = run(make_job(alice, text="The same."))
    second = run(make_job(bob, text="The same."))
    default_storage.delete(first.result.name)
    assert Path(second.result.path).stat().st_size > 0


@pytest.mark.parametrize(
    "difference",
    [
        {"text": "Other."},
        {"voice": "en-us-f3"},
        {"voice_rate": 1.2},
        {"options": {"mouth_strength": 0.5}},
        {"options": {"expression": "happy"}},
    ],
    ids=str,
)
def test_what_differs_is_rendered(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine], difference: dict[str, Any]
) -> None:
    run(make_job(alice, text="The same."))
    assert not run(make_job(alice, **({"text": "The same."} | difference))).from_cache
    assert len(engine.requests) == 2


def test_a_new_version_of_the_engine_renders_again(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(make_job(alice, text="The same."))
    monkeypatch.setattr(engine, "version", "2")
    assert not run(make_job(alice, text="The same.")).from_cache


def test_a_cached_file_that_is_gone_is_made_again(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine]
) -> None:
    first = run(make_job(alice, text="The same."))
    Path(first.result.path).unlink()
    again = run(make_job(alice, text="The same."))
    assert (again.state, again.from_cache) == ("done", False)
    assert Path(again.result.path).is_file()
