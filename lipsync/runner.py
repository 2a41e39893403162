"""One job from claim to end. Every way it can end is written to its row, once, by whoever holds its lease."""

from __future__ import annotations

import logging
import shutil
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from lipsync import attempts, results
from lipsync.attempts import Round, describe_quality
from lipsync.engines.base import Cancelled, QualityReport, RenderResult
from lipsync.judge import judge
from lipsync.lease import Lease, LeaseLost
from lipsync.models import Attempt, Job, LogEntry
from lipsync.order import Order, Refused, Segment
from lipsync.order_rows import order_of
from lipsync.people import people_of
from lipsync.policy import Choice
from lipsync.progress import publish
from lipsync.render import Parked, Rendered, RenderFailed, Watch, explain
from lipsync.service import get_lipsync_service, result_expiry
from lipsync.work import Part, Work

logger = logging.getLogger(__name__)


def run(job_id: int) -> Job | None:
    """Claim and run a job until it ends or has to wait; None when it was not to be had.

    The job as it was left otherwise: one that waits for a service elsewhere says when to ``run`` it again.
    """
    job = Job.objects.claim(job_id, settings.LEASE_SECONDS)
    if job is not None:
        note(job, f"Started, attempt {job.attempt_count}." if job.attempt_count > 1 else "Started.")
    else:
        job = Job.objects.wake(job_id, settings.LEASE_SECONDS)
    if job is None:
        return None
    publish(job)
    work_dir = _fresh_work_dir(job)
    try:
        with Lease(job, settings.LEASE_SECONDS) as lease:
            _run_held(job, lease, work_dir)
    finally:
        shutil.rmtree(work_dir, ignore_errors=True)
    left = Job.objects.filter(pk=job.pk).first()
    if left is not None:
        publish(left)
    return left or job


def note(job: Job, message: str, level: str = "info") -> None:
    """Add a line to the job's log, in words its owner can read."""
    LogEntry.objects.create(job=job, message=message, level=level)


def _run_held(job: Job, lease: Lease, work_dir: Path) -> None:
    try:
        _render_and_finish(job, lease, work_dir)
    except Parked as parked:
        _park(job, lease, parked)
    except LeaseLost:
        logger.warning("job %s: its lease was lost; what it made is dropped", job.pk)
    except Cancelled:
        if Job.objects.stop(job.pk, lease.token):
            note(job, "Cancelled.")
    except (RenderFailed, Refused) as error:
        _fail(job, lease, error.code, str(error))
    except Exception as error:
        logger.exception("job %s failed", job.pk)
        failure = explain(error)
        _fail(job, lease, failure.code, str(failure))


def _park(job: Job, lease: Lease, parked: Parked) -> None:
    wait = parked.wait
    wake_at = timezone.now() + timedelta(seconds=wait.seconds)
    lease.close()
    if Job.objects.park(job.pk, lease.token, wake_at, stage=wait.stage, fraction=wait.fraction):
        return
    if Job.objects.stop(job.pk, lease.token):
        note(job, "Cancelled.")


def _fail(job: Job, lease: Lease, code: str, message: str) -> None:
    attempts.close(job.attempts.filter(spending__remote=None), "failed", message)
    if Job.objects.fail(job.pk, lease.token, code, message, cost_usd=_cost_of(job)):
        note(job, message, "error")


def _render_and_finish(job: Job, lease: Lease, work_dir: Path) -> None:
    service = get_lipsync_service()
    order = order_of(job)
    work = _work_of(order, work_dir)
    so_far = Round(job)
    choices = _choices(so_far, order)
    is_begun = so_far.open_remote is not None or so_far.first is not None
    if not is_begun and service.take_from_cache(job, service.key(order, choices[0].engine), lease.token):
        note(job, "Taken from an earlier render of the same.")
        return
    rendered = service.render(
        work,
        choices,
        work_dir / "result.mp4",
        lease.report,
        temp_dir=work_dir,
        watch=Watch(
            start_try=lambda choice: so_far.start(order.seconds, choice),
            judge=judge,
            remake=settings.REGENERATE,
            keep_first=lambda first: _keep_first(job, lease, first, work_dir),
            first=_first_of(so_far, work_dir),
        ),
    )
    lease.report("finish", 0.99)
    _finish(job, lease, rendered, service.key(order, rendered.engine))


def _choices(so_far: Round, order: Order) -> list[Choice]:
    """What is to be tried still. Raises Refused and RenderFailed."""
    try:
        planned = get_lipsync_service().plan(order, so_far.job.owner_id, so_far.job).choices
    except Refused:
        if not (so_far.open_remote or so_far.first):
            raise
        planned = []
    choices = so_far.left(planned)
    if choices or so_far.first:
        return choices
    raise RenderFailed("engine_failed", so_far.last_failure() or "No engine was left to try; try again.")


