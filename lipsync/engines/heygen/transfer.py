"""Files to and from HeyGen's storage, by presigned addresses. The API key is never sent there."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import httpx2

from lipsync.engines.base import OnProgress, RemoteError
from lipsync.engines.heygen.client import USER_AGENT, HeyGenClient, tls
from lipsync.engines.heygen.config import HeyGenConfig
from lipsync.engines.heygen.errors import HeyGenFailure
from lipsync.engines.heygen.hosts import require_allowed
from lipsync.engines.heygen.wire import DirectUpload

logger = logging.getLogger(__name__)

UPLOAD_TRIES = 3
DOWNLOAD_TRIES = 4
FRESH_URLS = 3
REDIRECTS = 3
BLOCK = 256 * 1024
TIMEOUT = httpx2.Timeout(30.0, connect=5.0, write=120.0)
RESULT_BYTES = 2 * 1024**3


def upload_file(client: HeyGenClient, path: Path, content_type: str, key: str) -> str:
    """The id of an asset with the content of ``path``. Raises HeyGenFailure and RemoteError."""
    if path.stat().st_size <= client.config.limit_bytes("upload_mb"):
        try:
            return client.upload(path, content_type, key)
        except HeyGenFailure as failure:
            if failure.answer.status != 413:
                raise
    sha256 = _sha256(path)
    for number in range(1, UPLOAD_TRIES + 1):
        place = client.begin_upload(path, content_type, sha256, f"{key}-d{number}")
        require_allowed(place.url, client.config.hosts)
        if _put(place, path):
            client.complete_upload(place.asset_id, f"{key}-c{number}")
            return place.asset_id
        if not client.config.keep_files:
            client.delete("asset", place.asset_id)
    raise RemoteError("HeyGen's storage did not take the upload; try again later.", trip="down")


def _put(place: DirectUpload, path: Path) -> bool:
    """One upload, which cannot be continued but only begun anew."""
    headers = {**place.headers, "User-Agent": USER_AGENT, "Content-Length": str(path.stat().st_size)}
    try:
        with (
            path.open("rb") as file,
            httpx2.Client(timeout=TIMEOUT, follow_redirects=False, verify=tls()) as http,
        ):
            response = http.put(place.url, content=file, headers=headers)
    except httpx2.TransportError as error:
        logger.warning("upload to HeyGen's storage broke off: %s", type(error).__name__)
        return False
    if not response.is_success:
        logger.warning("upload to HeyGen's storage was refused: HTTP %s", response.status_code)
    return response.is_success


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Download:
    """One result on its way; goes on where it broke off, asks for a fresh address when one has expired."""

    def __init__(
        self, config: HeyGenConfig, target: Path, fresh_url: Callable[[], str], on_progress: OnProgress
    ) -> None:
        self._config, self._target, self._fresh_url = config, target, fresh_url
        self._on_progress = on_progress
        self._part = target.with_name(f".{target.name}.part")
        self._etag = ""

    def run(self, url: str) -> None:
        """Fetch ``url`` to the target. Raises RemoteError; then there is no file."""
        fresh = 0
        try:
            for _ in range(DOWNLOAD_TRIES + FRESH_URLS):
                outcome = self._try(url)
                if outcome == "done":
                    self._part.replace(self._target)
                    return
                if outcome == "expired":
                    fresh += 1
                    if fresh > FRESH_URLS:
                        break
                    url = self._fresh_url()
            raise RemoteError("HeyGen's result could not be fetched; try again later.")
        finally:
            self._part.unlink(missing_ok=True)

    def _try(self, url: str) -> str:
        with httpx2.Client(timeout=TIMEOUT, follow_redirects=False, verify=tls()) as http:
            for _ in range(REDIRECTS + 1):
                require_allowed(url, self._config.hosts)
                try:
                    with http.stream("GET", url, headers=self._headers()) as response:
                        if response.has_redirect_location:
                            url = urljoin(url, response.headers["location"])
                            continue
                        return self._take(response)
                except httpx2.TransportError as error:
                    logger.warning("download from HeyGen broke off: %s", type(error).__name__)
                    return "broken"
        raise RemoteError("HeyGen's result was sent from one address to the next; it was not followed on.")

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        have = self._part.stat().st_size if self._part.exists() else 0
        if have and self._etag:
            headers |= {"Range": f"bytes={have}-", "If-Range": self._etag}
        return headers

    def _take(self, response: httpx2.Response) -> str:
        if response.status_code in (403, 404, 410):
            return "expired"
        if response.status_code == 416:
            self._etag = ""
            return "broken"
        if not response.is_success:
            return "broken"
        goes_on = response.status_code == 206
        self._etag = response.headers.get("etag", "")
        have = self._part.stat().st_size if goes_on else 0
        with self._part.open("ab" if goes_on else "wb") as file:
            for block in response.iter_raw(BLOCK):
                have += len(block)
                if have > RESULT_BYTES:
                    raise RemoteError("HeyGen's result is larger than any video it should make; not fetched.")
                file.write(block)
                self._on_progress("fetch", 0.9)
        return "done"
