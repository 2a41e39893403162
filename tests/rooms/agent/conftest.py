"""One LiveKit server for all tests of the agent; each test has a room of its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from uuid import uuid4

import numpy as np
import pytest

from tests.rooms.agent.sfu import Sfu, run_sfu


@pytest.fixture(scope="session")
def sfu() -> Iterator[Sfu]:
    with run_sfu() as server:
        yield server


@pytest.fixture
def room_name() -> str:
    return f"room-{uuid4().hex[:8]}"


@pytest.fixture
def tone() -> np.ndarray:
    """A second of a 300 Hz tone that swells and fades, int16 at 24 kHz."""
    at = np.arange(24_000) / 24_000
    swell = 0.2 + 0.8 * np.abs(np.sin(2 * np.pi * 2 * at))
    return (np.sin(2 * np.pi * 300 * at) * swell * 12_000).astype(np.int16)


@pytest.fixture(autouse=True, scope="session")
def quiet_sdk() -> None:
    """A failed test leaves rooms open; the SDK would report at length that their server has gone."""
    logging.getLogger("livekit").setLevel(logging.CRITICAL)
