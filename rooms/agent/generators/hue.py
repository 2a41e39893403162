"""A test pattern: one colour going round the wheel. Tells at a glance whether video flows at all."""

from __future__ import annotations

import colorsys

import numpy as np

from rooms.agent.generators.base import FrameGenerator, Image, Moment

TURN_SECONDS = 3.0


class HueGenerator(FrameGenerator):
    """Every hue in three seconds, whatever is said."""

    _frame = 0

    def paint(self, moment: Moment) -> Image:
        image = draw_color_cycle(self._frame, self.fps, self.size)
        self._frame += 1
        return image


def draw_color_cycle(frame: int, fps: float, size: tuple[int, int]) -> Image:
    """Picture number ``frame`` of the cycle, (height, width, 3) RGB."""
    hue = (frame / fps / TURN_SECONDS) % 1.0
    colour = [round(part * 255) for part in colorsys.hsv_to_rgb(hue, 1.0, 1.0)]
    return np.full((size[1], size[0], 3), colour, np.uint8)
