"""Where the faces of a picture are, for showing people what was found."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import NamedTuple

from lipsync.face.detect import FaceDetector
from lipsync.face.face import Image
from lipsync.face.mesh import FaceMesh, Landmarks
from lipsync.face.topology import OVAL

MOST_FACES = 8
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
    with _models_lock:
        detector, mesh = _models()
        faces = detector.detect(image, thorough=thorough)[:MOST_FACES]
        fits = [mesh.fit_detection(image, face) for face in faces]
    return [_outline(fit, image) for fit in fits if fit is not None]


def _outline(fit: Landmarks, image: Image) -> FaceOutline:
    height, width = image.shape[:2]
    points = fit.points[list(OVAL), :2] / (width, height)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    box = tuple(round(float(value), 4) for value in (left, top, right - left, bottom - top))
    outline = tuple((round(float(x), 4), round(float(y), 4)) for x, y in points)
    return FaceOutline((box[0], box[1], box[2], box[3]), outline)
