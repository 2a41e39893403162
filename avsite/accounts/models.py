"""People, their API keys, and the links and request keys that are good for one use."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

KEY_PREFIX = "avs_"
USE_RECORDED_EVERY = timedelta(minutes=1)
LINK_LIFETIME = timedelta(hours=1)


class User(AbstractUser):
    """A person. Limits left empty mean the site's default in settings."""

    storage_limit_bytes = models.BigIntegerField(null=True, blank=True)
    job_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Jobs that may be waiting or running at once."
    )

    @property
    def max_storage_bytes(self) -> int:
        if self.storage_limit_bytes is None:
            return int(settings.STORAGE_LIMIT_BYTES)
        return self.storage_limit_bytes

    @property
    def max_jobs(self) -> int:
        return int(settings.JOB_LIMIT) if self.job_limit is None else self.job_limit


def hash_key(secret: str) -> str:
    """SHA-256 of an API key. Keys are 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiKeyManager(models.Manager["ApiKey"]):
    def issue(self, owner: User, name: str) -> tuple[ApiKey, str]:
        """A new key and its secret, which is shown this once and never stored."""
        secret = KEY_PREFIX + secrets.token_urlsafe(32)
        key = self.create(owner=owner, name=name, hint=secret[:8], secret_hash=hash_key(secret))
        return key, secret

    def find(self, secret: str) -> ApiKey | None:
        """The live key with this secret; its last use is kept to the minute, to spare the database."""
        key = self.select_related("owner").filter(secret_hash=hash_key(secret), owner__is_active=True).first()
        now = timezone.now()
        if key is not None and (key.last_used_at is None or now - key.last_used_at > USE_RECORDED_EVERY):
            self.filter(pk=key.pk).update(last_used_at=now)
        return key


class ApiKey(models.Model):
    """A secret that lets a program act as its owner."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    hint = models.CharField(max_length=8, help_text="The first characters of the secret, to tell keys apart.")
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyManager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"


class SignInLinkManager(models.Manager["SignInLink"]):
    def issue(self, user: User) -> str:
        """A token that signs ``user`` in once within the hour; only its hash is kept."""
        self.filter(expires_at__lt=timezone.now()).delete()
        token = secrets.token_urlsafe(32)
        self.create(user=user, token_hash=hash_key(token), expires_at=timezone.now() + LINK_LIFETIME)
        return token

    def use(self, token: str) -> User | None:
        """The user of a live token, which is used up by this; only one of two callers at once gets it."""
        link = (
            self.select_related("user")
            .filter(token_hash=hash_key(token), expires_at__gt=timezone.now(), user__is_active=True)
            .first()
        )
        if link is None:
            return None
        deleted, _ = self.filter(pk=link.pk).delete()
        return link.user if deleted else None


class SignInLink(models.Model):
    """A link that signs its user in once. The row goes when it is used."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    objects = SignInLinkManager()


class KeptResponse(models.Model):
    """The answer to a request that carried an Idempotency-Key. No status: still in work."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="one_response_per_key")]
