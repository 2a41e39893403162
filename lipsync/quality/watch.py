"""SyncNet on a whole video: the face that speaks is followed, cut out and held against the sound."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.load import FloatArray, load_audio
from lipsync.audio.mfcc import SAMPLE_RATE
from lipsync.face.face import Image
from lipsync.face.mesh import landmarks_box
from lipsync.face.track import FaceTracker
from lipsync.quality.syncnet import FPS, SIDE, SyncFit, SyncNet, fit_sync, load_syncnet
from lipsync.video.read import FrameReader

WINDOW_SECONDS = 8.0
LEAST_FRAMES = 25
MOST_FACES = 3
GREY = 110
"""Beyond the picture's edge, as in the published pipeline."""


def watch_speaker(path: Path, seconds: float, weights: Path) -> SyncFit | None:
    """What SyncNet says of eight seconds from the middle of a video; of several faces, of the surest.

    None when no face stays in sight for a second. Raises MediaError, and as ``load_syncnet``.
    """
    count = int(min(seconds, WINDOW_SECONDS) * FPS)
    start = max(0, int(seconds * FPS) - count) // 2
    runs = [run for run in _faces(path, start, count) if len(run.faces) >= LEAST_FRAMES]
    if not runs:
        return None
    network, sound = _loaded(weights, weights.stat().st_mtime_ns), load_audio(path, SAMPLE_RATE)
    fits = [fit_sync(network, iter(run.faces), _heard(sound, start + run.first, run)) for run in runs]
    return max((fit for fit in fits if fit is not None), key=lambda fit: fit.confidence, default=None)


@dataclass
class _Run:
    """One face, cut out of consecutive frames."""

    first: int
    faces: list[Image]


def _heard(sound: FloatArray, frame: int, run: _Run) -> npt.NDArray[np.int16]:
    """What is heard from ``frame`` of the video on, as long as the run, 16-bit."""
    part = sound[frame * SAMPLE_RATE // FPS :][: len(run.faces) * SAMPLE_RATE // FPS]
    return np.clip(part * 32767, -32768, 32767).astype(np.int16)


@lru_cache(maxsize=1)
def _loaded(path: Path, changed_ns: int) -> SyncNet:
    return load_syncnet(path)


def _faces(path: Path, start: int, count: int) -> list[_Run]:
    """The first run of each of the faces that are seen at first."""
    tracker = FaceTracker(MOST_FACES)
    runs: dict[int, _Run] = {}
    for number, frame in enumerate(FrameReader(path, Fraction(FPS)).frames(start, start + count)):
        for face in tracker.update(frame.image):
            run = runs.setdefault(face.track_id, _Run(number, []))
            if run.first + len(run.faces) == number:
                run.faces.append(cut_face(frame.image, landmarks_box(face.landmarks)))
    return list(runs.values())


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
