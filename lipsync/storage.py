"""Where media is: on this disk, or elsewhere with copies here; and how much of it is a user's."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Sum

from avsite.accounts.models import User
from lipsync.models import Asset, Job


def used_bytes(owner: User) -> int:
    """Bytes of the user's uploads and results; a render that several jobs share counts once."""
    uploads = Asset.objects.filter(owner=owner).aggregate(total=Sum("size_bytes"))["total"] or 0
    results = set(Job.objects.filter(owner=owner).exclude(result="").values_list("result", flat=True))
    return int(uploads) + sum(_size(name) for name in results) + _dub_bytes(owner)


def _dub_bytes(owner: User) -> int:
    """Of all that the stages of the user's dubs made and this machine has."""
    folders = [
        Path(settings.MEDIA_ROOT) / "dubs" / str(uid) for uid in owner.dubs.values_list("uid", flat=True)
    ]
    return sum(_local_size(path) for folder in folders for path in folder.rglob("*"))


def _local_size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:  # a worker has just put it in its place
        return 0


def share(*names: str | None) -> None:
    """Hand files that were written on this disk to where media is kept, when that is elsewhere."""
    push = getattr(default_storage, "push", None)
    for name in filter(None, names):
        if push is not None:
            push(name)


def tidy_copies() -> None:
    """Remove copies of what is kept elsewhere."""
    tidy = getattr(default_storage, "tidy", None)
    if tidy is not None:
        tidy()


def _size(name: str) -> int:
    try:
        return default_storage.size(name)
    except OSError:
        return 0
