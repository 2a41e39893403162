"""One's own voice on its way out: cleaned, switched on and off, and looked at."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from lipsync.audio.denoise import Denoiser
from lipsync.audio.levels import rms
from lipsync.audio.load import FloatArray
from lipsync.audio.spectrum import spectrum_bars
from rooms.client.sound import RATE

RAMP = RATE // 200
"""Samples over which the voice is switched, so that it does not click."""
LOOK = 2048
"""Samples of the spectrum."""
HELD_SECONDS = 0.7
"""A key that is held is told again and again: this long after the last time it counts as let go."""


class Talk:
    """Whether one is heard: muted or not, or while a key is held."""

    def __init__(self, push_to_talk: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.push_to_talk = push_to_talk
        self._clock = clock
        self._is_muted = False
        self._held_until = float("-inf")

    @property
    def is_on(self) -> bool:
        return self._clock() < self._held_until if self.push_to_talk else not self._is_muted

    def toggle(self) -> None:
        """Mute, or no longer."""
        self._is_muted = not self._is_muted

    def hold(self) -> None:
        """The key to talk is down."""
        self._held_until = self._clock() + HELD_SECONDS


class Voice:
    """Steps of a microphone in, what others hear out."""

    def __init__(self, talk: Talk, denoiser: Denoiser | None = None) -> None:
        self._talk, self._denoiser = talk, denoiser
        self._gain = 0.0
        self._seen = np.zeros(LOOK, np.float32)
        self.level = 0.0
        """RMS of the last step, 0..1."""

    def process_audio(self, data: FloatArray) -> FloatArray:
        """As many samples as are ready; silence while one is not heard."""
        clean = data if self._denoiser is None else self._denoiser.process(data)
        if not len(clean):
            return clean
        wanted = 1.0 if self._talk.is_on else 0.0
        reach = min(RAMP, len(clean))
        gain = np.full(len(clean), wanted, np.float32)
        gain[:reach] = np.linspace(self._gain, wanted, reach, dtype=np.float32)
        self._gain = wanted
        heard = np.asarray(clean * gain, np.float32)
        self.level = rms(heard)
        self._seen = np.concatenate([self._seen, heard])[-LOOK:]
        return heard

    def bars(self, count: int) -> list[float]:
        """The spectrum of the last moment: heights 0..1 from low to high."""
        return spectrum_bars(self._seen, RATE, count)
