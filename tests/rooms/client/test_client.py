"""The parts of the terminal's call: doors, sound in and out, the voice on its way, what is to be seen."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lipsync.audio.load import load_audio, save_wav
from rooms.client.errors import CallError
from rooms.client.mixer import AHEAD, BEHIND, Mixer
from rooms.client.screen import Screen, chart, meter
from rooms.client.site import Door, enter, find_door
from rooms.client.sound import RATE, STEP, FileMicrophone, FileSpeaker
from rooms.client.voice import HELD_SECONDS, Talk, Voice
from tests import media

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("said", "door"),
    [
        ("abc-123", Door("http://site", "abc-123")),
        ("https://x.org/rooms/abc", Door("https://x.org", "abc")),
        ("https://x.org/rooms/abc/?invite=a%3Ab", Door("https://x.org", "abc", "a:b")),
        ("http://x.org:81/av/rooms/abc?invite=q", Door("http://x.org:81/av", "abc", "q")),
    ],
)
def test_doors(said: str, door: Door) -> None:
    assert find_door(said, "http://site/") == door


@pytest.mark.parametrize("said", ["", "a/b", "https://x.org/", "https://x.org/videos/1", "ftp://x/rooms/1"])
def test_what_is_no_door(said: str) -> None:
    with pytest.raises(CallError, match="link"):
        find_door(said)


ADMITTED = {
    "state": "admitted", "message": "", "url": "ws://livekit", "token": "t", "identity": "p1", "name": "Ann",
    "sources": ["microphone"], "seat": "s",
}  # fmt: skip
WAITING = ADMITTED | {"state": "waiting", "message": "A host has been told.", "url": None, "token": None}


@contextmanager
def site(*answers: tuple[int, Any]) -> Iterator[tuple[str, list[Any]]]:
    """A site that answers so, and what it was asked."""
    left, asked = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, body, dict(self.headers)))
            status, answer = left.pop(0)
            data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


async def test_who_waits_is_let_in_on_the_same_seat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rooms.client.site.ASK_AGAIN_SECONDS", 0.01)
    told: list[str] = []
    with site((200, WAITING), (200, WAITING), (200, ADMITTED)) as (address, asked):
        way_in = await enter(Door(address, "abc", "inv"), "Ann", "", told.append)
    assert (way_in.url, way_in.token, way_in.sources) == ("ws://livekit", "t", ("microphone",))
    assert told == ["A host has been told."] * 2
    assert [path for path, _, _ in asked] == ["/api/v1/rooms/abc/token"] * 3
    assert asked[0][1] == {"invite": "inv", "name": "Ann"}
    assert [headers.get("X-Room-Seat") for _, _, headers in asked] == [None, "s", "s"]


async def test_the_key_is_shown_and_refusals_are_told() -> None:
    refusal = {"error": {"code": "forbidden", "message": "This room is locked; ask its host."}}
    with site((200, ADMITTED), (403, refusal), (502, "<html>"), (500, {})) as (address, asked):
        door = Door(address, "abc")
        await enter(door, "", "secret", print)
        assert asked[0][2]["Authorization"] == "Bearer secret"
        for words in ("locked; ask its host", "No avsite answers", "answered 500"):
            with pytest.raises(CallError, match=words):
                await enter(door, "", "", print)
    with pytest.raises(CallError, match="No avsite answers"):
        await enter(door, "", "", print)


async def test_a_recording_is_said_once_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    save_wav(path, media.tone(0.3, 16_000), 16_000)
    steps = []
    began = time.monotonic()
    async for step in FileMicrophone(path).steps():
        steps.append(step)
        if len(steps) == 50:
            break
    assert time.monotonic() - began > 0.45, "as fast as it was spoken"
    assert {len(step) for step in steps} == {STEP}
    sound = np.concatenate(steps)
    np.testing.assert_allclose(sound[: RATE // 5], load_audio(path, RATE)[: RATE // 5], atol=1e-6)
    assert not sound[RATE * 2 // 5 :].any()


async def test_a_file_without_sound(tmp_path: Path) -> None:
    path = tmp_path / "text.wav"
    path.write_text("hello")
    with pytest.raises(CallError, match="cannot be heard"):
        await anext(FileMicrophone(path).steps())


async def test_what_is_heard_is_kept(tmp_path: Path) -> None:
    path, pulled = tmp_path / "heard.wav", []

    def pull(count: int) -> np.ndarray:
        pulled.append(count)
        return np.full(count, 0.5, np.float32)

    playing = asyncio.create_task(FileSpeaker(path).play(pull))
    while sum(pulled) < RATE // 5:  # noqa: ASYNC110 -- a plain function counts
        await asyncio.sleep(0.02)
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnframes()) == (RATE, sum(pulled))
    assert load_audio(path, RATE).mean() == pytest.approx(0.5, abs=0.01)


def test_voices_are_mixed_and_never_late() -> None:
    mixer = Mixer()
    assert not mixer.pull(STEP).any()
    mixer.push("ann", np.full(AHEAD - 1, 0.25, np.float32))
    assert not mixer.pull(STEP).any(), "too little to go on with"
    mixer.push("ann", np.full(AHEAD, 0.25, np.float32))
    mixer.push("ben", np.full(AHEAD, 0.5, np.float32))
    np.testing.assert_allclose(mixer.pull(STEP), 0.75)
    mixer.remove("ben")
    np.testing.assert_allclose(mixer.pull(STEP), 0.25)
    for number in range(200):
        mixer.push("ann", np.full(STEP, number / 1000, np.float32))
    assert mixer.pull(1)[0] >= (200 - BEHIND / STEP - 1) / 1000, "what waited too long is dropped"
    mixer.push("ben", np.full(AHEAD, 1.0, np.float32))
    assert mixer.pull(AHEAD // 2).max() == 1.0
    assert len(mixer.pull(10 * RATE)) == 10 * RATE


def test_push_to_talk_and_mute() -> None:
    now = [0.0]
    talk = Talk(push_to_talk=True, clock=lambda: now[0])
    assert not talk.is_on
    talk.hold()
    assert talk.is_on
    now[0] += HELD_SECONDS
    assert not talk.is_on
    open_mike = Talk()
    assert open_mike.is_on
    open_mike.toggle()
    assert not open_mike.is_on


def test_a_muted_voice_is_silent_and_comes_without_a_click() -> None:
    talk = Talk()
    voice = Voice(talk)
    loud = np.full(STEP, 0.5, np.float32)
    first = voice.process_audio(loud)
    assert first[0] < 0.01 and first[-1] == 0.5 and np.abs(np.diff(first)).max() < 0.01
    assert voice.process_audio(loud).min() == 0.5
    assert voice.level == pytest.approx(0.5)
    talk.toggle()
    voice.process_audio(loud)
    assert not voice.process_audio(loud).any() and voice.level == 0
    assert len(voice.bars(24)) == 24


def test_the_living_line() -> None:
    assert meter(0.0, 4) == "····" and meter(1.0, 4) == "████" and meter(0.05, 4).count("█") == 2
    assert chart([0.0, 0.5, 1.0]) == " ▄█"

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Screen(Terminal(), "Ann", ["Ben\x1b[2J"])
    screen.show(0.2, [0.5] * 4, True, "Ben: hel\nlo")
    drawn = screen.out.getvalue()  # type: ignore[attr-defined]
    assert "Ann [on ]" in drawn and "Ben: hel lo" in drawn and "\x1b[2J" not in drawn
    screen.caption("Ben", "Hello.")
    assert "Ben: Hello.\n" in screen.out.getvalue()  # type: ignore[attr-defined]
    plain = Screen(io.StringIO(), "Ann")
    plain.show(0.2, [0.5], True)
    plain.say("In the room.")
    assert plain.out.getvalue() == "In the room.\n"  # type: ignore[attr-defined]


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    for given, words in (
        (["a/b"], "is no room"),
        (["room", "--site", "http://127.0.0.1:9"], "No avsite answers"),
        (["room", "--key-file", str(tmp_path / "none")], "cannot be read"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "rooms.client", *given],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert words in done.stderr and "Traceback" not in done.stderr
