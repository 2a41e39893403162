"""From files to a file: speak the text, try the engines in turn. No database, no Celery.

Exception
`-- RuntimeError
    `-- RenderFailed      no engine could do it; has a code and a sentence for the owner
        `-- RenderTimeout a remote engine took too long (also a TimeoutError)
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from lipsync.audio.load import FloatArray
from lipsync.audio.phones import Phone
from lipsync.audio.soundtrack import SoundtrackOptions, mix_soundtrack
from lipsync.casting import VOICE_SHARE, Dialogue, Speech
from lipsync.engines.base import (
    Cancelled,
    Engine,
    EngineError,
    Memo,
    OnProgress,
    QualityReport,
    RemoteEngine,
    RenderRequest,
    RenderResult,
    Wait,
    get_engine,
)
from lipsync.policy import Choice, describe_poor, is_better, is_poor
from lipsync.speech.errors import SpeechError
from lipsync.video.errors import MediaError
from lipsync.video.resound import replace_sound
from lipsync.work import Work

logger = logging.getLogger(__name__)

ENGINE_END = 0.98
"""Of the whole job: the engine's share begins at VOICE_SHARE, and the rest is putting the result in place."""
TRIES_PER_ENGINE = 2
"""A retryable failure is tried once more before the next engine's turn."""


class RenderFailed(RuntimeError):
    """No engine could make the video. ``code`` for programs, the message for the owner."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class RenderTimeout(RenderFailed, TimeoutError):
    """A remote engine did not answer in time."""


class Try:
    """One engine's go, told how it went. Kept by whoever wants a record."""

    memo: Memo | None = None
    """What a remote engine noted in an earlier step; None where nobody can go on later: it is waited for."""

    def keep(self) -> None:
        """Store the memo."""

    def ended(
        self, outcome: str, message: str = "", cost_usd: float = 0.0, error: Exception | None = None
    ) -> None:
        """``outcome``: done, failed or cancelled."""

    def scored(self, quality: QualityReport | None) -> None:
        """How good its result is; None where that cannot be said."""


class Parked(Exception):  # noqa: N818 -- not an error
    """A service elsewhere is at work; render again after ``wait``."""

    def __init__(self, wait: Wait) -> None:
        super().__init__()
        self.wait = wait


@dataclass(frozen=True)
class Rendered:
    """A result and the engine that made it."""

    result: RenderResult
    engine: str
    phones: tuple[Phone, ...] = ()
    """What was spoken when, where its text is known."""
    quality: QualityReport | None = None


StartTry = Callable[[Choice], Try]
"""May raise EngineError where the engine is not to be used now, and Parked where it has to wait its turn."""
Judge = Callable[[RenderRequest, RenderResult], QualityReport | None]


@dataclass(frozen=True)
class Watch:
    """Who is told what while engines are tried. Everything is optional."""

    start_try: StartTry = lambda choice: Try()
    judge: Judge | None = None
    """Scores a result; without it none is made again."""
    remake: bool = True
    """Whether a poor result is made once more by the next engine."""
    keep_first: Callable[[Rendered], None] = lambda rendered: None
    """Told of a poor result before another engine is tried; its file may be copied then."""
    first: Rendered | None = None
    """The poor result of an earlier run, already kept."""


def render(
    work: Work,
    choices: Sequence[Choice],
    output_path: Path,
    on_progress: OnProgress,
    *,
    temp_dir: Path,
    speech_dir: Path,
    watch: Watch | None = None,
) -> Rendered:
    """Render ``work`` to ``output_path`` with the first of ``choices`` that can.

    temp_dir    where working files live while it runs
    speech_dir  where spoken texts are kept for the next time
    Raises RenderFailed, Parked, and Cancelled when ``on_progress`` does; then there is no output file.
    """
    temp_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="render-", dir=temp_dir) as folder:
        try:
            speech = (
                Dialogue(work, Path(folder), speech_dir, on_progress)
                if work.segments
                else Speech(work, speech_dir, on_progress)
            )
            request = RenderRequest(
                speech_path=speech.path,
                output_path=Path(folder) / "video.mp4",
                work_dir=Path(folder),
                face_path=work.face_path,
                house_look=work.house_look,
                options=work.options,
            )
            tries = _Tries(request, speech, on_progress, watch or Watch())
            rendered = _with_music(tries.run(choices), work, on_progress)
            _move(rendered.result.output_path, output_path)
        except (SpeechError, MediaError, OSError) as error:
            raise explain(error) from error
        warnings = speech.warnings + rendered.result.warnings
        result = replace(rendered.result, output_path=output_path, warnings=warnings)
        return replace(rendered, result=result, phones=speech.phones or ())


