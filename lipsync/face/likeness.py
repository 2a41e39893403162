"""Telling whether two faces are the same person in the same video: correlation of small upright patches."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face.face import Image
from lipsync.face.mesh import cut_square, roi_from_landmarks

PATCH_SIDE = 24  # pixels


def face_patch(image: Image, landmarks: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The face with ``landmarks`` (468, 3) as (24, 24, 3), zero mean and unit length."""
    patch = cut_square(image, roi_from_landmarks(landmarks), PATCH_SIDE)
    blurred = cv2.GaussianBlur(patch, (0, 0), 1.0).astype(np.float32)
    blurred -= blurred.mean(axis=(0, 1))
    return np.asarray(blurred / (np.linalg.norm(blurred) + 1e-6), dtype=np.float32)


def face_likeness(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """-1..1, correlation of two patches."""
    return float((a * b).sum())
