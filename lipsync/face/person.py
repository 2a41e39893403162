"""The person in a photo apart from what is behind them, and that put out of focus."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face import topology
from lipsync.face.face import Image
from lipsync.face.frame import FaceFrame

Array = npt.NDArray[np.float32]

CUT_SIDE = 400  # pixels of the longer side; the cut is found at this size, its edge at full size
CUT_ROUNDS = 6
EDGE = 0.06  # D; how far from the cut hair and cloth may blend with the background
EDGE_FINENESS = 2e-4  # of the squared range of colours; smaller follows finer edges
EDGE_PIXELS = 700_000  # of the picture that edges are found in
STRIP_ROWS = 256
BODY_FADE = 1.6  # D; over which the blur beside the body grows
BLUR = 0.16  # D; radius of the blur
GAMMA = 2.2  # lights blur as light does


# Face coordinates, in D: where a person surely is, may be, and surely is not.
def _mirrored(*half: tuple[float, float]) -> Array:
    """A polygon from its right half, top to bottom."""
    return np.array([*half, *((-u, v) for u, v in reversed(half))], np.float32)


_CORE = _mirrored((0.25, 0.55), (0.34, 1.05), (0.7, 1.6), (0.8, 9.0))
_AROUND = _mirrored((0.6, 0.4), (0.75, 0.9), (1.6, 1.2), (2.1, 2.2), (2.3, 9.0))
_HEAD = (1.9, 1.4)  # of the oval, and how much more upwards: where hair may be


def cut_out(image: Image, landmarks: Array) -> Array:
    """How much of each pixel is the person with ``landmarks`` (468, 3) pixels; shape (H, W), 0..1."""
    height, width = image.shape[:2]
    scale = min(1.0, CUT_SIDE / max(height, width))
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    points = landmarks * np.float32(scale)
    mask = _guess(points, size)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(1)
    cv2.grabCut(small, mask, (0, 0, 1, 1), background, foreground, CUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    cut = _whole((mask & 1).astype(np.uint8), points)
    soft = cv2.GaussianBlur(cut.astype(np.float32), (0, 0), 0.8)
    unit = FaceFrame.of(landmarks).unit
    fine = np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    return _follow_edges(image, fine, max(2, round(EDGE * unit)))


def blur_background(image: Image, landmarks: Array) -> Image:
    """``image`` with what is behind the person out of focus."""
    alpha = cut_out(image, landmarks)[..., None]
    radius = BLUR * FaceFrame.of(landmarks).unit
    light = (np.linspace(0, 1, 256, dtype=np.float32) ** GAMMA)[image]
    behind = np.clip(1 - 1.15 * alpha, 0, 1)
    near = _spread(light, behind, max(2.0, 0.4 * radius))
    far = _spread(light, behind, radius)
    far = near + (far - near) * _depth(alpha[..., 0], landmarks)[..., None]
    result = np.empty_like(image)
    for top in range(0, len(image), STRIP_ROWS):
        rows = slice(top, top + STRIP_ROWS)
        cover, seen = alpha[rows], light[rows]
        # What shines through hair is taken out before the blurred is put in, so that no rim is left.
        own = np.clip((seen - (1 - cover) * near[rows]) / np.maximum(cover, 0.05), 0, 1)
        own = seen + (own - seen) * np.clip((0.95 - cover) / 0.3, 0, 1)
        mixed = cover * own + (1 - cover) * far[rows]
        result[rows] = np.clip(np.power(mixed, 1 / GAMMA) * 255 + 0.5, 0, 255)
    return result


def _depth(alpha: Array, landmarks: Array) -> Array:
    """How far behind the person each pixel seems, 0..1: at once beside the head, by and by beside the body.

    Sleeves and hands that the cut has missed are then a little out of focus, as with a fast lens.
    """
    frame = FaceFrame.of(landmarks)
    away = cv2.distanceTransform((alpha < 0.5).astype(np.uint8), cv2.DIST_L2, 3) / frame.unit
    height, width = alpha.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    down = frame.to_uv(np.stack([columns, rows], axis=-1))[..., 1]
    fade = 0.15 + BODY_FADE * np.clip((down - 0.45) / 0.4, 0, 1)
    return np.asarray(np.clip(away / fade, 0, 1), np.float32)


def _guess(points: Array, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    frame = FaceFrame.of(points)
    mask = np.full((size[1], size[0]), cv2.GC_BGD, np.uint8)
    oval = points[list(topology.OVAL), :2]
    centre = oval.mean(axis=0)

    def fill(polygon: Array, value: int) -> None:
        cv2.fillPoly(mask, [np.round(polygon).astype(np.int32)], value)

    def head(factor: float, up: float) -> Array:
        uv = frame.to_uv(oval) - frame.to_uv(centre)
        uv[:, 1] *= np.where(uv[:, 1] < 0, up, 1.0)
        return frame.to_pixels(frame.to_uv(centre) + factor * uv)

    # What is unsure counts as the person at first: the colours that surround them then claim what is theirs.
    fill(frame.to_pixels(_AROUND), cv2.GC_PR_FGD)
    fill(head(*_HEAD), cv2.GC_PR_FGD)
    fill(frame.to_pixels(_CORE), cv2.GC_FGD)
    fill(head(0.97, 1.0), cv2.GC_FGD)
    return mask


def _whole(cut: npt.NDArray[np.uint8], points: Array) -> npt.NDArray[np.uint8]:
    """The piece that the face is in, without holes or crumbs."""
    round_3 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    cut = np.asarray(cv2.morphologyEx(cut, cv2.MORPH_OPEN, round_3), np.uint8)
    _, labels = cv2.connectedComponents(cut)
    x, y = np.clip(points[topology.CHIN, :2].astype(int), 0, np.array(cut.shape[::-1]) - 1)
    own = (labels == labels[y, x]).astype(np.uint8) if labels[y, x] else cut
    holes, marks, areas, _ = cv2.connectedComponentsWithStats(1 - own)
    for hole in range(1, holes):
        left, top, wide, high, area = areas[hole]
        inside = left > 0 and top > 0 and left + wide < cut.shape[1] and top + high < cut.shape[0]
        if inside and area < 0.02 * cut.size:
            own[marks == hole] = 1
    return own


def _box(values: npt.NDArray[np.floating], radius: int) -> Array:
    side = 2 * radius + 1
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)


def _follow_edges(image: Image, mask: Array, radius: int) -> Array:
    """``mask`` drawn to the edges of ``image`` within ``radius`` pixels: a guided filter in colour.

    He, Sun and Tang 2010, "Guided image filtering".
    """
    shrink = min(1.0, math.sqrt(EDGE_PIXELS / mask.size))
    size = (max(2, round(mask.shape[1] * shrink)), max(2, round(mask.shape[0] * shrink)))
    guide = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32) / 255
    coarse = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.float32)
    reach = max(1, round(radius * shrink))
    mean, mean_mask = _box(guide, reach), _box(coarse, reach)
    matrix = np.empty((*coarse.shape, 3, 3), np.float32)
    for row in range(3):
        for column in range(row, 3):
            spread = _box(guide[..., row] * guide[..., column], reach) - mean[..., row] * mean[..., column]
            matrix[..., row, column] = matrix[..., column, row] = spread
    matrix[..., range(3), range(3)] += EDGE_FINENESS
    joint = np.stack(
        [_box(guide[..., c] * coarse, reach) - mean[..., c] * mean_mask for c in range(3)], axis=-1
    )
    slope = np.linalg.solve(matrix, joint[..., None])[..., 0]
    offset = mean_mask - (slope * mean).sum(axis=-1)
    plane = np.dstack([_box(slope, reach), _box(offset, reach)])
    # The planes change slowly: found in a smaller picture, they are applied to the whole.
    plane = np.asarray(cv2.resize(plane, mask.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    fitted = np.einsum("hwc,hwc->hw", plane[..., :3], image.astype(np.float32) / 255) + plane[..., 3]
    return np.asarray(np.clip(fitted, 0, 1), np.float32)


def _spread(light: Array, weight: Array, radius: float) -> Array:
    """``light`` out of focus by a disc of ``radius`` pixels, only of where ``weight`` (H, W, 1) says."""
    shrink = max(1, round(radius / 6))
    size = (max(1, light.shape[1] // shrink), max(1, light.shape[0] // shrink))
    small = cv2.resize(np.concatenate([light * weight, weight], axis=2), size, interpolation=cv2.INTER_AREA)
    reach = max(1, round(radius / shrink))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)).astype(np.float32)
    blurred = cv2.filter2D(small, -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT)
    # Deep behind the person nothing is seen: it is made up from further away.
    wide = cv2.GaussianBlur(small, (0, 0), 6.0 * reach, borderType=cv2.BORDER_REFLECT)
    total = blurred + np.float32(0.02) * wide + np.float32(1e-6)
    result = total[..., :3] / total[..., 3:]
    smooth = cv2.GaussianBlur(result, (0, 0), 0.5 * reach)
    return np.asarray(cv2.resize(smooth, light.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
