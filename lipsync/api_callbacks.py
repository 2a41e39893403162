"""What HeyGen tells us by itself: once each, and taken only as a reason to look.

Whether it signs what it posts to a render's ``callback_url`` is not documented, so the address itself cannot
be guessed, and a signature, where there is one, must be right. Nothing in the body is believed or called: it
only names a render of ours, whose state is then asked for where it was ordered. The polling that goes on
beside this finds out the same, if later.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from avsite.errors import ApiError, not_found
from lipsync import tasks
from lipsync.callback_address import is_callback_token
from lipsync.models import Job, RemoteEvent, RemoteRender

logger = logging.getLogger(__name__)
router = Router()

ENGINE = "heygen"
BODY_BYTES = 64 * 1024
SIGNATURES = ("Heygen-Signature", "Signature")
ID_LENGTH = 120


@router.post("/callback/{token}", auth=None, response={204: None}, include_in_schema=False)
def receive_callback(request: HttpRequest, token: str) -> Status[None]:
    """A word about a render."""
    require_heygen(request, token)
    render = find_render(read_event(request.body))
    if render is not None and remember(event_id(request)):
        look_now(render)
    return Status(204, None)


@router.api_operation(["OPTIONS"], "/callback/{token}", auth=None, include_in_schema=False)
def answer_probe(request: HttpRequest, token: str) -> dict[str, Any]:
    """Its way to see whether somebody is here."""
    if not is_callback_token(token):
        raise not_found("address")
    return {}


def require_heygen(request: HttpRequest, token: str) -> None:
    """Raises ApiError for what HeyGen did not send."""
    if not is_callback_token(token):
        raise not_found("address")
    if len(request.body) > BODY_BYTES:
        raise ApiError("too_large", "This is more than a webhook of HeyGen's ever says.")
    signature = next((request.headers[name] for name in SIGNATURES if name in request.headers), None)
    if signature is None:
        return
    key = settings.HEYGEN_WEBHOOK_SECRET.encode()
    wanted = hmac.new(key, request.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), signature.strip().lower().encode()):
        logger.warning("a webhook with HeyGen's address and a wrong signature was refused")
        raise ApiError(
            "unauthenticated", "This is not signed with the secret that HeyGen and this site share."
        )


def read_event(body: bytes) -> dict[str, Any]:
    """What it says about a render. Raises ApiError for what is not JSON."""
    try:
        said = json.loads(body)
    except ValueError:
        raise ApiError("bad_request", "This webhook is not JSON, so it cannot be from HeyGen.") from None
    said = said if isinstance(said, dict) else {}
    data = said.get("event_data") or said.get("data")
    return data if isinstance(data, dict) else said


def find_render(event: dict[str, Any]) -> RemoteRender | None:
    """The render of ours that it is about, while somebody waits for its end; None for any other."""
    names = ("callback_id", "lipsync_id", "video_id", "id")
    callback_id, *remote_ids = (_plain(event.get(name)) for name in names)
    which = Q(memo__remote_id__in=[one for one in remote_ids if one])
    if callback_id:
        which |= Q(memo__key=callback_id)
    waited_for = (RemoteRender.State.OPEN, RemoteRender.State.DETACHED)
    return RemoteRender.objects.filter(which, engine=ENGINE, state__in=waited_for).first()


def event_id(request: HttpRequest) -> str:
    """Its own, or what it said: the same words twice are one event."""
    return _plain(request.headers.get("Heygen-Event-Id")) or hashlib.sha256(request.body).hexdigest()


def _plain(value: Any) -> str:
    """An id without what no id holds and some databases do not take."""
    return re.sub(r"[^\w.:-]", "", str(value or ""))[:ID_LENGTH]


def remember(name: str) -> bool:
    """False for an event that came before."""
    try:
        with transaction.atomic():
            RemoteEvent.objects.create(engine=ENGINE, event_id=name)
    except IntegrityError:
        return False
    return True


def look_now(render: RemoteRender) -> None:
    """Have what waits for this render go and see. Nothing happens to one that is being looked at just now."""
    attempt = render.spending.attempt
    if render.state == RemoteRender.State.OPEN and attempt is not None:
        if Job.objects.rouse(attempt.job_id):
            transaction.on_commit(lambda: tasks.ring(Q(pk=attempt.job_id)))
        return
    RemoteRender.objects.filter(pk=render.pk, state=RemoteRender.State.DETACHED).update(
        wake_at=timezone.now()
    )
    transaction.on_commit(tasks.follow_soon)
