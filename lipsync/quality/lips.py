"""Do the lips fit the speech? Landmarks found in the picture against the mouth that the sound asks for.

Needs no weights. Says less than SyncNet: it looks at how far lips are apart, not at what they articulate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lipsync.audio.mouth import speech_mouth
from lipsync.face.frame import lip_gap
from lipsync.face.track import FaceTracker
from lipsync.video.read import FrameReader

Array = npt.NDArray[Any]

FPS = 25
WINDOW_SECONDS = 8.0
WINDOWS = 3
REACH = 15
"""Frames by which sound and picture are shifted against each other, as SyncNet does."""
MOST_FACES = 3
LEAST_FRAMES = 25
"""A face seen for less than a second is not scored."""
_STILL = 1e-4  # D; lips that move less than this do not speak


@dataclass(frozen=True)
class LipFit:
    """How lips follow the speech.

    correlation    of the lips' distance with the openness that the sound asks for, at the best shift, -1..1
    offset_frames  at 25 fps; positive: the sound is ahead of the picture
    frame_count    pictures that went into it
    """

    correlation: float
    offset_frames: int
    frame_count: int


def fit_lips(video_path: Path, seconds: float) -> LipFit | None:
    """How the lips of the face that speaks fit the video's own sound; None when no face can be followed.

    Looks at up to three windows of eight seconds, spread over the ``seconds`` of the video. Raises MediaError
    for a video that cannot be read or has no sound.
    """
    asked = speech_mouth(video_path, FPS).openness
    sums = [
        _shifted_sums(gaps, asked, start)
        for start, count in _windows(seconds)
        if (gaps := _speaking_gaps(video_path, start, count, asked)) is not None
    ]
    if not sums:
        return None
    curve, frames = (
        _correlations(np.sum([one.moments for one in sums], axis=0)),
        sum(one.frames for one in sums),
    )
    best = int(np.argmax(curve))
    return LipFit(float(curve[best]), REACH - best, frames)


def _windows(seconds: float) -> list[tuple[int, int]]:
    """(first frame, frames) of what is looked at."""
    total, width = int(seconds * FPS), int(WINDOW_SECONDS * FPS)
    if total <= width * WINDOWS:
        return [(0, max(total, 1))]
    starts = np.linspace(0, total - width, WINDOWS).astype(int)
    return [(int(start), width) for start in starts]


def _speaking_gaps(path: Path, start: int, count: int, asked: Array) -> Array | None:
    """The lips of the face that fits the speech best, (frames,) in D, NaN where it was not seen."""
    faces: dict[int, Array] = {}
    for number, seen in enumerate(_faces(path, start, count)):
        for track_id, gap in seen.items():
            faces.setdefault(track_id, np.full(count, np.nan, np.float32))[number] = gap
    followed = [gaps for gaps in faces.values() if np.isfinite(gaps).sum() >= LEAST_FRAMES]
    if not followed:
        return None
    if len(followed) > 1:  # they may take turns: then whoever speaks makes up for who is still
        moving = np.stack([gaps - np.nanmedian(gaps) for gaps in followed])
        followed.append(np.where(np.isfinite(moving).all(0), np.nan_to_num(moving).sum(0), np.nan))
    return max(
        followed, key=lambda gaps: float(_correlations(_shifted_sums(gaps, asked, start).moments).max())
    )


def _faces(path: Path, start: int, count: int) -> Iterator[dict[int, float]]:
    """Per frame, the distance between the lips of every face, by its id."""
    tracker = FaceTracker(MOST_FACES)
    for frame in FrameReader(path, Fraction(FPS)).frames(start, start + count):
        yield {face.track_id: lip_gap(face.landmarks) for face in tracker.update(frame.image)}


@dataclass(frozen=True)
class _Sums:
    """Moments per shift, (2 * REACH + 1, 6): count, x, y, xx, yy, xy; and frames seen."""

    moments: Array
    frames: int


def _shifted_sums(gaps: Array, asked: Array, start: int) -> _Sums:
    """``gaps`` of frames from ``start`` on, against ``asked`` at every shift."""
    seen = np.flatnonzero(np.isfinite(gaps))
    x = gaps[seen].astype(np.float64)
    moments = np.zeros((2 * REACH + 1, 6))
    for row, shift in enumerate(range(-REACH, REACH + 1)):
        at = seen + start + shift
        inside = (at >= 0) & (at < len(asked))
        y, xs = asked[at[inside]].astype(np.float64), x[inside]
        moments[row] = (len(xs), xs.sum(), y.sum(), xs @ xs, y @ y, xs @ y)
    return _Sums(moments, len(seen))


def _correlations(moments: Array) -> Array:
    """Correlation per shift; 0 where lips or sound do not move."""
    n, x, y, xx, yy, xy = np.maximum(moments.T, [[1e-9], *[[-np.inf]] * 5])
    var_x, var_y = xx / n - (x / n) ** 2, yy / n - (y / n) ** 2
    moves = (var_x > _STILL**2) & (var_y > 1e-6)
    covariance = xy / n - x * y / n**2
    return np.where(moves, covariance / np.sqrt(np.where(moves, var_x * var_y, 1.0)), 0.0)
