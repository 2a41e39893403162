"""``manage.py publish_video FILE --room SLUG``: a video file or a finished job in a room."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from livekit import rtc

from lipsync.models import Job
from lipsync.video.errors import MediaError
from rooms.agent.broadcast import Broadcast, publish_video


class Command(BaseCommand):
    help = "Publish a video file or a finished job, with its sound, into a room until it ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("video", help="a video file, or the id of a finished lip-sync job")
        parser.add_argument("--room", required=True, help="the room's short name")
        parser.add_argument("--loop", action="store_true", help="start again at the end")
        parser.add_argument("--identity", default="python-publisher")
        parser.add_argument("--name", default="Python Publisher")

    def handle(self, *args: Any, **options: Any) -> None:
        path = find_video(options["video"])
        broadcast = Broadcast(
            settings.LIVEKIT_URL,
            settings.LIVEKIT_API_KEY,
            settings.LIVEKIT_API_SECRET,
            options["room"],
            options["identity"],
            options["name"],
        )
        said = f"Publishing {path.name} in {options['room']}; Ctrl-C stops."
        try:
            asyncio.run(
                publish_video(broadcast, path, loop=options["loop"], on_live=lambda: self.stdout.write(said))
            )
        except (MediaError, FileNotFoundError) as error:
            raise CommandError(str(error)) from None
        except rtc.ConnectError as error:
            raise CommandError(
                f"The room could not be joined: {error}. Does it exist and is it open?"
            ) from None


def find_video(given: str) -> Path:
    """The file, or that of the job with this id. Raises CommandError."""
    path = Path(given)
    if path.is_file():
        return path
    try:
        job = Job.objects.filter(uid=UUID(given)).first()
    except ValueError:
        raise CommandError(f"There is no file {given!r}, and it is not the id of a job.") from None
    if job is None or not job.result:
        raise CommandError("There is no finished job with this id.")
    return Path(job.result.path)
