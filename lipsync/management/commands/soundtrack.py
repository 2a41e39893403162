"""Music under a video: ``manage.py soundtrack VIDEO MUSIC -o OUT.mp4``."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from lipsync.audio.soundtrack import SoundtrackOptions, mix_soundtrack
from lipsync.management.failures import told_plainly
from lipsync.video.probe import probe
from lipsync.video.resound import replace_sound

HELP = {
    "below_lu": "LU by which music is softer than speech where nobody speaks",
    "duck_db": "dB by which it is lowered further while somebody speaks",
    "fade_seconds": "of the cross-fade where it is looped, and of its beginning and end",
    "loudness_lufs": "of the result",
    "peak_dbtp": "the highest the result may reach",
}


class Command(BaseCommand):
    help = "Puts music under a video: looped to its length, lower while somebody speaks, at one loudness."
    requires_system_checks: list[str] = []  # noqa: RUF012 -- Django's own type; needs no database

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("video", type=Path, help="a video with speech")
        parser.add_argument("music", type=Path, help="any sound file")
        parser.add_argument("-o", "--output", type=Path, required=True, help="the MP4 to write")
        for field in fields(SoundtrackOptions):
            name = f"--{field.name.replace('_', '-')}"
            parser.add_argument(
                name, type=float, default=field.default, help=f"{HELP[field.name]} (default %(default)g)"
            )

    def handle(self, *args: Any, **options: Any) -> None:
        video, output = options["video"], options["output"]
        with told_plainly(video, ValueError):
            wanted = SoundtrackOptions(
                **{field.name: options[field.name] for field in fields(SoundtrackOptions)}
            )
            seconds = probe(video).duration_seconds
            replace_sound(video, mix_soundtrack(video, seconds, options["music"], wanted)(), output)
        self.stdout.write(f"{output}: {seconds:.1f} s with music")
