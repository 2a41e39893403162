"""Registers the rooms app, and that a face is kept for as long as an avatar wears it."""

from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "rooms"
    verbose_name = "Rooms"

    def ready(self) -> None:
        from lipsync.assets import KEEPERS
        from rooms.library import wears

        if wears not in KEEPERS:
            KEEPERS.append(wears)
