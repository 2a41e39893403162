"""A small S3 behind a real socket: objects are put, looked at, read and deleted; no key is asked for."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Bucket(ThreadingHTTPServer):
    """``objects``: content and time of last change by path; ``reads``: paths in the order they were read."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, tuple[bytes, float]] = {}
        self.reads: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving() -> Iterator[Bucket]:
    bucket = Bucket()
    threading.Thread(target=bucket.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield bucket
    bucket.shutdown()
    bucket.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Bucket

    @property
    def key(self) -> str:
        return self.path.partition("?")[0]

    def answer(self, status: int, body: bytes = b"", modified: float | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if modified is not None:
            self.send_header("Last-Modified", formatdate(modified, usegmt=True))
            self.send_header("ETag", f'"{hashlib.md5(body).hexdigest()}"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        found = self.server.objects.get(self.key)
        self.answer(200, *found) if found else self.answer(404)

    def do_GET(self) -> None:
        self.server.reads.append(self.key)
        self.do_HEAD()

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            body = unchunked(body)
        self.server.objects[self.key] = (body, time.time())
        self.answer(200, b"", time.time())

    def do_DELETE(self) -> None:
        self.server.objects.pop(self.key, None)
        self.answer(204)

    def log_message(self, *args: Any) -> None:
        """Quiet."""


def unchunked(body: bytes) -> bytes:
    """The content of a body in aws-chunked encoding."""
    content = b""
    while body:
        head, _, rest = body.partition(b"\r\n")
        size = int(head.partition(b";")[0], 16)
        if not size:
            break
        content, body = content + rest[:size], rest[size + 2 :]
    return content
