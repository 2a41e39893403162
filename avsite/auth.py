"""Who is calling: a browser's session (guarded against forgery) or an API key."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from avsite.accounts.models import ApiKey, User
from avsite.errors import ApiError
from avsite.limits import count_request


def refuse_forgery(request: HttpRequest) -> None:
    """Raises ApiError unless a request that changes something carries the CSRF token."""
    if check_csrf(request):
        raise ApiError("forbidden", "The CSRF token is missing or stale; reload the page and try again.")


class KeyAuth(HttpBearer):
    """``Authorization: Bearer avs_...``. A wrong key is refused even beside a good session."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        key = ApiKey.objects.find(token)
        if key is None:
            raise ApiError(
                "unauthenticated", "This API key is unknown or was deleted; make a new one and use it."
            )
        request.user = key.owner
        count_request(f"key:{key.pk}", settings.REQUESTS_PER_MINUTE)
        return key.owner


class SessionAuth(APIKeyCookie):
    """The session cookie, with the CSRF header for everything but reading."""

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self) -> None:
        super().__init__(csrf=False)  # checked below, in this API's own words

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        if not isinstance(request.user, User):
            return None
        refuse_forgery(request)
        count_request(f"user:{request.user.pk}", settings.REQUESTS_PER_MINUTE)
        return request.user


API_AUTH = [KeyAuth(), SessionAuth()]


def caller(request: HttpRequest) -> User:
    """The signed-in user of an authenticated operation."""
    if not isinstance(request.user, User):
        raise ApiError("unauthenticated", "Sign in, or send an API key as a bearer token.")
    return request.user
