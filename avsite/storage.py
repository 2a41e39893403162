"""Media in S3, for sites of several machines. On one machine media lies in a folder, and none of this runs.

Every reader needs a file on a disk (decoders seek, browsers ask for ranges), so each machine keeps copies of
what it uses under MEDIA_ROOT. They are looked over by time and size, and removed when nobody reads them.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from django.conf import settings
from storages.backends.s3 import S3Storage

COPY_SECONDS = 24 * 3600
"""A copy that was not read for this long is removed."""


class S3Media(S3Storage):  # type: ignore[misc]
    """Objects by their names, each with a copy on this disk where somebody has read or written it."""

    def path(self, name: str) -> str:
        """The file's copy on this disk, fetched when there is none or another was put in its place.

        When there is no such object there is no file there either.
        """
        local = self._local(name)
        found = self._look(name)
        if found is None:
            local.unlink(missing_ok=True)
        elif not local.is_file() or _mark(local) != found:
            self._fetch(name, local, found)
        return str(local)

    def push(self, name: str) -> None:
        """Put what was written on this disk into the bucket. Raises FileNotFoundError."""
        local = self._local(name)
        with local.open("rb") as content:
            self._save(name, content)
        found = self._look(name)
        if found is not None:
            os.utime(local, (time.time(), found[0]))

    def delete(self, name: str) -> None:
        super().delete(name)
        local = self._local(name)
        local.unlink(missing_ok=True)
        with suppress(OSError):  # other files are in it
            local.parent.rmdir()

    def tidy(self) -> int:
        """Remove copies that nobody has read lately; how many."""
        before, count = time.time() - COPY_SECONDS, 0
        for local in Path(settings.MEDIA_ROOT).rglob("*"):
            with suppress(OSError):
                state = local.stat()
                if local.is_file() and max(state.st_atime, state.st_ctime) < before:
                    local.unlink()
                    count += 1
        return count

    def _local(self, name: str) -> Path:
        return Path(settings.MEDIA_ROOT) / name

    def _look(self, name: str) -> tuple[int, int] | None:
        """(seconds since 1970 of its last change, bytes); None when there is no such object."""
        try:
            head: dict[str, Any] = self.connection.meta.client.head_object(
                Bucket=self.bucket_name, Key=self._normalize_name(name)
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        return int(head["LastModified"].timestamp()), int(head["ContentLength"])

    def _fetch(self, name: str, local: Path, found: tuple[int, int]) -> None:
        local.parent.mkdir(parents=True, exist_ok=True)
        fresh = local.with_name(f".{uuid4().hex}")
        try:
            self.bucket.download_file(self._normalize_name(name), str(fresh))
            os.utime(fresh, (time.time(), found[0]))
            os.replace(fresh, local)
        finally:
            fresh.unlink(missing_ok=True)


def _mark(path: Path) -> tuple[int, int]:
    state = path.stat()
    return int(state.st_mtime), state.st_size
