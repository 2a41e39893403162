"""What is said in a recording: ``manage.py transcribe FILE [-o captions.vtt]``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from avsite.ai.asr.base import SAMPLE_RATE, UnsupportedLanguage
from avsite.ai.asr.choose import open_recognizer, recognizer_names
from avsite.ai.captions import as_webvtt, make_captions
from avsite.ai.errors import ModelUnavailable
from avsite.ai.registry import Registry
from avsite.ai.transcript import Transcript
from lipsync.audio.load import load_audio
from lipsync.management.failures import told_plainly

FORMATS = {".vtt": "WebVTT captions", ".json": "words with their times", ".txt": "the bare text"}


class Command(BaseCommand):
    help = "Writes down what is said in a sound or video file, as text, captions or words with their times."
    requires_system_checks: list[str] = []  # noqa: RUF012 -- Django's own type; needs no database

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a sound file, or a video with sound")
        kinds = ", ".join(f"{suffix}: {what}" for suffix, what in FORMATS.items())
        parser.add_argument("-o", "--output", type=Path, help=f"the file to write ({kinds})")
        names = ", ".join(recognizer_names())
        parser.add_argument("--model", default="", help=f"who hears ({names}); the best one installed")
        parser.add_argument("--language", help="what is spoken, as en or de; found out unless told")
        parser.add_argument("--translate", action="store_true", help="into English")

    def handle(self, *args: Any, **options: Any) -> None:
        path, output = options["file"], options["output"]
        if output and output.suffix not in FORMATS:
            raise CommandError(f"{output.name} ends in none of {', '.join(FORMATS)}.")
        with told_plainly(path, ModelUnavailable, UnsupportedLanguage):
            recognizer = open_recognizer(Registry(settings.MODELS_DIR), options["model"])
            heard = recognizer.transcribe(
                load_audio(path, SAMPLE_RATE),
                language=options["language"],
                translate=options["translate"],
                on_progress=self._show,
            )
            if output:
                output.write_text(_written(heard, output.suffix), "utf8")
        self._tell(heard, output)

    def _show(self, fraction: float) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r{fraction:.0%}", ending="")

    def _tell(self, heard: Transcript, output: Path | None) -> None:
        for note in heard.notes:
            self.stderr.write(note)
        if not heard.segments:
            self.stderr.write("Nobody was heard to speak.")
        elif output:
            self.stdout.write(f"{output}: {len(heard.words)} words, language {heard.language}")
        else:
            self.stdout.write(heard.text)


def _written(heard: Transcript, suffix: str) -> str:
    if suffix == ".vtt":
        return as_webvtt(make_captions(heard.words))
    if suffix == ".json":
        return json.dumps(heard.as_json(), ensure_ascii=False, indent=1)
    return "\n".join(segment.text for segment in heard.segments) + "\n"
