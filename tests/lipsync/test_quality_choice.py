"""A poor result is made once more, within reason, and the better one is kept, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from avsite.accounts.models import User
from lipsync import runner
from lipsync.engines.base import EngineError, OnProgress, QualityReport, RenderRequest, RenderResult
from lipsync.models import Job
from lipsync.policy import is_better, is_poor
from tests.engines import ScriptedEngine, SecondEngine, write_clip
from tests.lipsync.test_runner import failing

MakeJob = Callable[..., Job]
pytestmark = pytest.mark.django_db(transaction=True)

GREY = {"scripted": 60, "second": 180}


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch, second_engine: type[SecondEngine]) -> dict[str, float | None]:
    """How well lips fit, by engine; each engine's clip has a grey of its own."""
    told: dict[str, float | None] = {"scripted": 0.5, "second": 0.9}

    def draw(self: ScriptedEngine, request: RenderRequest, on_progress: OnProgress) -> RenderResult:
        self.requests.append(request)
        if self.script is not None:
            type(self).script(request, on_progress)  # type: ignore[misc]
        write_clip(request.output_path, grey=GREY[self.name])
        return RenderResult(request.output_path, 0.4, 10, warnings=(f"By {self.name}.",), mouth=self.mouth)

    def judge(request: RenderRequest, result: RenderResult) -> QualityReport | None:
        lips = told[result.warnings[0].removeprefix("By ").rstrip(".")]
        return None if lips is None else QualityReport(lips, 0.95, 0.9)

    monkeypatch.setattr(ScriptedEngine, "render", draw)
    monkeypatch.setattr(runner, "judge", judge)
    return told


def brightness(job: Job) -> float:
    import av

    with av.open(job.result.path) as video:
        return float(next(video.decode(video=0)).to_ndarray(format="gray").mean())


def ended(job: Job) -> Job:
    runner.run(job.pk)
    return Job.objects.get(pk=job.pk)


@pytest.mark.parametrize(
    ("first", "second", "winner", "count"),
    [
        (0.9, 0.9, "scripted", 1),
        (0.71, 0.9, "scripted", 1),
        (0.5, 0.9, "second", 2),
        (0.5, 0.4, "scripted", 2),
        (0.5, None, "scripted", 2),
        (None, 0.9, "scripted", 1),
    ],
)
def test_the_better_result_is_kept(
    alice: User,
    make_job: MakeJob,
    scores: dict[str, float | None],
    own_place: Path,
    first: float | None,
    second: float | None,
    winner: str,
    count: int,
) -> None:
    scores.update(scripted=first, second=second)
    job = ended(make_job(alice))
    assert (job.state, job.engine_used) == ("done", winner)
    assert brightness(job) == pytest.approx(GREY[winner], abs=8)
    assert list(job.attempts.values_list("outcome", flat=True)) == ["done"] * count
    assert job.warnings == [f"By {winner}."]
    if count == 2:
        assert "was poor (lips 0.50); made once more" in job.attempts.last().reason
        assert job.attempts.first().quality["sync_score"] == first
    assert (job.quality or {}).get("sync_score") == scores[winner]
    folder = own_place / "media" / "results" / str(job.uid)
    assert sorted(path.name for path in folder.iterdir()) == ["mouth.json", "poster.jpg", "video.mp4"]


def test_when_the_second_fails_the_first_is_what_there_is(
    alice: User, make_job: MakeJob, scores: dict[str, float | None], second_engine: type[SecondEngine]
) -> None:
    second_engine.script = failing(EngineError("Out of order."))
    job = ended(make_job(alice))
    assert (job.state, job.engine_used) == ("done", "scripted")
    assert list(job.attempts.values_list("outcome", flat=True)) == ["done", "failed"]


def test_the_first_result_outlives_the_worker(
    alice: User, make_job: MakeJob, scores: dict[str, float | None], second_engine: type[SecondEngine]
) -> None:
    class Killed(BaseException):
        pass

    scores["second"] = 0.3
    second_engine.script = failing(Killed())  # type: ignore[arg-type]
    job = make_job(alice)
    with pytest.raises(Killed):
        runner.run(job.pk)
    Job.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    Job.objects.requeue_lost()
    second_engine.script = None
    job = ended(job)
    assert (job.state, job.engine_used) == ("done", "scripted")
    assert list(job.attempts.values_list("engine", "outcome")) == [
        ("scripted", "done"),
        ("second", "lost"),
        ("second", "done"),
    ]
    assert brightness(job) == pytest.approx(GREY["scripted"], abs=8)


def test_a_named_engine_and_a_site_that_says_no_are_left_at_that(
    alice: User, make_job: MakeJob, scores: dict[str, float | None], settings: Any
) -> None:
    assert ended(make_job(alice, engine="scripted")).attempts.count() == 1
    settings.REGENERATE = False
    assert ended(make_job(alice)).attempts.count() == 1


def test_bands() -> None:
    fine, dull = QualityReport(0.7, 0.8, 0.75), QualityReport(0.9, 0.79, 0.9)
    assert not is_poor(fine) and is_poor(dull) and not is_poor(None)
    assert is_better(QualityReport(0.9, 0.9, 0.9), fine)
    assert is_better(fine, None) and not is_better(None, fine)
