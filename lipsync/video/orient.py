"""Turning pictures the way the camera was held."""

from __future__ import annotations

from typing import Any, cast

import av
import numpy as np

from lipsync.video.color import Image


class Orientation:
    """Quarter turns and mirroring asked for by a file's display matrix."""

    def __init__(self, *, swaps: bool = False, flips_x: bool = False, flips_y: bool = False) -> None:
        """First the axes are swapped, then the picture is mirrored along x and along y."""
        self.swaps = swaps
        self.flips_x = flips_x
        self.flips_y = flips_y

    @property
    def degrees(self) -> int:
        """Clockwise turn that shows the picture upright; mirroring is not counted."""
        if self.swaps:
            return 270 if self.flips_y else 90
        return 180 if self.flips_y else 0

    def apply(self, image: Image) -> Image:
        """``image`` as it is meant to be seen, contiguous in memory."""
        if self.swaps:
            image = image.transpose(1, 0, 2)
        if self.flips_x:
            image = image[:, ::-1]
        if self.flips_y:
            image = image[::-1]
        return np.ascontiguousarray(image)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) after turning."""
        return (height, width) if self.swaps else (width, height)


UPRIGHT = Orientation()


def frame_orientation(frame: av.VideoFrame) -> Orientation:
    """What the frame's display matrix asks for, to the nearest quarter turn.

    The matrix maps picture (x, y) to (a x + c y, b x + d y), as 3x3 int32: a b u / c d v / ...
    """
    try:
        data = cast(Any, frame.side_data)["DISPLAYMATRIX"]
    except KeyError:
        return UPRIGHT
    a, b, _, c, d = np.frombuffer(bytes(data), dtype=np.int32)[:5].tolist()
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(swaps=True, flips_x=c < 0, flips_y=b < 0)
    return Orientation(flips_x=a < 0, flips_y=d < 0)
