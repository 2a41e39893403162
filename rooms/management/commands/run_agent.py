"""``manage.py run_agent``: the process whose avatars join the rooms."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from rooms.agent.server import Agent, AgentSettings, quiet_environment


class Command(BaseCommand):
    requires_system_checks = ()  # these import every page of the site, and an agent is to be back quickly
    help = "Join rooms as talking avatars, until stopped. One process serves several rooms."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--places", type=int, default=settings.AGENT_PLACES, help="avatars at once; told from the cores"
        )
        parser.add_argument("--host", default="127.0.0.1", help="address of the health page")
        parser.add_argument("--port", type=int, default=settings.AGENT_PORT, help="of the health page")

    def handle(self, *args: Any, **options: Any) -> None:
        quiet_environment()
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        logging.getLogger("livekit").setLevel(logging.WARNING)
        agent = Agent(
            AgentSettings(
                url=settings.LIVEKIT_URL,
                api_key=settings.LIVEKIT_API_KEY,
                api_secret=settings.LIVEKIT_API_SECRET,
                cache_dir=settings.DATA_DIR / "agent",
                places=options["places"] or None,
                host=options["host"],
                port=options["port"],
                site_url=settings.INTERNAL_URL,
                drain_seconds=settings.AGENT_DRAIN_SECONDS,
            )
        )
        try:
            asyncio.run(agent.run())
        except OSError as error:
            raise CommandError(f"The agent cannot run: {error}.") from None
