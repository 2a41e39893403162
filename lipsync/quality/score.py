"""How good a lip-synced video is, in three scores of 0..1.

Exception
`-- QualityError   it cannot be scored; the sentence says why
"""

from __future__ import annotations

from pathlib import Path

from lipsync.engines.base import QualityReport
from lipsync.quality.lips import LipFit, fit_lips
from lipsync.quality.picture import measure_picture
from lipsync.quality.scale import Scale
from lipsync.quality.sound import measure_sound
from lipsync.video.errors import MediaError
from lipsync.video.probe import probe

FIT = Scale((0.0, 0.0), (0.25, 0.35), (0.5, 0.72), (0.7, 0.88), (0.9, 0.97), (1.0, 1.0))
"""Correlation of lips and speech at the best shift."""
TIMING = Scale((0, 1.0), (1, 1.0), (2, 0.93), (3, 0.8), (5, 0.55), (8, 0.3))
"""Frames of 25 a second between sound and lips. People notice from two on."""


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
        fit = None if picture is None else fit_lips(video_path, info.duration_seconds)
    except MediaError as error:
        raise QualityError(f"It could not be scored: {error.message}") from error
    if picture is None or fit is None:
        raise QualityError("No face could be followed for a second, so lips could not be scored.")
    return QualityReport(
        sync_score=round(sync_score(fit), 3),
        audio_quality=round(sound.score, 3),
        video_quality=round(picture.score, 3),
        offset_ms=40.0 * fit.offset_frames,
        method="landmarks",
    )


def sync_score(fit: LipFit) -> float:
    """0..1; above .85 lips and speech belong together, under .7 people notice."""
    return FIT.at(fit.correlation) * TIMING.at(abs(fit.offset_frames))
