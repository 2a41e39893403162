"""What happens to every request: an id for the logs and a content security policy."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponseBase

from rooms.address import connect_sources

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponseBase]

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
current_request_id: ContextVar[str] = ContextVar("current_request_id", default="-")


def request_id(get_response: GetResponse) -> GetResponse:
    """Gives each request an id, the caller's own when it is well formed, and sends it back."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        asked = request.headers.get("X-Request-ID", "")
        name = asked if REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex
        request.request_id = name  # type: ignore[attr-defined]
        token = current_request_id.set(name)
        try:
            response = get_response(request)
            _log(request, response)
        finally:
            current_request_id.reset(token)
        response["X-Request-ID"] = name
        return response

    return middleware


def _log(request: HttpRequest, response: HttpResponseBase) -> None:
    """One line for what changed or failed, by route: addresses hold tokens."""
    if request.method in ("GET", "HEAD") and response.status_code < 400:
        return
    match = request.resolver_match
    route = match.route if match is not None else "no such page"
    logger.info("%s /%s %s", request.method, route, response.status_code)


class RequestIdFilter(logging.Filter):
    """Adds ``request_id`` to log records; ``-`` outside requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)  # Django logs refusals after the middleware has ended
        record.request_id = getattr(request, "request_id", None) or current_request_id.get()
        return True


def content_security_policy(get_response: GetResponse) -> GetResponse:
    """Lets pages load what this site serves and nothing else."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        host = request.get_host()
        livekit = connect_sources(host, is_secure=request.is_secure())
        response.setdefault(
            "Content-Security-Policy",
            "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
            "worker-src 'self' blob:; "
            # 'self' does not cover WebSockets in every browser
            f"connect-src 'self' ws://{host} wss://{host} {livekit} blob:; "
            "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'",
        )
        response.setdefault(
            "Permissions-Policy",
            "microphone=(self), camera=(self), display-capture=(self), geolocation=(), payment=()",
        )
        return response

    return middleware
