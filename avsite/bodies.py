"""Keeps daphne's memory small under uploads, whatever their size.

On its own daphne lets Twisted parse every form in memory (some ten times the size of the upload), and then
puts the whole body into a queue before the application sees any of it. Here forms are left to Django, a body
stays in the temporary file that it was received into and is read from there in blocks, and what is too large
for any address is thrown away as it arrives.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any, BinaryIO

from daphne import http_protocol
from django.conf import settings

from avsite.errors import ApiError
from avsite.uploads import readable_size

Receive = Callable[[], Awaitable[dict[str, Any]]]
Application = Callable[[Any, Receive, Any], Awaitable[None]]

BLOCK_BYTES = 256 * 1024
FORM_BYTES = 1024 * 1024  # for what a form holds besides its files


def body_ceiling() -> int:
    """Bytes that no request may exceed: a face and a speech file in one form."""
    return 2 * int(settings.UPLOAD_LIMIT_BYTES) + FORM_BYTES


class BodyOnDisk:
    """Stands in for a body's bytes in daphne's queue: an empty last chunk that knows where the bytes are."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __len__(self) -> int:
        return 0

    def next_message(self) -> dict[str, Any]:
        """The next block of the body, or a disconnect when the sender has gone and its file with it."""
        try:
            block = self._file.read(BLOCK_BYTES)
        except ValueError:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": block, "more_body": len(block) == BLOCK_BYTES}


class _UnreadFile:
    """What daphne takes for the body: one read gives all of it, unread."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> BodyOnDisk:
        return BodyOnDisk(self._file)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class DiskRequest(http_protocol.WebRequest):  # type: ignore[misc]
    """A request whose body is bounded and stays on disk."""

    content: Any  # Twisted's file of the body

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._received = 0
        self._is_too_large = False
        super().__init__(*args, parsePOSTFormSubmission=False, **kwargs)

    def gotLength(self, length: int | None) -> None:  # noqa: N802 -- Twisted's name
        self._is_too_large = (length or 0) > body_ceiling()
        super().gotLength(0 if self._is_too_large else length)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 -- Twisted's name
        self._received += len(data)
        if self._received > body_ceiling() and not self._is_too_large:
            self._is_too_large = True
            self.content.seek(0)
            self.content.truncate()
        if not self._is_too_large:
            super().handleContentChunk(data)

    def process(self) -> Any:
        if self._is_too_large:
            return self._refuse()
        if not isinstance(self.content, BytesIO):
            self.content = _UnreadFile(self.content)
        return super().process()

    def _refuse(self) -> None:
        limit = readable_size(settings.UPLOAD_LIMIT_BYTES)
        error = ApiError("too_large", f"Files may have up to {limit}; make yours smaller and send it again.")
        envelope = {"error": {"code": error.code, "message": error.message}, "request_id": uuid.uuid4().hex}
        self.setResponseCode(error.status)
        self.setHeader(b"Content-Type", b"application/json")
        self.write(json.dumps(envelope).encode())
        self.finish()


def keep_bodies_on_disk(application: Application) -> Application:
    """Makes daphne use ``DiskRequest``, and gives ``application`` what that leaves on disk block by block."""
    http_protocol.WebRequest = DiskRequest

    async def reader(scope: Any, receive: Receive, send: Any) -> None:
        body: BodyOnDisk | None = None
        is_read = False

        async def receive_block() -> dict[str, Any]:
            nonlocal body, is_read
            if body is None or is_read:
                message = await receive()
                if not isinstance(message.get("body"), BodyOnDisk):
                    return message
                body = message["body"]
            message = body.next_message()
            is_read = not message.get("more_body", False)
            return message

        await application(scope, receive_block, send)

    return reader
