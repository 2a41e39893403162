"""Sending, by workers. The rows say when a message is due; a task only says that one is."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from avsite.hooks import events
from avsite.hooks.models import Delivery, Endpoint

logger = logging.getLogger(__name__)

FAILING_FOR = timedelta(days=3)
"""An endpoint that has accepted nothing for this long is turned off."""
KEPT_FOR = timedelta(days=30)
SENT_AT_ONCE = 100
GONE = 410


def send_soon(delivery: Delivery) -> None:
    """Have it sent once all can see its row. While Redis is away, the next round does it."""
    transaction.on_commit(lambda: _ring(delivery.pk))


def _ring(delivery_id: int) -> None:
    try:
        deliver_task.apply_async((delivery_id,), expires=60)
    except (BrokerError, OSError) as error:
        logger.warning("delivery %s waits for the next round, the broker is away: %s", delivery_id, error)


@shared_task(ignore_result=True)
def deliver_task(delivery_id: int) -> None:
    """One try at one delivery, then the next that its endpoint is due."""
    from avsite.hooks.send import send  # loads the HTTP client, which the web server does without

    delivery = Delivery.objects.claim(delivery_id)
    if delivery is None:
        return
    outcome = send(delivery)
    if outcome.message:
        seen = {"response_status": outcome.status, "milliseconds": outcome.milliseconds}
        if Delivery.objects.fail(delivery, outcome.message, **seen):
            _note_failure(delivery.endpoint, outcome.message, is_gone=outcome.status == GONE)
    elif Delivery.objects.succeed(delivery, outcome.status or 0, outcome.milliseconds or 0):
        Endpoint.objects.filter(pk=delivery.endpoint_id).update(failing_since=None)
    logger.info("delivery %s: %s", delivery.pk, outcome.status or "no answer")
    following = Delivery.objects.due().filter(endpoint=delivery.endpoint_id).order_by("pk").first()
    if following is not None:
        _ring(following.pk)


def _note_failure(endpoint: Endpoint, message: str, *, is_gone: bool) -> None:
    now = timezone.now()
    Endpoint.objects.filter(pk=endpoint.pk, failing_since=None).update(failing_since=now)
    endpoint.refresh_from_db()
    if not endpoint.is_enabled:
        return
    if is_gone:
        endpoint.disable("It answered 410, which says that it is gone for good.")
    elif endpoint.failing_since and now - endpoint.failing_since > FAILING_FOR:
        days = FAILING_FOR.days
        endpoint.disable(
            f"It accepted nothing for {days} days. The last try: {message} Mend it, then turn it on."
        )


@shared_task(ignore_result=True)
def sweep_task() -> None:
    """Find what nobody rang for, and tell workers of every delivery whose time has come."""
    for endpoint in Endpoint.objects.filter(disabled_at=None, owner__is_active=True):
        events.collect(endpoint)
    due = Delivery.objects.due().order_by("next_try_at")[:SENT_AT_ONCE]
    for pk in {delivery.endpoint_id: delivery.pk for delivery in reversed(due)}.values():
        _ring(pk)


@shared_task(ignore_result=True)
def tidy_task() -> None:
    """Forget what was delivered long ago."""
    Delivery.objects.forget(timezone.now() - KEPT_FOR)
