"""What workers and the scheduler do with dubs. Tasks carry ids; the rows say what is left to do."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from celery import shared_task
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from lipsync.dubs import runner
from lipsync.dubs.bell import publish
from lipsync.dubs.models import Dub
from lipsync.models import Job

logger = logging.getLogger(__name__)

QUEUE = "cpu"


def enqueue() -> None:
    """Tell workers of dubs that can start, once all can see the rows."""
    transaction.on_commit(ring)


def ring() -> None:
    for dub in Dub.objects.all().take_unrung():
        try:
            run_dub_task.apply_async((dub.pk,), queue=QUEUE)
        except (BrokerError, OSError) as error:
            logger.warning("dub %s waits for the sweep, the broker is away: %s", dub.pk, error)
            Dub.objects.filter(pk=dub.pk).update(rung_at=None)


@shared_task(ignore_result=True)
def run_dub_task(dub_id: int) -> None:
    """Do what is to be done of a dub, then tell of those that waited for it."""
    runner.run(dub_id)
    _wake()
    ring()


@shared_task(ignore_result=True)
def sweep_dubs_task() -> None:
    """Take dubs back from dead workers, and tell of all that could run and no worker was told of."""
    for dub in Dub.objects.all().requeue_lost():
        publish(dub)
    _wake()
    ring()


@shared_task(ignore_result=True)
def expire_dubs_task() -> None:
    """Remove dubs whose time is up."""
    for dub in Dub.objects.filter(expires_at__lt=timezone.now()).exclude(state__in=("queued", "running")):
        remove(dub)


def _wake() -> None:
    for dub in list(Dub.objects.all().wakeable()):
        if Dub.objects.wake(dub.pk):
            publish(dub)


def on_job_changed(sender: Any, job: Job, **_: Any) -> None:
    """The lips that a dub waits for came further, or are made."""
    waiting = list(Dub.objects.filter(job=job, state=Dub.State.WAITING))
    for dub in waiting:
        if job.state not in Job.ENDED:
            publish(dub)
    if waiting and job.state in Job.ENDED:
        _wake()
        enqueue()


def remove(dub: Dub) -> None:
    """The dub, and all that its stages made."""
    folder = dub.folder_name
    dub.delete()
    for name in list(_names_in(folder)):
        default_storage.delete(name)
    shutil.rmtree(Path(settings.MEDIA_ROOT) / folder, ignore_errors=True)
    publish(dub)


def _names_in(folder: str) -> Iterator[str]:
    """Of all files, here or wherever media is kept."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in files)
    for inner in folders:
        yield from _names_in(f"{folder}/{inner}")
