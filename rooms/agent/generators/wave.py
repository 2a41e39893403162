"""The sound itself as a picture: its wave, running through."""

from __future__ import annotations

import cv2
import numpy as np
from livekit.agents.voice.avatar import AvatarOptions

from rooms.agent.generators.base import FrameGenerator, Image, Moment

BACKGROUND = (17, 20, 28)
AXIS = (48, 56, 74)
LINE = (96, 190, 255)
SHOWN_FRAMES = 12


class AudioWaveGenerator(FrameGenerator):
    """The last half second of sound as a wave; a flat line in silence."""

    def __init__(self, options: AvatarOptions) -> None:
        super().__init__(options)
        width, height = self.size
        self._canvas: Image = np.empty((height, width, 3), np.uint8)
        self._canvas[:] = BACKGROUND
        cv2.line(self._canvas, (0, height // 2), (width, height // 2), AXIS, max(1, height // 200))
        per_frame = max(2, width // SHOWN_FRAMES)
        self._levels = np.zeros((per_frame * SHOWN_FRAMES, 2), np.float32)
        self._per_frame = per_frame

    def paint(self, moment: Moment) -> Image:
        """The wave up to ``moment``: a column per slice of time, from its lowest to its highest sample."""
        fresh = np.zeros((self._per_frame, 2), np.float32)
        if len(moment.sound) >= self._per_frame:
            slices = np.array_split(moment.sound.astype(np.float32) / 32768, self._per_frame)
            fresh = np.array([(part.min(), part.max()) for part in slices], np.float32)
        self._levels = np.concatenate([self._levels[self._per_frame :], fresh])
        return self.generate_image(self._levels)

    def generate_image(self, levels: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> Image:
        """``levels`` (n, 2), lowest and highest -1..1 from left to right, drawn: (height, width, 3) RGB."""
        image = self._canvas.copy()
        width, height = self.size
        x = np.linspace(0, width - 1, len(levels))
        middle, reach = height / 2, height * 0.46
        top, bottom = (middle - np.clip(levels[:, side] * 1.6, -1, 1) * reach for side in (1, 0))
        thickness = max(1.0, height / 240)
        outline = np.concatenate(
            [np.stack([x, top - thickness], 1), np.stack([x, bottom + thickness], 1)[::-1]]
        )
        cv2.fillPoly(image, [(outline * 16).round().astype(np.int32)], LINE, cv2.LINE_AA, shift=4)
        return image
