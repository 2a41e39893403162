"""Sends a file the way browsers ask for media: in ranges, revalidated, streamed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date

from avsite.errors import not_found

BLOCK_BYTES = 256 * 1024
ONE_RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.ASCII)
UNSAFE_IN_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
# A file opened on its own may show itself and do nothing else.
FILE_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"


def safe_name(name: str, default: str = "file") -> str:
    """``name`` without folders, control and shell characters, at most 120 characters, for people to see."""
    last = re.split(r"[/\\]", name.replace("\x00", ""))[-1]
    clean = UNSAFE_IN_NAME.sub("_", last).strip(" ._")
    if len(clean) > 120:
        stem, dot, suffix = clean.rpartition(".")
        clean = f"{stem[:110]}{dot}{suffix[:9]}" if stem else clean[:120]
    return clean or default


def serve_file(
    request: HttpRequest, path: Path | str, content_type: str, filename: str, *, download: bool = False
) -> HttpResponseBase:
    """The file at ``path``, or the range of it that the request asks for.

    200, 206, 304 or 416; HEAD has the headers only. Raises ApiError ``not_found`` when the file is gone.
    """
    path = Path(path)
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise not_found("file") from None
    etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    response = _answer(request, path, stat.st_size, etag, int(stat.st_mtime))
    response["Content-Type"] = content_type
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Last-Modified"] = http_date(stat.st_mtime)
    response["Cache-Control"] = "private, no-cache"
    response["Content-Security-Policy"] = FILE_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    disposition = content_disposition_header(download, safe_name(filename))
    response["Content-Disposition"] = disposition or "inline"
    return response


def _answer(request: HttpRequest, path: Path, size: int, etag: str, modified: int) -> HttpResponseBase:
    kept = get_conditional_response(request, etag, modified)
    if kept is not None:
        return kept
    span = _asked_range(request, size, etag, modified)
    if span is None:
        return _body(request, path, 0, size, status=200)
    start, stop = span
    if start >= stop:
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    response = _body(request, path, start, stop, status=206)
    response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response


def _asked_range(request: HttpRequest, size: int, etag: str, modified: int) -> tuple[int, int] | None:
    """(first byte, byte after the last); empty when it cannot be met; None for the whole file.

    Several ranges at once, and whatever is not a range of bytes, are answered with the whole file.
    """
    match = ONE_RANGE.fullmatch(request.headers.get("Range", ""))
    if not match or not any(match.groups()) or not _is_still_same(request, etag, modified):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), (size if int(last) else 0)
    start, stop = int(first), min(size, int(last) + 1) if last else size
    if last and int(last) < start:
        return None
    return start, stop


def _is_still_same(request: HttpRequest, etag: str, modified: int) -> bool:
    condition = request.headers.get("If-Range")
    if condition is None or condition == etag:
        return True
    try:
        return int(parsedate_to_datetime(condition).timestamp()) == modified
    except ValueError:
        return False


def _body(request: HttpRequest, path: Path, start: int, stop: int, status: int) -> HttpResponseBase:
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(status=status)
    else:
        # Only the ASGI server can wait for blocks without holding a thread per viewer.
        is_async = isinstance(request, ASGIRequest)
        blocks = _blocks_async(path, start, stop) if is_async else _blocks(path, start, stop)
        response = StreamingHttpResponse(blocks, status=status)
    response["Content-Length"] = str(stop - start)
    return response


def _blocks(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = stop - start
        while left > 0 and (block := file.read(min(BLOCK_BYTES, left))):
            left -= len(block)
            yield block


async def _blocks_async(path: Path, start: int, stop: int) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        await asyncio.to_thread(file.seek, start)
        left = stop - start
        while left > 0 and (block := await asyncio.to_thread(file.read, min(BLOCK_BYTES, left))):
            left -= len(block)
            yield block
    finally:
        file.close()
