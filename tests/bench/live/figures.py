"""From what a viewer noted to numbers. Offsets are sound minus picture, in ms: negative means picture late.

Nothing in here knows what was said: mouths are read off pictures, voices off the level of the sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

BLOCK_SECONDS = 0.01
GRID_SECONDS = 0.005
WINDOW_SECONDS = 4.0
WINDOW_STEP_SECONDS = 0.5
LARGEST_OFFSET_SECONDS = 0.4
STEADY_MS = 15.0
"""By how much the viewer's buffers may change in a window."""
FIT = 0.6
"""Correlation below which a window tells nothing."""
LOUD = 0.02
OPEN = 0.04
"""D between lips that are seen to be apart; a closed mouth reads 0.01 to 0.02."""
QUIET_SECONDS = 0.2
"""Of silence and closed lips before what counts as an onset."""
STILL_PICTURES, STILL_BLOCKS = 5, 20
"""A mouth shuts for less than that within a sentence."""
BLACK_LUMA, FLAT_SPREAD, GREEN_CHROMA = 24.0, 4.0, 90.0


@dataclass(frozen=True)
class Noted:
    """What one viewer noted of one publisher; see ``viewer``."""

    picture_times: FloatArray
    gaps: FloatArray
    lumas: FloatArray
    spreads: FloatArray
    chromas: FloatArray
    sound_times: FloatArray
    levels: FloatArray
    delays: FloatArray

    def between(self, start: float, stop: float) -> Noted:
        """What arrived from ``start`` to ``stop``."""
        seen = (self.picture_times >= start) & (self.picture_times < stop)
        heard = (self.sound_times >= start) & (self.sound_times < stop)
        pictures = (self.picture_times, self.gaps, self.lumas, self.spreads, self.chromas)
        return Noted(
            *(row[seen] for row in pictures), self.sound_times[heard], self.levels[heard], self.delays
        )

    @property
    def held(self) -> tuple[float, float]:
        """How long the viewer's own buffers held sound and pictures in the mean, ms."""
        found = []
        for is_sound in (True, False):
            rows = self.delays[self.delays[:, 3] == is_sound]
            count = rows[-1, 2] - rows[0, 2] if len(rows) else 0
            found.append((rows[-1, 1] - rows[0, 1]) / count * 1000 if count else np.nan)
        return found[0], found[1]

    def buffered(self, times: FloatArray) -> FloatArray:
        """By how much the viewer's own buffers held sound longer than pictures, at ``times``; ms."""
        held = []
        for is_sound in (True, False):
            rows = self.delays[self.delays[:, 3] == is_sound]
            if len(rows) < 2:
                return np.full(len(times), np.nan)
            spent = np.diff(rows[:, 1]) / np.maximum(np.diff(rows[:, 2]), 1)
            held.append(np.interp(times, (rows[1:, 0] + rows[:-1, 0]) / 2, spent))
        return np.asarray((held[0] - held[1]) * 1000)


def read(path: Path, person: str | None = None) -> Noted:
    """What the viewer wrote to ``path`` of ``person``, or of everybody."""
    with np.load(path) as kept:
        rows = dict(kept)
    people = list(rows["people"])
    number = people.index(person) if person in people else -1
    seen = rows["publishers"] == number if person else np.ones(len(rows["publishers"]), bool)
    heard = rows["sound_publishers"] == number if person else np.ones(len(rows["sound_publishers"]), bool)
    pictures = ("picture_times", "gaps", "lumas", "spreads", "chromas")
    delays = rows["delays"]
    if person:
        delays = delays[delays[:, 4] == number]
    return Noted(
        *(rows[name][seen] for name in pictures), rows["sound_times"][heard], rows["levels"][heard], delays
    )


# --- lips and voice ---


