"""Where the faces of a picture are, for showing people what was found."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import NamedTuple

from lipsync.face.detect import FaceDetector
from lipsync.face.face import Image
from lipsync.face.mesh import FaceMesh, Landmarks
from lipsync.face.topology import (
    BROW_LEFT,
    BROW_RIGHT,
    EYE_LEFT_LOWER,
    EYE_LEFT_UPPER,
    EYE_RIGHT_LOWER,
    EYE_RIGHT_UPPER,
    LOWER_INNER,
    LOWER_OUTER,
    OVAL,
    UPPER_INNER,
    UPPER_OUTER,
)

MOST_FACES = 8
FACE_LINES: tuple[tuple[int, ...], ...] = (
    *((*OVAL, OVAL[0]), UPPER_OUTER, LOWER_OUTER, UPPER_INNER, LOWER_INNER),
    *(EYE_LEFT_UPPER, EYE_LEFT_LOWER, EYE_RIGHT_UPPER, EYE_RIGHT_LOWER),
    *(BROW_LEFT[:5], BROW_LEFT[5:], BROW_RIGHT[:5], BROW_RIGHT[5:]),
)
"""Lines through the points of a mesh that show where edge, lips, lids and brows are."""
_models_lock = Lock()  # the models keep their last picture inside, so one caller at a time


class FaceOutline(NamedTuple):
    """A face, 0..1 of the picture's width and height; may reach beyond the picture.

    box      left, top, width, height
    outline  (x, y) points around the face, clockwise from the forehead
    """

    box: tuple[float, float, float, float]
    outline: tuple[tuple[float, float], ...]


@cache
def _models() -> tuple[FaceDetector, FaceMesh]:
    return FaceDetector(), FaceMesh()


def outline_faces(image: Image, *, thorough: bool = True) -> list[FaceOutline]:
    """The faces in ``image`` (height, width, 3) RGB, surest first; empty when there is none.

    ``thorough`` also tries the picture turned and in tiles. Raises ValueError for what is no picture.
    """
    return [_outline(fit, image) for fit in _fit_faces(image, thorough=thorough)]


def mesh_faces(image: Image) -> list[list[tuple[float, float]]]:
    """The 468 points of each face in ``image``, (x, y) in 0..1 of the picture; see ``FACE_LINES``."""
    scale = (image.shape[1], image.shape[0])
    return [
        [(round(float(x), 4), round(float(y), 4)) for x, y in fit.points[:, :2] / scale]
        for fit in _fit_faces(image, thorough=True)
    ]


def _fit_faces(image: Image, *, thorough: bool) -> list[Landmarks]:
    with _models_lock:
        detector, mesh = _models()
        faces = detector.detect(image, thorough=thorough)[:MOST_FACES]
        fits = [mesh.fit_detection(image, face) for face in faces]
    return [fit for fit in fits if fit is not None]


def _outline(fit: Landmarks, image: Image) -> FaceOutline:
    height, width = image.shape[:2]
    points = fit.points[list(OVAL), :2] / (width, height)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    box = tuple(round(float(value), 4) for value in (left, top, right - left, bottom - top))
    outline = tuple((round(float(x), 4), round(float(y), 4)) for x, y in points)
    return FaceOutline((box[0], box[1], box[2], box[3]), outline)
