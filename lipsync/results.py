"""The files of finished jobs: put in place whole, shared by jobs that are alike, removed in time."""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import av
import cv2
import numpy as np
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils import timezone

from lipsync.audio.phones import Phone
from lipsync.audio.shape import MouthTrack
from lipsync.models import Job
from lipsync.storage import share, tidy_copies

logger = logging.getLogger(__name__)

POSTER_WIDTH = 640
MOUTH_NAME = "mouth.json"
MOUTH_VALUES = ("openness", "width", "rounding", "closure")
STRAY_SECONDS = 24 * 3600
"""Working files untouched for this long belong to a process that died."""


def folder_of(job: Job) -> str:
    return f"results/{job.uid}"


def store(
    job: Job, video_path: Path, mouth: MouthTrack | None = None, phones: Sequence[Phone] = ()
) -> tuple[str, str]:
    """Move a finished video into the job's folder and make its poster; their names in storage.

    What the ``mouth`` did goes into a file beside the video, with the ``phones`` that it spoke.
    """
    poster_path = video_path.with_name(f"{uuid4().hex}.jpg")
    video, poster = f"{folder_of(job)}/video.mp4", f"{folder_of(job)}/poster.jpg"
    try:
        _draw_poster(video_path, poster_path)
        _put(poster_path, poster)
    except (av.FFmpegError, cv2.error, OSError, StopIteration) as error:
        logger.warning("job %s has no poster: %s", job.pk, error)
        poster = ""
    if mouth is None:  # and none of an earlier try either
        default_storage.delete(mouth_beside(video))
    else:
        mouth_path = video_path.with_name(f"{uuid4().hex}.json")
        mouth_path.write_text(json.dumps(describe_mouth(mouth, phones), ensure_ascii=False), "utf-8")
        _put(mouth_path, mouth_beside(video))
    _put(video_path, video)
    return video, poster


FIRST_NAME = "first.mp4"


def keep_first(
    job: Job, video_path: Path, mouth: MouthTrack | None = None, phones: Sequence[Phone] = ()
) -> str:
    """Move a poor result beside where the final one will be; its name in storage."""
    name = f"{folder_of(job)}/{FIRST_NAME}"
    if mouth is not None:
        mouth_path = video_path.with_name(f"{uuid4().hex}.json")
        mouth_path.write_text(json.dumps(describe_mouth(mouth, phones), ensure_ascii=False), "utf-8")
        _put(mouth_path, _mouth_of_first(name))
    _put(video_path, name)
    return name


def read_mouth(first: str | None) -> MouthTrack | None:
    """What the mouth did in a kept poor result; None where that was not kept."""
    if not first or not default_storage.exists(_mouth_of_first(first)):
        return None
    with default_storage.open(_mouth_of_first(first)) as file:
        told = json.load(file)
    openness, width, rounding, closure = (np.asarray(told[name], np.float32) for name in MOUTH_VALUES)
    return MouthTrack(told["fps"], openness, width, rounding, np.zeros_like(openness), closure)


def forget_first(job: Job) -> None:
    """Another result was chosen, or this one has been put in its place."""
    name = f"{folder_of(job)}/{FIRST_NAME}"
    remove(name, _mouth_of_first(name))
    job.attempts.exclude(video="").update(video="")


def _mouth_of_first(first: str) -> str:
    return f"{first}.json"


def describe_mouth(mouth: MouthTrack, phones: Sequence[Phone]) -> dict[str, Any]:
    """What the API says about a mouth. Phones end with the video, which may be shorter than its speech."""
    seconds = len(mouth) / mouth.fps
    return {
        "fps": mouth.fps,
        **{name: [round(float(value), 3) for value in getattr(mouth, name)] for name in MOUTH_VALUES},
        "phones": [
            {
                "ipa": phone.ipa,
                "start_seconds": round(phone.start_seconds, 3),
                "end_seconds": round(min(phone.end_seconds, seconds), 3),
            }
            for phone in phones
            if phone.start_seconds < seconds
        ],
    }


