"""The contract every lip-sync engine keeps.

Exception
|-- EngineError    the engine cannot do this job; says whether to retry or to try another engine
`-- Cancelled      the owner asked to stop; raised by ``on_progress`` and let through by engines
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import ClassVar, Literal

from lipsync.audio.phones import Phone
from lipsync.audio.shape import MouthTrack

ENGINES: dict[str, str] = {
    "builtin": "lipsync.engines.builtin.BuiltinEngine",
}

SyncMode = Literal["bounce", "loop", "cut_off", "silence"]
ExpressionName = Literal["neutral", "happy", "sad", "surprised", "angry"]
Background = Literal["keep", "blur"]

OnProgress = Callable[[str, float], None]
"""``on_progress(stage, fraction)``: called at least twice a second; fraction is of the whole render."""


class EngineError(Exception):
    """Why an engine could not render, in one sentence with the fix.

    retryable  the same engine may succeed on the same input later
    fallback   another engine may succeed on the same input now
    """

    def __init__(self, message: str, *, retryable: bool = False, fallback: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.fallback = fallback


class Cancelled(Exception):  # noqa: N818 -- it is a request, not an error
    """The owner asked to stop this job."""


@dataclass(frozen=True)
class RenderOptions:
    """What the user may choose about a render. Part of the cache key."""

    sync_mode: SyncMode = "bounce"
    """What happens when speech and video differ in length.

    bounce, loop  as long as the speech; a shorter video runs back and forth, or starts again
    cut_off       as long as the shorter of the two
    silence       as long as the longer of the two; the mouth rests when speech has ended
    """
    mouth_strength: float = 1.0
    """Scales how far the mouth opens, 0.3..1.5."""
    head_motion: float = 1.0
    """Scales the life of a photo (sway, blinks, gaze), 0..1."""
    expression: ExpressionName = "neutral"
    """Worn by a photo or a drawn face while it speaks; a filmed face keeps its own."""
    expression_amount: float = 0.6
    """How much of the expression shows, 0..1."""
    background: Background = "keep"
    """What is behind the person in a photo: as it is, or out of focus."""


@dataclass(frozen=True)
class RenderRequest:
    """Everything an engine needs to render one clip."""

    speech_path: Path
    output_path: Path
    work_dir: Path
    face_path: Path | None = None
    """A photo or a video; None when ``house_look`` names a drawn face."""
    house_look: str | None = None
    phones: tuple[Phone, ...] | None = None
    """Phone times of the speech, where they are known from its text; they lead the mouth."""
    options: RenderOptions = field(default_factory=RenderOptions)


@dataclass(frozen=True)
class RenderResult:
    """What an engine made."""

    output_path: Path
    duration_seconds: float
    frame_count: int
    cost_usd: float = 0.0
    warnings: tuple[str, ...] = ()
    """Sentences for the user about what was less than perfect, such as seconds without a face."""
    mouth: MouthTrack | None = None
    """What the mouth did, as drawn: a shape for every frame. None where the engine does not know."""


@dataclass(frozen=True)
class QualityReport:
    """How good a result is, each 0..1, and how it was measured."""

    sync_score: float
    audio_quality: float
    video_quality: float
    method: str = "landmarks"


class Engine:
    """Base of every engine. Capabilities are class attributes, read by policy, cost and the screens."""

    name: ClassVar[str]
    version: ClassVar[str]
    """Part of the cache key: change it whenever the same request gives a different picture."""
    label: ClassVar[str]
    needs_gpu: ClassVar[bool] = False
    remote: ClassVar[bool] = False
    multi_face: ClassVar[bool] = False
    resumable: ClassVar[bool] = False
    usd_per_second: ClassVar[float] = 0.0
    max_seconds: ClassVar[float | None] = None
    queue: ClassVar[str] = "cpu"

    def check(self) -> str | None:
        """None when the engine can run here, else one sentence: why not and the fix."""
        return None

    def render(self, request: RenderRequest, on_progress: OnProgress) -> RenderResult:
        """Render ``request`` to ``request.output_path``.

        Raises EngineError; lets ``Cancelled`` from ``on_progress`` through and then leaves no output file.
        """
        raise NotImplementedError


def get_engine(name: str) -> Engine:
    """The engine called ``name``. Raises KeyError for a name that is not in ENGINES."""
    module_name, _, class_name = ENGINES[name].rpartition(".")
    engine_class: type[Engine] = getattr(import_module(module_name), class_name)
    return engine_class()
