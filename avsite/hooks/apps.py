"""Registers the hooks app, and that it looks when a job or a room changes."""

from django.apps import AppConfig


class HooksConfig(AppConfig):
    name = "avsite.hooks"
    label = "hooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        from avsite.hooks import listen

        listen.connect()
