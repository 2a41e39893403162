"""``manage.py heygen_webhook``: tells HeyGen this site's address, and prints the secret it signs with."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lipsync.apps import heygen_config
from lipsync.callback_address import registered_url
from lipsync.engines.heygen.client import open_client
from lipsync.engines.heygen.errors import HeyGenFailure


class Command(BaseCommand):
    help = "Registers this site's address for webhooks at HeyGen and prints the secret to set."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.HEYGEN_API_KEY:
            raise CommandError("HeyGen needs a key; set HEYGEN_API_KEY to one from your HeyGen account.")
        if not settings.PUBLIC_URL:
            raise CommandError("HeyGen needs to reach this site; set AVSITE_PUBLIC_URL to its https address.")
        if settings.HEYGEN_WEBHOOK_SECRET:
            raise CommandError("HEYGEN_WEBHOOK_SECRET is set already; unset it to make another endpoint.")
        try:
            with open_client(heygen_config()) as client:
                secret = client.make_endpoint(registered_url())
        except HeyGenFailure as failure:
            raise CommandError(str(failure.explain())) from None
        self.stdout.write("HeyGen tells this secret once. Set it and start the site again:")
        self.stdout.write(f"HEYGEN_WEBHOOK_SECRET={secret}")
