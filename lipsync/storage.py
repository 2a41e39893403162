"""How much of the disk a user's files take."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db.models import Sum

from avsite.accounts.models import User
from lipsync.models import Asset, Job


def used_bytes(owner: User) -> int:
    """Bytes of the user's uploads and results; a render that several jobs share counts once."""
    uploads = Asset.objects.filter(owner=owner).aggregate(total=Sum("size_bytes"))["total"] or 0
    results = set(Job.objects.filter(owner=owner).exclude(result="").values_list("result", flat=True))
    return int(uploads) + sum(_size(Path(settings.MEDIA_ROOT) / name) for name in results)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
