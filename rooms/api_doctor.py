"""``/doctor/call``: a call with nobody, to find out whether sound and pictures get through to a browser."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from avsite.auth import caller
from avsite.errors import ApiError
from avsite.limits import count_request
from rooms import address, sfu, tokens

router = Router()

CALLS_PER_MINUTE = 10
EMPTY_SECONDS = 10


class CallOut(Schema):
    url: str
    token: str


@router.post("/doctor/call", response=CallOut)
def make_doctor_call(request: HttpRequest, response: HttpResponse) -> CallOut:
    """A token for a room of one's own, to look and to listen only, for two minutes."""
    user = caller(request)
    count_request(f"doctor-call:{user.pk}", CALLS_PER_MINUTE)
    slug = f"doctor-{user.pk}"
    try:
        sfu.call(lambda livekit: sfu.open_room(livekit, slug, 2, empty_seconds=EMPTY_SECONDS))
    except (sfu.LiveKitAway, sfu.LiveKitRefused):
        message = "The LiveKit server does not answer, so there is nothing to call."
        raise ApiError("unavailable", message, retry_after_seconds=3) from None
    response["Cache-Control"] = "no-store"
    url = address.public_url(request.get_host(), is_secure=request.is_secure())
    return CallOut(url=url, token=tokens.doctor_token(slug, f"doctor-{user.pk}"))
