"""SyncNet on a whole video: the face that speaks is followed, cut out and held against the sound."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from lipsync.audio.load import load_audio
from lipsync.audio.mfcc import SAMPLE_RATE
from lipsync.face.face import Image
from lipsync.face.mesh import landmarks_box
from lipsync.face.track import follow_largest
from lipsync.quality.syncnet import FPS, SIDE, SyncFit, SyncNet, fit_sync, load_syncnet
from lipsync.video.read import FrameReader

WINDOW_SECONDS = 8.0
LEAST_FRAMES = 25
GREY = 110
"""Beyond the picture's edge, as in the published pipeline."""


def watch_speaker(path: Path, seconds: float, weights: Path) -> SyncFit | None:
    """What SyncNet says of the largest face in eight seconds from the middle of a video.

    None when no face stays in sight for a second. Raises MediaError, and as ``load_syncnet``.
    """
    count = int(min(seconds, WINDOW_SECONDS) * FPS)
    start = max(0, int(seconds * FPS) - count) // 2
    faces = list(_faces(path, start, count))
    if len(faces) < LEAST_FRAMES:
        return None
    first = faces[0][0]
    sound = load_audio(path, SAMPLE_RATE)[(start + first) * SAMPLE_RATE // FPS :]
    whole = np.clip(sound * 32767, -32768, 32767).astype(np.int16)[: len(faces) * SAMPLE_RATE // FPS]
    return fit_sync(_loaded(weights, weights.stat().st_mtime_ns), (face for _, face in faces), whole)


@lru_cache(maxsize=1)
def _loaded(path: Path, changed_ns: int) -> SyncNet:
    return load_syncnet(path)


def _faces(path: Path, start: int, count: int) -> Iterator[tuple[int, Image]]:
    """(frame, face) of the longest run at the start in which one face is seen."""
    frames = (frame.image for frame in FrameReader(path, Fraction(FPS)).frames(start, start + count))
    is_seen = False
    for number, (image, mesh) in enumerate(follow_largest(frames)):
        if mesh is not None:
            is_seen = True
            yield number, cut_face(image, landmarks_box(mesh))
        elif is_seen:
            return


def cut_face(image: Image, box: tuple[float, float, float, float]) -> Image:
    """(224, 224, 3): 1.4 half-sides of the box to each side of its middle, 1 above and 1.8 below."""
    left, top, right, bottom = box
    half = max(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    scale = SIDE / (2.8 * half)
    matrix = np.array([[scale, 0, scale * (1.4 * half - x)], [0, scale, scale * (half - y)]], np.float32)
    cut = cv2.warpAffine(
        image,
        matrix,
        (SIDE, SIDE),
        flags=cv2.INTER_AREA,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(GREY,) * 3,
    )
    return np.asarray(cut, np.uint8)
