"""Putting a small speaking face back into its frame: no seam, no blur that the source does not have."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.engines.wav2lip.boxes import Box
from lipsync.face import topology
from lipsync.face.face import Image

Array = npt.NDArray[np.float32]

UNDER_NOSE = 2  # of the mesh
FEATHER = 0.07
"""Of the box's height: how far the edge of what is replaced fades out."""
GROW = 0.03
"""Of the box's height: how far beyond the chin's outline the picture is replaced, for a jaw that drops."""
SAME_LEVELS = 14.0
"""Where the new face differs from the old one by less, smoothed, the source's own texture lies over it."""
TEXTURE = 0.9
"""Of the source's texture that is put back."""


def paste_square(image: Image, box: Box, face: Array) -> None:
    """As the published script: half of the whole box, truncated, with hard edges. Draws on ``image``.

    face  (rows, size, 3) RGB, the lower half of what the network made
    """
    top, bottom = _lower(box)
    size = (box.edges[2] - box.edges[0], bottom - top)
    image[top:bottom, box.columns] = cv2.resize(np.clip(face, 0, 255).astype(np.uint8), size)


def paste_mouth(image: Image, box: Box, face: Array) -> None:
    """The mouth and jaw of ``face`` over those of ``image``; draws on it. Arguments as ``paste_square``."""
    top, bottom = _lower(box)
    old = image[top:bottom, box.columns].astype(np.float32)
    height, width = old.shape[:2]
    new: Array = np.asarray(cv2.resize(face, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    shape = (face.shape[1], face.shape[0])
    small: Array = np.asarray(cv2.resize(old, shape, interpolation=cv2.INTER_AREA), np.float32)
    coarse = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    new = new + TEXTURE * (old - coarse) * _same(small, face, (width, height))[..., None]
    weight = _mask(box, top, bottom)[..., None]
    mixed = old + (new - old) * weight
    image[top:bottom, box.columns] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _lower(box: Box) -> tuple[int, int]:
    """The rows of the lower half of a box."""
    _, top, _, bottom = box.edges
    return top + (bottom - top) // 2, bottom


def _same(old: Array, new: Array, size: tuple[int, int]) -> Array:
    """1 where the two small faces show the same thing, 0 where lips or teeth are new."""
    change = cv2.GaussianBlur(np.abs(new - old).mean(axis=2), (0, 0), 1.2)
    alike = np.exp(-((change / SAME_LEVELS) ** 2)).astype(np.float32)
    return np.asarray(cv2.resize(alike, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _mask(box: Box, top: int, bottom: int) -> Array:
    """How much of each pixel is replaced: the jaw up to under the nose, fading out inside the box."""
    left, right, height = box.edges[0], box.edges[2], box.edges[3] - box.edges[1]
    nose = float(box.landmarks[UNDER_NOSE, 1])
    oval = box.landmarks[list(topology.OVAL), :2]
    outline = oval[oval[:, 1] > nose]
    corners = np.array([[outline[:, 0].min(), nose], [outline[:, 0].max(), nose]], np.float32)
    hull = cv2.convexHull(np.concatenate([outline, corners]).astype(np.float32))[:, 0]
    middle = hull.mean(axis=0)
    grown = hull + GROW * height * (hull - middle) / np.linalg.norm(hull - middle, axis=1, keepdims=True)
    mask = np.zeros((bottom - top, right - left), np.float32)
    cv2.fillConvexPoly(mask, np.rint(grown - (left, top)).astype(np.int32), 1.0)
    return _faded(mask, max(1, round(FEATHER * height)))


def _faded(mask: Array, reach: int) -> Array:
    """``mask`` that ends inside its own edge and inside the box's, smoothly."""
    framed = np.pad(mask, 1)
    distance = cv2.distanceTransform((framed > 0).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    ramp = np.clip(distance / reach, 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)
