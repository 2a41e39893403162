"""Signatures as https://www.standardwebhooks.com defines them, and secrets that need not be stored.

A secret follows from the site's own key and an endpoint's salt, so a copy of the database holds none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from django.utils.crypto import salted_hmac

PREFIX = "whsec_"


class SecretLost(Exception):  # noqa: N818 -- a state of things
    """The site's key has changed, and with it every endpoint's secret."""


def derive_secret(salt: str) -> str:
    """``whsec_`` and 32 bytes in base64."""
    digest = salted_hmac("avsite.hooks.secret", salt, algorithm="sha256").digest()
    return PREFIX + base64.b64encode(digest).decode()


def fingerprint(secret: str) -> str:
    """16 letters that tell secrets apart and say nothing about them."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def sign(message_id: str, timestamp: int, body: str, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of a message sent at ``timestamp`` (Unix seconds), signed with each of ``secrets``."""
    signed = f"{message_id}.{timestamp}.{body}".encode()
    keys = [base64.b64decode(secret.removeprefix(PREFIX)) for secret in secrets]
    made = [base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in made),
    }