def mouth_beside(video: str | None) -> str:
    """The name of the file that says what the mouth did in ``video``; "" without a video."""
    return str(Path(video).with_name(MOUTH_NAME)) if video else ""


def has_mouth(job: Job) -> bool:
    """Not of every video: engines need not know what the mouth did."""
    return bool(job.result) and default_storage.exists(mouth_beside(job.result.name))


def adopt(job: Job, twin: Job) -> tuple[str, str]:
    """Give ``job`` the files of ``twin``, without copying where the disk allows it; their names in storage.

    Raises FileNotFoundError when they are gone.
    """
    names = [""] * 2
    for index, source in enumerate((twin.result.name, twin.poster.name)):
        if source:
            names[index] = f"{folder_of(job)}/{Path(source).name}"
            _link(source, names[index])
    if has_mouth(twin):
        _link(mouth_beside(twin.result.name), mouth_beside(names[0]))
    return names[0], names[1]


def remove(*names: str | None) -> None:
    """Delete files by their names in storage; those that are gone are no matter."""
    for name in filter(None, names):
        default_storage.delete(name)
        try:
            Path(default_storage.path(name)).parent.rmdir()
        except (OSError, NotImplementedError):
            continue  # not empty yet, or not a disk


def expire() -> int:
    """Remove results whose time is up, and what dead processes left; how many jobs lost their video."""
    due = Job.objects.filter(expires_at__lt=timezone.now()).exclude(result="")
    count = 0
    for job in due:
        if Job.objects.forget_result(job.pk):
            remove(job.result.name, job.poster.name, mouth_beside(job.result.name))
            count += 1
    _sweep(settings.TEMP_DIR, STRAY_SECONDS)
    if settings.KEEP_DAYS:
        _sweep(settings.CACHE_DIR / "speech", settings.KEEP_DAYS * 86_400)
    tidy_copies()
    return count


def _sweep(folder: Path, age_seconds: float) -> None:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime < age_seconds:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _put(source: Path, name: str) -> None:
    target = _disk_path(name)
    if target is None:
        default_storage.delete(name)
        with source.open("rb") as content:
            default_storage.save(name, File(content))
        source.unlink()
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{uuid4().hex}")
    shutil.move(source, fresh)
    fresh.chmod(0o640)
    os.replace(fresh, target)
    share(name)


def _link(source: str, name: str) -> None:
    source_path, target = _disk_path(source), _disk_path(name)
    if source_path is None or target is None:
        with default_storage.open(source) as content:
            default_storage.save(name, content)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{uuid4().hex}")
    try:
        os.link(source_path, fresh)
    except FileNotFoundError:
        target.parent.rmdir()
        raise
    except OSError:  # a file system without hard links
        shutil.copyfile(source_path, fresh)
    os.replace(fresh, target)
    fresh.unlink(missing_ok=True)  # replacing a file by another link to itself leaves both
    share(name)


def _disk_path(name: str) -> Path | None:
    """Where a stored file lies on this disk; None when storage is elsewhere."""
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        return None


def _draw_poster(video_path: Path, poster_path: Path) -> None:
    """The picture from the middle of the video, where a mouth is likelier to be open than at its start."""
    with av.open(str(video_path)) as container:
        stream = container.streams.video[0]
        if stream.duration and stream.time_base:
            container.seek((stream.start_time or 0) + stream.duration // 2, stream=stream)
        image: Any = next(container.decode(stream)).to_ndarray(format="bgr24")
    height, width = image.shape[:2]
    if width > POSTER_WIDTH:
        size = (POSTER_WIDTH, max(1, round(height * POSTER_WIDTH / width)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if not cv2.imwrite(str(poster_path), image, [cv2.IMWRITE_JPEG_QUALITY, 85]):
        raise OSError("the poster could not be written")
