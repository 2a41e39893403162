"""The sound as bars: how much of each pitch is in it."""

from __future__ import annotations

import cv2
import numpy as np
from livekit.agents.voice.avatar import AvatarOptions

from rooms.agent.generators.base import FrameGenerator, Image, Moment
from rooms.agent.generators.speech import SAMPLE_RATE

BARS = 32
LOWEST_HZ, HIGHEST_HZ = 90.0, 8000.0
FLOOR_DB, TOP_DB = -62.0, -18.0
FALL = 0.16
BACKGROUND = (14, 17, 24)


class SpectrumGenerator(FrameGenerator):
    """Thirty-two bars from low to high pitch; they rise at once and sink softly."""

    def __init__(self, options: AvatarOptions) -> None:
        super().__init__(options)
        self._heights = np.zeros(BARS, np.float32)
        self._edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BARS + 1)

    def paint(self, moment: Moment) -> Image:
        """Bars of the sound in ``moment``, no lower than those before allow."""
        self._heights = np.maximum(self.measure(moment.sound), self._heights - FALL)
        width, height = self.size
        image: Image = np.empty((height, width, 3), np.uint8)
        image[:] = BACKGROUND
        step = width / BARS
        for number, level in enumerate(self._heights):
            left, right = round((number + 0.14) * step), round((number + 0.86) * step)
            top = round(height * (0.94 - 0.86 * max(float(level), 0.008)))
            share = number / BARS
            colour = (round(80 + 150 * share), round(190 - 70 * share), 255 - round(60 * share))
            cv2.rectangle(image, (left, top), (right, round(height * 0.94)), colour, -1, cv2.LINE_AA)
        return image

    def measure(
        self, sound: np.ndarray[tuple[int], np.dtype[np.int16]]
    ) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """(BARS,) 0..1: the level of each band of ``sound``."""
        if len(sound) < 256:
            return np.zeros(BARS, np.float32)
        samples = sound.astype(np.float32) / 32768 * np.hanning(len(sound)).astype(np.float32)
        power = np.abs(np.fft.rfft(samples, 4096)) / len(sound) * 4
        bins = (self._edges / SAMPLE_RATE * 4096).astype(int)
        peaks = [power[low : max(high, low + 1)].max() for low, high in zip(bins[:-1], bins[1:], strict=True)]
        decibels = 20 * np.log10(np.array(peaks) + 1e-9)
        return np.clip((decibels - FLOOR_DB) / (TOP_DB - FLOOR_DB), 0, 1).astype(np.float32)
