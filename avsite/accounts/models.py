"""People and their API keys."""

from __future__ import annotations

import hashlib
import secrets

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

KEY_PREFIX = "avs_"


class User(AbstractUser):
    """A person. Limits left empty mean the site's default in settings."""

    storage_limit_bytes = models.BigIntegerField(null=True, blank=True)
    job_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Jobs that may be waiting or running at once."
    )


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
        """The live key with this secret, marked as used just now."""
        key = self.select_related("owner").filter(secret_hash=hash_key(secret), owner__is_active=True).first()
        if key is not None:
            self.filter(pk=key.pk).update(last_used_at=timezone.now())
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
