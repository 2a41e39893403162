"""The screens' one HTML page, and what people see when an address leads nowhere."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from avsite.errors import ApiError
from avsite.middleware import GetResponse


@require_safe
@never_cache
@ensure_csrf_cookie
def screens(request: HttpRequest) -> HttpResponse:
    """The built frontend's page for every path that it routes itself."""
    try:
        page = (settings.FRONTEND_DIST / "index.html").read_bytes()
    except FileNotFoundError:
        return render(request, "not_built.html", status=503)
    return HttpResponse(page)


def api_problems(get_response: GetResponse) -> GetResponse:
    """Middleware that puts refusals made before the API's own code into its error envelope."""
    answers = {
        400: ApiError("bad_request", "The request is malformed and could not be read; send it again."),
        405: ApiError("method_not_allowed", "This address does not take that method; see /api/v1/docs."),
    }

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        error = answers.get(response.status_code)
        if error is None or not request.path.startswith("/api/") or "json" in response["Content-Type"]:
            return response
        answer = _problem(request, error)
        if "Allow" in response:
            answer["Allow"] = response["Allow"]
        return answer

    return middleware


def _problem(request: HttpRequest, error: ApiError) -> HttpResponse:
    if request.path.startswith("/api/"):
        from avsite.api import error_response  # the API imports this module's users

        return error_response(error)
    return render(request, "problem.html", {"error": error}, status=error.status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _problem(
        request, ApiError("not_found", "There is nothing at this address; check it for typing errors.")
    )


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    return _problem(request, ApiError("server_error", "Something went wrong here; try again in a moment."))
