"""``manage.py demo -o OUT``: a photo and a drawn avatar talk to each other, side by side."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lipsync.audio.load import FloatArray, load_audio, save_wav
from lipsync.engines.base import RenderOptions
from lipsync.management.commands.lipsync import ProgressBar
from lipsync.service import get_lipsync_service
from lipsync.speech.synthesize import synthesize
from lipsync.video.read import FrameReader
from lipsync.video.write import VideoWriter
from lipsync.work import Work

SIDE = 1080  # pixels of each half
FPS = Fraction(25)
SOUND_RATE = 48_000
PORTRAIT = "docs/images/collins.jpg"
LINES: tuple[tuple[int, str], ...] = (
    (0, "Good morning! I am a photograph, and this machine lets me speak."),
    (1, "And nobody ever took a picture of me. I was drawn, line by line."),
    (0, "No cloud, no key, and not one model to download."),
    (1, "Bring your own face, and any voice you like!"),
)
"""Who speaks, the left or the right, and what."""
VOICES = ("en-us-annie", "en-f2")


class Command(BaseCommand):
    help = "Makes a film of a photo and a drawn avatar who talk to each other."
    requires_system_checks: list[str] = []  # noqa: RUF012 -- Django's own type; needs no database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("-o", "--output", required=True, type=Path, metavar="OUT")

    def handle(self, *args: Any, **options: Any) -> None:
        portrait = Path(settings.BASE_DIR) / PORTRAIT
        happy = RenderOptions(expression="happy", expression_amount=0.35, background="blur")
        faces: list[dict[str, Any]] = [{"face_path": portrait}, {"house_look": "maya"}]
        with tempfile.TemporaryDirectory(prefix="demo-") as name:
            folder = Path(name)
            clips = []
            try:
                for side, face in enumerate(faces):
                    words = _record(folder / f"{side}.wav", side)
                    work = Work(
                        speech_path=folder / f"{side}.wav",
                        transcript=words,
                        transcript_language="en-US" if side == 0 else "en-GB",
                        options=happy,
                        **face,
                    )
                    bar = ProgressBar(sys.stderr)
                    path = folder / f"{side}.mp4"
                    get_lipsync_service().render_files(work, path, on_progress=bar.show)
                    bar.show("finish", 1.0)
                    bar.close()
                    clips.append(path)
                _join(clips, options["output"])
            except (RuntimeError, OSError) as error:
                raise CommandError(str(error)) from error
        self.stdout.write(str(options["output"]))


def _record(path: Path, side: int) -> str:
    """The whole talk as one of them hears it: silent while the other speaks. What they say themselves."""
    pieces: list[FloatArray] = []
    rate = 0
    for speaker, text in LINES:
        speech = synthesize(text, VOICES[speaker])
        rate = speech.sample_rate
        pieces.append(speech.samples if speaker == side else np.zeros_like(speech.samples))
    save_wav(path, np.concatenate(pieces), rate)
    return " ".join(text for speaker, text in LINES if speaker == side)


def _join(clips: Sequence[Path], output: Path) -> None:
    """Both films side by side, with the sound of both."""
    sounds = [load_audio(clip, SOUND_RATE) for clip in clips]
    length = min(map(len, sounds))
    sound = np.clip(sum(one[:length] for one in sounds), -1, 1).astype(np.float32)
    output.parent.mkdir(parents=True, exist_ok=True)
    readers = [FrameReader(clip, fps=FPS) for clip in clips]
    step = SOUND_RATE // int(FPS)
    with VideoWriter(output, len(clips) * SIDE, SIDE, FPS, SOUND_RATE) as writer:
        for number, frames in enumerate(zip(*readers, strict=False)):
            halves = [_fitted(frame.image) for frame in frames]
            writer.write(np.concatenate(halves, axis=1))
            writer.write_audio(sound[number * step : (number + 1) * step])


def _fitted(image: Any) -> Any:
    method = cv2.INTER_AREA if image.shape[0] > SIDE else cv2.INTER_CUBIC
    return cv2.resize(image, (SIDE, SIDE), interpolation=method)
