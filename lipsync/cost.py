"""What a render costs and how long it takes, before it is made."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import ROUND_UP, Decimal
from statistics import median

TENTH_OF_A_MILL = Decimal("0.0001")
CHARACTERS_PER_SECOND = 14.0
"""Of read-aloud English; used only until the text has been spoken."""


def estimate_usd(usd_per_second: float, seconds: float, step_seconds: float = 0.0) -> Decimal:
    """US dollars for a clip, rounded up to a hundredth of a cent so that a sum is never short.

    step_seconds  the price is for whole steps of this length; 0: by the exact length
    """
    if step_seconds:
        seconds = math.ceil(round(seconds / step_seconds, 6)) * step_seconds
    exact = Decimal(str(usd_per_second)) * Decimal(str(seconds))
    return exact.quantize(TENTH_OF_A_MILL, rounding=ROUND_UP)


def dollars(usd: Decimal) -> str:
    """For people: to the cent, and below a cent as precise as it is."""
    cents = usd.quantize(Decimal("0.01"))
    return f"${cents}" if cents == usd or usd > 1 else f"${usd.normalize():f}"


def estimate_speech_seconds(text: str, rate: float) -> float:
    """Rough length of ``text`` spoken at ``rate`` (1 is the voice's own speed)."""
    return max(0.5, len(text.strip()) / CHARACTERS_PER_SECOND) / rate


def estimate_render_seconds(finished: Iterable[tuple[float, float]], seconds: float) -> float | None:
    """From finished jobs as (seconds taken, seconds of video); None when there are none to go by."""
    rates = [taken / length for taken, length in finished if length > 0]
    return round(median(rates) * seconds, 1) if rates else None
