"""``/health``, ``/ready`` and ``/metrics``: for whoever runs the site, asked by programs on any host name.

They are answered before anything looks at the host: a probe calls the container by its address.
"""

from __future__ import annotations

import logging
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from redis.exceptions import RedisError

from avsite.middleware import GetResponse

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
"""How long an answer about database and Redis is good for, so that many questions are one."""
RENDER_SECONDS = 300.0
"""The same of the tiny render, which costs a tenth of a second of a core."""
LOOPBACK = ("127.0.0.1", "::1")
PIXELS = 96


class NotReady(Exception):  # noqa: N818 -- a state of things
    """Why the site cannot serve, in a sentence."""


def probes(get_response: GetResponse) -> GetResponse:
    """Middleware that answers these addresses itself."""
    answers: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {
        "/health": health,
        "/ready": ready,
        "/metrics": metrics,
    }

    def middleware(request: HttpRequest) -> HttpResponseBase:
        answer = answers.get(request.path)
        if answer is None:
            return get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        response = answer(request)
        response["Cache-Control"] = "no-store"
        return response

    return middleware


def health(request: HttpRequest) -> HttpResponseBase:
    """The process lives. Nothing else is asked: what is wrong elsewhere is no reason to restart it."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> HttpResponseBase:
    """Whether requests can be served: the database, Redis, and a picture drawn and encoded; 503 if not."""
    found = {name: check.look() for name, check in CHECKS.items()}
    is_ready = not any(found.values())
    parts = {name: why or "ok" for name, why in found.items()}
    body = {"status": "ok" if is_ready else "failed", "parts": parts}
    return JsonResponse(body, status=200 if is_ready else 503)


def metrics(request: HttpRequest) -> HttpResponseBase:
    """Figures for Prometheus, to whoever has the token; without one to this machine itself."""
    if not may_read_metrics(request):
        text = "Send the token of AVSITE_METRICS_TOKEN as a bearer token, or ask from the machine itself.\n"
        return HttpResponse(text, status=403, content_type="text/plain")
    from avsite.metrics import CONTENT_TYPE, write_metrics

    return HttpResponse(write_metrics(), content_type=CONTENT_TYPE)


def may_read_metrics(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        return kind.lower() == "bearer" and secrets.compare_digest(
            token.strip().encode(), settings.METRICS_TOKEN.encode()
        )
    # A proxy on this machine is not this machine asking.
    is_forwarded = {"X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-Ip"} & set(request.headers)
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not is_forwarded


class _Check:
    """One part, looked at anew when the last answer is too old; by one thread at a time."""

    def __init__(self, run: Callable[[], None], good_for: float) -> None:
        self._run = run
        self._good_for = good_for
        self._lock = threading.Lock()
        self._until = 0.0
        self._why = ""

    def look(self) -> str:
        """Why it fails; "" when it does not."""
        with self._lock:
            if time.monotonic() < self._until:
                return self._why
            try:
                self._run()
            except NotReady as problem:
                self._why = str(problem)
                self._until = time.monotonic() + ANSWER_SECONDS
            else:
                self._why = ""
                self._until = time.monotonic() + self._good_for
            return self._why

    def forget(self) -> None:
        with self._lock:
            self._until = 0.0


def look_at_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        raise NotReady("The database does not answer.") from error


def look_at_redis() -> None:
    try:
        caches["default"].set("ready", "here", 10)
        if caches["default"].get("ready") == "here":
            return
    except (RedisError, OSError) as error:
        raise NotReady("Redis does not answer.") from error
    raise NotReady("Redis forgets what it is told.")


def render_tiny() -> None:
    """Two pictures of a face, one with its mouth open, encoded as a video."""
    from lipsync.audio.shape import CLOSED, MouthShape
    from lipsync.face.house import HOUSE_LOOKS, HouseFace
    from lipsync.video.write import VideoWriter

    try:
        face = HouseFace(next(iter(HOUSE_LOOKS)), (PIXELS, PIXELS))
        shut, wide = (
            face.draw(CLOSED),
            face.draw(MouthShape(openness=0.8, width=0.5, rounding=0.2, teeth=0.5)),
        )
        with tempfile.TemporaryDirectory(dir=settings.TEMP_DIR) as folder:
            path = Path(folder) / "tiny.mp4"
            with VideoWriter(path, PIXELS, PIXELS, 25) as writer:
                writer.write(shut)
                writer.write(wide)
            if (shut == wide).all() or not path.stat().st_size:
                raise NotReady("A drawn mouth does not open.")
    except NotReady:
        raise
    except Exception as error:
        logger.exception("the tiny render failed")
        raise NotReady(f"Nothing can be rendered ({type(error).__name__}).") from error


CHECKS = {
    "database": _Check(look_at_database, ANSWER_SECONDS),
    "redis": _Check(look_at_redis, ANSWER_SECONDS),
    "render": _Check(render_tiny, RENDER_SECONDS),
}
