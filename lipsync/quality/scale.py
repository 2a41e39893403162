"""From a measured figure to 0..1."""

from __future__ import annotations

import numpy as np


class Scale:
    """A line through (figure, score) points, flat beyond its ends. Figures rise."""

    def __init__(self, *points: tuple[float, float]) -> None:
        self._figures, self._scores = zip(*points, strict=True)

    def at(self, figure: float) -> float:
        """The score of ``figure``, 0..1."""
        return float(np.interp(figure, self._figures, self._scores))
