"""From files to a file: speak the text, try the engines in turn. No database, no Celery.

Exception
`-- RuntimeError
    `-- RenderFailed      no engine could do it; has a code and a sentence for the owner
        `-- RenderTimeout a remote engine took too long (also a TimeoutError)
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from lipsync.audio.phones import Phone
from lipsync.engines.base import (
    Cancelled,
    EngineError,
    OnProgress,
    RenderOptions,
    RenderRequest,
    RenderResult,
    get_engine,
)
from lipsync.policy import Choice
from lipsync.speech.align import align_recording
from lipsync.speech.errors import SpeechError
from lipsync.speech.languages import find_language
from lipsync.speech.synthesize import synthesize_to_file
from lipsync.speech.voices import DEFAULT_VOICE
from lipsync.video.errors import MediaError

logger = logging.getLogger(__name__)

SYNTHESISER = "espeak-ng 1.52, 1"
"""Part of the cache key: change the last number whenever the same text sounds different."""
ALIGNER = "1"
"""Likewise: change it whenever the same recording and text give other phone times."""
VOICE_SHARE = 0.04
"""Of the whole job; the engine's share ends at ENGINE_END and the rest is putting the result in its place."""
ENGINE_END = 0.98
TRIES_PER_ENGINE = 2
"""A retryable failure is tried once more before the next engine's turn."""


class RenderFailed(RuntimeError):
    """No engine could make the video. ``code`` for programs, the message for the owner."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class RenderTimeout(RenderFailed, TimeoutError):
    """A remote engine did not answer in time."""


@dataclass(frozen=True)
class Work:
    """What to render, in files. Exactly one of face_path and house_look, and one of speech_path and text."""

    face_path: Path | None = None
    house_look: str | None = None
    speech_path: Path | None = None
    text: str = ""
    transcript: str = ""
    """What is said in the file at ``speech_path``, where it is known."""
    transcript_language: str = ""
    voice: str = DEFAULT_VOICE
    voice_rate: float = 1.0
    options: RenderOptions = field(default_factory=RenderOptions)


class Try:
    """One engine's go, told how it went."""

    def ended(self, outcome: str, message: str = "", cost_usd: float = 0.0) -> None:
        """``outcome``: done, failed or cancelled."""


StartTry = Callable[[Choice], Try]


@dataclass(frozen=True)
class Rendered:
    """A result and the engine that made it."""

    result: RenderResult
    engine: str
    phones: tuple[Phone, ...] = ()
    """What was spoken when, where its text is known."""


def render(
    work: Work,
    choices: Sequence[Choice],
    output_path: Path,
    on_progress: OnProgress,
    *,
    temp_dir: Path,
    speech_dir: Path,
    start_try: StartTry = lambda choice: Try(),
) -> Rendered:
    """Render ``work`` to ``output_path`` with the first of ``choices`` that can.

    temp_dir    where working files live while it runs
    speech_dir  where spoken texts are kept for the next time
    Raises RenderFailed, and Cancelled when ``on_progress`` does; then there is no output file.
    """
    temp_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="render-", dir=temp_dir) as folder:
        try:
            speech_path, phones, warnings = _speech_of(work, speech_dir, on_progress)
            request = RenderRequest(
                speech_path=speech_path,
                output_path=Path(folder) / "video.mp4",
                work_dir=Path(folder),
                face_path=work.face_path,
                house_look=work.house_look,
                phones=phones,
                options=work.options,
            )
            rendered = _try_engines(request, choices, on_progress, start_try)
            _move(request.output_path, output_path)
        except (SpeechError, MediaError, OSError) as error:
            raise explain(error) from error
        warnings += rendered.result.warnings
        result = replace(rendered.result, output_path=output_path, warnings=warnings)
        return replace(rendered, result=result, phones=phones or ())


