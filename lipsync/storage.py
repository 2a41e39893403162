"""Where media is: on this disk, or elsewhere with copies here; and how much of it is a user's."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.db.models import Sum

from avsite.accounts.models import User
from lipsync.models import Asset, Job


def used_bytes(owner: User) -> int:
    """Bytes of the user's uploads and results; a render that several jobs share counts once."""
    uploads = Asset.objects.filter(owner=owner).aggregate(total=Sum("size_bytes"))["total"] or 0
    results = set(Job.objects.filter(owner=owner).exclude(result="").values_list("result", flat=True))
    return int(uploads) + sum(_size(name) for name in results)


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
