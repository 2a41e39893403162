"""``manage.py lipsync FACE SPEECH -o OUT``: a finished video with no server, database or Redis."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Any, TextIO, get_args

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lipsync.engines.base import ENGINES, Background, Cancelled, ExpressionName, RenderOptions, SyncMode
from lipsync.face.house.look import HOUSE_LOOKS
from lipsync.order import DEFAULT_LANGUAGE
from lipsync.progress import STAGE_LABELS
from lipsync.render import Work
from lipsync.service import get_lipsync_service
from lipsync.speech.errors import UnknownLanguage, UnknownVoice
from lipsync.speech.languages import find_language
from lipsync.speech.voices import DEFAULT_VOICE, find_voice

HOUSE = "house:"
BAR_WIDTH = 30
LINE_EVERY_SECONDS = 5.0


class Command(BaseCommand):
    help = "Make the face in FACE say SPEECH, or a text. FACE is a photo, a video, or house:<look>."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("face", metavar="FACE", help="a photo, a video, or house:<look>")
        parser.add_argument("speech", metavar="SPEECH", nargs="?", help="a recording of speech")
        parser.add_argument("--text", default="", help="what to say instead of SPEECH")
        parser.add_argument(
            "--voice", default=DEFAULT_VOICE, help=f"voice for --text (default {DEFAULT_VOICE})"
        )
        parser.add_argument("--rate", type=float, default=1.0, help="speed of the voice, 0.5 to 2")
        parser.add_argument("--transcript", default="", help="what is said in SPEECH, for more exact lips")
        parser.add_argument(
            "--language", default=DEFAULT_LANGUAGE, help=f"of --transcript (default {DEFAULT_LANGUAGE})"
        )
        parser.add_argument("--engine", default="auto", choices=["auto", *ENGINES])
        parser.add_argument("--sync-mode", default="bounce", choices=get_args(SyncMode))
        parser.add_argument("--mouth-strength", type=float, default=1.0, help="0.3 to 1.5")
        parser.add_argument("--head-motion", type=float, default=1.0, help="life of a photo, 0 to 1")
        parser.add_argument(
            "--expression",
            default="neutral",
            choices=get_args(ExpressionName),
            help="of a photo or a drawn face (default neutral)",
        )
        parser.add_argument(
            "--expression-amount", type=float, default=0.6, help="how much of it shows, 0 to 1 (default 0.6)"
        )
        parser.add_argument(
            "--background", default="keep", choices=get_args(Background), help="of a photo (default keep)"
        )
        parser.add_argument(
            "-o", "--output", required=True, type=Path, metavar="OUT", help="the MP4 to write"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        work, output_path = _work_of(options), options["output"]
        bar = ProgressBar(sys.stderr)
        # Also a polite kill leaves no half file.
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            rendered = get_lipsync_service().render_files(
                work, output_path, options["engine"], on_progress=bar.show
            )
        except (KeyboardInterrupt, Cancelled):
            bar.close()
            raise CommandError("Stopped; nothing was written.", returncode=130) from None
        except (RuntimeError, OSError) as error:
            bar.close()
            raise CommandError(str(error)) from error
        bar.show("finish", 1.0)
        bar.close()
        for warning in rendered.result.warnings:
            self.stderr.write(warning)
        self.stdout.write(str(rendered.result.output_path))


def _work_of(options: dict[str, Any]) -> Work:
    """What was asked. Raises CommandError with one sentence."""
    face, speech, text = options["face"], options["speech"], options["text"]
    if (speech is None) == (not text.strip()):
        raise CommandError('Give either a recording or --text "what to say".')
    if text.strip() and options["transcript"].strip():
        raise CommandError("--transcript is what is said in a recording; with --text there is none.")
    _require_range("--mouth-strength", options["mouth_strength"], 0.3, 1.5)
    _require_range("--head-motion", options["head_motion"], 0, 1)
    _require_range("--expression-amount", options["expression_amount"], 0, 1)
    _require_range("--rate", options["rate"], 0.5, 2)
    look = face.removeprefix(HOUSE) if face.startswith(HOUSE) else None
    if look is not None and look not in HOUSE_LOOKS:
        raise CommandError(
            f"There is no drawn face {look!r}; choose one of: {', '.join(sorted(HOUSE_LOOKS))}."
        )
    try:
        find_voice(options["voice"])
        find_language(options["language"])
    except (UnknownVoice, UnknownLanguage) as error:
        raise CommandError(str(error)) from None
    return Work(
        face_path=Path(face) if look is None else None,
        house_look=look,
        speech_path=Path(speech) if speech else None,
        text=text,
        transcript=options["transcript"].strip(),
        transcript_language=options["language"],
        voice=options["voice"],
        voice_rate=options["rate"],
        options=RenderOptions(**{one.name: options[one.name] for one in fields(RenderOptions)}),
    )


def _require_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise CommandError(f"{name} is {value:g}; give a number from {least:g} to {most:g}.")


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class ProgressBar:
    """A bar that redraws itself on a terminal, and a line now and then anywhere else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._started_at = time.monotonic()
        self._shown: tuple[str, int] = ("", -1)
        self._line_at = 0.0

    def show(self, stage: str, fraction: float) -> None:
        percent = max(int(fraction * 100), self._shown[1])
        before, self._shown = self._shown, (stage, percent)
        if self._shown == before:
            return
        label = STAGE_LABELS.get(stage, stage.capitalize())
        if self._is_terminal:
            done = round(BAR_WIDTH * percent / 100)
            bar = "█" * done + "░" * (BAR_WIDTH - done)
            self._stream.write(f"\r\x1b[K{bar} {percent:3d} %  {label}{self._time_left(fraction)}")
            self._stream.flush()
        elif stage != before[0] or time.monotonic() - self._line_at >= LINE_EVERY_SECONDS:
            self._line_at = time.monotonic()
            self._stream.write(f"{percent:3d} %  {label}\n")

    def close(self) -> None:
        if self._is_terminal:
            self._stream.write("\n")

    def _time_left(self, fraction: float) -> str:
        elapsed = time.monotonic() - self._started_at
        if not 0.05 < fraction < 1 or elapsed < 1:
            return ""
        return f", {elapsed * (1 - fraction) / fraction:.0f} s left"
