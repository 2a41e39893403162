"""Registers the site itself: what listens for as long as it runs."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "avsite"
    verbose_name = "Site"

    def ready(self) -> None:
        from avsite import tracing

        tracing.connect()
