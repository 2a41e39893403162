"""Lids and irises, finer than the face mesh draws them."""

import math
from typing import NamedTuple

import numpy as np

from lipsync.face.detect import check_image
from lipsync.face.face import Image
from lipsync.face.mesh import Roi, cut_square, from_square
from lipsync.face.weights import FloatArray, Model

# Outer and inner corner of each eye in the face mesh; left and right as an upright face is seen.
_LEFT_EYE, _RIGHT_EYE = (33, 133), (263, 362)
_MARGIN = 2.3  # side of the square the model looks at, over the width of the eye

# The first 16 of the 71 points are the lids.
LOWER_LID = range(0, 9)  # from the outer corner to the inner one
UPPER_LID = range(9, 16)  # the same way, without the corners


class Eye(NamedTuple):
    """One eye in image pixels; x and y only are exact, z is in the same scale.

    contour  (71, 3) float32: lower lid 0..8 from the outer corner, upper lid 9..15, then rings
             outwards up to the brow
    iris     (5, 3) float32: the middle, then four points of the rim
    """

    contour: FloatArray
    iris: FloatArray


class IrisModel:
    """Refines the eyes of a fitted mesh; about 2.5 ms an eye on one core."""

    def __init__(self) -> None:
        self._model = Model("iris_landmark.tflite")

    def refine(self, image: Image, landmarks: FloatArray) -> tuple[Eye, Eye]:
        """The eyes at the picture's left and right of a face with this mesh, (468, 3) in pixels.

        Raises ValueError for something that is not a picture.
        """
        check_image(image)
        return self._look(image, landmarks, _LEFT_EYE), self._look(image, landmarks, _RIGHT_EYE)

    def _look(self, image: Image, landmarks: FloatArray, corners: tuple[int, int]) -> Eye:
        size = self._model.input_size
        outer, inner = landmarks[corners[0]], landmarks[corners[1]]
        flipped = corners == _RIGHT_EYE  # the model knows only the eye at the picture's left
        along = (outer - inner if flipped else inner - outer)[:2]
        centre = (outer + inner)[:2] / 2
        width = max(float(np.linalg.norm(inner - outer)), 1.0)
        angle = math.atan2(float(along[1]), float(along[0]))
        roi = Roi(float(centre[0]), float(centre[1]), width * _MARGIN, angle)
        crop = cut_square(image, roi, size)
        if flipped:
            crop = np.ascontiguousarray(crop[:, ::-1])
        contour, iris = self._model.run(crop.astype(np.float32) / np.float32(255))
        return Eye(
            _to_picture(contour.reshape(-1, 3), roi, size, flipped),
            _to_picture(iris.reshape(-1, 3), roi, size, flipped),
        )


def _to_picture(points: FloatArray, roi: Roi, size: int, flipped: bool) -> FloatArray:
    points = points.astype(np.float32)
    if flipped:
        points[:, 0] = size - points[:, 0]
    points[:, :2] = from_square(points[:, :2], roi, size)
    points[:, 2] *= roi.side / size
    return points
