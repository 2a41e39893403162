"""Files from the site, kept by what is in them."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from pathlib import Path
from tempfile import NamedTemporaryFile

import aiohttp

from rooms.agent.generators.faces import content_hash

KEPT_BYTES = 2 << 30
LARGEST_BYTES = 2 << 30
FETCH_SECONDS = 120.0
_HASH = re.compile(r"^[0-9a-f]{64}$")


class FetchError(Exception):
    """Why a file could not be had, in one sentence."""


class MediaCache:
    """A folder of files named by their SHA-256; the longest unused go when it grows too big."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def fetch(self, url: str, token: str, expected: str | None = None) -> Path:
        """The file at ``url``; not fetched when one of the ``expected`` hash is here. Raises FetchError."""
        if expected and _HASH.match(expected) and (kept := self._folder / expected).exists():
            os.utime(kept)
            return kept
        path = await self._download(url, token)
        await asyncio.to_thread(self._shrink, path)
        return path

    async def _download(self, url: str, token: str) -> Path:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(url, headers=headers) as answer,
            ):
                if answer.status != 200:
                    raise FetchError(f"The site did not give the file: it answered {answer.status}.")
                return await self._store(answer.content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise FetchError(f"The file could not be fetched from the site: {error}.") from error

    async def _store(self, content: aiohttp.StreamReader) -> Path:
        digest, size = hashlib.sha256(), 0
        with NamedTemporaryFile(dir=self._folder, prefix="new-", delete=False) as file:
            part = Path(file.name)
            try:
                async for block in content.iter_chunked(1 << 18):
                    size += len(block)
                    if size > LARGEST_BYTES:
                        raise FetchError("The file is too big for an avatar.")
                    digest.update(block)
                    file.write(block)
            except BaseException:
                part.unlink(missing_ok=True)  # noqa: ASYNC240 -- quick, on a local disk
                raise
        path = self._folder / digest.hexdigest()
        part.replace(path)  # noqa: ASYNC240 -- quick, on a local disk
        return path

    def _shrink(self, fresh: Path) -> None:
        files = sorted((p for p in self._folder.iterdir() if p.is_file()), key=lambda p: p.stat().st_mtime)
        total = sum(path.stat().st_size for path in files)
        for path in files:
            if total <= KEPT_BYTES or path == fresh:
                break
            total -= path.stat().st_size
            path.unlink(missing_ok=True)


__all__ = ["FetchError", "MediaCache", "content_hash"]