def window_offsets(noted: Noted) -> FloatArray:
    """The offset in every window of WINDOW_SECONDS, (n, 3).

    Columns: the window's middle in seconds of the clock; ms as shown to the viewer; ms as it came in, what
    the viewer's own buffers added taken out again, NaN where those changed in between.
    """
    found = []
    known = ~np.isnan(noted.gaps)
    if known.sum() < 2 or len(noted.sound_times) < 2:
        return np.zeros((0, 3))
    times, gaps = noted.picture_times[known], noted.gaps[known]
    start, stop = max(times[0], noted.sound_times[0]), min(times[-1], noted.sound_times[-1])
    for begin in np.arange(start, stop - WINDOW_SECONDS, WINDOW_STEP_SECONDS):
        grid = np.arange(begin, begin + WINDOW_SECONDS, GRID_SECONDS)
        mouth = np.interp(grid, times, gaps)
        # The square root: soft sounds open mouths nearly as far as loud ones.
        level = np.sqrt(np.interp(grid, noted.sound_times + BLOCK_SECONDS / 2, noted.levels))
        level = np.convolve(level, np.hanning(10)[1:-1] / np.hanning(10).sum(), "same")
        lag, fit = best_lag(level, mouth)
        if fit >= FIT:
            found.append((begin + WINDOW_SECONDS / 2, lag * 1000))
    shown = np.array(found).reshape(-1, 2)
    half = WINDOW_SECONDS / 2
    buffered = np.stack([noted.buffered(shown[:, 0] + shift) for shift in (-half, 0, half)])
    came = np.where(np.ptp(buffered, axis=0) < STEADY_MS, shown[:, 1] - buffered.mean(axis=0), np.nan)
    return np.column_stack([shown, came])


def best_lag(level: FloatArray, mouth: FloatArray) -> tuple[float, float]:
    """Seconds by which ``level`` follows ``mouth``, both on the grid, and how well it fits, -1..1."""
    reach = round(LARGEST_OFFSET_SECONDS / GRID_SECONDS)
    inner = mouth[reach:-reach] - mouth[reach:-reach].mean()
    size = np.linalg.norm(inner)
    fits = []
    for shift in range(-reach, reach + 1):
        part = level[reach + shift : len(level) - reach + shift]
        part = part - part.mean()
        fits.append(float(part @ inner / (np.linalg.norm(part) * size + 1e-12)))
    best = int(np.argmax(fits))
    fine = 0.0
    if 0 < best < len(fits) - 1:
        left, middle, right = fits[best - 1 : best + 2]
        fine = 0.5 * (left - right) / (left - 2 * middle + right) if left - 2 * middle + right else 0.0
    return (best - reach + fine) * GRID_SECONDS, fits[best]


def onset_offsets(noted: Noted) -> FloatArray:
    """The offset of every beginning, (n,) ms: sound after silence against lips after a closed mouth."""
    opened = mouth_onsets(noted)
    offsets = []
    for heard in sound_onsets(noted):
        near = opened[np.abs(opened - heard) < LARGEST_OFFSET_SECONDS]
        if len(near):
            offsets.append((heard - near[np.argmin(np.abs(near - heard))]) * 1000)
    return np.array(offsets)


def sound_onsets(noted: Noted) -> FloatArray:
    """When sound began after silence."""
    loud = np.flatnonzero(noted.levels > LOUD)
    quiet_blocks = round(QUIET_SECONDS / BLOCK_SECONDS)
    before = np.diff(loud, prepend=-quiet_blocks - 1)
    return noted.sound_times[loud[before > quiet_blocks]]


def mouth_onsets(noted: Noted) -> FloatArray:
    """When lips parted after they were closed, between two pictures by how far they were apart in each."""
    known = ~np.isnan(noted.gaps)
    times, gaps = noted.picture_times[known], noted.gaps[known]
    found, closed_since = [], -np.inf
    for number in range(1, len(gaps)):
        if gaps[number] <= OPEN:
            closed_since = times[number] if gaps[number - 1] > OPEN else closed_since
        elif gaps[number - 1] <= OPEN:
            if times[number - 1] - closed_since > QUIET_SECONDS / 2:
                part = (OPEN - gaps[number - 1]) / (gaps[number] - gaps[number - 1])
                found.append(times[number - 1] + part * (times[number] - times[number - 1]))
            closed_since = np.inf
    return np.array(found)


