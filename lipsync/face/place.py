"""Where a face is in its source, and how people say which one they mean. Data only."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Box = tuple[float, float, float, float]
"""Left, top, width, height, 0..1 of the picture's width and height; may reach beyond the picture."""

LONGEST_GAP_SECONDS = 0.6
"""Between two places of one path; over a longer one the face was not there."""


@dataclass(frozen=True)
class FacePick:
    """One of the faces of a photo or a video: by the number it was given, by a point or by a box.

    Exactly one of the three is not None. Points and boxes are 0..1 of the picture, at a moment of the source.
    """

    track: int | None = None
    point: tuple[float, float] | None = None
    box: Box | None = None
    at_seconds: float = 0.0

    @classmethod
    def of(cls, values: Mapping[str, Any] | FacePick | None) -> FacePick | None:
        """From what JSON has made of one."""
        if values is None or isinstance(values, FacePick):
            return values
        point, box = (values.get(name) and tuple(values[name]) for name in ("point", "box"))
        return cls(**{**values, "point": point, "box": box})


@dataclass(frozen=True)
class FacePath:
    """Where one face is over its source: its boxes at ``seconds``, which grow."""

    seconds: tuple[float, ...]
    boxes: tuple[Box, ...]

    def at(self, seconds: float) -> Box | None:
        """The box at a moment of the source, None where the face is not seen."""
        after = bisect_left(self.seconds, seconds)
        if len(self.seconds) == 1:  # a photo
            return self.boxes[0]
        if after == 0 or after == len(self.seconds):
            edge = min(after, len(self.seconds) - 1)
            return self.boxes[edge] if abs(self.seconds[edge] - seconds) < LONGEST_GAP_SECONDS / 2 else None
        start, end = self.seconds[after - 1], self.seconds[after]
        if end - start > LONGEST_GAP_SECONDS:
            nearest = after if end - seconds < seconds - start else after - 1
            is_near = abs(self.seconds[nearest] - seconds) < LONGEST_GAP_SECONDS / 2
            return self.boxes[nearest] if is_near else None
        share = (seconds - start) / (end - start)
        left, top, width, height = (
            a + share * (b - a) for a, b in zip(self.boxes[after - 1], self.boxes[after], strict=True)
        )
        return left, top, width, height


def corners(box: Box) -> Box:
    """Left, top, right, bottom."""
    left, top, width, height = box
    return left, top, left + width, top + height
