"""The captions process lives on while the site is away, and shows that it does."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rooms.captioner.server import CaptionerSettings, CaptionServer
from tests.rooms.agent.sfu import free_ports

PATIENCE_SECONDS = 60


async def test_it_shows_that_it_works_while_the_site_is_away(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    (port,) = free_ports(1)
    nowhere = f"127.0.0.1:{port}"
    server = CaptionServer(
        CaptionerSettings(
            site_url=f"http://{nowhere}",
            livekit_url=f"ws://{nowhere}",
            api_key="key",
            api_secret="a secret for tests, of more than 32 letters",
            model="none",
            languages=("en",),
            alive_file=str(alive),
        ),
        lambda: None,  # type: ignore[arg-type, return-value]
    )
    running = asyncio.create_task(server.run())
    seen: set[int] = set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(seen) < 2:
            await asyncio.sleep(0.05)
            if alive.exists():
                seen.add(alive.stat().st_mtime_ns)
        server.stop()
        await running
