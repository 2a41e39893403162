"""A real LiveKit server with the product's own configuration, people with real clients, a room of alice's."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from livekit import rtc

from avsite.accounts.models import User
from rooms.models import Room
from supervisor.livekit import WEBHOOK_PATH, LiveKit
from supervisor.prepare import Site, free_port
from tests.conftest import Api

ROOT = Path(__file__).resolve().parents[2]
KEY, SECRET = "testkey", "a secret for tests, of more than 32 letters"


@dataclass
class Delivery:
    """A webhook as LiveKit sent it."""

    body: bytes
    authorization: str

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Sfu:
    """The server, and what it told by webhook."""

    url: str
    deliveries: list[Delivery] = field(default_factory=list)

    def told(self, slug: str, kind: str) -> list[Delivery]:
        return [
            one
            for one in list(self.deliveries)
            if one.event["event"] == kind and one.event.get("room", {}).get("name") == slug
        ]

    def wait_for(self, slug: str, kind: str, count: int = 1) -> list[Delivery]:
        return list(until(lambda: (found := self.told(slug, kind)) and len(found) >= count and found))


def until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What ``condition`` gave once it was true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.03)
    return value


@contextlib.contextmanager
def listen_to_webhooks(deliveries: list[Delivery]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 -- the library's name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == WEBHOOK_PATH
            deliveries.append(Delivery(body, self.headers["Authorization"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(5)


@pytest.fixture(scope="session")
def livekit_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sfu]:
    """The pinned server as the supervisor runs it; ``make test`` has installed it."""
    program = subprocess.run(
        [ROOT / "scripts" / "livekit", "path"], check=True, capture_output=True, text=True
    ).stdout.strip()
    sfu = Sfu("")
    with listen_to_webhooks(sfu.deliveries) as webhook_port:
        ports = [free_port(), free_port(), free_port(kind=socket.SOCK_DGRAM)]
        site = Site("127.0.0.1", webhook_port)
        livekit = LiveKit(True, *ports, key=KEY, secret=SECRET, site=site)
        config = livekit.write_config(tmp_path_factory.mktemp("livekit"))
        sfu.url = livekit.url
        process = subprocess.Popen([program, "--config", config])
        try:
            until(lambda: _answers(ports[0]))
            yield sfu
        finally:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@pytest.fixture
def sfu_site(livekit_server: Sfu, settings: Any, db: None) -> Sfu:
    """The site uses the server."""
    settings.LIVEKIT_URL = settings.LIVEKIT_PUBLIC_URL = livekit_server.url
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET
    return livekit_server


class Crowd:
    """Real clients, on an event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._rooms: list[rtc.Room] = []

    def run(self, coroutine: Any, seconds: float = 20.0) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds)

    def join(self, url: str, token: str) -> rtc.Room:
        """Raises rtc.ConnectError when the server lets nobody in with this."""

        async def connect() -> rtc.Room:
            room = rtc.Room()
            await room.connect(url, token, rtc.RoomOptions(auto_subscribe=False, connect_timeout=5.0))
            return room

        room = self.run(connect())
        self._rooms.append(room)
        return room

    def leave(self, room: rtc.Room) -> None:
        self.run(room.disconnect())
        self._rooms.remove(room)

    def close(self) -> None:
        for room in list(self._rooms):
            with contextlib.suppress(Exception):
                self.leave(room)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    people = Crowd()
    yield people
    people.close()


@pytest.fixture
def room(alice: User) -> Room:
    """Alice's room. It needs no LiveKit."""
    return Room.objects.create(owner=alice, name="Morning call")


def invite_to(room: Room, host: Api, **wishes: Any) -> str:
    """The token of a new invite's link."""
    made = host.call("POST", f"/rooms/{room.slug}/invites", wishes)
    assert made.status_code == 201, made.content
    return parse_qs(urlsplit(made.json()["url"]).query)["invite"][0]


def enter(api: Api, room: Room, **body: Any) -> dict[str, Any]:
    """The way in; AssertionError for a refusal."""
    answer = api.call("POST", f"/rooms/{room.slug}/token", body)
    assert answer.status_code == 200, answer.content
    return dict(answer.json())
