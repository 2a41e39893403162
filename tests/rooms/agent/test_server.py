"""The agent process as it is run: takes jobs, refuses the one too many, tells its state, drains."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import jwt
import pytest
from aiohttp import web
from django.core.management import CommandError, call_command
from livekit import api, rtc

from rooms.agent.broadcast import Broadcast, publish_hue
from rooms.agent.headroom import Headroom, cost_of
from rooms.agent.order import Avatar, OrderError, SessionOrder
from rooms.agent.stats import SessionStats
from tests import media
from tests.rooms.agent.sfu import KEY, ROOT, SECRET, Sfu, Viewer, free_ports, until


class Site:
    """Takes events of sessions and heartbeats."""

    def __init__(self) -> None:
        self.events: list[dict] = []
        self.beats: list[dict] = []

    async def start(self) -> None:
        app = web.Application()
        app.add_routes([web.post("/s/{id}/events", self._event)])
        app.add_routes([web.post("/api/v1/agent/heartbeat", self._beat)])
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _event(self, request: web.Request) -> web.Response:
        self.events.append({"session": request.match_info["id"], **await request.json()})
        return web.Response(status=204)

    async def _beat(self, request: web.Request) -> web.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], issuer=KEY)
        assert claims["sub"] == "avsite-agent"
        self.beats.append(await request.json())
        return web.Response(status=204)

    def of(self, order: SessionOrder) -> list[str]:
        return [event["type"] for event in self.events if event["session"] == order.session]


class Process:
    """``manage.py run_agent`` with room for one avatar."""

    def __init__(self, sfu: Sfu, site: Site, data: Path) -> None:
        self.port = free_ports(1)[0]
        environment = os.environ | {
            "LIVEKIT_URL": sfu.url,
            "LIVEKIT_API_KEY": KEY,
            "LIVEKIT_API_SECRET": SECRET,
            "AVSITE_DATA_DIR": str(data),
            "AVSITE_INTERNAL_URL": site.url,
            "AVSITE_AGENT_PORT": str(self.port),
            "AVSITE_AGENT_PLACES": "1",
        }
        self._process = subprocess.Popen([sys.executable, ROOT / "manage.py", "run_agent"], env=environment)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    @property
    def status(self) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    started = Site()
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
async def process(sfu: Sfu, site: Site, tmp_path: Path) -> AsyncIterator[Process]:
    started = Process(sfu, site, tmp_path)
    try:
        await until(lambda: any(beat["connected"] for beat in site.beats), 120)
        yield started
    finally:
        started.kill()


async def dispatch(sfu: Sfu, order: SessionOrder) -> None:
    livekit = sfu.api()
    request = api.CreateAgentDispatchRequest(
        agent_name="avsite-avatar", room=order.room, metadata=order.to_json()
    )
    await livekit.agent_dispatch.create_dispatch(request)
    await livekit.aclose()


def order_for(site: Site, room: str, **changes: object) -> SessionOrder:
    session = str(uuid4())
    look = Avatar("Maya", "wave")
    return SessionOrder(
        session, room, look, width=128, height=128, callback_url=f"{site.url}/s/{session}", **changes
    )  # type: ignore[arg-type]


async def test_takes_one_refuses_the_next_and_drains(sfu: Sfu, site: Site, process: Process) -> None:
    first = order_for(site, f"a-{uuid4().hex[:6]}", greeting="This is said to its end before we part.")
    viewer = await Viewer.join(sfu, first.room)
    await dispatch(sfu, first)
    await until(lambda: "speaking" in site.of(first))
    avatar = viewer.room.remote_participants[first.identity]
    assert avatar.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT and avatar.name == "Maya"
    assert avatar.attributes["avsite.session"] == first.session

    second = order_for(site, f"b-{uuid4().hex[:6]}")
    other = await Viewer.join(sfu, second.room)
    await dispatch(sfu, second)
    await until(lambda: "refused" in site.of(second))
    assert site.events[-1]["message"] == "All 1 places of this avatar agent are taken."

    async with aiohttp.ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{process.port}/") as answer:
            state = await answer.json()
            assert answer.status == 200
            assert state["places"] == 1 and state["busy"] == 1 and state["sessions"] == [first.session]
        async with http.get(f"http://127.0.0.1:{process.port}/metrics") as answer:
            assert "avsite_agent_sessions 1.0" in await answer.text()

    process.stop()
    await until(lambda: process.status is not None, 30)
    assert process.status == 0
    assert site.of(first)[-2:] == ["finished", "ended"], "what was being said was said"
    assert site.events[-1]["reason"] == "draining"
    assert any(beat["sessions"] == [first.session] and beat["busy"] == 1 for beat in site.beats)
    await until(lambda: first.identity not in viewer.room.remote_participants)
    await viewer.leave()
    await other.leave()


@pytest.fixture
def at_sfu(sfu: Sfu, settings: Any) -> None:
    """Management commands find the test's LiveKit server."""
    settings.LIVEKIT_URL, settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = sfu.url, KEY, SECRET


