"""An agent whose voice goes to an avatar over the room: voice URL TOKEN FOLDER AVATAR OUTPUT.

OUTPUT is ``stock``, livekit-agents' own ``DataStreamAudioOutput``, or ``paced``, that of our plugin.
Orders and events as of ``avatars``.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from livekit import rtc
from livekit.agents.voice.avatar import DataStreamAudioOutput

from rooms.provider.voice import PacedAudioOutput
from tests.bench.live import material
from tests.bench.live.actor import orders, tell


async def say(output: DataStreamAudioOutput, speech: material.Speech) -> None:
    for block in speech.blocks():
        await output.capture_frame(block)
    output.flush()


async def main() -> None:
    url, token, folder, avatar, kind = sys.argv[1:6]
    what = dict(zip(("words", "chatter"), material.load(Path(folder)), strict=True))
    room = rtc.Room()
    await room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
    make = PacedAudioOutput if kind == "paced" else DataStreamAudioOutput
    output = make(room, destination_identity=avatar, wait_playback_start=True)
    output.on("playback_started", lambda event: tell("started", at=time.monotonic()))
    output.on(
        "playback_finished",
        lambda event: tell(
            "finished", at=time.monotonic(), seconds=event.playback_position, interrupted=event.interrupted
        ),
    )
    tell("ready", at=time.monotonic())
    async for order in orders():
        if order["do"] == "say":
            saying = asyncio.create_task(say(output, what[order["what"]]))
            tell("handed", at=time.monotonic())
        elif order["do"] == "interrupt":
            at = time.monotonic()
            saying.cancel()
            await asyncio.gather(saying, return_exceptions=True)
            output.flush()
            output.clear_buffer()
            tell("cut", at=at)
    await room.disconnect()


if __name__ == "__main__":
    asyncio.run(main())
