"""``manage.py run_captions``: the process that hears rooms and captions them."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from avsite.ai.asr.choose import live_recognizer, open_recognizer
from avsite.ai.asr.sphinx import ROUGH, SphinxRecognizer
from avsite.ai.errors import ModelUnavailable
from avsite.ai.registry import Registry
from rooms.agent.server import quiet_environment
from rooms.captioner.server import CaptionerSettings, CaptionServer

NICER = 5
"""Of the system's priorities: whoever draws avatars on the same machine goes first."""


class Command(BaseCommand):
    requires_system_checks = ()  # these import every page of the site
    help = "Hear rooms and show captions in them, until stopped. One process serves many rooms."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", default=settings.CAPTION_MODEL, help="recogniser; the best there is")
        parser.add_argument(
            "--language", default=settings.CAPTION_LANGUAGE, help="ISO 639-1 code; found out when left out"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        quiet_environment()
        os.nice(NICER)
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        logging.getLogger("livekit").setLevel(logging.WARNING)
        try:
            recognizer = open_recognizer(Registry(settings.MODELS_DIR), options["model"])
        except ModelUnavailable as error:
            raise CommandError(f"Captions cannot begin: {error}") from None
        language = options["language"] or None
        if language is not None and language not in recognizer.languages:
            raise CommandError(
                f"{recognizer.name} does not know the language {language!r}; "
                f"choose another model with --model, or one of {', '.join(sorted(recognizer.languages))}."
            )
        is_rough = isinstance(recognizer, SphinxRecognizer)
        server = CaptionServer(
            CaptionerSettings(
                site_url=settings.INTERNAL_URL,
                livekit_url=settings.LIVEKIT_URL,
                api_key=settings.LIVEKIT_API_KEY,
                api_secret=settings.LIVEKIT_API_SECRET,
                model=recognizer.name,
                languages=(language,) if language else tuple(sorted(recognizer.languages)),
                note=ROUGH if is_rough else "",
                alive_file=settings.ALIVE_FILE,
            ),
            live_recognizer(recognizer, language=language),
        )
        asyncio.run(server.run())
