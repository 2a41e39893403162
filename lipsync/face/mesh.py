"""The 468-point face mesh: fitting it to a face, and reading the head's pose off it."""

import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face.detect import Detection, check_image
from lipsync.face.face import Image
from lipsync.face.weights import FloatArray, Model

POINTS = 468
LEFT_EYE_OUTER, RIGHT_EYE_OUTER = 33, 263  # left and right as an upright face is seen
FOREHEAD, CHIN = 10, 152
LEFT_CHEEK, RIGHT_CHEEK = 234, 454

MIN_PRESENCE = 0.5
_MARGIN = 1.5  # side of the square the model looks at, over the longer side of the face
_FINEST_CROP = 8  # crops are taken at up to this many times the input size, then averaged down

# Shift x, shift y, scale, turn (radians) of the repeated looks; shifts are parts of the square's side.
_JITTER = (
    (0.0, 0.0, 1.0, 0.0),
    (0.02, 0.012, 1.04, 0.03),
    (-0.02, -0.012, 0.97, -0.03),
    (0.012, -0.02, 1.02, -0.05),
    (-0.012, 0.02, 0.99, 0.05),
)


class Roi(NamedTuple):
    """A square of the picture, in pixels; ``angle`` (radians) turns it clockwise as seen."""

    x: float
    y: float
    side: float
    angle: float


class Landmarks(NamedTuple):
    """A fitted mesh.

    points  (468, 3) float32 in image pixels, pixel centres at whole numbers as in OpenCV; z in the same
            scale, smaller is nearer to the viewer
    score   0..1, how surely a face is there
    """

    points: FloatArray
    score: float


class HeadPose(NamedTuple):
    """Radians; the signs of ``lipsync.face.face.Pose``."""

    yaw: float
    pitch: float
    roll: float


class FaceMesh:
    """Fits the mesh; about 4.5 ms a look on one core."""

    def __init__(self) -> None:
        self._model = Model("face_landmark.tflite")

    def fit(self, image: Image, roi: Roi, crops: int = 1) -> Landmarks | None:
        """The mesh of the face in ``roi``, or None when no face is there.

        ``crops`` (1..5) looks at slightly different squares are averaged: five halve the jitter, for
        still pictures. Raises ValueError for something that is not a picture.
        """
        check_image(image)
        if not 1 <= crops <= len(_JITTER):
            raise ValueError(f"crops is {crops}; it must be from 1 to {len(_JITTER)}.")
        if not (math.isfinite(sum(roi)) and roi.side >= 1):
            return None
        looks = []
        for dx, dy, scale, turn in _JITTER[:crops]:
            square = Roi(roi.x + dx * roi.side, roi.y + dy * roi.side, roi.side * scale, roi.angle + turn)
            looks.append(self._look(image, square))
        score = float(np.mean([look.score for look in looks]))
        if score < MIN_PRESENCE:
            return None
        return Landmarks(np.mean([look.points for look in looks], axis=0, dtype=np.float32), score)

    def fit_detection(self, image: Image, face: Detection, crops: int = 1) -> Landmarks | None:
        """The mesh of a detected face: a first look places the square, then ``fit`` on that."""
        rough = self.fit(image, roi_from_detection(face))
        return rough and self.fit(image, roi_from_landmarks(rough.points), crops)

    def _look(self, image: Image, roi: Roi) -> Landmarks:
        size = self._model.input_size
        crop = cut_square(image, roi, size)
        raw, presence = self._model.run(crop.astype(np.float32) / np.float32(255))
        points = raw.reshape(POINTS, 3).astype(np.float32)
        points[:, :2] = from_square(points[:, :2], roi, size)
        points[:, 2] *= roi.side / size
        logit = float(np.clip(presence.ravel()[0], -80, 80))
        return Landmarks(points, 1 / (1 + math.exp(-logit)))


def roi_from_detection(face: Detection) -> Roi:
    """Where the mesh model should look for a detected face."""
    x0, y0, x1, y1 = face.box
    dx, dy = (float(d) for d in face.keypoints[1] - face.keypoints[0])
    return Roi((x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, y1 - y0) * _MARGIN, math.atan2(dy, dx))


def roi_from_landmarks(points: FloatArray) -> Roi:
    """Where to look in the next frame; ``points`` is (468, 3) or (468, 2)."""
    dx, dy = (float(d) for d in points[RIGHT_EYE_OUTER, :2] - points[LEFT_EYE_OUTER, :2])
    angle = math.atan2(dy, dx)
    # The face's own axes, so that the square turns with the face and keeps its size.
    across = np.array([math.cos(angle), math.sin(angle)], np.float32)
    down = np.array([-across[1], across[0]], np.float32)
    on_axes = points[:, :2] @ np.stack([across, down], axis=1)
    low, high = on_axes.min(axis=0), on_axes.max(axis=0)
    centre = (low + high) / 2 @ np.stack([across, down])
    return Roi(float(centre[0]), float(centre[1]), float((high - low).max()) * _MARGIN, angle)


def landmarks_box(points: FloatArray) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the mesh, in pixels."""
    (x0, y0), (x1, y1) = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def eye_distance(points: FloatArray) -> float:
    """3-D distance of the outer eye corners, pixels: the size of the face whichever way it looks."""
    return float(np.linalg.norm(points[RIGHT_EYE_OUTER] - points[LEFT_EYE_OUTER]))


def head_pose(points: FloatArray) -> HeadPose:
    """Yaw, pitch and roll of a mesh (468, 3); a frontal face is near 0, 0, 0."""
    across = (points[RIGHT_EYE_OUTER] - points[LEFT_EYE_OUTER]) + (points[RIGHT_CHEEK] - points[LEFT_CHEEK])
    across = across / (np.linalg.norm(across) + 1e-9)
    down = points[CHIN] - points[FOREHEAD]
    down = down - across * (down @ across)
    down = down / (np.linalg.norm(down) + 1e-9)
    ahead = -np.cross(across, down)  # out of the face, towards the viewer when frontal
    yaw = math.atan2(ahead[0], -ahead[2])
    pitch = math.atan2(ahead[1], math.hypot(ahead[0], ahead[2]))
    return HeadPose(yaw, pitch, math.atan2(across[1], across[0]))


def cut_square(image: Image, roi: Roi, size: int) -> Image:
    """The square as a (size, size, 3) picture; what lies outside ``image`` is black."""
    finer = int(np.clip(math.ceil(roi.side / size), 1, _FINEST_CROP))
    fine = size * finer
    crop = cv2.warpAffine(
        image, _to_image(roi, fine), (fine, fine), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    if finer > 1:
        crop = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
    return crop.astype(np.uint8, copy=False)


def from_square(points: FloatArray, roi: Roi, size: int) -> FloatArray:
    """Points (n, 2) of a square cut at ``size``, back in image pixels."""
    matrix = _to_image(roi, size, centres=False)
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def _to_image(roi: Roi, size: int, centres: bool = True) -> npt.NDArray[np.float64]:
    """2x3 matrix from square coordinates to image coordinates.

    The image's pixel centres are at whole numbers. The square's are too with ``centres``, as warpAffine
    counts; without, they are at halves, as the model counts.
    """
    scale = roi.side / size
    cos, sin = math.cos(roi.angle) * scale, math.sin(roi.angle) * scale
    middle = (size - 1) / 2 if centres else size / 2
    return np.array(
        [
            [cos, -sin, roi.x - middle * (cos - sin)],
            [sin, cos, roi.y - middle * (sin + cos)],
        ]
    )
