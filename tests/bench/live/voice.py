"""An agent whose voice goes to an avatar over the room: voice URL TOKEN FOLDER AVATAR.

It sends as livekit-agents does, with its ``DataStreamAudioOutput``.
Orders and events as of ``avatars``.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from livekit import rtc
from livekit.agents.voice.avatar import DataStreamAudioOutput

from tests.bench.live import material
from tests.bench.live.actor import orders, tell


async def main() -> None:
    url, token, folder, avatar = sys.argv[1:5]
    what = dict(zip(("words", "chatter"), material.load(Path(folder)), strict=True))
    room = rtc.Room()
    await room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
    output = DataStreamAudioOutput(room, destination_identity=avatar, wait_playback_start=True)
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
            at = time.monotonic()
            for block in what[order["what"]].blocks():
                await output.capture_frame(block)
            output.flush()
            tell("handed", at=at)
        elif order["do"] == "interrupt":
            at = time.monotonic()
            output.clear_buffer()
            tell("cut", at=at)
    await room.disconnect()


if __name__ == "__main__":
    asyncio.run(main())
