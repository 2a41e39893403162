"""What workers and the scheduler do. Tasks carry ids; the rows say whether there is anything left to do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from lipsync import people, remote, results, runner
from lipsync.assets import purge_assets
from lipsync.attempts import FilesTry
from lipsync.engines.base import get_engine
from lipsync.models import Asset, Job, RemoteEvent, RemoteRender
from lipsync.order import Refused
from lipsync.order_rows import order_of
from lipsync.progress import publish
from lipsync.render import Watch
from lipsync.samples import draw_look_pictures
from lipsync.service import get_lipsync_service

logger = logging.getLogger(__name__)

EVENTS_KEPT_FOR = timedelta(days=7)
"""HeyGen repeats what was not taken for a day."""


def enqueue(job: Job) -> None:
    """Tell a worker of ``job`` once all can see its row. While Redis is away, the sweep does it later."""
    owner_id = job.owner_id
    transaction.on_commit(lambda: ring(Q(owner=owner_id)))


def ring(which: Q | None = None) -> int:
    """Tell workers of the jobs that can start now; how many."""
    jobs = Job.objects.filter(which or Q()).take_unrung()
    return sum(_send(job) for job in jobs)


def _send(job: Job) -> bool:
    try:
        run_job_task.apply_async((job.pk,), queue=_queue_of(job))
    except (BrokerError, OSError) as error:
        logger.warning("job %s waits for the sweep, the broker is away: %s", job.pk, error)
        Job.objects.filter(pk=job.pk).update(rung_at=None)
        return False
    return True


def _queue_of(job: Job) -> str:
    if job.wake_at is not None:
        return "remote"
    try:
        choices = get_lipsync_service().plan(order_of(job), job.owner_id, job).choices
        return get_engine(choices[0].engine).queue
    except Refused:
        return "default"  # any worker can fail it with the reason


def _wake_later(job: Job) -> None:
    """Have a job that waits for a service looked at in time; the sweep does it where the message is lost."""
    if job.state != Job.State.RUNNING or job.wake_at is None:
        return
    seconds = max(0.0, (job.wake_at - timezone.now()).total_seconds()) + 0.02
    try:
        run_job_task.apply_async((job.pk,), queue="remote", countdown=seconds)
    except (BrokerError, OSError) as error:
        logger.warning("job %s is woken by the sweep, the broker is away: %s", job.pk, error)


@shared_task(ignore_result=True)
def run_job_task(job_id: int) -> None:
    """Run a job, then tell of those that waited for it: its owner's next, and those that are the same."""
    job = runner.run(job_id)
    if job is not None:
        _wake_later(job)
        ring(Q(owner=job.owner_id) | Q(cache_key=job.cache_key))


@shared_task(ignore_result=True)
def sweep_task() -> None:
    """Take jobs back from dead workers, and tell of every job that could run and no worker was told of."""
    for job in Job.objects.requeue_lost():
        runner.note(job, "Its worker stopped answering.", "warning")
        publish(job)
    ring()


@shared_task(ignore_result=True)
def follow_remote_task() -> None:
    """Look after renders at services elsewhere that no job waits for, and remove what was left there."""
    if RemoteRender.objects.exclude(state=RemoteRender.State.TIDIED).exists():
        remote.follow_up()


def follow_soon() -> None:
    """Have ``follow_remote_task`` done now; while Redis is away, the scheduler's next turn does it."""
    try:
        follow_remote_task.apply_async(queue="remote", expires=20)
    except (BrokerError, OSError) as error:
        logger.warning("renders elsewhere wait for the scheduler, the broker is away: %s", error)


@shared_task(ignore_result=True)
def expire_files_task() -> None:
    """Remove results and uploads whose time is up, and forget events that nobody will tell again."""
    results.expire()
    purge_assets()
    RemoteEvent.objects.filter(at__lt=timezone.now() - EVENTS_KEPT_FOR).delete()


@shared_task(ignore_result=True)
def draw_looks_task() -> None:
    """Draw the pictures of the house avatars before somebody waits for them."""
    draw_look_pictures()


def look_for_people(asset: Asset) -> None:
    """Have a worker look through a video for its faces, unless one does."""
    if people.begin_looking(asset):
        try:
            look_for_people_task.apply_async((asset.pk,))
        except (BrokerError, OSError) as error:
            logger.warning("nobody looks for the faces of asset %s, the broker is away: %s", asset.pk, error)
            people.stop_looking(asset)


@shared_task(ignore_result=True)
def look_for_people_task(asset_id: int) -> None:
    asset = Asset.objects.filter(pk=asset_id).first()
    if asset is not None and people.people_of(asset) is None:
        people.look(asset)


@shared_task
def generate_lipsync_task(
    video_path: str,
    audio_path: str,
    output_path: str,
    method: str = "auto",
    user_id: int | str | None = None,
) -> dict[str, Any]:
    """``LipsyncService.generate_lipsync`` in a worker. ``user_id`` is only for the log."""
    logger.info("lip-sync of files, user %s", user_id)
    return _generate(video_path, audio_path, output_path, method)


def _generate(video: str, audio: str, output: str, method: str, *, batch: bool = False) -> dict[str, Any]:
    """One pair of files; what it costs is put aside and booked for the site."""
    service = get_lipsync_service()
    watch = Watch(start_try=lambda choice: FilesTry(choice, service.files_seconds(video, audio)))
    generated = service.generate_lipsync(video, audio, output, method, batch=batch, watch=watch)
    return dict(asyncio.run(generated))


@shared_task
def batch_generate_lipsync_task(
    video_audio_pairs: Sequence[tuple[str, str]], output_paths: Sequence[str], method: str = "auto"
) -> dict[str, Any]:
    """One after the other; a pair that fails does not stop the rest."""
    if len(video_audio_pairs) != len(output_paths):
        raise ValueError("Give one output path for each pair of video and audio.")
    made = [
        _generate_or_say_why(video, audio, output, method)
        for (video, audio), output in zip(video_audio_pairs, output_paths, strict=True)
    ]
    good = [one for one in made if one["status"] == "success"]
    summary = {
        "total": len(made),
        "success": len(good),
        "failed": len(made) - len(good),
        "total_duration": sum(one["duration"] for one in good),
        "total_cost_usd": sum(one["cost_usd"] for one in good),
    }
    return {"status": "completed", "results": made, "summary": summary}


def _generate_or_say_why(video: str, audio: str, output: str, method: str) -> dict[str, Any]:
    try:
        return _generate(video, audio, output, method, batch=True)
    except (OSError, RuntimeError) as error:
        return {"status": "failed", "output_path": output, "error": str(error)}
