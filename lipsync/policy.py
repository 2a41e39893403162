"""Which engine renders a job, and which comes next when it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from lipsync.cost import dollars, estimate_usd
from lipsync.engines.base import ENGINES, Engine, FaceKind, QualityReport, get_engine

QUALITY_ORDER = ("heygen", "wav2lip", "builtin")
SHORT_SECONDS = 30.0
"""Up to here a clip goes to the best engine first; past it, to the cheapest."""
POOR = QualityReport(sync_score=0.70, audio_quality=0.80, video_quality=0.75)
GOOD = QualityReport(sync_score=0.85, audio_quality=0.90, video_quality=0.85)
"""Bands of quality: below POOR a result is made once more where it may be, from GOOD on it is very good."""
Wish = Literal["pick", "segments"]
"""That one of several faces was picked, or that several people say each their own."""
FACE_WORDS = {"image": "a photo", "video": "a video", "drawn": "a drawn face"}


class Choice(NamedTuple):
    """One engine to try, and why it is its turn."""

    engine: str
    reason: str


class Candidate(NamedTuple):
    """One engine as it stands to a clip: its price, and why it is not for it."""

    engine: str
    label: str
    cost_usd: Decimal
    why_not: str | None
    is_set_up: bool = True


class NoEngine(Exception):  # noqa: N818 -- reads as what it is
    """No engine can do this; the message says why and what to do."""


def why_not(name: str) -> str | None:
    """None when the engine can run here, else one sentence with the fix."""
    try:
        return get_engine(name).check()
    except ImportError:
        return f"The engine {name} is not installed here; choose another one."


def price(engine: Engine, seconds: float) -> Decimal:
    """What is put aside for a clip of ``seconds``."""
    return estimate_usd(engine.usd_per_second, seconds, engine.billed_step_seconds)


def survey(
    seconds: float,
    *,
    face: FaceKind | None = None,
    wish: Wish | None = None,
    budget_usd: Decimal | None = None,
    budget_words: str = "the budget left",
    blocked: Mapping[str, str] | None = None,
) -> list[Candidate]:
    """Every engine as it stands to a clip of ``seconds``.

    face        what is to speak; None: not known
    wish        what not every engine can do
    budget_usd  what may still be spent; None means no limit. ``budget_words`` name it after "more than"
    blocked     reasons from elsewhere, by engine
    """
    found = []
    for name in ENGINES:
        refusal = why_not(name)
        try:
            engine = get_engine(name)
        except ImportError:
            found.append(Candidate(name, name, Decimal(0), refusal, False))
            continue
        cost_usd = price(engine, seconds)
        is_set_up = refusal is None
        refusal = (
            refusal
            or _unfit(engine, seconds, face, wish)
            or (blocked or {}).get(name)
            or _too_dear(engine, cost_usd, budget_usd, budget_words)
        )
        found.append(Candidate(name, engine.label, cost_usd, refusal, is_set_up))
    return found


def choose(
    wish: str,
    seconds: float,
    *,
    batch: bool = False,
    budget_usd: Decimal | None = None,
    short_seconds: float = SHORT_SECONDS,
    candidates: Sequence[Candidate] | None = None,
) -> list[Choice]:
    """Engines to try in order, for a clip of ``seconds``.

    wish        an engine's name, which then is the only choice, or "auto"
    batch       many clips at once: cost before quality
    candidates  from ``survey``, where more than the length and ``budget_usd`` is known

    Raises KeyError for an unknown name and NoEngine when nothing is left to try.
    """
    known = candidates if candidates is not None else survey(seconds, budget_usd=budget_usd)
    by_name = {one.engine: one for one in known}
    if wish != "auto":
        refusal = by_name[wish].why_not
        if refusal:
            raise NoEngine(refusal)
        return [Choice(wish, "You chose it.")]
    able = [one for one in known if one.why_not is None]
    if not able:
        said = " ".join(one.why_not for one in known if one.why_not)
        raise NoEngine(f"No engine can render this: {said or 'none is set up.'}")
    return _ranked(able, known, cheap_first=batch or seconds > short_seconds)


def is_poor(quality: QualityReport | None) -> bool:
    """Whether any score is below its lower band."""
    return quality is not None and any(mine < theirs for mine, theirs in _pairs(quality, POOR))


def describe_poor(quality: QualityReport) -> str:
    """The scores below their lower band, for people."""
    names = ("lips", "sound", "picture")
    return ", ".join(
        f"{name} {mine:.2f}"
        for name, (mine, least) in zip(names, _pairs(quality, POOR), strict=True)
        if mine < least
    )


def is_better(one: QualityReport | None, other: QualityReport | None) -> bool:
    """Whether ``one`` is to be kept rather than ``other``: by how far each is from very good."""
    if one is None or other is None:
        return one is not None
    return _shortfall(one) < _shortfall(other)


def _shortfall(quality: QualityReport) -> float:
    return sum(max(0.0, good - mine) for mine, good in _pairs(quality, GOOD))


def _pairs(one: QualityReport, other: QualityReport) -> list[tuple[float, float]]:
    return [
        (one.sync_score, other.sync_score),
        (one.audio_quality, other.audio_quality),
        (one.video_quality, other.video_quality),
    ]


def _unfit(engine: Engine, seconds: float, face: FaceKind | None, wish: Wish | None) -> str | None:
    if face is not None and face not in engine.faces:
        wanted = " or ".join(FACE_WORDS[kind] for kind in sorted(engine.faces))
        return f"{engine.label} needs {wanted}; this is {FACE_WORDS[face]}."
    if wish is not None and not engine.multi_face:
        cannot = (
            "cannot be told which of several faces speaks"
            if wish == "pick"
            else "takes one voice for a whole video, no segments for several people"
        )
        return f"{engine.label} {cannot}; choose the built-in engine or Wav2Lip."
    if engine.max_seconds is not None and seconds > engine.max_seconds:
        return (
            f"{engine.label} makes at most {engine.max_seconds:g} s; shorten the speech or change the engine."
        )
    return None


def _too_dear(engine: Engine, cost_usd: Decimal, budget_usd: Decimal | None, words: str) -> str | None:
    if budget_usd is None or cost_usd <= max(budget_usd, Decimal(0)):
        return None
    return f"{engine.label} would cost {dollars(cost_usd)}, more than {words}; choose a free engine."


def _quality_rank(candidate: Candidate) -> int:
    name = candidate.engine
    return QUALITY_ORDER.index(name) if name in QUALITY_ORDER else len(QUALITY_ORDER)


def _ranked(able: list[Candidate], known: Sequence[Candidate], *, cheap_first: bool) -> list[Choice]:
    def rank(one: Candidate) -> tuple[Decimal, int]:
        return (one.cost_usd if cheap_first else Decimal(0), _quality_rank(one))

    first, *rest = sorted(able, key=rank)
    why = "The cheapest engine for a long clip." if cheap_first else "The best engine for a short clip."
    if not rest:
        why = (
            "The engine set up here."
            if len([one for one in known if one.is_set_up]) == 1
            else ("The only engine that can do this.")
        )
    passed = [one for one in known if one.why_not and one.is_set_up and rank(one) < rank(first)]
    why = " ".join([why, *(f"Passed over: {one.why_not}" for one in passed)])
    return [Choice(first.engine, why), *(Choice(one.engine, "The one before it failed.") for one in rest)]
