"""Rooms with every real process: an agent dies in mid-call, Redis goes, LiveKit is restarted."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc

from supervisor.livekit import LiveKit
from supervisor.prepare import Site
from tests.stack.conftest import ROOT, Stack, free_port, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]
SECRET = "a secret for tests, of more than 32 letters"


class RoomStack(Stack):
    """The site with its LiveKit server and agents."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, render_seconds=1.0)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        site = Site("127.0.0.1", self.web_port)
        ports = free_port(), free_port(), int(udp.getsockname()[1])
        udp.close()
        self.livekit = LiveKit(True, *ports, key="avsite", secret=SECRET, site=site)
        self.environment |= {
            "LIVEKIT_URL": self.livekit.url,
            "LIVEKIT_API_KEY": "avsite",
            "LIVEKIT_API_SECRET": SECRET,
            "AVSITE_INTERNAL_URL": site.inner_url,
        }
        program = [ROOT / "scripts" / "livekit", "path"]
        self.server = subprocess.run(program, check=True, capture_output=True, text=True).stdout.strip()

    def start(self, name: str) -> None:
        """Agents are called agent, agent-2 and so on."""
        if name == "livekit":
            command = [self.server, "--config", str(self.livekit.write_config(self.folder))]
        elif name.startswith("agent"):
            command = [sys.executable, "manage.py", "run_agent"]
        else:
            super().start(name)
            return
        environment = {**self.environment, "AVSITE_AGENT_PORT": str(free_port())}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        if name == "livekit":
            wait_until(lambda: self._answers(self.livekit.port), what="LiveKit")

    def avatar(self, slug: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/rooms/{slug}/avatars?ended=1")["items"][0])

    def wait_for_avatar(self, slug: str, state: str, seconds: float = 60.0) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            self.mend()
            with contextlib.suppress(OSError):
                found = self.avatar(slug)
                return found if found["state"] == state else None
            return None

        return dict(wait_until(reached, seconds, f"the avatar {state}"))

    def wait_for_agents(self, places: int) -> None:
        def there() -> bool:
            with contextlib.suppress(OSError):  # on a busy machine the first answer takes its time
                return bool(self.call("GET", "/rooms/status")["agent"]["places"] >= places)
            return False

        wait_until(there, 240, "the agents")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RoomStack]:
    folder = tmp_path / "stack"
    folder.mkdir()
    stack = RoomStack(folder)
    try:
        stack.prepare()
        for name in ("redis", "livekit", "web", "worker", "beat", "agent"):
            stack.start(name)
        stack.wait_for_agents(1)
        yield stack
    finally:
        stack.stop()
        for name in ("web", "worker", "agent"):
            sys.stdout.write(f"--- {name}\n{(folder / f'{name}.log').read_text()[-3000:]}\n")


class Watcher:
    """Somebody in the room who counts the pictures that the avatar shows."""

    def __init__(self, url: str, token: str) -> None:
        self.pictures = 0
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.room: rtc.Room = self._run(self._join(url, token))

    async def _join(self, url: str, token: str) -> rtc.Room:
        room = rtc.Room()  # which belongs to the loop it is made on
        room.on("track_subscribed", self._watch)
        await room.connect(url, token)
        return room

    def leave(self) -> None:
        self._run(self._leave())
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.room.disconnect()

    def sees_it_move(self) -> bool:
        before = self.pictures
        time.sleep(0.5)
        return self.pictures > before

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def _watch(self, track: rtc.Track, *_: Any) -> None:
        if track.kind == rtc.TrackKind.KIND_VIDEO:
            self._tasks.add(self._loop.create_task(self._count(track)))

    async def _count(self, track: rtc.Track) -> None:
        async for _ in rtc.VideoStream(track):
            self.pictures += 1


def test_a_call_outlives_what_carries_it(stack: RoomStack) -> None:
    slug = stack.call("POST", "/rooms", {"name": "Morning call", "avatar": "house:maya"})["slug"]
    way_in = stack.call("POST", f"/rooms/{slug}/token", {})
    watcher = Watcher(way_in["url"], way_in["token"])
    stack.wait_for_avatar(slug, "live")
    wait_until(watcher.sees_it_move, 30, "the first picture")

    # Its agent is killed; another one, started meanwhile, takes over.
    stack.start("agent-2")
    own = stack.call("GET", "/rooms/status")["agent"]["places"]
    stack.wait_for_agents(own + 1)
    stack.kill("agent")
    began = time.monotonic()
    wait_until(lambda: stack.avatar(slug)["attempts"] == 2, 30, "the other agent")
    stack.wait_for_avatar(slug, "live")
    taken = time.monotonic() - began
    wait_until(watcher.sees_it_move, 30, "the picture of the other agent")
    told = [event["message"] for event in stack.call("GET", f"/rooms/{slug}/events")["items"]]
    assert any("another one takes over" in message for message in told)
    sys.stdout.write(f"taken over after {taken:.1f} s\n")

    # Redis goes for a while: the call goes on, and commands reach the avatar without it.
    stack.kill("redis")
    said = stack.call("POST", f"/rooms/{slug}/say", {"text": "Still here."})
    assert said["avatar"]["state"] == "live"
    assert watcher.sees_it_move()
    stack.start("redis")

    # The last person leaves, and comes back to the same avatar.
    wait_until(lambda: stack.mend() or stack.avatar(slug)["activity"] == "idle", 60, "the end of the words")
    watcher.leave()
    resting = stack.wait_for_avatar(slug, "waiting", 90)
    assert "someone is in the room" in resting["message"]
    way_in = stack.call("POST", f"/rooms/{slug}/token", {})
    again = Watcher(way_in["url"], way_in["token"])
    assert stack.wait_for_avatar(slug, "live")["id"] == resting["id"]
    wait_until(again.sees_it_move, 30, "the picture after coming back")

    # LiveKit is restarted: it gets its room back in time for those who try to come back into it.
    stack.kill("livekit")
    wait_until(lambda: not again.sees_it_move(), 30, "the end of the picture")
    stack.start("livekit")
    wait_until(again.sees_it_move, 90, "the picture after the restart")
    stack.wait_for_avatar(slug, "live", 90)
    again.leave()
