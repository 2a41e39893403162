"""One job from claim to end. Every way it can end is written to its row, once, by whoever holds its lease."""

from __future__ import annotations

import logging
import shutil
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from lipsync import results
from lipsync.engines.base import Cancelled
from lipsync.lease import Lease, LeaseLost
from lipsync.models import Attempt, Job, LogEntry
from lipsync.order import Order, Refused
from lipsync.policy import Choice
from lipsync.progress import publish
from lipsync.render import Rendered, RenderFailed, Try, Work, explain
from lipsync.service import get_lipsync_service, order_of, result_expiry

logger = logging.getLogger(__name__)


def run(job_id: int) -> Job | None:
    """Claim and run a job to its end; None when it was not to be had. The job as it was left otherwise."""
    job = Job.objects.claim(job_id, settings.LEASE_SECONDS)
    if job is None:
        return None
    publish(job)
    note(job, f"Started, attempt {job.attempt_count}." if job.attempt_count > 1 else "Started.")
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


class AttemptTry(Try):
    """Keeps the record of one engine's try."""

    def __init__(self, job: Job, choice: Choice) -> None:
        self.attempt = Attempt.objects.create(job=job, engine=choice.engine, reason=choice.reason)

    def ended(self, outcome: str, message: str = "", cost_usd: float = 0.0) -> None:
        Attempt.objects.filter(pk=self.attempt.pk, finished_at=None).update(
            finished_at=timezone.now(),
            outcome=outcome,
            error_message=message,
            cost_usd=Decimal(str(cost_usd)),
        )


def _run_held(job: Job, lease: Lease, work_dir: Path) -> None:
    try:
        _render_and_finish(job, lease, work_dir)
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


def _fail(job: Job, lease: Lease, code: str, message: str) -> None:
    if Job.objects.fail(job.pk, lease.token, code, message):
        note(job, message, "error")


def _render_and_finish(job: Job, lease: Lease, work_dir: Path) -> None:
    service = get_lipsync_service()
    order = order_of(job)
    work = _work_of(order, work_dir)
    choices = service.choices(order)
    if service.take_from_cache(job, service.key(order, choices[0].engine), lease.token):
        note(job, "Taken from an earlier render of the same.")
        return
    rendered = service.render(
        work,
        choices,
        work_dir / "result.mp4",
        lease.report,
        temp_dir=work_dir,
        start_try=lambda choice: AttemptTry(job, choice),
    )
    lease.report("finish", 0.99)
    _finish(job, lease, rendered, service.key(order, rendered.engine))


def _finish(job: Job, lease: Lease, rendered: Rendered, cache_key: str) -> None:
    made = rendered.result
    result, poster = results.store(job, made.output_path, made.mouth, rendered.phones)
    finished = Job.objects.finish(
        job.pk,
        lease.token,
        result=result,
        poster=poster,
        engine_used=rendered.engine,
        duration_seconds=made.duration_seconds,
        cost_usd=Decimal(str(made.cost_usd)),
        warnings=[*job.warnings, *made.warnings],
        cache_key=cache_key,
        expires_at=result_expiry(),
    )
    if finished:
        note(job, f"Done: {made.duration_seconds:.1f} s of video by {rendered.engine}.")
        return
    row = Job.objects.filter(pk=job.pk).first()
    is_held = row is not None and row.lease_token == lease.token
    if is_held or row is None:  # cancelled or deleted: nobody else writes these files
        results.remove(result, poster, results.mouth_beside(result))
    raise Cancelled if is_held else LeaseLost


def _work_of(order: Order, work_dir: Path) -> Work:
    """The order with its files on this machine's disk. Raises RenderFailed when one was deleted."""
    if order.face is None and not order.house_look:
        raise RenderFailed("file_missing", "Its face was deleted; make a new job with another one.")
    if order.speech is None and not order.text:
        raise RenderFailed("file_missing", "Its recording was deleted; make a new job with another one.")
    return Work(
        face_path=_local_path(order.face.file, work_dir) if order.face else None,
        house_look=order.house_look or None,
        speech_path=_local_path(order.speech.file, work_dir) if order.speech else None,
        text=order.text,
        transcript=order.transcript,
        transcript_language=order.transcript_language,
        voice=order.voice,
        voice_rate=order.voice_rate,
        options=order.options,
    )


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