def _keep_first(job: Job, lease: Lease, first: Rendered, work_dir: Path) -> None:
    """Keep a poor result where neither a crash nor a wait can lose it, while another engine tries."""
    lease.check()
    copy = work_dir / "first-copy.mp4"
    shutil.copyfile(first.result.output_path, copy)
    video = results.keep_first(job, copy, first.result.mouth, first.phones)
    attempts.close_done(job, first.result.duration_seconds)
    Attempt.objects.filter(job=job, engine=first.engine, outcome="done").update(
        video=video, warnings=list(first.result.warnings)
    )
    note(job, "The result was poor, so another engine tries once.", "warning")


def _first_of(so_far: Round, work_dir: Path) -> Rendered | None:
    """The poor result of an earlier run, as a file of this one."""
    kept = so_far.first
    if kept is None or not default_storage.exists(str(kept.video.name)):
        return None
    path = work_dir / "first.mp4"
    with kept.video.open("rb") as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    result = RenderResult(
        path,
        duration_seconds=kept.duration_seconds or 0.0,
        frame_count=0,
        cost_usd=float(kept.cost_usd),
        warnings=tuple(kept.warnings),
        mouth=results.read_mouth(kept.video.name),
    )
    quality = QualityReport(**kept.quality) if kept.quality else None
    return Rendered(result, kept.engine, quality=quality)


def _finish(job: Job, lease: Lease, rendered: Rendered, cache_key: str) -> None:
    made = rendered.result
    result, poster = results.store(job, made.output_path, made.mouth, rendered.phones)
    with transaction.atomic():
        finished = Job.objects.finish(
            job.pk,
            lease.token,
            result=result,
            poster=poster,
            engine_used=rendered.engine,
            duration_seconds=made.duration_seconds,
            cost_usd=_cost_of(job),
            quality=describe_quality(rendered.quality),
            warnings=[*_warnings_of(job), *made.warnings],
            cache_key=cache_key,
            expires_at=result_expiry(),
        )
        if finished:
            attempts.close_done(job, made.duration_seconds)
    if finished:
        results.forget_first(job)
        note(job, f"Done: {made.duration_seconds:.1f} s of video by {rendered.engine}.")
        return
    row = Job.objects.filter(pk=job.pk).first()
    is_held = row is not None and row.lease_token == lease.token
    if is_held or row is None:  # cancelled or deleted: nobody else writes these files
        results.remove(result, poster, results.mouth_beside(result))
    if is_held:
        attempts.close(job.attempts, "cancelled")
        raise Cancelled
    raise LeaseLost


def _warnings_of(job: Job) -> list[str]:
    """As they are now: what a service did meanwhile may have added some."""
    return Job.objects.filter(pk=job.pk).values_list("warnings", flat=True).first() or []


def _cost_of(job: Job) -> Decimal:
    """What every attempt of this round has cost, as far as it is known."""
    return sum((attempt.cost_usd for attempt in Round(job).attempts), Decimal(0))


def _work_of(order: Order, work_dir: Path) -> Work:
    """The order with its files on this machine's disk. Raises RenderFailed when one was deleted."""
    if order.face is None and not order.house_look:
        raise RenderFailed("file_missing", "Its face was deleted; make a new job with another one.")
    said: list[Order | Segment] = [*order.segments] or [order]
    if any(one.speech is None and not one.text for one in said):
        raise RenderFailed("file_missing", "Its recording was deleted; make a new job with another one.")
    people = None if order.face is None else people_of(order.face)
    return Work(
        face_path=_local_path(order.face.file, work_dir) if order.face else None,
        house_look=order.house_look or None,
        options=order.options,
        music_path=_local_path(order.music.file, work_dir) if order.music else None,
        people=None if people is None else tuple(people),
        segments=tuple(
            Part(
                start_seconds=one.start_seconds,
                end_seconds=one.end_seconds,
                pick=one.pick,
                **_words_of(one, work_dir),
            )
            for one in order.segments
        ),
        **_words_of(order, work_dir),
    )


def _words_of(said: Order | Segment, work_dir: Path) -> dict[str, Any]:
    return {
        "speech_path": _local_path(said.speech.file, work_dir) if said.speech else None,
        "text": said.text,
        "transcript": said.transcript,
        "transcript_language": said.transcript_language,
        "voice": said.voice,
        "voice_rate": said.voice_rate,
    }


def _local_path(file: FieldFile, work_dir: Path) -> Path:
    name = str(file.name)
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        copy = work_dir / Path(name).name
        with file.open("rb") as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target)
        return copy


def _fresh_work_dir(job: Job) -> Path:
    """An empty folder for this attempt; those of attempts whose worker died are removed."""
    for stray in settings.TEMP_DIR.glob(f"job-{job.pk}-*"):
        shutil.rmtree(stray, ignore_errors=True)
    work_dir = Path(settings.TEMP_DIR) / f"job-{job.pk}-{job.lease_token}"
    work_dir.mkdir(parents=True)
    return work_dir
