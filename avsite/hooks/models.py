"""Endpoints and deliveries. The delivery row is the truth about one message to one address.

    waiting --claim--> sending --2xx--> delivered
       ^                  |----refused, tries left--> waiting, later
       |                  `----no tries left, or the endpoint was turned off--> failed
       `---------------- replay (by its owner) ---------------- delivered, failed

A message is made from rows that say what happened, so one that nobody rang for is found by the next look.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from avsite.hooks import signing
from avsite.hooks.outbox import DeliveryQuerySet

OLD_SECRET_KEPT_FOR = timedelta(hours=24)
"""A rolled secret goes on signing for this long, beside the new one."""


def new_salt() -> str:
    return secrets.token_hex(24)


def new_message_id() -> str:
    return f"msg_{uuid.uuid4().hex}"


class Endpoint(models.Model):
    """An address of a user's that is told of events. Its secret follows from the site's key and ``salt``."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="endpoints")
    url = models.CharField(max_length=500)
    events = models.JSONField(default=list, help_text="Types of events that it is told of.")
    note = models.CharField(max_length=120, blank=True, help_text="For its owner, to tell endpoints apart.")
    salt = models.CharField(max_length=64, default=new_salt, editable=False)
    fingerprint = models.CharField(max_length=16, editable=False, help_text="Of the secret that was shown.")
    old_salt = models.CharField(max_length=64, blank=True, editable=False)
    old_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    told_since = models.DateTimeField(
        default=timezone.now, help_text="Only of what happened after this: when it was made, or turned on."
    )
    failing_since = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"endpoint {self.uid}"

    def save(self, *args: object, **kwargs: object) -> None:
        if not self.fingerprint:
            self.fingerprint = signing.fingerprint(self.secret)
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    @property
    def secret(self) -> str:
        """``whsec_...``; never stored."""
        return signing.derive_secret(self.salt)

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None

    def signing_secrets(self, now: datetime) -> list[str]:
        """Those to sign with now. Raises SecretLost when the site's key is no longer the one it was."""
        secret = self.secret
        if signing.fingerprint(secret) != self.fingerprint:
            raise signing.SecretLost
        old = [signing.derive_secret(self.old_salt)] if self.old_until and self.old_until > now else []
        return [secret, *old]

    def roll_secret(self) -> str:
        """A new secret; the old one is good for another day."""
        self.old_salt, self.old_until = self.salt, timezone.now() + OLD_SECRET_KEPT_FOR
        self.salt = new_salt()
        self.fingerprint = signing.fingerprint(self.secret)
        self.save(update_fields=["salt", "fingerprint", "old_salt", "old_until"])
        return self.secret

    def enable(self) -> None:
        """Tell it of what happens from now on."""
        self.disabled_at, self.disabled_reason, self.failing_since = None, "", None
        self.told_since = timezone.now()
        self.save(update_fields=["disabled_at", "disabled_reason", "failing_since", "told_since"])

    def disable(self, reason: str) -> None:
        """Tell it nothing more; what waits for it has failed."""
        now = timezone.now()
        self.disabled_at, self.disabled_reason = now, reason
        self.save(update_fields=["disabled_at", "disabled_reason"])
        self.deliveries.all().give_up("The endpoint was turned off.")


class Delivery(models.Model):
    """One message to one endpoint. A replay sends the same id and body once more."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        DELIVERED = "delivered"
        FAILED = "failed"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=40, default=new_message_id, editable=False)
    type = models.CharField(max_length=40)
    key = models.CharField(max_length=120, help_text="What happened, so that it is told once.")
    body = models.TextField(help_text="JSON, as it is signed and sent.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Since it was made or replayed.")
    next_try_at = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="When to send; while sending, when to give it up."
    )
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    milliseconds = models.PositiveIntegerField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True, help_text="Why the last try failed.")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = [models.UniqueConstraint(fields=["endpoint", "key"], name="told_once")]
        indexes = [models.Index(fields=["state", "next_try_at"])]

    def __str__(self) -> str:
        return f"delivery {self.uid}"
