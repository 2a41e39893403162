"""Several avatars in one agent on one core, the one too many, and avatars that come and go."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web

from rooms.agent.order import SessionOrder
from tests.bench.live import figures
from tests.bench.live.actor import Actor
from tests.bench.live.scenario import VIEWER, make_order
from tests.bench.live.server import Server

CORE = 0
TEXT = (
    "Once upon a time there was a photograph that wanted to speak. Every morning it watched the people "
    "pass by, and every evening it practised until it knew all the words there are. "
)
CYCLES_A_ROOM = 10
"""A viewer keeps a slot for everybody it ever saw, and would take longer from one to the next."""
READY_SECONDS = 2.0
"""For speech to get going before anything is counted."""


@dataclass
class Crowd:
    """What became of the avatars that were asked for at once.

    fps, gaps  of each that came: pictures a second, and the 99th percentile between two, ms
    cores      CPU time of the agent over wall time; it may use one
    refusal    why the one too many was not taken, empty when nobody answered
    """

    places: int
    fps: list[float]
    gaps: list[float]
    cores: float
    refusal: str


@dataclass
class Turnover:
    """Avatars that joined and left one after the other.

    joins       from dispatch to the first picture at the viewer, ms; the first one is cold
    megabytes   of the agent's memory after each has left
    """

    joins: list[float]
    megabytes: list[float]


class Site:
    """Takes the events that agents send to the site."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.url = ""

    async def _take(self, request: web.Request) -> web.Response:
        self.events.append({**await request.json(), "session": request.match_info["session"]})
        return web.Response(status=204)

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/sessions/{session}/events", self._take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/sessions"
        try:
            yield
        finally:
            await runner.cleanup()

    async def wait(self, kind: str, session: str, seconds: float = 20.0) -> dict[str, Any]:
        """The first event of that kind. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                for event in self.events:
                    if event["type"] == kind and event["session"] == session:
                        return event
                await asyncio.sleep(0.02)


async def fill(server: Server, folder: Path, seconds: float, places: int | None = None) -> Crowd:
    """Ask one agent on one core for as many avatars as it has places, and one more; let all speak."""
    site, log, room = Site(), folder / "crowd.log", "crowd"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(site.run())
        viewer = await _enter_viewer(stack, server, folder, room, log)
        agent = await _enter_agent(stack, server, folder, log, places=places, core=CORE)
        count = (await agent.expect("ready"))["places"]
        orders = [_order(site, room) for _ in range(count + 1)]
        for order in orders[:count]:
            await server.dispatch(order)
            await site.wait("ready", order.session)
        people = [order.identity for order in orders[:count]]
        await server.command(room, people, type="say", text=TEXT * max(1, round(seconds / 8)))
        await asyncio.sleep(READY_SECONDS)
        began, before = time.monotonic(), await agent.ask("cost", "cost")
        await server.dispatch(orders[count])
        await asyncio.sleep(seconds)
        ended, after = time.monotonic(), await agent.ask("cost", "cost")
        refusal = ""
        with suppress(TimeoutError):
            refusal = str((await site.wait("refused", orders[count].session, 5.0))["message"])
        await viewer.ask("stop", "written")
    noted = [figures.read(folder / f"{room}.npz", person).between(began, ended) for person in people]
    return Crowd(
        count,
        [figures.frame_rate(entry) for entry in noted],
        [figures.gap_p99(entry) for entry in noted],
        (after["cpu"] - before["cpu"]) / (after["at"] - before["at"]),
        refusal,
    )


async def come_and_go(server: Server, folder: Path, cycles: int) -> Turnover:
    """One avatar after the other joins a room, says something and is stopped."""
    site, log = Site(), folder / "turnover.log"
    turnover = Turnover([], [])
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(site.run())
        agent = await _enter_agent(stack, server, folder, log)
        await agent.expect("ready")
        for first in range(0, cycles, CYCLES_A_ROOM):
            room = f"turnover{first}"
            async with AsyncExitStack() as inner:
                viewer = await _enter_viewer(inner, server, folder, room, log)
                for _ in range(min(CYCLES_A_ROOM, cycles - first)):
                    turnover.joins.append(await _come(server, site, viewer, room))
                    turnover.megabytes.append((await agent.ask("cost", "cost"))["megabytes"])
                await viewer.ask("stop", "written")
    return turnover


async def _come(server: Server, site: Site, viewer: Actor, room: str) -> float:
    """One avatar's stay; milliseconds from dispatch to its first picture."""
    order = _order(site, room)
    told, asked_at = len(viewer.events), time.monotonic()
    await server.dispatch(order)
    seen = await viewer.expect("picture", told)
    await site.wait("ready", order.session)
    await server.command(room, [order.identity], type="say", text="I am here.")
    await site.wait("speaking", order.session)
    await server.command(room, [order.identity], type="stop", reason="stopped")
    await site.wait("ended", order.session)
    return float((seen["at"] - asked_at) * 1000)


def growth(megabytes: list[float]) -> float:
    """Megabytes a cycle over the second half, when everything has been loaded once."""
    half = megabytes[len(megabytes) // 2 :]
    return float(np.polyfit(np.arange(len(half)), half, 1)[0]) if len(half) > 1 else float("nan")


async def _enter_viewer(stack: AsyncExitStack, server: Server, folder: Path, room: str, log: Path) -> Actor:
    token = server.token(room, VIEWER)
    viewer = await stack.enter_async_context(
        Actor("viewer", log, server.url, token, str(folder / f"{room}.npz"), "plain")
    )
    await viewer.expect("joined")
    return viewer


async def _enter_agent(
    stack: AsyncExitStack,
    server: Server,
    folder: Path,
    log: Path,
    *,
    places: int | None = None,
    core: int | None = None,
) -> Actor:
    asked = [str(places)] if places else []
    return await stack.enter_async_context(
        Actor("agent", log, server.url, server.key, server.secret, str(folder), *asked, core=core)
    )


def _order(site: Site, room: str) -> SessionOrder:
    session = str(uuid.uuid4())
    return make_order(room, session=session, callback_url=f"{site.url}/{session}")
