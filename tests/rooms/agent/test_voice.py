"""The pace at which the plugin hands an agent's voice to its avatar, by a clock of the test's own."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest
from livekit.agents.voice.avatar import DataStreamAudioOutput

from rooms.agent.generators.speech import audio_frame
from rooms.provider import voice
from rooms.provider.voice import AHEAD_SECONDS, SPEED, PacedAudioOutput

RATE = 24_000


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    own_time = SimpleNamespace(get_running_loop=lambda: clock, sleep=clock.sleep)
    monkeypatch.setattr(voice, "asyncio", own_time)
    return clock


@pytest.fixture
def sent(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds after the start at which each frame went out."""
    times: list[float] = []

    async def note(self: DataStreamAudioOutput, frame: object) -> None:
        times.append(clock.now - 100.0)

    monkeypatch.setattr(DataStreamAudioOutput, "capture_frame", note)
    monkeypatch.setattr(DataStreamAudioOutput, "flush", lambda self: None)
    return times


def test_the_first_second_goes_at_once_and_the_rest_at_its_pace(sent: list[float]) -> None:
    output = PacedAudioOutput.__new__(PacedAudioOutput)
    tenth = audio_frame(np.zeros(RATE // 10, np.int16), RATE)

    async def speak(frames: int) -> None:
        for _ in range(frames):
            await output.capture_frame(tenth)

    asyncio.run(speak(50))
    at_once = round(AHEAD_SECONDS * 10) + 1
    assert sent[:at_once] == [0.0] * at_once
    np.testing.assert_allclose(np.diff(sent[at_once - 1 :]), 0.1 / SPEED, atol=1e-9)
    output.flush()
    began = sent[-1]
    asyncio.run(speak(at_once))
    assert sent[50:] == [began] * at_once, "the next segment begins anew"