def _speech_of(
    work: Work, speech_dir: Path, on_progress: OnProgress
) -> tuple[Path, tuple[Phone, ...] | None, tuple[str, ...]]:
    """The speech as a sound file, with the times of its phones when they are known, and warnings."""
    on_progress("voice", 0.0)
    if work.speech_path is not None:
        return work.speech_path, *_aligned(work, work.speech_path, on_progress)
    name = hashlib.sha256(
        json.dumps([work.text, work.voice, work.voice_rate, SYNTHESISER]).encode()
    ).hexdigest()
    sound_path, phones_path = speech_dir / f"{name}.wav", speech_dir / f"{name}.json"
    speech_dir.mkdir(parents=True, exist_ok=True)
    if not phones_path.exists() or not sound_path.exists():
        fresh_path = speech_dir / f".{name}.{uuid4().hex}"
        phones = synthesize_to_file(
            fresh_path,
            work.text,
            work.voice,
            work.voice_rate,
            lambda fraction: on_progress("voice", VOICE_SHARE * fraction),
        )
        os.replace(fresh_path, sound_path)
        fresh_path.write_text(json.dumps(phones))
        os.replace(fresh_path, phones_path)
    os.utime(sound_path)
    return sound_path, tuple(Phone(*phone) for phone in json.loads(phones_path.read_text())), ()


def _aligned(
    work: Work, speech_path: Path, on_progress: OnProgress
) -> tuple[tuple[Phone, ...] | None, tuple[str, ...]]:
    """The phones of the transcript; without one, or where it does not fit, the sound alone leads."""
    if not work.transcript:
        return None, ()
    try:
        language = find_language(work.transcript_language)
        phones = align_recording(
            speech_path,
            work.transcript,
            language,
            lambda fraction: on_progress("voice", VOICE_SHARE * fraction),
        )
    except SpeechError as error:
        return None, (str(error),)
    return tuple(phones), ()


def _try_engines(
    request: RenderRequest, choices: Sequence[Choice], on_progress: OnProgress, start_try: StartTry
) -> Rendered:
    def on_engine_progress(stage: str, fraction: float) -> None:
        on_progress(stage, VOICE_SHARE + (ENGINE_END - VOICE_SHARE) * fraction)

    failure: Exception = RenderFailed("no_engine", "No engine was left to try; choose another one.")
    for choice in choices:
        for try_number in range(1, TRIES_PER_ENGINE + 1):
            outcome = _try_engine(request, choice, on_engine_progress, start_try(choice))
            if isinstance(outcome, RenderResult):
                return Rendered(outcome, choice.engine)
            failure = outcome
            if not (isinstance(failure, EngineError) and failure.retryable) or try_number == TRIES_PER_ENGINE:
                break
        if isinstance(failure, EngineError) and not failure.fallback:
            break
    raise explain(failure) from failure


def _try_engine(
    request: RenderRequest, choice: Choice, on_progress: OnProgress, tried: Try
) -> RenderResult | EngineError | TimeoutError:
    """The result, or why this engine has none. Media nobody could render and a wish to stop are raised."""
    try:
        result = get_engine(choice.engine).render(request, on_progress)
        if not request.output_path.is_file():
            raise EngineError("The engine ended without a video; try again or choose another engine.")
    except (EngineError, TimeoutError) as error:
        logger.warning("engine %s failed: %s", choice.engine, error)
        tried.ended("failed", str(explain(error)))
        return error
    except Cancelled:
        tried.ended("cancelled")
        raise
    except Exception as error:
        tried.ended("failed", str(explain(error)))
        raise
    tried.ended("done", cost_usd=result.cost_usd)
    return result


def explain(error: Exception) -> RenderFailed:
    """Any failure as one with a code and a sentence for the owner."""
    if isinstance(error, RenderFailed):
        return error
    if isinstance(error, MediaError):
        return RenderFailed(error.code, _with_place(error))
    if isinstance(error, SpeechError):
        return RenderFailed("speech", str(error))
    if isinstance(error, TimeoutError):
        reason = str(error) or "The engine did not answer in time"
        return RenderTimeout("timed_out", reason.rstrip(".") + "; try again later.")
    if isinstance(error, EngineError):
        return RenderFailed("engine_failed", str(error))
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return RenderFailed("disk_full", "The disk is full; delete what is not needed and try again.")
    if isinstance(error, FileNotFoundError):
        return RenderFailed("file_missing", "A file of this job is no longer there; upload it again.")
    return RenderFailed("internal", "Something went wrong here, not with your files; try again.")


def _with_place(error: MediaError) -> str:
    if error.at_seconds is None:
        return error.message
    place = f"at {error.at_seconds:.1f} s"
    return error.message if place in error.message else f"{error.message.rstrip('.')} ({place})."


def _move(source: Path, target: Path) -> None:
    """Put a finished file in its place in one step, also from another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        shutil.move(source, fresh)
        os.replace(fresh, target)
    finally:
        fresh.unlink(missing_ok=True)
