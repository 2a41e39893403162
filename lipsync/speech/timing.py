"""Exact phone times out of espeak-ng's marks and its sound.

espeak-ng marks a stop where it bursts open; the closure before the burst, silent in voiceless stops, is still
counted with the phone before. For a mouth the closure is the stop, so it is given back to it.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

SILENCE = 3e-4  # espeak-ng's silence is digital zero, give or take its own dither
ECHO = 0.1
"""Share of the sound before it that a closure may still ring with."""
CLOSURE_SECONDS = 0.09
"""The longest a stop is held before its burst; longer silence is a pause."""
SHORTEST_PHONE_SECONDS = 0.02
_LANGUAGE_MARK = re.compile(r"^\(.*\)?$")
_STOP = re.compile(r"^[ˈˌ]?[pbtdkɡgqʔʈɖcɟɢʡ?]")
_STRESS_ONLY = frozenset("ˈˌ-.")


def phones_of_sound(
    marks: list[tuple[str, int]], samples: FloatArray, sample_rate: int
) -> tuple[list[tuple[str, int]], int, int]:
    """Phones of one utterance as (ipa, sample counted from ``first``), with its ``first`` and ``last``.

    ``marks`` are espeak-ng's own (name, sample) pairs over ``samples``, shape (n,). Silence around the
    utterance is left outside the bounds, but for the closure of a stop it begins with.
    """
    loud = np.flatnonzero(np.abs(samples) > SILENCE)
    named = [
        (ipa, start) for ipa, start in marks if not _LANGUAGE_MARK.match(ipa) and ipa not in _STRESS_ONLY
    ]
    if not len(loud) or not any(ipa for ipa, _ in named):
        return [], 0, 0
    last = min(int(loud[-1]) + 1 + round(0.01 * sample_rate), len(samples))
    starts = _with_closures(named, samples, sample_rate)
    while starts and not starts[0][0]:
        starts.pop(0)
    first = starts[0][1]
    if first > loud[0]:
        # A little of the first phone can sound before its mark.
        first = int(loud[0])
        starts[0] = (starts[0][0], first)
    while starts and (not starts[-1][0] or starts[-1][1] >= last):
        starts.pop()
    return _merged([(ipa, start - first) for ipa, start in starts]), first, last


def _with_closures(
    marks: list[tuple[str, int]], samples: FloatArray, sample_rate: int
) -> list[tuple[str, int]]:
    longest = round(CLOSURE_SECONDS * sample_rate)
    shortest = round(SHORTEST_PHONE_SECONDS * sample_rate)
    moved: list[tuple[str, int]] = []
    for ipa, start in marks:
        if _STOP.match(ipa):
            floor = max(moved[-1][1] + (shortest if moved[-1][0] else 0), 0) if moved else 0
            floor = max(floor, start - longest)
            # A mark may fall a few samples after the burst has begun.
            edge = max(start - sample_rate // 200, floor)
            before = np.abs(samples[floor:edge])
            # Voices with an echo are never quite silent.
            quiet = max(SILENCE, ECHO * float(before.max(initial=0.0)))
            sounding = np.flatnonzero(before > quiet)
            closure = floor + int(sounding[-1]) + 1 if len(sounding) else floor
            if closure < edge:
                start = closure
        moved.append((ipa, max(start, moved[-1][1]) if moved else start))
    return moved


def _merged(starts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """One mark for pauses that follow each other."""
    merged: list[tuple[str, int]] = []
    for ipa, start in starts:
        if not (merged and not ipa and not merged[-1][0]):
            merged.append((ipa, start))
    return merged
