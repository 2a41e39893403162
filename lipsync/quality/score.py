"""How good a lip-synced video is, in three scores of 0..1.

Exception
`-- QualityError   it cannot be scored; the sentence says why
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from avsite.ai.errors import ModelUnavailable
from avsite.ai.weights import require_torch
from lipsync.engines.base import QualityReport
from lipsync.quality.lips import LipFit, fit_lips
from lipsync.quality.picture import measure_picture
from lipsync.quality.scale import Scale
from lipsync.quality.sound import measure_sound
from lipsync.video.errors import MediaError
from lipsync.video.probe import probe

logger = logging.getLogger(__name__)

FIT = Scale((0.0, 0.0), (0.25, 0.35), (0.5, 0.72), (0.7, 0.88), (0.9, 0.97), (1.0, 1.0))
"""Correlation of lips and speech at the best shift."""
TIMING = Scale((0, 1.0), (1, 1.0), (2, 0.93), (3, 0.8), (5, 0.55), (8, 0.3))
"""Frames of 25 a second between sound and lips. People notice from two on."""
CONFIDENCE = Scale((0.0, 0.0), (3.0, 0.55), (4.0, 0.7), (6.0, 0.85), (9.0, 1.0))
"""LSE-C. Rules of thumb of those who filter data by it: under 3 is bad, over 4 usable, over 6 good."""
FRAME_MS = 40.0


class QualityError(Exception):
    """Why a video cannot be scored, in one sentence."""


def score_video(
    video_path: Path,
    *,
    speech_path: Path | None = None,
    source_path: Path | None = None,
    syncnet_path: Path | None = None,
) -> QualityReport:
    """Score the finished video at ``video_path``.

    speech_path   what it was to say; without it the sound is judged by itself
    source_path   the photo or video it was made from; without it the picture is judged by itself
    syncnet_path  weights of SyncNet; without them lips are measured by landmarks

    Raises FileNotFoundError, and QualityError when there is no sound, no face or nothing that can be read.
    """
    try:
        info = probe(video_path)
        if info.media != "video" or not info.audio_codec:
            raise QualityError("Only a video with sound can be scored.")
        sound = measure_sound(video_path, speech_path)
        picture = measure_picture(video_path, source_path)
        fit = None if picture is None else _fit(video_path, info.duration_seconds, syncnet_path)
    except MediaError as error:
        raise QualityError(f"It could not be scored: {error.message}") from error
    if picture is None or fit is None:
        raise QualityError("No face could be followed for a second, so lips could not be scored.")
    return replace(fit, audio_quality=round(sound.score, 3), video_quality=round(picture.score, 3))


def _fit(path: Path, seconds: float, syncnet_path: Path | None) -> QualityReport | None:
    """How well lips and speech belong together, the other scores left at 0; None without a face to follow."""
    if syncnet_path is not None:
        try:
            return _watch(path, seconds, syncnet_path)
        except ModelUnavailable as error:
            logger.warning("lips are measured by landmarks, as SyncNet cannot be used: %s", error)
    fit = fit_lips(path, seconds)
    if fit is None:
        return None
    return QualityReport(round(sync_score(fit), 3), 0.0, 0.0, "landmarks", FRAME_MS * fit.offset_frames)


def _watch(path: Path, seconds: float, syncnet_path: Path) -> QualityReport | None:
    require_torch("syncnet")
    from lipsync.quality.watch import watch_speaker  # torch, only where it is used

    seen = watch_speaker(path, seconds, syncnet_path)
    if seen is None:
        return None
    score = CONFIDENCE.at(seen.confidence) * TIMING.at(abs(seen.offset_frames))
    offset_ms = FRAME_MS * seen.offset_frames
    confidence, distance = round(seen.confidence, 3), round(seen.distance, 3)
    return QualityReport(round(score, 3), 0.0, 0.0, "syncnet", offset_ms, confidence, distance)


def sync_score(fit: LipFit) -> float:
    """0..1; above .85 lips and speech belong together, under .7 people notice."""
    return FIT.at(fit.correlation) * TIMING.at(abs(fit.offset_frames))
