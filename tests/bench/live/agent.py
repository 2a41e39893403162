"""The product's agent, whole, in a process of its own: agent URL KEY SECRET FOLDER [PLACES].

Orders: cost; it leaves at the end of the pipe. Told: ready, once it takes jobs.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from pathlib import Path

from rooms.agent.server import Agent, AgentSettings, quiet_environment
from tests.bench.live.actor import cost, orders, tell

CONNECT_SECONDS, POLL_SECONDS = 30.0, 0.02


async def main() -> None:
    url, key, secret, folder = sys.argv[1:5]
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    agent = Agent(
        AgentSettings(
            url=url,
            api_key=key,
            api_secret=secret,
            cache_dir=Path(folder) / "cache",
            places=int(sys.argv[5]) if len(sys.argv) > 5 else None,
            port=0,
            drain_seconds=0.2,
        )
    )
    running = asyncio.create_task(agent.run())
    for _ in range(round(CONNECT_SECONDS / POLL_SECONDS)):
        if agent.health.describe()["connected"] or running.done():
            break
        await asyncio.sleep(POLL_SECONDS)
    tell("ready", at=time.monotonic(), places=agent.headroom.places)
    async for order in orders():
        if order["do"] == "cost":
            tell("cost", **cost())
    agent.stop()
    await running


if __name__ == "__main__":
    quiet_environment()
    asyncio.run(main())
