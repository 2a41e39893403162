"""The one error media raises: a sentence a person can act on, and a code a program can."""

from __future__ import annotations

from typing import Literal

MediaErrorCode = Literal[
    "empty_file",
    "not_media",
    "truncated",
    "damaged",
    "no_video",
    "no_audio",
    "too_large",
    "too_long",
    "too_many_pixels",
    "zero_length",
    "unsupported",
]


class MediaError(Exception):
    """A file that cannot be used: what happened, why, and what to do, in one sentence.

    code        stable name of the reason
    at_seconds  where in the file it turned bad; None when the whole file is meant
    """

    def __init__(self, message: str, code: MediaErrorCode, *, at_seconds: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code: MediaErrorCode = code
        self.at_seconds = at_seconds
