"""A recording's mouth as numbers: ``manage.py mouth SPEECH --fps 25 -o shapes.npz --plot shapes.png``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand

from lipsync.audio.mouth import speech_mouth
from lipsync.audio.plot import draw_track
from lipsync.audio.shape import MouthShape
from lipsync.management.failures import told_plainly
from lipsync.speech.align import align_recording
from lipsync.speech.errors import SpeechError
from lipsync.speech.languages import find_language


def frame_rate(text: str) -> float:
    """A frame rate from the command line."""
    value = float(text)
    if not 1 <= value <= 240:
        raise argparse.ArgumentTypeError(f"{text} is not a frame rate from 1 to 240")
    return value


class Command(BaseCommand):
    help = "Writes how the mouth moves over a recording: arrays openness, width, rounding, teeth and closure."
    requires_system_checks: list[str] = []  # noqa: RUF012 -- Django's own type; needs no database

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("speech", type=Path, help="a sound file, or a video with sound")
        parser.add_argument("--fps", type=frame_rate, default=25.0, help="frames per second (default 25)")
        parser.add_argument("--text", default="", help="what is said in SPEECH, for a more exact mouth")
        parser.add_argument("--language", default="en-US", help="of --text (default en-US)")
        parser.add_argument("-o", "--output", type=Path, required=True, help="the .npz file to write")
        parser.add_argument("--plot", type=Path, help="a PNG picture of the tracks to write as well")

    def handle(self, *args: Any, **options: Any) -> None:
        speech: Path = options["speech"]
        output: Path = options["output"]
        with told_plainly(speech, SpeechError):
            phones = None
            if options["text"].strip():
                phones = align_recording(speech, options["text"], find_language(options["language"]))
            track = speech_mouth(speech, options["fps"], phones=phones)
            arrays = {name: getattr(track, name) for name in MouthShape._fields}
            with output.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
            if options["plot"]:
                options["plot"].write_bytes(draw_track(track))
        self.stdout.write(f"{output}: {len(track)} frames at {track.fps:g} fps")