def drift(offsets: FloatArray) -> float:
    """Milliseconds a minute, from ``window_offsets``; NaN for less than ten windows."""
    if len(offsets) < 10:
        return float("nan")
    minutes = (offsets[:, 0] - offsets[0, 0]) / 60
    return float(np.polyfit(minutes, offsets[:, 1], 1)[0])


# --- pictures ---


def frame_rate(noted: Noted) -> float:
    """Pictures a second that arrived."""
    times = noted.picture_times
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0


def gap_p99(noted: Noted) -> float:
    """The 99th percentile of the time between two pictures, ms."""
    return float(np.percentile(np.diff(noted.picture_times), 99) * 1000) if len(noted.gaps) > 1 else np.nan


def spoilt_pictures(noted: Noted) -> int:
    """Black, green or empty pictures."""
    black = (noted.lumas < BLACK_LUMA) | (noted.spreads < FLAT_SPREAD)
    return int((black | (noted.chromas < GREEN_CHROMA)).sum())


# --- answers to something done at a moment ---


def first_sound(noted: Noted, since: float) -> float:
    """Milliseconds from ``since`` to the first sound; NaN when there is none."""
    heard = noted.sound_times[(noted.levels > LOUD) & (noted.sound_times >= since)]
    return float((heard[0] - since) * 1000) if len(heard) else np.nan


def first_motion(noted: Noted, since: float) -> float:
    """Milliseconds from ``since`` to the first picture with the lips apart."""
    seen = noted.picture_times[(noted.gaps > OPEN) & (noted.picture_times >= since)]
    return float((seen[0] - since) * 1000) if len(seen) else np.nan


def silence_after(noted: Noted, since: float, until: float) -> float:
    """Milliseconds from ``since`` to the end of the last sound before ``until``."""
    part = noted.between(since, until)
    heard = part.sound_times[part.levels > LOUD]
    return float((heard[-1] + BLOCK_SECONDS - since) * 1000) if len(heard) else 0.0


def still_after(noted: Noted, since: float, until: float) -> float:
    """Milliseconds from ``since`` to the first picture from which on the mouth stays closed."""
    part = noted.between(since, until)
    opened = np.flatnonzero(part.gaps > OPEN)
    if not len(opened):
        return 0.0
    if opened[-1] + 1 >= len(part.picture_times):
        return np.nan
    return float((part.picture_times[opened[-1] + 1] - since) * 1000)


def stale_after(noted: Noted, since: float, until: float) -> int:
    """Pictures with lips apart and blocks with sound that came after it had once been still and silent."""
    part = noted.between(since, until)
    return _late(part.gaps > OPEN, STILL_PICTURES) + _late(part.levels > LOUD, STILL_BLOCKS)


def _late(active: npt.NDArray[np.bool_], rest: int) -> int:
    """How many are active behind the first ``rest`` in a row that are not."""
    resting = 0
    for number, is_active in enumerate(active):
        resting = 0 if is_active else resting + 1
        if resting == rest:
            return int(active[number:].sum())
    return 0


@dataclass(frozen=True)
class Starts:
    """What was told of an utterance's beginning, against what was done."""

    true: int
    false: int
    missing: int


def count_starts(told: list[float], spoken: list[tuple[float, float]]) -> Starts:
    """``told`` are times of playback_started; ``spoken`` the times utterances were handed over and ended.

    One within an utterance is true, any more in it are false, as are those outside.
    """
    within = [sum(start <= at < end for at in told) for start, end in spoken]
    true = sum(count > 0 for count in within)
    return Starts(true, len(told) - true, len(spoken) - true)
