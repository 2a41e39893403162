"""What an answer of HeyGen's means: what is repeated, who may take over, what is held against it.

The HTTP status decides first, the code in the body second: bodies may be missing, HTML, or shaped otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from lipsync.engines.base import RemoteError

Kind = Literal["key", "credit", "busy", "in_flight", "down", "media", "refusal", "gone", "bug"]

LONGEST_WAIT_SECONDS = 60.0
BUSY_SECONDS = 5.0
IN_FLIGHT_SECONDS = 1.0
MEDIA_CODES = {"download_failed", "resource_limit_reached", "payload_too_large", "unsupported_media"}
MEDIA_PARAMS = ("video", "audio", "file")


@dataclass(frozen=True)
class Answer:
    """An answer that is not a success."""

    status: int
    code: str = ""
    message: str = ""
    param: str = ""
    retry_after: float | None = None
    request_id: str = ""


class HeyGenFailure(Exception):
    """One call that did not succeed, and what that means."""

    def __init__(self, kind: Kind, answer: Answer, *, sent: bool = True) -> None:
        super().__init__(f"{kind}: HTTP {answer.status} {answer.code} {answer.message}".strip())
        self.kind = kind
        self.answer = answer
        self.sent = sent
        """Whether the request can have arrived."""

    @property
    def repeatable(self) -> bool:
        """Whether the same call may succeed in a moment."""
        return self.kind == "down"

    @property
    def wait_seconds(self) -> float | None:
        """How long to leave it alone, where waiting is all that helps."""
        if self.kind == "busy":
            told = self.answer.retry_after
            return BUSY_SECONDS if told is None else min(max(told, 0.1), LONGEST_WAIT_SECONDS)
        return IN_FLIGHT_SECONDS if self.kind == "in_flight" else None

    def explain(self) -> RemoteError:
        """For whoever asked for the render, with what the next engine may do about it."""
        said = f' It said: "{self.answer.message[:200].rstrip(".")}".' if self.answer.message else ""
        match self.kind:
            case "key":
                return RemoteError(
                    "HeyGen does not accept the site's key; its admin must renew it.", trip="key"
                )
            case "credit":
                return RemoteError("The site's HeyGen account has no money left; top it up.", trip="credit")
            case "busy" | "in_flight":
                return RemoteError("HeyGen is busy and did not take the job in time; try again later.")
            case "down":
                return RemoteError(
                    "HeyGen cannot be reached or is out of order; try again later.", trip="down"
                )
            case "media":
                return RemoteError(f"HeyGen cannot read these files.{said}")
            case "refusal":
                return RemoteError(
                    f"HeyGen refuses this content; no other engine was tried.{said} Choose other material.",
                    fallback=False,
                )
            case "gone":
                return RemoteError("HeyGen does not know this render any more; try again.")
            case _:
                return RemoteError(f"HeyGen did not accept the request.{said}")


def is_refusal(text: str, words: Sequence[str]) -> bool:
    """Whether a message says that the content, or a missing consent, is the reason."""
    lowered = text.lower()
    return any(word.lower() in lowered for word in words)


def read_answer(status: int, headers: dict[str, str], body: bytes) -> Answer:
    """``headers`` by lower-case name."""
    code, message, param = _read_error(body)
    return Answer(
        status=status,
        code=code,
        message=message,
        param=param,
        retry_after=_retry_after(headers.get("retry-after", "")),
        request_id=headers.get("x-request-id", ""),
    )


def classify(answer: Answer, refusals: Sequence[str]) -> Kind:
    """What an unsuccessful answer means."""
    if answer.status in (400, 403, 422) and is_refusal(f"{answer.code} {answer.message}", refusals):
        return "refusal"
    match answer.status:
        case 401 | 403:
            return "key"
        case 402:
            return "credit"
        case 404 | 410:
            return "gone"
        case 409:
            return "in_flight" if answer.code in ("request_in_progress", "") else "bug"
        case 413:
            return "media"
        case 429:
            is_quota = answer.code == "quota_exceeded" and answer.retry_after is None
            return "credit" if is_quota else "busy"
        case 400 | 415 | 422:
            is_media = answer.code in MEDIA_CODES or answer.param.startswith(MEDIA_PARAMS)
            return "media" if is_media else "bug"
    return "bug" if 400 <= answer.status < 500 else "down"


def _read_error(body: bytes) -> tuple[str, str, str]:
    try:
        content = json.loads(body)
    except ValueError:
        return "", "", ""
    if not isinstance(content, dict):
        return "", "", ""
    error = content.get("error")
    inner = error if isinstance(error, dict) else content
    return str(inner.get("code") or ""), str(inner.get("message") or ""), str(inner.get("param") or "")


def _retry_after(text: str) -> float | None:
    """Seconds from now, out of a number of seconds or a date."""
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (at - datetime.now(UTC)).total_seconds()
