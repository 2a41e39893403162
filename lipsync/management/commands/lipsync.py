"""``manage.py lipsync FACE SPEECH -o OUT``: a finished video with no server, database or Redis."""

from __future__ import annotations

import json
import signal
import sys
import time
from argparse import ArgumentTypeError
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Any, TextIO, get_args

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lipsync.engines.base import (
    ENGINES,
    Background,
    Cancelled,
    ExpressionName,
    Others,
    RenderOptions,
    SyncMode,
)
from lipsync.face.house.look import HOUSE_LOOKS
from lipsync.face.people import main_person, meet_people
from lipsync.face.place import FacePick
from lipsync.order import DEFAULT_LANGUAGE
from lipsync.progress import STAGE_LABELS
from lipsync.service import get_lipsync_service
from lipsync.speech.errors import UnknownLanguage, UnknownVoice
from lipsync.speech.languages import find_language
from lipsync.speech.voices import DEFAULT_VOICE, find_voice
from lipsync.video.errors import MediaError
from lipsync.work import Part, Work

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
        _add_people(parser)
        _add_sound(parser)
        parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="the MP4 to write")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["faces"]:
            return self._list_faces(Path(options["face"]))
        if options["output"] is None:
            raise CommandError("Give the MP4 to write with -o OUT.")
        return self._render(options)

    def _list_faces(self, path: Path) -> None:
        try:
            people = meet_people(path)
        except (MediaError, OSError) as error:
            raise CommandError(str(error)) from error
        main = main_person(people) if people else None
        for one in people:
            place = ",".join(f"{side:.3f}" for side in one.box)
            seen = f", seen for {one.seconds:.1f} s" if one.seconds else ""
            notes = "".join([", speaks" if one.speaks else "", ", taken by default" if one is main else ""])
            self.stdout.write(f"{one.track}: {place}@{one.shown_at_seconds:g}{seen}{notes}")

    def _render(self, options: dict[str, Any]) -> None:
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


def _add_people(parser: CommandParser) -> None:
    parser.add_argument(
        "--pick",
        type=_read_pick,
        metavar="WHO",
        help="which of several faces: its number (see --faces), X,Y or LEFT,TOP,WIDTH,HEIGHT in 0..1 of "
        "the picture, with @SECONDS for a moment of a video (default: who speaks most, else the largest)",
    )
    parser.add_argument(
        "--others", default="still", choices=get_args(Others), help="mouths of others in a video"
    )
    parser.add_argument(
        "--segments",
        type=Path,
        metavar="FILE",
        help="JSON: different speech for different faces, as the API's segments; speech names files",
    )
    parser.add_argument("--faces", action="store_true", help="list the faces in FACE and do nothing else")


def _add_sound(parser: CommandParser) -> None:
    parser.add_argument(
        "--clean", action="store_true", dest="clean_speech", help="take noise out of recordings first"
    )
    parser.add_argument("--music", type=Path, metavar="FILE", help="music to put under the speech")
    parser.add_argument(
        "--music-below-lu",
        type=float,
        default=10.0,
        help="LU by which it is softer than speech in its pauses, 0 to 30 (default 10)",
    )


def _work_of(options: dict[str, Any]) -> Work:
    """What was asked. Raises CommandError with one sentence."""
    face, speech, text = options["face"], options["speech"], options["text"]
    segments = _read_segments(options["segments"]) if options["segments"] else ()
    if segments and (speech or text.strip() or options["pick"]):
        raise CommandError("With --segments give no SPEECH, --text or --pick; put them into the segments.")
    if not segments and (speech is None) == (not text.strip()):
        raise CommandError('Give either a recording or --text "what to say".')
    if text.strip() and options["transcript"].strip():
        raise CommandError("--transcript is what is said in a recording; with --text there is none.")
    _require_range("--mouth-strength", options["mouth_strength"], 0.3, 1.5)
    _require_range("--head-motion", options["head_motion"], 0, 1)
    _require_range("--expression-amount", options["expression_amount"], 0, 1)
    _require_range("--rate", options["rate"], 0.5, 2)
    _require_range("--music-below-lu", options["music_below_lu"], 0, 30)
    if options["music"] and not options["music"].is_file():
        raise CommandError(f"There is no file {options['music']}; check its name.")
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
        segments=segments,
        face_path=Path(face) if look is None else None,
        house_look=look,
        speech_path=Path(speech) if speech else None,
        text=text,
        transcript=options["transcript"].strip(),
        transcript_language=options["language"],
        voice=options["voice"],
        voice_rate=options["rate"],
        music_path=options["music"],
        options=RenderOptions(**{one.name: options[one.name] for one in fields(RenderOptions)}),
    )


def _read_pick(said: str) -> FacePick:
    """A number, ``x,y`` or ``left,top,width,height``, with ``@seconds``."""
    place, _, seconds = said.partition("@")
    try:
        at_seconds = float(seconds or 0)
        if place.isdigit():
            return FacePick(track=int(place), at_seconds=at_seconds)
        sides = [float(side) for side in place.split(",")]
        if len(sides) == 2:
            return FacePick(point=(sides[0], sides[1]), at_seconds=at_seconds)
        left, top, width, height = sides
        return FacePick(box=(left, top, width, height), at_seconds=at_seconds)
    except ValueError:
        raise ArgumentTypeError(f"{said!r} is neither a number nor X,Y nor LEFT,TOP,WIDTH,HEIGHT") from None


def _read_segments(path: Path) -> tuple[Part, ...]:
    """Raises CommandError with one sentence."""
    try:
        rows = json.loads(path.read_text("utf-8"))
        parts: list[Part] = []
        for row in rows:
            values = dict(row)
            speech, pick = values.pop("speech", None), FacePick.of(values.pop("pick", None))
            one = Part(**values, pick=pick, speech_path=path.parent / speech if speech else None)
            if (one.speech_path is None) == (not one.text.strip()):
                raise CommandError(f"{path}: segment {len(parts) + 1} needs either speech or text.")
            find_voice(one.voice)
            parts.append(one)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, UnknownVoice) as error:
        raise CommandError(f"{path} is no list of segments: {error}.") from error
    if not parts:
        raise CommandError(f"{path} has no segments; give at least one.")
    return tuple(parts)


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
