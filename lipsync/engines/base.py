"""The contract every lip-sync engine keeps.

Exception
|-- EngineError        the engine cannot do this job; says whether to retry or to try another engine
|   `-- RemoteError    the same of a service elsewhere; says too what it means for the jobs that follow
|       `-- RemoteDeadline   it took too long (also a TimeoutError)
`-- Cancelled          the owner asked to stop; raised by ``on_progress`` and let through by engines
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Literal

from lipsync.audio.phones import Phone
from lipsync.audio.shape import MouthTrack
from lipsync.face.place import FacePath, FacePick

ENGINES: dict[str, str] = {
    "heygen": "lipsync.engines.heygen.engine.HeyGenEngine",
    "wav2lip": "lipsync.engines.wav2lip.engine.Wav2LipEngine",
    "builtin": "lipsync.engines.builtin.BuiltinEngine",
}
CONFIGURED: dict[str, Callable[[], Any]] = {}
"""What makes the argument of an engine's class, by its name: the site puts its settings here.

Under "syncnet", what gives the path of that network's weights, or None.
"""

SyncMode = Literal["bounce", "loop", "cut_off", "silence", "remap"]
ExpressionName = Literal["neutral", "happy", "sad", "surprised", "angry"]
Background = Literal["keep", "blur"]
FaceKind = Literal["image", "video", "drawn"]
Others = Literal["still", "filmed"]

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


Trip = Literal["key", "credit", "down"]
"""Why a service is of no use to anybody for now: its key is refused, its money is used up, or it is ill."""


class RemoteError(EngineError):
    """Why a service elsewhere did not do it.

    trip    what to hold against the service itself, not only this job
    """

    def __init__(
        self, message: str, *, retryable: bool = False, fallback: bool = True, trip: Trip | None = None
    ) -> None:
        super().__init__(message, retryable=retryable, fallback=fallback)
        self.trip = trip


class RemoteDeadline(RemoteError, TimeoutError):
    """A service took longer than it may."""


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
    remap         as long as the speech; the video runs slower or faster to fit
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
    pick: FacePick | None = None
    """Which of several faces speaks; None: who moves their lips most, and where nobody does, the largest."""
    others: Others = "still"
    """What the mouths of others in a video do: at rest where they were filmed speaking, or all as filmed."""

    clean_speech: bool = False
    """Whether noise is taken out of recordings first."""
    music_below_lu: float = 10.0
    """LU by which music, where there is any, is softer than speech while nobody speaks, 0..30."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> RenderOptions:
        """From what ``dataclasses.asdict`` and JSON have made of them."""
        return cls(**{**values, "pick": FacePick.of(values.get("pick"))})


@dataclass(frozen=True)
class Speaker:
    """One of several people and what is heard of them."""

    path: FacePath
    speech_path: Path | None
    """As long as the whole speech, silent where others speak; None: says nothing, with a mouth at rest."""
    phones: tuple[Phone, ...] | None = None


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
    speakers: tuple[Speaker, ...] = ()
    """Where several faces are seen: whose mouths to move. Empty: the one face says ``speech_path``.

    Engines without ``multi_face`` never get any. ``speech_path`` is what is heard of all of them.
    """


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
    """What the mouth did, as drawn: a shape for every frame. None where the engine does not know.

    Of several people it is that of whoever opens it most.
    """


@dataclass(frozen=True)
class QualityReport:
    """How good a result is, each 0..1, and how it was measured."""

    sync_score: float
    audio_quality: float
    video_quality: float
    method: str = "landmarks"
    """How lips were held against the speech: "landmarks", or "syncnet" where its weights are installed."""
    offset_ms: float | None = None
    """By how much the sound comes before the picture it belongs to; negative: after it."""
    confidence: float | None = None
    """SyncNet's LSE-C: over 6 is good, under 3 bad."""
    distance: float | None = None
    """SyncNet's LSE-D: lower is better."""