async def test_publishes_a_video_and_leaves_when_it_ends(
    sfu: Sfu, room_name: str, tmp_path: Path, at_sfu: None
) -> None:
    film = media.write_video(tmp_path / "film.mp4", 50, sound=media.tone(2.0, 48_000), size=(160, 120))
    viewer = await Viewer.join(sfu, room_name)
    playing = asyncio.create_task(
        asyncio.to_thread(call_command, "publish_video", str(film), room=room_name, name="Film")
    )
    await until(lambda: "python-publisher" in viewer.room.remote_participants)
    assert viewer.room.remote_participants["python-publisher"].name == "Film"
    await until(lambda: viewer.has_heard() and viewer.pictures)
    await asyncio.wait_for(playing, 30)
    assert viewer.sizes == {(160, 120)}
    await until(lambda: not viewer.room.remote_participants)
    await viewer.leave()


async def test_a_test_pattern_ends_on_a_signal(sfu: Sfu, room_name: str) -> None:
    viewer = await Viewer.join(sfu, room_name)
    playing = asyncio.create_task(publish_hue(Broadcast(sfu.url, KEY, SECRET, room_name), (320, 180), 30))
    await until(lambda: len(viewer.pictures) > 30)
    colours = {tuple((picture.mean((0, 1)) > 128).tolist()) for picture in viewer.pictures}
    assert len(colours) > 2
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait_for(playing, 10)
    await until(lambda: not viewer.room.remote_participants)
    await viewer.leave()


def test_publishing_says_what_is_wrong(at_sfu: None, tmp_path: Path, db: None) -> None:
    for given, wrong in (("none.mp4", "no file"), (str(uuid4()), "no finished job")):
        with pytest.raises(CommandError, match=wrong):
            call_command("publish_video", given, room="x")
    (tmp_path / "text.mp4").write_text("this is no video")
    with pytest.raises(CommandError):
        call_command("publish_video", str(tmp_path / "text.mp4"), room="x")


def test_headroom_tells_why_there_is_none() -> None:
    def order(**changes: object) -> SessionOrder:
        return SessionOrder(str(uuid4()), **changes)  # type: ignore[arg-type]

    headroom = Headroom(2)
    first, second, third = order(), order(), order()
    assert headroom.reserve(first) is None
    headroom.add(first, SessionStats())
    assert headroom.reserve(second) is None, "a reserved place counts"
    assert headroom.reserve(third) == "All 2 places of this avatar agent are taken."
    assert headroom.reserve(second) is None, "asking again for the same session takes no second place"
    headroom.remove(first)
    assert headroom.reserve(third) is None
    headroom.is_draining = True
    assert "being stopped" in (headroom.reserve(order()) or "")
    counted = Headroom(1)
    assert counted.reserve(order(width=64, height=64)) is None
    assert counted.reserve(order(width=64, height=64)) is not None, "places that were given are counted"
    measured = Headroom()
    assert measured.reserve(order(width=1920, height=1920, fps=60)) is None, "alone, any size is tried"
    assert measured.reserve(order()) is not None
    assert cost_of(512, 512, 25) == pytest.approx(1)
    assert cost_of(1024, 1024, 25) > 3


def test_places_follow_what_avatars_are_seen_to_cost() -> None:
    headroom = Headroom()
    headroom.cores = 2
    assert headroom.places == 6
    headroom.note_share(0.45)
    assert headroom.places == 5, "one dear moment says little"
    for _ in range(20):
        headroom.note_share(0.45)
    assert headroom.places == 4
    order = SessionOrder(str(uuid4()))
    assert [headroom.reserve(SessionOrder(str(uuid4()))) for _ in range(4)] == [None] * 4
    assert headroom.reserve(order) == "All 4 places of this avatar agent are taken."
    for _ in range(500):
        headroom.note_share(0.1)
    assert headroom.places == 9, "what silent avatars cost is not promised to speaking ones"
    for _ in range(50):
        headroom.note_share(5.0)
    assert headroom.places == 2


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"session": "x"}, "UUID"),
        ({"avatar": {"kind": "ghost"}}, "ghost"),
        ({"avatar": {"kind": "photo"}}, "media_url"),
        ({"width": 9000}, "pixels"),
        ({"fps": 500}, "frame rate"),
        ({"expression": "hungry"}, "hungry"),
        ({"avatar": 7}, "cannot be read"),
    ],
)
def test_orders_nothing_can_be_made_of(change: dict, wrong: str) -> None:
    import json

    good = {"session": str(uuid4()), "unknown": "is ignored"}
    assert SessionOrder.from_json(json.dumps(good)).avatar.kind == "house"
    with pytest.raises(OrderError, match=wrong):
        SessionOrder.from_json(json.dumps(good | change))
    with pytest.raises(OrderError, match="not JSON"):
        SessionOrder.from_json("{")
