"""Which engine renders a job, and which comes next when it fails."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from lipsync.cost import estimate_usd
from lipsync.engines.base import ENGINES, Engine, get_engine

QUALITY_ORDER = ("heygen", "wav2lip", "builtin")
SHORT_SECONDS = 60.0
"""Up to here a clip goes to the best engine first; past it, to the cheapest."""


class Choice(NamedTuple):
    """One engine to try, and why it is its turn."""

    engine: str
    reason: str


class NoEngine(Exception):  # noqa: N818 -- reads as what it is
    """No engine can do this; the message says why and what to do."""


def why_not(name: str) -> str | None:
    """None when the engine can run here, else one sentence with the fix."""
    try:
        return get_engine(name).check()
    except ImportError:
        return f"The engine {name} is not installed here; choose another one."


def choose(
    wish: str, seconds: float, *, batch: bool = False, budget_usd: Decimal | None = None
) -> list[Choice]:
    """Engines to try in order, for a clip of ``seconds``.

    wish        an engine's name, which then is the only choice, or "auto"
    batch       many clips at once: cost before quality
    budget_usd  what may still be spent; None means no limit

    Raises KeyError for an unknown name and NoEngine when nothing is left to try.
    """
    if wish != "auto":
        refusal = why_not(wish) or _too_much(get_engine(wish), seconds, budget_usd)
        if refusal:
            raise NoEngine(refusal)
        return [Choice(wish, "You chose it.")]
    refusals = {name: why_not(name) for name in ENGINES}
    able = [get_engine(name) for name, refusal in refusals.items() if refusal is None]
    refusals |= {engine.name: _too_much(engine, seconds, budget_usd) for engine in able}
    able = [engine for engine in able if refusals[engine.name] is None]
    if not able:
        said = " ".join(refusal for refusal in refusals.values() if refusal)
        raise NoEngine(f"No engine can render this: {said or 'none is set up.'}")
    return _ranked(able, cheap_first=batch or seconds > SHORT_SECONDS)


def _too_much(engine: Engine, seconds: float, budget_usd: Decimal | None) -> str | None:
    if engine.max_seconds is not None and seconds > engine.max_seconds:
        return (
            f"{engine.label} makes at most {engine.max_seconds:g} s; shorten the speech or change the engine."
        )
    cost_usd = estimate_usd(engine.usd_per_second, seconds)
    if budget_usd is not None and cost_usd > max(budget_usd, Decimal(0)):
        return f"{engine.label} would cost ${cost_usd}, more than the budget left; choose a free engine."
    return None


def _ranked(engines: Iterable[Engine], *, cheap_first: bool) -> list[Choice]:
    def quality(engine: Engine) -> int:
        return QUALITY_ORDER.index(engine.name) if engine.name in QUALITY_ORDER else len(QUALITY_ORDER)

    if cheap_first:
        ranked = sorted(engines, key=lambda engine: (engine.usd_per_second, quality(engine)))
        why = "The cheapest engine for a long clip."
    else:
        ranked = sorted(engines, key=quality)
        why = "The best engine for a short clip."
    if len(ranked) == 1:
        why = "The engine set up here."
    first, *rest = ranked
    return [Choice(first.name, why), *(Choice(engine.name, "The one before it failed.") for engine in rest)]