class Engine:
    """Base of every engine. Capabilities are class attributes, read by policy, cost and the screens."""

    name: ClassVar[str]
    version: str
    """Part of the cache key: change it whenever the same request gives a different picture."""
    label: ClassVar[str]
    needs_gpu: ClassVar[bool] = False
    remote: ClassVar[bool] = False
    multi_face: ClassVar[bool] = False
    """Can be told which face speaks, and have several say each their own."""
    resumable: ClassVar[bool] = False
    faces: ClassVar[frozenset[FaceKind]] = frozenset({"image", "video", "drawn"})
    """What it can make speak."""
    usd_per_second: float = 0.0
    billed_step_seconds: float = 0.0
    """The price is reserved for whole steps of this length; 0: by the exact length."""
    max_seconds: float | None = None
    queue: ClassVar[str] = "cpu"

    def check(self) -> str | None:
        """None when the engine can run here, else one sentence: why not and the fix."""
        return None

    def render(self, request: RenderRequest, on_progress: OnProgress) -> RenderResult:
        """Render ``request`` to ``request.output_path``.

        Raises EngineError; lets ``Cancelled`` from ``on_progress`` through and then leaves no output file.
        """
        raise NotImplementedError


Memo = dict[str, Any]
"""What a remote engine must remember between its steps: JSON, kept in the database."""
Keep = Callable[[], None]
"""Stores the memo; once it has returned, a crash does not lose what was noted."""


@dataclass(frozen=True)
class Wait:
    """Nothing to do for ``seconds``; ``fraction`` of the whole render is behind it."""

    seconds: float
    fraction: float
    stage: str = "remote"


@dataclass(frozen=True)
class Ended:
    """What a render that nobody waits for has cost, and the seconds of video that were made."""

    cost_usd: float
    seconds: float = 0.0


class RemoteEngine(Engine):
    """An engine on somebody else's machines: it works in steps, and whoever runs it need not wait between."""

    remote: ClassVar[bool] = True
    resumable: ClassVar[bool] = True
    queue: ClassVar[str] = "remote"
    max_at_once: int = 1
    queue_seconds: float = 600.0
    """How long a job waits for a free place before another engine takes it."""

    def key_print(self) -> str:
        """Tells one key from another without giving it away."""
        return ""

    def advance(
        self, request: RenderRequest, memo: Memo, keep: Keep, on_progress: OnProgress
    ) -> RenderResult | Wait:
        """Do what can be done without waiting. Called again with the same ``memo``, by any process.

        Whatever costs money is noted in ``memo`` and kept before it is asked for. Raises as ``render``.
        """
        raise NotImplementedError

    def may_bill(self, memo: Memo) -> bool:
        """Whether something was started that may cost money, and whose end is not known."""
        raise NotImplementedError

    def follow(self, memos: list[Memo]) -> list[Ended | None]:
        """How renders nobody waits for came out; None for those that are not over. Raises RemoteError."""
        raise NotImplementedError

    def tidy(self, memo: Memo) -> None:
        """Remove what was left on the service's machines. Raises RemoteError."""

    def test(self) -> str | None:
        """None when the service has money left for a job, else a sentence.

        Costs nothing. Raises RemoteError when it cannot be asked.
        """
        return None

    def render(self, request: RenderRequest, on_progress: OnProgress) -> RenderResult:
        memo: Memo = {}
        try:
            while True:
                step = self.advance(request, memo, lambda: None, on_progress)
                if isinstance(step, RenderResult):
                    break
                _sleep(step, on_progress)
        except BaseException:
            if not self.may_bill(memo):
                self._tidy_quietly(memo)
            raise
        self._tidy_quietly(memo)
        return step

    def _tidy_quietly(self, memo: Memo) -> None:
        try:
            self.tidy(memo)
        except RemoteError as error:
            memo["untidy"] = str(error)


def _sleep(wait: Wait, on_progress: OnProgress) -> None:
    until = time.monotonic() + wait.seconds
    while True:
        on_progress(wait.stage, wait.fraction)
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, 0.4))


def get_engine(name: str) -> Engine:
    """The engine called ``name``. Raises KeyError for a name that is not in ENGINES."""
    module_name, _, class_name = ENGINES[name].rpartition(".")
    engine_class: type[Engine] = getattr(import_module(module_name), class_name)
    return engine_class(CONFIGURED[name]()) if name in CONFIGURED else engine_class()  # type: ignore[call-arg]
