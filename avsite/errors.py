"""The one error that API code raises. ``avsite.api`` turns it into the error envelope.

Codes and their HTTP status: see ``STATUS``. ``no_face`` and other codes about the content of a file are 422.
"""

from __future__ import annotations

STATUS = {
    "bad_request": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "gone": 410,
    "too_large": 413,
    "unsupported_media": 415,
    "invalid": 422,
    "limit_reached": 429,
    "rate_limited": 429,
    "server_error": 500,
    "unavailable": 503,
}


class ApiError(Exception):
    """What happened, why and what to do, in one sentence for the caller.

    code     one of ``STATUS``, or a finer one about a file's content (422)
    param    the field at fault, dotted when nested
    status   only where the code's own does not fit
    """

    def __init__(
        self,
        code: str,
        message: str,
        param: str | None = None,
        status: int | None = None,
        *,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.status = status or STATUS.get(code, 422)
        self.retry_after_seconds = retry_after_seconds


def not_found(what: str) -> ApiError:
    """Someone else's object and no object look the same."""
    return ApiError("not_found", f"There is no such {what}, or it is not yours; check the address.")
