"""Finding the faces in a picture. The one file to replace to use another detector."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face.face import Image
from lipsync.face.weights import FloatArray, Model

MIN_SCORE = 0.6
# A turned or magnified picture offers many more places to be wrong in.
MIN_SCORE_SEARCHING = 0.7
_SAME_FACE_IOU = 0.3
_TILE_OVERLAP = 0.35
_SMALLEST_TILE = 200  # pixels; below it a tile holds no more detail than the model has seen
_TILE_LEVELS = 3


class Detection(NamedTuple):
    """One face in image pixels.

    box        left, top, right, bottom; may reach beyond the picture
    keypoints  (6, 2) float32: eye at the picture's left, eye at its right, nose tip, mouth, and the
               ear points at left and right (left and right as an upright face is seen)
    score      0..1
    """

    box: tuple[float, float, float, float]
    keypoints: FloatArray
    score: float


class FaceDetector:
    """Finds faces with BlazeFace; about 20 ms a picture on one core."""

    def __init__(self) -> None:
        self._model = Model("face_detection_back.tflite")
        self._anchors = _anchor_centres(self._model.input_size)

    def detect(self, image: Image, thorough: bool = True) -> list[Detection]:
        """The faces in ``image`` (H, W, 3 uint8 RGB), surest first; an empty list when there is none.

        When the plain look finds nothing and ``thorough``, the picture is also tried turned by 90, 180
        and 270 degrees and in overlapping tiles, for sideways portraits and for small faces.
        Raises ValueError for anything but such a picture.
        """
        check_image(image)
        found = self._look(image, MIN_SCORE)
        if not found and thorough:
            found = self._look_turned(image) or self._look_in_tiles(image)
        return found

    def _look(self, image: Image, min_score: float) -> list[Detection]:
        size = self._model.input_size
        height, width = image.shape[:2]
        scale = size / max(height, width)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        left, top = (size - inner[0]) // 2, (size - inner[1]) // 2
        letterbox = np.zeros((size, size, 3), np.uint8)
        shrunk = cv2.resize(image, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        letterbox[top : top + inner[1], left : left + inner[0]] = shrunk
        boxes, logits = self._model.run(letterbox.astype(np.float32) / np.float32(127.5) - 1)
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
        kept = scores >= min_score
        if not kept.any():
            return []
        points = boxes[0, kept].reshape(-1, 8, 2)
        points[:, [0, *range(2, 8)]] += self._anchors[kept, np.newaxis] * size
        points[:, [0, *range(2, 8)]] -= (left, top)
        points *= (width / inner[0], height / inner[1])
        return _merge(points, scores[kept])

    def _look_turned(self, image: Image) -> list[Detection]:
        best: list[Detection] = []
        for turns in (1, 3, 2):
            found = self._look(np.ascontiguousarray(np.rot90(image, turns)), MIN_SCORE_SEARCHING)
            if found and (not best or found[0].score > best[0].score):
                best = [_turn_back(face, turns, image.shape) for face in found]
        return best

    def _look_in_tiles(self, image: Image) -> list[Detection]:
        """Halves, quarters and eighths of the longer side; stops at the first level with a face."""
        for level in range(1, _TILE_LEVELS + 1):
            side = max(image.shape[:2]) >> level
            if side < _SMALLEST_TILE:
                break
            found: list[Detection] = []
            for left, top in _tile_corners(image.shape[1], image.shape[0], side):
                tile = np.ascontiguousarray(image[top : top + side, left : left + side])
                found += [_shift(face, left, top) for face in self._look(tile, MIN_SCORE_SEARCHING)]
            if found:
                return _merge(np.stack([_as_points(face) for face in found]), [f.score for f in found])
        return []


def check_image(image: Image) -> None:
    """Raises ValueError unless ``image`` is a non-empty (H, W, 3) uint8 picture."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(
            f"A picture must be a non-empty uint8 array of shape (height, width, 3), "
            f"but this is {image.dtype} of shape {image.shape}; convert it to RGB first."
        )


def box_iou(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Overlap of two (left, top, right, bottom) boxes, 0..1."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    common = float(np.prod(np.maximum(sides, 0)))
    union = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - common
    return common / union if union > 0 else 0.0


def _anchor_centres(input_size: int) -> FloatArray:
    """(896, 2) centres, 0..1: two per cell of the 16-pixel grid, then six per cell of the 32-pixel one.

    All anchors have unit size, so sizes and offsets come out of the model in input pixels.
    """
    centres = []
    for stride, per_cell in ((16, 2), (32, 6)):
        cells = input_size // stride
        axis = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        centres.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(centres).astype(np.float32)


def _merge(points: FloatArray, scores: npt.ArrayLike) -> list[Detection]:
    """Weighted non-maximum suppression.

    points  (n, 8, 2): centre, size, six keypoints. Each group of overlapping faces becomes its mean
            by score, with the score of the surest.
    """
    weights = np.asarray(scores, np.float32)
    boxes = np.concatenate([points[:, 0] - points[:, 1] / 2, points[:, 0] + points[:, 1] / 2], axis=1)
    left = list(np.argsort(-weights))
    faces: list[Detection] = []
    while left:
        group = [i for i in left if i == left[0] or box_iou(boxes[left[0]], boxes[i]) > _SAME_FACE_IOU]
        box = np.average(boxes[group], axis=0, weights=weights[group])
        keypoints = np.average(points[group, 2:], axis=0, weights=weights[group]).astype(np.float32)
        x0, y0, x1, y1 = (float(side) for side in box)
        faces.append(Detection((x0, y0, x1, y1), keypoints, float(weights[left[0]])))
        left = [i for i in left if i not in group]
    return faces


def _as_points(face: Detection) -> FloatArray:
    box = np.asarray(face.box, np.float32)
    return np.concatenate([[(box[:2] + box[2:]) / 2, box[2:] - box[:2]], face.keypoints]).astype(np.float32)


def _shift(face: Detection, dx: float, dy: float) -> Detection:
    x0, y0, x1, y1 = face.box
    keypoints = face.keypoints + np.array([dx, dy], np.float32)
    return Detection((x0 + dx, y0 + dy, x1 + dx, y1 + dy), keypoints, face.score)


def _turn_back(face: Detection, turns: int, shape: tuple[int, ...]) -> Detection:
    """Undoes ``np.rot90(image, turns)`` for an image of ``shape``."""
    height, width = shape[:2]

    def back(xy: FloatArray) -> FloatArray:
        x, y = xy[:, 0], xy[:, 1]
        if turns == 1:
            return np.stack([width - y, x], axis=1)
        if turns == 2:
            return np.stack([width - x, height - y], axis=1)
        return np.stack([y, height - x], axis=1)

    corners = back(np.asarray(face.box, np.float32).reshape(2, 2))
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    return Detection((float(x0), float(y0), float(x1), float(y1)), back(face.keypoints), face.score)


def _tile_corners(width: int, height: int, side: int) -> Iterator[tuple[int, int]]:
    step = max(1, round(side * (1 - _TILE_OVERLAP)))
    for top in [*range(0, max(height - side, 0), step), max(height - side, 0)]:
        for left in [*range(0, max(width - side, 0), step), max(width - side, 0)]:
            yield left, top
