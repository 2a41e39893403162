"""The HTTP API's root: one NinjaAPI, one error envelope, one way to sign in."""

from __future__ import annotations

import json
import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError

from avsite.auth import API_AUTH
from avsite.errors import STATUS, ApiError
from avsite.middleware import current_request_id

log = logging.getLogger(__name__)
CODE_OF_STATUS = {status: code for code, status in reversed(STATUS.items())}


class ErrorDetail(Schema):
    code: str
    message: str
    param: str | None = None


class ErrorOut(Schema):
    """The envelope of every error."""

    error: ErrorDetail
    request_id: str


api = NinjaAPI(
    title="avsite",
    version="1",
    description="Puts a face to any voice. Sign in with a session or `Authorization: Bearer avs_...`.",
    auth=API_AUTH,
    urls_namespace="api",
    docs_url="/docs",
)


def error_response(error: ApiError) -> JsonResponse:
    """The envelope of ``error``, with Retry-After where it says when."""
    detail = {"code": error.code, "message": error.message}
    if error.param:
        detail["param"] = error.param
    response = JsonResponse({"error": detail, "request_id": current_request_id.get()}, status=error.status)
    if error.retry_after_seconds is not None:
        response["Retry-After"] = str(error.retry_after_seconds)
    if error.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(ApiError)
def on_api_error(request: HttpRequest, error: ApiError) -> HttpResponse:
    return error_response(error)


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """The first field at fault, in dotted form without ninja's outer layers."""
    first: dict[str, Any] = error.errors[0]
    param = ".".join(str(part) for part in list(first["loc"])[1:] if part not in {"payload", "data", "form"})
    message = str(first["msg"]).removeprefix("Value error, ")
    text = message if not param else f"{param}: {message[:1].lower()}{message[1:]}"
    return error_response(ApiError("invalid", text.rstrip(".") + ".", param or None))


@api.exception_handler(AuthenticationError)
def on_unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return error_response(ApiError("unauthenticated", "Sign in, or send an API key as a bearer token."))


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    code = CODE_OF_STATUS.get(error.status_code, "bad_request")
    message = str(error)
    if error.status_code == 400 and isinstance(error.__cause__ or error.__context__, json.JSONDecodeError):
        message = "The request's body is not valid JSON; check its quotes, commas and brackets."
    return error_response(ApiError(code, message, status=error.status_code))


@api.exception_handler(Http404)
def on_not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return error_response(
        ApiError("not_found", "There is nothing here, or it is not yours; check the address.")
    )


@api.exception_handler(RequestDataTooBig)
def on_body_too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return error_response(ApiError("too_large", "The request is too large; send files as multipart uploads."))


@api.exception_handler(MultiPartParserError)
@api.exception_handler(TooManyFilesSent)
@api.exception_handler(SuspiciousOperation)
def on_malformed(request: HttpRequest, error: Exception) -> HttpResponse:
    return error_response(
        ApiError("bad_request", "The request is malformed and could not be read; send it again.")
    )


@api.exception_handler(Exception)
def on_bug(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception(
        "unhandled error in %s %s", request.method, request.resolver_match and request.resolver_match.route
    )
    return error_response(
        ApiError(
            "server_error", "Something went wrong here; try again, and report the request id if it stays."
        )
    )


api.add_router("", "avsite.accounts.api.router", tags=["accounts"])
api.add_router("/assets", "lipsync.api_assets.router", tags=["assets"])
api.add_router("", "lipsync.api_voices.router", tags=["voices"])
api.add_router("", "lipsync.api.router", tags=["lipsyncs"])
api.add_router("", "lipsync.api_costs.router", tags=["costs"])
api.add_router("/heygen", "lipsync.api_callbacks.router", tags=["engines"])
api.add_router("/dubs", "lipsync.dubs.api.router", tags=["dubs"])
api.add_router("/batches", "lipsync.api_batches.router", tags=["batches"])
api.add_router("", "rooms.api_people.router", tags=["people in rooms"])
api.add_router("/rooms", "rooms.api_sessions.router", tags=["avatars in rooms"])
api.add_router("/rooms", "rooms.api_captions.router", tags=["captions of rooms"])
api.add_router("/rooms", "rooms.api.router", tags=["rooms"])
api.add_router("/avatars", "rooms.api_avatars.router", tags=["avatars"])
api.add_router("/agent", "rooms.api_agent.router", tags=["agents"])
api.add_router("/livekit", "rooms.webhooks.router", tags=["agents"])
api.add_router("/webhooks", "avsite.hooks.api.router", tags=["webhooks"])
api.add_router("", "avsite.doctor.router", tags=["doctor"])
api.add_router("", "rooms.api_doctor.router", tags=["doctor"])
