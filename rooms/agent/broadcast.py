"""Publishing without an agent: a video file, a finished job or a test pattern as a participant of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from livekit import api, rtc

from lipsync.video.probe import probe
from lipsync.video.read import read_image
from rooms.agent.generators.base import Clip, FrameGenerator, options_for
from rooms.agent.generators.hue import HueGenerator
from rooms.agent.generators.still import StillGenerator
from rooms.agent.pacer import Finished, Pacer
from rooms.agent.publisher import Publisher
from rooms.agent.sources.clip import FilmClip, fitted

LONGEST_SIDE = 1280
TAIL_SECONDS = 0.5
"""For the last sounds to reach the others before we leave."""


@dataclass(frozen=True)
class Broadcast:
    """Who publishes where. Key and secret are those of the LiveKit server."""

    url: str
    api_key: str
    api_secret: str
    room: str
    identity: str = "python-publisher"
    name: str = "Python Publisher"

    def token(self) -> str:
        """May join the one room and publish, and nothing else."""
        grants = api.VideoGrants(room_join=True, room=self.room, can_subscribe=False, can_publish_data=False)
        made = api.AccessToken(self.api_key, self.api_secret)
        return made.with_identity(self.identity).with_name(self.name).with_grants(grants).to_jwt()


async def publish_video(
    broadcast: Broadcast, path: Path, *, loop: bool = False, on_live: Callable[[], None] = lambda: None
) -> None:
    """Play the video at ``path`` with its sound, at its true rate, once or until SIGINT or SIGTERM.

    Raises MediaError or FileNotFoundError, and ``rtc.ConnectError`` when the room cannot be joined.
    """
    info = await asyncio.to_thread(probe, path)
    first = await asyncio.to_thread(read_image, path)
    size = _even_size(first.shape[1], first.shape[0])
    fps = min(60.0, max(5.0, info.fps or 25.0))
    generator = StillGenerator(options_for(*size, fps), fitted(first, size))

    def make(number: int) -> Clip:
        return FilmClip(path, size, fps, number, loop=loop)

    await asyncio.to_thread(generator.show, make)
    await _perform(broadcast, generator, on_live, ends=True)


async def publish_hue(
    broadcast: Broadcast,
    size: tuple[int, int] = (1280, 720),
    fps: float = 30.0,
    on_live: Callable[[], None] = lambda: None,
) -> None:
    """Publish a colour that goes round the wheel until SIGINT or SIGTERM. Raises ``rtc.ConnectError``."""
    await _perform(broadcast, HueGenerator(options_for(*size, fps)), on_live, ends=False)


async def _perform(
    broadcast: Broadcast, generator: FrameGenerator, on_live: Callable[[], None], *, ends: bool
) -> None:
    room = rtc.Room()
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, over.set)
    room.on("disconnected", lambda *_: over.set())
    publisher: Publisher | None = None
    pacer: Pacer | None = None
    try:
        first = await generator.first_picture()
        await room.connect(broadcast.url, broadcast.token(), rtc.RoomOptions(auto_subscribe=False))
        publisher = Publisher(room, *generator.size, generator.fps)
        await publisher.publish(first)
        pacer = Pacer(generator, publisher)

        def end(finished: Finished) -> None:
            if ends:
                loop.call_later(TAIL_SECONDS, over.set)

        pacer.on_finished = end
        pacer.start()
        on_live()
        await over.wait()
    finally:
        if pacer is not None:
            await pacer.aclose()
        await generator.aclose()
        if publisher is not None:
            await publisher.aclose()
        await room.disconnect()


def _even_size(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    return max(2, round(width * scale) // 2 * 2), max(2, round(height * scale) // 2 * 2)
