"""The lips of a dub, by a job as any other: with its engine policy, budget, lease and place in the list."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from avsite.ai.registry import sha256_of
from lipsync import tasks
from lipsync.dubbing.chain import ToSync
from lipsync.dubbing.spec import DubError, Json, Later
from lipsync.dubs.models import Dub
from lipsync.models import Asset, Job
from lipsync.order import Order, Refused
from lipsync.progress import publish as publish_job
from lipsync.service import get_lipsync_service
from lipsync.storage import share
from lipsync.video.probe import probe


def make_lips(dub: Dub, wanted: ToSync, tell: Callable[[float], None]) -> Json:
    """Put the finished job's video at ``wanted.output``. Raises Later until there is one, and DubError."""
    tell(0.0)
    job = dub.job if dub.job_key == wanted.key else None
    if job is None:
        job = _begin(dub, wanted)
    if job.state == Job.State.DONE and job.result:
        with job.result.open("rb") as source, wanted.output.open("wb") as target:
            shutil.copyfileobj(source, target)
        return {"engine": job.engine_used, "job": str(job.uid), "warnings": list(job.warnings)}
    if job.state in Job.ENDED:
        _try_again(dub, job)
    raise Later


def _try_again(dub: Dub, job: Job) -> None:
    """Queue a job again that ended before its owner last said go. Raises DubError for a later failure."""
    has_failed = job.state != Job.State.DONE
    if has_failed and job.finished_at is not None and job.finished_at > dub.run_at:
        why = job.error_message or "The job was cancelled."
        raise DubError(job.error_code or "lipsync", f"The lips could not be made. {why}")
    if Job.objects.retry(job.pk):
        publish_job(job)
        tasks.enqueue(job)


def _begin(dub: Dub, wanted: ToSync) -> Job:
    service = get_lipsync_service()
    try:
        with transaction.atomic():
            order = Order(face=dub.source, speech=_keep_voice(dub, wanted.voice), engine=wanted.engine)
            job = service.submit(dub.owner, order)
            Dub.objects.filter(pk=dub.pk, lease_token=dub.lease_token).update(job=job, job_key=wanted.key)
    except Refused as refused:
        raise DubError(refused.code, f"The lips could not be made. {refused.message}") from None
    dub.job, dub.job_key = job, wanted.key
    publish_job(job)
    tasks.enqueue(job)
    return job


def _keep_voice(dub: Dub, track: Path) -> Asset:
    """The voices as speech that a job can have; out of sight, and gone when the job is."""
    uid = uuid.uuid4()
    name = f"assets/{uid}/original.wav"
    place = Path(settings.MEDIA_ROOT) / name
    place.parent.mkdir(parents=True)
    shutil.copyfile(track, place)
    share(name)
    return Asset.objects.create(
        uid=uid,
        owner=dub.owner,
        kind=Asset.Kind.SPEECH,
        media=Asset.Media.AUDIO,
        name=f"Voices of {dub.name}"[:200],
        file=name,
        size_bytes=place.stat().st_size,
        sha256=sha256_of(place),
        info={"duration_seconds": probe(place).duration_seconds},
        hidden_at=timezone.now(),
    )
