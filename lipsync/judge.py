"""How good a result is, as far as it can be said here."""

from __future__ import annotations

import logging
from pathlib import Path

from lipsync.engines.base import CONFIGURED, QualityReport, RenderRequest, RenderResult
from lipsync.quality.score import QualityError, score_video
from lipsync.video.errors import MediaError

logger = logging.getLogger(__name__)


def judge(request: RenderRequest, result: RenderResult) -> QualityReport | None:
    """How good a render is; None where it cannot be said."""
    try:
        return measure_quality(
            result.output_path, speech_path=request.speech_path, source_path=request.face_path
        )
    except RuntimeError as error:
        logger.warning("a result was not scored: %s", error)
        return None


def measure_quality(
    video_path: Path, *, speech_path: Path | None = None, source_path: Path | None = None
) -> QualityReport:
    """Scores of a finished video. Raises RuntimeError with a sentence where there are none."""
    try:
        syncnet_path = CONFIGURED["syncnet"]() if "syncnet" in CONFIGURED else None
        return score_video(
            video_path, speech_path=speech_path, source_path=source_path, syncnet_path=syncnet_path
        )
    except (QualityError, MediaError) as error:
        raise RuntimeError(str(error)) from error
