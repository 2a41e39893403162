"""Is the picture as good as what it was made from: is the mouth sharp, are there seams, is it still them?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from lipsync.audio.shape import FloatArray
from lipsync.face.detect import FaceDetector
from lipsync.face.face import Image
from lipsync.face.frame import FaceFrame
from lipsync.face.mesh import FaceMesh, eye_distance
from lipsync.quality.scale import Scale
from lipsync.video.probe import probe
from lipsync.video.read import FrameReader, read_image

LOOKS = 12
SIDE = 160
"""Pixels of the upright patches that are compared."""
REACH = (-1.3, -1.45, 1.3, 1.15)
"""D around the middle of the mouth: the whole face, and the cheeks and chin where seams lie."""
MOUTH = (slice(60, 118), slice(48, 112))
"""Rows and columns of the mouth in a patch."""
EYES = (slice(4, 58), slice(20, 140))
STEP = 2
"""Lines over which a seam rises."""
NEARBY = 10
"""Lines by which an edge of the face itself may have moved with the mouth."""
EDGE = 8
SAME_LEVELS = 6.0
"""Where the rows at the top of two patches, the forehead, differ by more, their frames are not the same."""
FPS = 25

SHARPNESS = Scale((0.0, 0.0), (0.15, 0.3), (0.4, 0.65), (0.7, 0.88), (0.9, 1.0))
"""Of the mouth, over the source's or, without one, over that of the rest of the same face."""
SEAM = Scale((0.0, 1.0), (2.5, 1.0), (5.0, 0.8), (10.0, 0.4), (16.0, 0.1))
"""Height of the strongest straight step that the source does not have, in levels of 0..255."""
IDENTITY = Scale((0.0, 0.0), (0.4, 0.4), (0.7, 0.8), (0.85, 1.0))
"""Correlation of the region of the eyes with the source's."""


@dataclass(frozen=True)
class PictureFacts:
    """What was measured over the frames looked at. ``seam`` and ``identity`` are None without a source."""

    sharpness: float
    seam: float | None = None
    identity: float | None = None

    @property
    def score(self) -> float:
        """0..1: what is worst of a face is what people see."""
        scores = [SHARPNESS.at(self.sharpness)]
        scores += [
            scale.at(value)
            for scale, value in ((SEAM, self.seam), (IDENTITY, self.identity))
            if value is not None
        ]
        return min(scores)


def measure_picture(path: Path, source_path: Path | None = None) -> PictureFacts | None:
    """The faces in up to twelve frames, against those of ``source_path``; None when no face is found.

    A source that is no picture with a face counts as none. Raises MediaError.
    """
    finder = _Finder()
    looks: list[_Look] = []
    befores: list[_Look] = []
    seams: list[float] = []
    for image, source in _pairs(path, source_path):
        look = finder.look(image)
        if look is None:
            continue
        looks.append(look)
        if source is not None and (before := finder.look(source)):
            befores.append(before)
        seam = None if source is None else _seam(image, look.axes, source)
        seams += [] if seam is None else [seam]
    return _facts(looks, befores, seams) if looks else None


def _facts(looks: Sequence[_Look], befores: Sequence[_Look], seams: Sequence[float]) -> PictureFacts:
    if not befores:
        return PictureFacts(_median(_own_sharpness(look.upright) for look in looks))
    mouth, before = (_median(_sharpness(one.upright[MOUTH]) for one in faces) for faces in (looks, befores))
    likeness = _median(max(_likeness(look.upright, one.upright) for one in befores) for look in looks)
    return PictureFacts(mouth / max(before, 1e-6), _median(seams) if seams else None, likeness)


def _pairs(path: Path, source_path: Path | None) -> Iterator[tuple[Image, Image | None]]:
    """Frames spread over ``path``, each with the frame of the source that was shown at the same time.

    As long as both last, a result shows the frames of its source in their order; a photo lasts for ever.
    """
    is_film = source_path is not None and probe(source_path).media == "video"
    photo = read_image(source_path) if source_path is not None and not is_film else None
    films = [path, source_path] if source_path is not None and is_film else [path]
    count = int(min(probe(film).duration_seconds for film in films) * FPS)
    result, *source = [FrameReader(film, FPS) for film in films]
    for at in sorted({int(at) for at in np.linspace(0, max(0, count - 2), LOOKS)}):
        shown = [next(reader.frames(at, at + 1), None) for reader in (result, *source)]
        if shown[0] is not None:
            before = shown[1].image if source and shown[1] is not None else photo
            yield shown[0].image, before


