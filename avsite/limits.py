"""Rate limits: fixed one-minute windows counted in the cache, or in this process while Redis is away."""

from __future__ import annotations

import time

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.http import HttpRequest
from redis.exceptions import RedisError

from avsite.errors import ApiError

WINDOW_SECONDS = 60


def client_address(request: HttpRequest) -> str:
    """The caller's address as the web server saw it (behind a proxy: daphne's ``--proxy-headers``)."""
    return str(request.META.get("REMOTE_ADDR", "unknown"))


def _count(cache: BaseCache, key: str) -> int:
    if cache.add(key, 1, timeout=WINDOW_SECONDS * 2):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it ran out between the two calls
        cache.set(key, 1, timeout=WINDOW_SECONDS * 2)
        return 1


def count_request(who: str, limit: int) -> None:
    """Counts one request of ``who``. Raises ApiError ``rate_limited`` past ``limit`` a minute."""
    now = time.time()
    key = f"rate:{who}:{int(now // WINDOW_SECONDS)}"
    try:
        count = _count(caches["default"], key)
    except (RedisError, OSError):
        count = _count(caches["process"], key)
    if count > limit:
        wait = WINDOW_SECONDS - int(now % WINDOW_SECONDS)
        raise ApiError(
            "rate_limited",
            f"More than {limit} requests in a minute; try again in {wait} seconds.",
            retry_after_seconds=wait,
        )
