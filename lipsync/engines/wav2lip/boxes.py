"""Which square of a frame is the face, steady from frame to frame, without detecting it on each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from lipsync.face import topology
from lipsync.face.face import Image
from lipsync.face.people import MOST_PEOPLE, on_path
from lipsync.face.place import FacePath
from lipsync.face.track import FaceTracker, follow_largest

Array = npt.NDArray[np.float32]

SPAN = 5
"""Frames over which boxes are averaged, as the published script does, but centred so that nothing lags."""
AHEAD = SPAN // 2
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


def follow_faces(
    frames: Iterator[tuple[Image, float]], paths: Sequence[FacePath]
) -> Iterator[tuple[Image, list[Box | None]]]:
    """Each frame with the boxes of the faces on ``paths``; None for one that is not seen.

    Frames come with their times in the source. Without paths it is the largest face of the first frame that
    has one. Runs two frames behind ``frames``.
    """
    steady = [_Steady() for _ in range(max(1, len(paths)))]
    held: deque[Image] = deque()
    for image, meshes in _meshes(frames, paths):
        held.append(image)
        for one, mesh in zip(steady, meshes, strict=True):
            one.see(mesh)
        if len(held) > AHEAD:
            image = held.popleft()
            yield image, [one.next_box(image) for one in steady]
    for image in held:
        yield image, [one.next_box(image) for one in steady]


def _meshes(
    frames: Iterator[tuple[Image, float]], paths: Sequence[FacePath]
) -> Iterator[tuple[Image, list[Array | None]]]:
    if not paths:
        for image, mesh in follow_largest(image for image, _ in frames):
            yield image, [mesh]
        return
    tracker = FaceTracker(MOST_PEOPLE)
    for image, seconds in frames:
        faces = tracker.update(image)
        found = [on_path(faces, path, seconds, image) for path in paths]
        yield image, [None if face is None else face.landmarks for face in found]


class _Steady:
    """The boxes of one face, each averaged with those around it."""

    def __init__(self) -> None:
        self._held: deque[Array | None] = deque()
        self._past: deque[Array | None] = deque(maxlen=AHEAD)

    def see(self, landmarks: Array | None) -> None:
        self._held.append(landmarks)

    def next_box(self, image: Image) -> Box | None:
        """Of the oldest frame seen and not asked for yet, whose picture is ``image``."""
        landmarks = self._held.popleft()
        if landmarks is None:
            self._past.append(None)
            return None
        edges = box_of(landmarks)
        coming = (None if mesh is None else box_of(mesh) for mesh in islice(self._held, AHEAD))
        around = [*self._past, edges, *coming]
        # Only frames of one run: a box must not slide to where the face was before it was lost.
        mean = np.mean([one for one in around if one is not None and _is_near(one, edges)], axis=0)
        self._past.append(edges)
        height, width = image.shape[:2]
        left, top = max(0, round(float(mean[0]))), max(0, round(float(mean[1])))
        right, bottom = min(width, round(float(mean[2]))), min(height, round(float(mean[3])))
        if right - left < 8 or bottom - top < 8:
            return None
        return Box((left, top, right, bottom), landmarks)


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
