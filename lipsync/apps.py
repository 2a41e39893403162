"""Registers the lipsync app and the engines that the site's settings add."""

from django.apps import AppConfig
from django.conf import settings

from lipsync.engines.base import ENGINES


class LipsyncConfig(AppConfig):
    name = "lipsync"
    verbose_name = "Lip-sync"

    def ready(self) -> None:
        ENGINES.update(settings.EXTRA_ENGINES)
