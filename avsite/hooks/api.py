"""``/webhooks``: endpoints of the caller, and what was sent to them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router, Status

from avsite.accounts.models import User
from avsite.auth import caller
from avsite.errors import ApiError, not_found
from avsite.hooks.address import BadAddress, check_url
from avsite.hooks.events import EVENTS, TEST, Happening, tell
from avsite.hooks.models import Delivery, Endpoint
from avsite.hooks.schemas import (
    DeliveryOut,
    DeliveryPage,
    NewWebhookOut,
    SecretOut,
    WebhookChanges,
    WebhookEventOut,
    WebhookIn,
    WebhookList,
    WebhookOut,
    describe_delivery,
    describe_endpoint,
)
from avsite.hooks.tasks import send_soon
from avsite.limits import count_request
from lipsync.paging import take_page

ENDPOINTS_PER_USER = 10
SENDS_PER_MINUTE = 30
"""Tests and replays, which anyone could otherwise aim at somebody else's server."""
OFF_BY_OWNER = "You turned it off."
router = Router()


@router.get("", response=WebhookList)
def list_webhooks(request: HttpRequest) -> WebhookList:
    """Newest first, with the types of events there are."""
    return WebhookList(
        items=[describe_endpoint(one) for one in Endpoint.objects.filter(owner=caller(request))],
        events=[WebhookEventOut(type=name, description=said) for name, said in EVENTS.items()],
    )


@router.post("", response={201: NewWebhookOut})
def create_webhook(request: HttpRequest, payload: WebhookIn) -> Status[NewWebhookOut]:
    """The secret is in this answer and nowhere else."""
    _check(payload.url)
    owner = caller(request)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)
        if Endpoint.objects.filter(owner=owner).count() >= ENDPOINTS_PER_USER:
            said = f"You have {ENDPOINTS_PER_USER} webhooks already; delete one first."
            raise ApiError("limit_reached", said)
        endpoint = Endpoint.objects.create(
            owner=owner, url=payload.url, events=sorted(set(payload.events)), note=payload.note.strip()
        )
    return Status(201, NewWebhookOut(**describe_endpoint(endpoint).dict(), secret=endpoint.secret))


@router.get("/{uuid:webhook_id}", response=WebhookOut)
def get_webhook(request: HttpRequest, webhook_id: UUID) -> WebhookOut:
    return describe_endpoint(_own(request, webhook_id))


@router.patch("/{uuid:webhook_id}", response=WebhookOut)
def change_webhook(request: HttpRequest, webhook_id: UUID, payload: WebhookChanges) -> WebhookOut:
    """Turning it on again clears its failures; what happened while it was off is not told."""
    endpoint = _own(request, webhook_id)
    if payload.url is not None:
        _check(payload.url)
        endpoint.url = payload.url
    if payload.events is not None:
        endpoint.events = sorted(set(payload.events))
    if payload.note is not None:
        endpoint.note = payload.note.strip()
    endpoint.save(update_fields=["url", "events", "note"])
    if payload.enabled is True and not endpoint.is_enabled:
        endpoint.enable()
    elif payload.enabled is False and endpoint.is_enabled:
        endpoint.disable(OFF_BY_OWNER)
    return describe_endpoint(endpoint)


@router.delete("/{uuid:webhook_id}", response={204: None})
def delete_webhook(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Its deliveries go with it."""
    _own(request, webhook_id).delete()
    return HttpResponse(status=204)


@router.post("/{uuid:webhook_id}/secret", response=SecretOut)
def roll_secret(request: HttpRequest, webhook_id: UUID) -> SecretOut:
    """A new secret. For a day messages are signed with the old one as well."""
    endpoint = _own(request, webhook_id)
    secret = endpoint.roll_secret()
    return SecretOut(secret=secret, old_until=endpoint.old_until or timezone.now())


@router.post("/{uuid:webhook_id}/test", response={202: DeliveryOut})
def test_webhook(request: HttpRequest, webhook_id: UUID) -> Status[DeliveryOut]:
    """Send a message of type ``test``."""
    endpoint = _enabled(request, webhook_id)
    happening = Happening(TEST, f"test:{uuid4()}", timezone.now(), {"webhook": str(endpoint.uid)})
    return Status(202, describe_delivery(tell(endpoint, happening)))


@router.get("/{uuid:webhook_id}/deliveries", response=DeliveryPage)
def list_deliveries(
    request: HttpRequest,
    webhook_id: UUID,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> DeliveryPage:
    """What was sent or is to be, newest first; kept for 30 days."""
    deliveries = _own(request, webhook_id).deliveries.all()
    page, next_cursor = take_page(deliveries, cursor, limit)
    return DeliveryPage(items=[describe_delivery(one) for one in page], next_cursor=next_cursor)


@router.post("/{uuid:webhook_id}/deliveries/{uuid:delivery_id}/replay", response={202: DeliveryOut})
def replay_delivery(request: HttpRequest, webhook_id: UUID, delivery_id: UUID) -> Status[DeliveryOut]:
    """Send the same message once more, with the same id."""
    found = _own(request, webhook_id).deliveries.filter(uid=delivery_id).first()
    if found is None:
        raise not_found("delivery")
    _enabled(request, webhook_id)
    if not Delivery.objects.replay(found.pk):
        raise ApiError("conflict", "This message is about to be sent anyway; look again in a moment.")
    send_soon(found)
    found.refresh_from_db()
    return Status(202, describe_delivery(found))


def _own(request: HttpRequest, webhook_id: UUID) -> Endpoint:
    endpoint = Endpoint.objects.filter(owner=caller(request), uid=webhook_id).first()
    if endpoint is None:
        raise not_found("webhook")
    return endpoint


def _enabled(request: HttpRequest, webhook_id: UUID) -> Endpoint:
    endpoint = _own(request, webhook_id)
    if not endpoint.is_enabled:
        raise ApiError("conflict", "This webhook is off; turn it on first.")
    count_request(f"hooks:{endpoint.owner_id}", SENDS_PER_MINUTE)
    return endpoint


def _check(url: str) -> None:
    try:
        check_url(url)
    except BadAddress as error:
        raise ApiError("invalid", str(error), "url") from None
