"""A real LiveKit server on ports of its own, and people who watch what is in its rooms."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from livekit import api, rtc

ROOT = Path(__file__).resolve().parents[3]
KEY, SECRET = "testkey", "a secret for tests, of more than 32 letters"
START_SECONDS = 20.0


@dataclass(frozen=True)
class Sfu:
    url: str

    def token(self, identity: str, room: str, kind: str = "standard", **attributes: str) -> str:
        made = api.AccessToken(KEY, SECRET).with_identity(identity).with_kind(kind)  # type: ignore[arg-type]
        grants = api.VideoGrants(room_join=True, room=room, can_update_own_metadata=kind == "agent")
        return made.with_attributes(attributes).with_grants(grants).to_jwt()

    async def join(self, identity: str, room: str, kind: str = "standard", **attributes: str) -> rtc.Room:
        joined = rtc.Room()
        await joined.connect(self.url, self.token(identity, room, kind, **attributes))
        return joined

    def api(self) -> api.LiveKitAPI:
        return api.LiveKitAPI(self.url, KEY, SECRET)


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@contextmanager
def run_sfu() -> Iterator[Sfu]:
    """The pinned server on loopback, killed at the end: asked politely it would wait for all to leave."""
    program = subprocess.run(
        [ROOT / "scripts" / "livekit", "path"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    port, tcp, udp = free_ports(3)
    config = {
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "rtc": {
            "udp_port": udp,
            "tcp_port": tcp,
            "use_external_ip": False,
            "node_ip": "127.0.0.1",
            "enable_loopback_candidate": True,
        },
        "keys": {KEY: SECRET},
        "room": {"auto_create": True},
        "logging": {"level": "error"},
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LIVEKIT_")}
    process = subprocess.Popen([program, "--config-body", json.dumps(config)], env=environment)
    try:
        _wait_for_port(port, process)
        yield Sfu(f"ws://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the LiveKit server did not start")


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for what must come. Raises TimeoutError when it does not."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 -- any condition, not only our own events
            await asyncio.sleep(0.02)


@dataclass
class Viewer:
    """Joins a room and keeps what one participant shows: small pictures, loudness, texts, attributes."""

    room: rtc.Room
    pictures: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    sizes: set[tuple[int, int]] = field(default_factory=set)
    loudness: list[float] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    finals: int = 0
    states: list[str] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @classmethod
    async def join(cls, sfu: Sfu, room: str, identity: str = "viewer") -> Viewer:
        viewer = cls(rtc.Room())
        viewer.room.on("track_subscribed", viewer._watch)
        viewer.room.on("participant_attributes_changed", viewer._note)
        viewer.room.register_text_stream_handler("lk.transcription", viewer._open_text)
        await viewer.room.connect(sfu.url, sfu.token(identity, room))
        return viewer

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.room.disconnect()

    @property
    def words(self) -> str:
        return "".join(text for _, text in self.texts)

    def is_loud(self, last: int = 20) -> bool:
        """Whether something was heard in the last ``last`` hundredths of a second."""
        return max(self.loudness[-last:], default=0.0) > 0.01

    def has_heard(self) -> bool:
        """Whether there was any sound so far."""
        return self.is_loud(last=len(self.loudness))

    def _note(self, changed: dict[str, str], participant: rtc.Participant) -> None:
        if "avsite.state" in changed:
            self.states.append(changed["avsite.state"])

    def _watch(self, track: rtc.Track, *_: object) -> None:
        is_video = track.kind == rtc.TrackKind.KIND_VIDEO
        self._tasks.append(asyncio.create_task(self._see(track) if is_video else self._hear(track)))

    async def _see(self, track: rtc.Track) -> None:
        async for event in rtc.VideoStream(track, format=rtc.VideoBufferType.RGB24):
            frame = event.frame
            image = np.frombuffer(frame.data, np.uint8).reshape(frame.height, frame.width, 3)
            self.sizes.add((frame.width, frame.height))
            self.pictures.append(image[::4, ::4].copy())

    async def _hear(self, track: rtc.Track) -> None:
        async for event in rtc.AudioStream(track, sample_rate=48000, num_channels=1, frame_size_ms=10):
            samples = np.frombuffer(event.frame.data, np.int16).astype(np.float32) / 32768
            self.loudness.append(float(np.sqrt(np.mean(np.square(samples)))))

    def _open_text(self, reader: rtc.TextStreamReader, sender: str) -> None:
        self._tasks.append(asyncio.create_task(self._read(reader)))

    async def _read(self, reader: rtc.TextStreamReader) -> None:
        attributes = reader.info.attributes or {}
        async for text in reader:
            self.texts.append((attributes.get("lk.transcribed_track_id", ""), text))
        self.finals += (reader.info.attributes or {}).get("lk.transcription_final") == "true"
