"""What goes over the fake's wire: errors in HeyGen's envelope, JSON, and uploaded forms."""

from __future__ import annotations

import email.message
import json
import re
from typing import Any


class Refusal(Exception):
    """An error in HeyGen's envelope."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str = "",
        param: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers or {}
        error = {"code": code, "message": message or code.replace("_", " ")} | (
            {"param": param} if param else {}
        )
        self.body = {"error": error}


class HangUp(Exception):
    """Close the socket: ``sent`` is what of the answer still goes out."""

    def __init__(self, sent: bytes = b"") -> None:
        super().__init__()
        self.sent = sent


def as_json(content: Any) -> bytes:
    return json.dumps(content).encode()


def parsed(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        raise Refusal(400, "invalid_parameter", "The body is not JSON.") from None
    return dict(content)


def multipart(headers: email.message.Message, body: bytes) -> dict[str, bytes]:
    boundary = headers.get_param("boundary")
    parts: dict[str, bytes] = {}
    for piece in body.split(f"--{boundary}".encode())[1:-1]:
        head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]+)"', head)
        if name:
            parts[name.group(1).decode()] = content.removesuffix(b"\r\n")
    return parts
