"""Somebody in a browser and somebody at a terminal, in one room: both hear each other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from lipsync.audio.load import FloatArray, load_audio, save_wav
from lipsync.speech.synthesize import synthesize
from tests.e2e import rooms
from tests.e2e.conftest import DESKTOP, ROOT, Files

OpenPage = Callable[..., Page]
pytestmark = pytest.mark.timeout(600)
RATE = 16_000
STEP = RATE // 50
WINDOW = 150
"""Steps: three seconds."""
LONG = "I am at a terminal, and I have a great deal to tell to everybody who is in this room. " * 8
END_SECONDS = 60


def loudness(sound: FloatArray) -> np.ndarray:
    """Of every 20 ms, in dB."""
    steps = sound[: len(sound) // STEP * STEP].reshape(-1, STEP)
    return 10 * np.log10((steps**2).mean(axis=1) + 1e-6)


def likeness(heard: FloatArray, said: FloatArray) -> float:
    """How well the best three seconds heard go with any part of ``said``, which may begin again, -1..1."""
    once, mine = loudness(said), loudness(heard)
    wanted = normal(np.lib.stride_tricks.sliding_window_view(np.tile(once, 2), WINDOW))
    starts = range(0, len(mine) - WINDOW + 1, WINDOW // 6)
    return max(float((wanted @ normal(mine[start : start + WINDOW])).max()) / WINDOW for start in starts)


def normal(windows: np.ndarray) -> np.ndarray:
    centred = windows - windows.mean(axis=-1, keepdims=True)
    return centred / (centred.std(axis=-1, keepdims=True) + 1e-9)


def test_a_browser_and_a_terminal_hear_each_other(open_page: OpenPage, files: Files, tmp_path: Path) -> None:
    alice = open_page("/rooms", size=DESKTOP)
    rooms.open_room(alice, "Terminal", avatar="No avatar yet")
    rooms.join(alice)
    link = rooms.invite_link(alice)
    said = synthesize(LONG, "en-us")
    save_wav(tmp_path / "said.wav", said.samples, said.sample_rate)
    command = [sys.executable, "-m", "rooms.client", link, "--name", "Terry"]
    command += ["--input", str(tmp_path / "said.wav"), "--output", str(tmp_path / "heard.wav")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as terry:
        try:
            expect(alice.get_by_role("article", name="Terry", exact=True)).to_be_visible(
                timeout=rooms.JOIN_MS
            )
            rooms.expect_voice(alice, 60)
            alice.wait_for_timeout(10_000)  # of her voice are written down there
            terry.terminate()
            told, _ = terry.communicate(timeout=END_SECONDS)
        finally:
            terry.kill()
    assert "In the room as Terry" in told and told.strip().endswith("You left.")
    assert terry.returncode == 0
    expect(alice.get_by_role("article", name="Terry", exact=True)).to_have_count(0, timeout=60_000)
    heard = load_audio(tmp_path / "heard.wav", RATE)
    speaking = np.flatnonzero(loudness(heard) > -40)
    assert len(speaking), "nothing was heard at the terminal"
    heard = heard[speaking[0] * STEP :]
    of_alice, of_terry = (
        likeness(heard, load_audio(path, RATE)) for path in (files.voice, tmp_path / "said.wav")
    )
    assert of_alice > max(0.6, of_terry), (of_alice, of_terry)
