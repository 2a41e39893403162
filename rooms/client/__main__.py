"""``python -m rooms.client ROOM``: talk in a room from a terminal, with files where there is no sound."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from lipsync.audio.denoise import Denoiser, DenoiserMissing
from rooms.client.call import Call
from rooms.client.errors import CallError
from rooms.client.keys import watching
from rooms.client.screen import Screen
from rooms.client.site import DEFAULT_SITE, enter, find_door
from rooms.client.sound import (
    DeviceMicrophone,
    DeviceSpeaker,
    FileMicrophone,
    FileSpeaker,
    Microphone,
    Speaker,
)
from rooms.client.voice import Talk, Voice

KEYS = "m: mute or unmute · q: leave"
PUSH_KEYS = "hold space: talk · q: leave"


def read_arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rooms.client", description=__doc__)
    parser.add_argument("room", metavar="ROOM", help="a link to the room, or its name in that link")
    parser.add_argument("--name", default="", help="how others see you; wanted with an invitation")
    parser.add_argument(
        "--site", default=DEFAULT_SITE, help=f"where ROOM is no link (default {DEFAULT_SITE})"
    )
    parser.add_argument(
        "--key-file", type=Path, metavar="FILE", help="holds an API key of yours, for rooms of your own"
    )
    parser.add_argument("--input", type=Path, metavar="FILE", help="say this recording, not the microphone")
    parser.add_argument(
        "--output", type=Path, metavar="WAV", help="write what is heard here, instead of playing it"
    )
    parser.add_argument("--microphone", metavar="NAME", help="the one whose name holds this")
    parser.add_argument("--speaker", metavar="NAME", help="likewise")
    parser.add_argument("--push-to-talk", action="store_true", help="be heard only while space is held")
    parser.add_argument("--no-denoise", action="store_true", help="leave noise in; for music")
    parser.add_argument("--seconds", type=float, help="leave after so many seconds")
    return parser.parse_args(given)


async def talk(arguments: argparse.Namespace) -> str:
    """The whole call; why it ended. Raises CallError."""
    door = find_door(arguments.room, arguments.site)
    screen = Screen(sys.stdout, arguments.name or "You")
    way_in = await enter(door, arguments.name, _read_key(arguments.key_file), screen.say)
    screen.name = way_in.name
    switch = Talk(arguments.push_to_talk)
    with ExitStack() as opened:
        denoiser = None if arguments.no_denoise else _denoiser(screen)
        if denoiser is not None:
            opened.enter_context(denoiser)
        call = Call(
            way_in, _microphone(arguments), _speaker(arguments), Voice(switch, denoiser), switch, screen
        )
        opened.enter_context(watching(lambda key: _on_key(key, call, switch)))
        _leave_on_signals(call)
        screen.say(f"In the room as {way_in.name}. {PUSH_KEYS if switch.push_to_talk else KEYS}")
        if arguments.seconds is not None:
            asyncio.get_running_loop().call_later(arguments.seconds, call.leave)
        return await call.run()


def _leave_on_signals(call: Call) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, call.leave)


def _on_key(key: str, call: Call, switch: Talk) -> None:
    if key in {"q", "\x04"}:
        call.leave()
    elif key == " " and switch.push_to_talk:
        switch.hold()
    elif key == "m":
        switch.toggle()


def _read_key(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text().strip()
    except OSError as error:
        raise CallError(f"The key in {path} cannot be read: {error.strerror}.") from error


def _denoiser(screen: Screen) -> Denoiser | None:
    try:
        return Denoiser()
    except DenoiserMissing as missing:
        screen.say(str(missing))
        return None


def _microphone(arguments: argparse.Namespace) -> Microphone:
    if arguments.input is None:
        return DeviceMicrophone(arguments.microphone)
    if not arguments.input.is_file():
        raise CallError(f"There is no file {arguments.input}; check its name.")
    return FileMicrophone(arguments.input)


def _speaker(arguments: argparse.Namespace) -> Speaker:
    return DeviceSpeaker(arguments.speaker) if arguments.output is None else FileSpeaker(arguments.output)


def main() -> int:
    try:
        print(asyncio.run(talk(read_arguments())))  # noqa: T201 -- a command
    except CallError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
