"""Pictures at twice their size, made so that sampling them linearly loses no sharpness."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face.face import Image

Array = npt.NDArray[np.float32]

CRISP = (0.03, 0.10)  # what one unit of crispness adds at pixels and half way between them
MOST = 1.6  # more would ring
PROBES = ((0.25, 0.25), (0.5, 0.25), (0.5, 0.5), (0.1, 0.35), (0.125, 0.125))  # parts of a pixel
PROBE_SIDE = 320  # pixels


def enlarge(image: Image, crispness: float) -> Image:
    """``image`` (h, w, 3) at twice its size: its pixel (x, y) is at (2 x, 2 y)."""
    places = np.arange(-4, 4) + 0.5
    lanczos = np.sinc(places) * np.sinc(places / 4)
    kernels = []
    for kernel, gain in ((np.ones(1), CRISP[0]), (lanczos / lanczos.sum(), CRISP[1])):
        add = gain * crispness
        crisp = np.convolve(kernel, [-add, 1 + 2 * add, -add]).astype(np.float32)
        kernels.append((crisp, (len(crisp) - 1) // 2))
    height, width = image.shape[:2]
    large = np.empty((2 * height, 2 * width, 3), np.uint8)
    for row, (down, y) in enumerate(kernels):
        for column, (across, x) in enumerate(kernels):
            large[row::2, column::2] = cv2.sepFilter2D(
                image, -1, across, down, anchor=(x, y), borderType=cv2.BORDER_REPLICATE
            )
    return large


def fit_crispness(image: Image) -> float:
    """The crispness with which ``image`` (h, w, 3), moved by parts of a pixel, stays as sharp as it is."""
    height, width = image.shape[:2]
    top, left = max(0, (height - PROBE_SIDE) // 2), max(0, (width - PROBE_SIDE) // 2)
    piece = np.ascontiguousarray(image[top : top + PROBE_SIDE, left : left + PROBE_SIDE])
    own = sharpness(piece)
    if own < 1.0:
        return 0.0
    low, high = (_kept(piece, crispness) / own for crispness in (0.0, 1.0))
    return float(np.clip((1 - low) / max(high - low, 1e-3), 0, MOST))


def sharpness(image: Image) -> float:
    """Variance of the Laplacian of the brightness of ``image`` (h, w, 3)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(np.var(np.asarray(cv2.Laplacian(grey, cv2.CV_32F))))


def _kept(piece: Image, crispness: float) -> float:
    """Mean sharpness of ``piece`` shifted by PROBES."""
    large = enlarge(piece, crispness)
    height, width = piece.shape[:2]
    x, y = np.meshgrid(np.arange(width - 1, dtype=np.float32), np.arange(height - 1, dtype=np.float32))
    found = []
    for dx, dy in PROBES:
        where: Array = np.stack([(x + np.float32(dx)) * 2, (y + np.float32(dy)) * 2], axis=-1)
        shifted = cv2.remap(large, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        found.append(sharpness(shifted))
    return float(np.mean(found))
