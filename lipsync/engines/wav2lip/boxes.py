"""Which square of a frame is the face, steady from frame to frame, without detecting it on each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lipsync.face import topology
from lipsync.face.face import Image
from lipsync.face.track import follow_largest

Array = npt.NDArray[np.float32]

SPAN = 5
"""Frames over which boxes are averaged, as the published script does, but centred so that nothing lags."""
HEIGHT = 1.0
"""The box's height over the distance from brows to chin of the mesh, so that it is what S3FD gives."""
PAD_BELOW = 0.06
"""Of the height; the published script adds 10 pixels to a face of 170."""


@dataclass(frozen=True)
class Box:
    """A face in its frame: left, top, right, bottom in whole pixels, and its mesh (468, 3)."""

    edges: tuple[int, int, int, int]
    landmarks: Array

    @property
    def rows(self) -> slice:
        return slice(self.edges[1], self.edges[3])

    @property
    def columns(self) -> slice:
        return slice(self.edges[0], self.edges[2])


def follow_face(frames: Iterator[Image]) -> Iterator[tuple[Image, Box | None]]:
    """Each frame with the box of the largest face of the first frame that has one; None where it is not seen.

    Runs two frames behind ``frames``.
    """
    held: deque[tuple[Image, Array | None]] = deque()
    ahead = SPAN // 2
    past: deque[Array | None] = deque(maxlen=ahead)
    for image, landmarks in follow_largest(frames):
        held.append((image, landmarks))
        if len(held) > ahead:
            yield _smoothed(held, past)
    while held:
        yield _smoothed(held, past)


def _smoothed(held: deque[tuple[Image, Array | None]], past: deque[Array | None]) -> tuple[Image, Box | None]:
    image, landmarks = held.popleft()
    if landmarks is None:
        past.append(None)
        return image, None
    edges = box_of(landmarks)
    around = [*past, edges, *(None if mesh is None else box_of(mesh) for _, mesh in held)]
    # Only frames of one run: a box must not slide to where the face was before it was lost.
    mean = np.mean([one for one in around if one is not None and _is_near(one, edges)], axis=0)
    past.append(edges)
    height, width = image.shape[:2]
    left, top = max(0, round(float(mean[0]))), max(0, round(float(mean[1])))
    right, bottom = min(width, round(float(mean[2]))), min(height, round(float(mean[3])))
    if right - left < 8 or bottom - top < 8:
        return image, None
    return image, Box((left, top, right, bottom), landmarks)


def _is_near(one: Array, other: Array) -> bool:
    return bool(np.abs(one - other).max() < 0.5 * (other[2] - other[0]))


def box_of(landmarks: Array) -> Array:
    """Left, top, right, bottom of a face as the S3FD detector draws it, from its mesh (468, 3)."""
    oval = landmarks[list(topology.OVAL), :2]
    left, right = oval[:, 0].min(), oval[:, 0].max()
    top, bottom = oval[:, 1].min(), oval[:, 1].max()
    # S3FD's boxes begin at the hairline or a little under it and end at the chin.
    top += 0.06 * (bottom - top)
    return np.array([left, top, right, bottom + PAD_BELOW * (bottom - top)], np.float32)