class _Look(NamedTuple):
    """A face: where it is in its frame, and as a grey patch in its own axes."""

    axes: FaceFrame
    upright: FloatArray


class _Finder:
    """Finds the largest face."""

    def __init__(self) -> None:
        self._detector, self._mesh = FaceDetector(), FaceMesh()

    def look(self, image: Image) -> _Look | None:
        fits = [self._mesh.fit_detection(image, face) for face in self._detector.detect(image)]
        found = [fit.points for fit in fits if fit is not None]
        if not found:
            return None
        axes = FaceFrame.of(max(found, key=eye_distance))
        return _Look(axes, _patch(image, axes))


def _patch(image: Image, axes: FaceFrame) -> FloatArray:
    left, top, right, bottom = REACH
    corners = np.array([[left, top], [right, top], [left, bottom]], np.float32)
    there = axes.to_pixels(corners)
    here = np.array([[0, 0], [SIDE, 0], [0, SIDE]], np.float32)
    # Averaged down from a finer patch, so that a large face does not alias.
    finer = max(1, round(float(np.linalg.norm(there[1] - there[0])) / SIDE))
    matrix = cv2.getAffineTransform(there, here * finer)
    size = (SIDE * finer, SIDE * finer)
    cut = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)


def _sharpness(patch: FloatArray) -> float:
    return float(cv2.Laplacian(np.ascontiguousarray(patch), cv2.CV_32F).var())


def _own_sharpness(patch: FloatArray) -> float:
    """Of the mouth over that of the eyes, scaled so that an untouched face is near 1."""
    return 1.6 * _sharpness(patch[MOUTH]) / max(_sharpness(patch[EYES]), 1e-6)


def _seam(image: Image, axes: FaceFrame, source: Image) -> float | None:
    """The strongest step along a row below or a column beside the mouth that its source has nowhere near.

    A pasted rectangle leaves one on each side; a chin that moved was an edge before. None when the two frames
    are not the same outside the face.
    """
    if source.shape != image.shape:
        return None
    level = FaceFrame(axes.origin, np.eye(3, 2, dtype=np.float32) * axes.unit, axes.unit)
    after, before = _patch(image, level), _patch(source, level)
    if np.median(np.abs(after[:EDGE] - before[:EDGE])) > SAME_LEVELS:
        return None
    reach = np.ones(2 * NEARBY + 1, np.uint8)
    new = [now - cv2.dilate(was, reach)[:, 0] for now, was in zip(_steps(after), _steps(before), strict=True)]
    return max(0.0, *(float(steps.max()) for steps in new))


def _steps(patch: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The steps along rows below the mouth, and along columns beside it."""
    below, lower = patch[118 - STEP :, 50:110], patch[SIDE // 2 : 125]
    across = _straightest((lower[:, STEP:] - lower[:, :-STEP]).T)
    across[44:116] = 0
    return _straightest(below[STEP:] - below[:-STEP]), across


def _straightest(steps: FloatArray) -> FloatArray:
    """Per line, the height that nearly all of its steps (lines, samples) reach, one way or the other."""
    low, high = np.percentile(steps, (15, 85), axis=1)
    return np.asarray(np.maximum(np.maximum(low, -high), 0.0), np.float32)


def _likeness(patch: FloatArray, source: FloatArray) -> float:
    """Correlation of the region of the eyes at the best of a few small shifts."""
    wanted = source[EYES]
    template = np.ascontiguousarray(wanted[4:-4, 4:-4])
    found = cv2.matchTemplate(np.ascontiguousarray(patch[EYES]), template, cv2.TM_CCOEFF_NORMED)
    return float(found.max())


def _median(values: Iterable[float]) -> float:
    return float(np.median(list(values)))
