"""A worker whose process is killed once in every stage of a dub, when all its work would be lost."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import django

django.setup()

from avsite.celery import app  # noqa: E402
from lipsync.dubbing.store import Kept, Store  # noqa: E402

__all__ = ["app"]

DEATHS = Path(os.environ["AVSITE_TEST_DEATHS"])
keep = Store.keep


def keep_or_die(store: Store, stage: str, kept: Kept) -> None:
    mark = DEATHS / stage
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    keep(store, stage, kept)


Store.keep = keep_or_die  # type: ignore[method-assign]
