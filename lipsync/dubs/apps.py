"""Registers the dubs, and that they go on when the lips they wait for are made."""

from django.apps import AppConfig


class DubsConfig(AppConfig):
    name = "lipsync.dubs"
    label = "dubs"
    verbose_name = "Dubs"

    def ready(self) -> None:
        from lipsync.assets import KEEPERS
        from lipsync.dubs.models import shows
        from lipsync.dubs.tasks import on_job_changed
        from lipsync.progress import job_changed

        if shows not in KEEPERS:
            KEEPERS.append(shows)
        job_changed.connect(on_job_changed, dispatch_uid="dubs")
