"""Where HeyGen may tell us of a render: an address that nobody else can guess."""

from __future__ import annotations

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

PATH = "/api/v1/heygen/callback/"


def registered_url() -> str:
    """What HeyGen is told; without a public address it is of no use."""
    return settings.PUBLIC_URL + PATH + _token()


def callback_url() -> str:
    """Empty unless the site has a public address and the secret that HeyGen signs with."""
    return registered_url() if settings.PUBLIC_URL and settings.HEYGEN_WEBHOOK_SECRET else ""


def is_callback_token(token: str) -> bool:
    """Whether ``token`` is what stands at the end of this site's ``callback_url``."""
    return bool(callback_url()) and constant_time_compare(token, _token())


def _token() -> str:
    return salted_hmac("lipsync.callback", "heygen", algorithm="sha256").hexdigest()[:40]
