"""A LiveKit server of our own on loopback, for as long as a bench runs."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from livekit import api
from livekit.protocol import models

from rooms.agent.commands import TOPIC
from rooms.agent.order import SessionOrder
from rooms.agent.server import AGENT_NAME

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 20.0


@dataclass(frozen=True)
class Server:
    """Where it listens, and how to get in."""

    url: str
    key: str
    secret: str

    def token(self, room: str, identity: str, *, is_agent: bool = False, behalf: str = "") -> str:
        """Lets ``identity`` into ``room``; ``behalf`` names the agent that it is the avatar of."""
        token = api.AccessToken(self.key, self.secret).with_identity(identity).with_ttl(timedelta(hours=2))
        token.with_grants(api.VideoGrants(room_join=True, room=room, can_update_own_metadata=True))
        if is_agent:
            token.with_kind("agent")
        if behalf:
            token.with_attributes({"lk.publish_on_behalf": behalf})
        return token.to_jwt()

    def calls(self) -> api.LiveKitAPI:
        """For calls to its API; to be closed."""
        return api.LiveKitAPI(self.url.replace("ws", "http", 1), self.key, self.secret)

    async def dispatch(self, order: SessionOrder) -> None:
        """Ask for an avatar in ``order.room``."""
        async with self.calls() as calls:
            await calls.agent_dispatch.create_dispatch(
                api.CreateAgentDispatchRequest(
                    agent_name=AGENT_NAME, room=order.room, metadata=order.to_json()
                )
            )

    async def command(self, room: str, identities: list[str], **command: object) -> None:
        """Send a command to avatars, as the site does."""
        async with self.calls() as calls:
            await calls.room.send_data(
                api.SendDataRequest(
                    room=room,
                    data=json.dumps(command).encode(),
                    kind=models.DataPacket.Kind.RELIABLE,
                    destination_identities=identities,
                    topic=TOPIC,
                )
            )


def find_server() -> str | None:
    """The path of livekit-server, None where it is not installed yet."""
    found = subprocess.run(
        [ROOT / "scripts" / "livekit", "path"], stdout=subprocess.PIPE, text=True, check=False
    )
    return found.stdout.strip() if found.returncode == 0 else None


def ensure_server() -> str:
    """The path of livekit-server, fetched or built first where it is missing. Raises RuntimeError."""
    subprocess.run([ROOT / "scripts" / "livekit", "ensure"], check=False)
    path = find_server()
    if path is None:
        raise RuntimeError("The live bench needs livekit-server, and it could not be had; see above.")
    return path


@contextmanager
def run_server(folder: Path) -> Iterator[Server]:
    """A server with the product's settings for rooms; stopped at the end."""
    key, secret = "bench", secrets.token_urlsafe(40)
    port = _free(socket.SOCK_STREAM)
    config = {
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "rtc": {
            "udp_port": _free(socket.SOCK_DGRAM),
            "tcp_port": _free(socket.SOCK_STREAM),
            "use_external_ip": False,
            "node_ip": "127.0.0.1",
            "enable_loopback_candidate": True,
            "interfaces": {"includes": ["lo"]},
        },
        "room": {"sync_streams": True, "empty_timeout": 30},
        "keys": {key: secret},
        "logging": {"level": "warn"},
    }
    path = folder / "livekit.yaml"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(config, file)
    with (folder / "livekit.log").open("wb") as log:
        process = subprocess.Popen([ensure_server(), "--config", path], stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for(f"http://127.0.0.1:{port}/", process, folder / "livekit.log")
        yield Server(f"ws://127.0.0.1:{port}", key, secret)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free(kind: socket.SocketKind) -> int:
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"livekit-server did not start:\n{log.read_text()[-2000:]}")