def _with_music(rendered: Rendered, work: Work, on_progress: OnProgress) -> Rendered:
    """The same pictures, with music under the speech where some is wanted and it can be heard."""
    if work.music_path is None:
        return rendered
    made = rendered.result
    on_progress("music", ENGINE_END)
    options = SoundtrackOptions(below_lu=work.options.music_below_lu)
    with_music = made.output_path.with_name("with-music.mp4")
    try:
        mix = mix_soundtrack(made.output_path, made.duration_seconds, work.music_path, options)
        blocks = _ticking(mix(), lambda: on_progress("music", ENGINE_END))
        replace_sound(made.output_path, blocks, with_music)
    except MediaError as error:  # the video is there, and may have been paid for
        warning = f"There is no music under this video: {_with_place(error)}"
        return replace(rendered, result=replace(made, warnings=(*made.warnings, warning)))
    return replace(rendered, result=replace(made, output_path=with_music))


def _ticking(blocks: Iterator[FloatArray], tick: Callable[[], None]) -> Iterator[FloatArray]:
    for block in blocks:
        tick()  # raises once the job is cancelled
        yield block


class _Tries:
    """Engines in turn, until one has made a video that is good enough."""

    def __init__(
        self, request: RenderRequest, speech: Speech | Dialogue, on_progress: OnProgress, watch: Watch
    ) -> None:
        self._request, self._speech, self._watch = request, speech, watch
        self._whole_progress = on_progress
        self._first = watch.first

    def run(self, choices: Sequence[Choice]) -> Rendered:
        failure: Exception = RenderFailed("no_engine", "No engine was left to try; choose another one.")
        for number, choice in enumerate(choices):
            outcome = self._try_often(self._with_reason(choice))
            if isinstance(outcome, Rendered):
                if self._first is not None:
                    return outcome if is_better(outcome.quality, self._first.quality) else self._first
                if not (self._watch.remake and is_poor(outcome.quality)) or number + 1 == len(choices):
                    return outcome
                self._put_aside(outcome)
                continue
            if self._first is not None:
                break  # made again once, whatever came of it
            failure = outcome
            if isinstance(failure, EngineError) and not failure.fallback:
                break
        if self._first is not None:
            return self._first
        raise explain(failure) from failure

    def _with_reason(self, choice: Choice) -> Choice:
        if self._first is None or self._first.quality is None:
            return choice
        poor = describe_poor(self._first.quality)
        return choice._replace(reason=f"The result of the one before it was poor ({poor}); made once more.")

    def _put_aside(self, rendered: Rendered) -> None:
        kept = self._request.work_dir / "first.mp4"
        os.replace(rendered.result.output_path, kept)
        self._first = replace(rendered, result=replace(rendered.result, output_path=kept))
        self._watch.keep_first(self._first)

    def _try_often(self, choice: Choice) -> Rendered | Exception:
        failure: Exception = TimeoutError()
        for _ in range(TRIES_PER_ENGINE):
            outcome = self._try(choice)
            if isinstance(outcome, Rendered):
                return outcome
            failure = outcome
            if not (isinstance(failure, EngineError) and failure.retryable):
                break
        return failure

    def _try(self, choice: Choice) -> Rendered | EngineError | TimeoutError:
        """The result, or why this engine has none. Media nobody can render and a wish to stop are raised."""
        try:
            tried = self._watch.start_try(choice)
        except EngineError as error:
            return error
        try:
            result = self._run_engine(get_engine(choice.engine), tried)
            if not self._request.output_path.is_file():
                raise EngineError("The engine ended without a video; try again or choose another engine.")
        except (EngineError, TimeoutError) as error:
            logger.warning("engine %s failed: %s", choice.engine, error)
            tried.ended("failed", str(explain(error)), error=error)
            return error
        except Parked:
            raise
        except Cancelled:
            tried.ended("cancelled")
            raise
        except Exception as error:
            tried.ended("failed", str(explain(error)), error=error)
            raise
        tried.ended("done", cost_usd=result.cost_usd)
        quality = None
        if self._watch.judge is not None:
            self._whole_progress("quality", ENGINE_END)
            quality = self._watch.judge(self._request, result)
            tried.scored(quality)
        return Rendered(result, choice.engine, quality=quality)

    def _run_engine(self, engine: Engine, tried: Try) -> RenderResult:
        if isinstance(engine, RemoteEngine) and tried.memo is not None:
            step = engine.advance(self._request, tried.memo, tried.keep, self._on_progress)
            if isinstance(step, Wait):
                raise Parked(replace(step, fraction=_of_whole(step.fraction)))
            return step
        request = self._request if engine.remote else self._speech.fill(self._request)
        return engine.render(request, self._on_progress)

    def _on_progress(self, stage: str, fraction: float) -> None:
        self._whole_progress(stage, _of_whole(fraction))


def _of_whole(engine_fraction: float) -> float:
    return VOICE_SHARE + (ENGINE_END - VOICE_SHARE) * engine_fraction


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
