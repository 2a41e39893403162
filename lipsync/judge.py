"""How good a result is, as far as it can be said here."""

from __future__ import annotations

import logging
from pathlib import Path

from django.conf import settings

from avsite.ai.registry import Registry
from lipsync.engines.base import QualityReport, RenderRequest, RenderResult
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
        return score_video(
            video_path, speech_path=speech_path, source_path=source_path, syncnet_path=_syncnet_weights()
        )
    except (QualityError, MediaError) as error:
        raise RuntimeError(str(error)) from error


def _syncnet_weights() -> Path | None:
    registry = Registry(settings.MODELS_DIR)
    return registry.path("syncnet") if registry.installed("syncnet") else None
