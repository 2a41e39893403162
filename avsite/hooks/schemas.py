"""What the API says about endpoints and deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, cast

from ninja import Field, Schema

from avsite.hooks.models import Delivery, Endpoint

EventType = Literal[
    "job.done",
    "job.failed",
    "job.cancelled",
    "batch.finished",
    "dub.done",
    "dub.failed",
    "room.closed",
    "avatar.started",
    "avatar.ended",
    "avatar.failed",
]
Events = Annotated[list[EventType], Field(min_length=1, max_length=20)]
Url = Annotated[str, Field(min_length=1, max_length=500)]
Note = Annotated[str, Field(max_length=120)]


class WebhookIn(Schema):
    url: Url
    events: Events
    note: Note = ""


class WebhookChanges(Schema):
    url: Url | None = None
    events: Events | None = None
    note: Note | None = None
    enabled: bool | None = None


class WebhookOut(Schema):
    """An endpoint. ``disabled_reason`` says why it is off when its owner did not turn it off."""

    id: str
    url: str
    events: list[str]
    note: str
    enabled: bool
    disabled_reason: str
    failing_since: datetime | None
    created_at: datetime
    last_delivery: DeliveryOut | None


class NewWebhookOut(WebhookOut):
    """The only answer that holds the secret, besides that of a rolled one."""

    secret: str


class SecretOut(Schema):
    """The new secret; the old one signs too until ``old_until``."""

    secret: str
    old_until: datetime


class WebhookEventOut(Schema):
    type: str
    description: str


class WebhookList(Schema):
    items: list[WebhookOut]
    events: list[WebhookEventOut]


class DeliveryOut(Schema):
    """One message to one endpoint, and how its last try went."""

    id: str
    message_id: str
    type: str
    state: Literal["waiting", "sending", "delivered", "failed"]
    attempts: int
    response_status: int | None
    milliseconds: int | None
    message: str
    created_at: datetime
    tried_at: datetime | None
    next_try_at: datetime | None
    body: str


class DeliveryPage(Schema):
    items: list[DeliveryOut]
    next_cursor: str | None


WebhookOut.model_rebuild()
NewWebhookOut.model_rebuild()


def describe_endpoint(endpoint: Endpoint) -> WebhookOut:
    last = endpoint.deliveries.order_by("-pk").first()
    return WebhookOut(
        id=str(endpoint.uid),
        url=endpoint.url,
        events=endpoint.events,
        note=endpoint.note,
        enabled=endpoint.is_enabled,
        disabled_reason=endpoint.disabled_reason,
        failing_since=endpoint.failing_since,
        created_at=endpoint.created_at,
        last_delivery=describe_delivery(last) if last else None,
    )


def describe_delivery(delivery: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=str(delivery.uid),
        message_id=delivery.message_id,
        type=delivery.type,
        state=cast(Literal["waiting", "sending", "delivered", "failed"], delivery.state),
        attempts=delivery.attempts,
        response_status=delivery.response_status,
        milliseconds=delivery.milliseconds,
        message=delivery.message,
        created_at=delivery.created_at,
        tried_at=delivery.tried_at,
        next_try_at=delivery.next_try_at if delivery.state == Delivery.State.WAITING else None,
        body=delivery.body,
    )
