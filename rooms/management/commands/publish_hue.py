"""``manage.py publish_hue --room SLUG``: a test pattern, to see whether video flows at all."""

from __future__ import annotations

import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from livekit import rtc

from rooms.agent.broadcast import Broadcast, publish_hue


class Command(BaseCommand):
    help = "Publish a colour that goes round the wheel into a room, until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--room", required=True, help="the room's short name")
        parser.add_argument("--width", type=int, default=1280)
        parser.add_argument("--height", type=int, default=720)
        parser.add_argument("--fps", type=float, default=30.0)

    def handle(self, *args: Any, **options: Any) -> None:
        broadcast = Broadcast(
            settings.LIVEKIT_URL, settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET, options["room"]
        )
        size = options["width"], options["height"]
        said = f"Publishing colours in {options['room']}; Ctrl-C stops."
        try:
            asyncio.run(publish_hue(broadcast, size, options["fps"], on_live=lambda: self.stdout.write(said)))
        except rtc.ConnectError as error:
            raise CommandError(
                f"The room could not be joined: {error}. Does it exist and is it open?"
            ) from None
