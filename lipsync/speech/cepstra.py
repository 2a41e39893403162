"""What two voices saying the same have in common: cepstra set to one room, microphone and loudness."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

HOP_SECONDS = 0.01
WINDOW_SECONDS = 0.025
BANDS = 32
COEFFICIENTS = 10
LOWEST_HZ, HIGHEST_HZ = 80.0, 7000.0
DYNAMIC_RANGE = 10.0
"""Nats below the loudest frames; what is quieter counts as silence."""
SPEECH_RANGE = 4.0
DELTA_REACH = 2
BLOCK_HOPS = 2000


def _filters(sample_rate: int, bins: int) -> FloatArray:
    """Triangular mel filters, shape (bins, BANDS)."""
    lowest, highest = (2595 * math.log10(1 + hertz / 700) for hertz in (LOWEST_HZ, HIGHEST_HZ))
    mels = np.linspace(lowest, highest, BANDS + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    hertz = np.arange(bins) * sample_rate / (2 * (bins - 1))
    rising = (hertz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz[:, None]) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)), np.float32)


def log_mel(blocks: Iterable[FloatArray], sample_rate: int) -> FloatArray:
    """Log power in nats, shape (hops, BANDS), of mono sound in pieces of any length.

    Hop h is centred on h * HOP_SECONDS. Memory holds the spectra and one piece, not the sound.
    """
    hop, window = sample_rate * HOP_SECONDS, round(sample_rate * WINDOW_SECONDS)
    size = 1 << (window - 1).bit_length()
    filters, taper = _filters(sample_rate, size // 2 + 1), np.hanning(window).astype(np.float32)
    held = np.zeros(window // 2, np.float32)
    held_start, done = -len(held), 0
    found: list[FloatArray] = []

    def transform(last: int) -> None:
        nonlocal done
        for first in range(done, last, BLOCK_HOPS):
            starts = np.round(np.arange(first, min(first + BLOCK_HOPS, last)) * hop).astype(int)
            frames = held[(starts - window // 2 - held_start)[:, None] + np.arange(window)] * taper
            power = np.abs(np.fft.rfft(frames, size)).astype(np.float32) ** 2
            found.append(np.log(power @ filters + 1e-8, dtype=np.float32))
        done = max(done, last)

    total = 0
    for block in blocks:
        held = np.concatenate([held, block])
        total += len(block)
        transform(int((held_start + len(held) - window) / hop))
        drop = max(int(done * hop) - window // 2 - 1 - held_start, 0)
        held, held_start = held[drop:], held_start + drop
    held = np.concatenate([held, np.zeros(window, np.float32)])
    transform(int(total / hop))
    return np.concatenate(found) if found else np.zeros((0, BANDS), np.float32)


class Room:
    """How a recording sounds apart from its words: its noise, level and colour."""

    def __init__(self, spectra: FloatArray) -> None:
        """``spectra`` of ``log_mel``, shape (hops, BANDS), with at least one hop."""
        level = spectra.mean(axis=1)
        quiet = spectra[level <= np.percentile(level, 8)].mean(axis=0)
        loud = np.percentile(spectra, 97, axis=0)
        self.floor: FloatArray = np.maximum(quiet, loud.max() - DYNAMIC_RANGE).astype(np.float32)
        self.mean = self.mean_of(spectra)

    def mean_of(self, spectra: FloatArray) -> FloatArray:
        """The mean spectrum where there is speech, shape (BANDS,)."""
        level = np.maximum(spectra, np.percentile(spectra, 97, axis=0).max() - DYNAMIC_RANGE).mean(axis=1)
        # Not relative to the quiet: a gate or a cut leaves recordings with any amount of nothing at all.
        is_speech = level >= np.percentile(level, 95) - SPEECH_RANGE
        return np.asarray(spectra[is_speech].mean(axis=0), np.float32)

    def cepstra(self, spectra: FloatArray, mean: FloatArray) -> FloatArray:
        """Cepstra, their slopes and the slopes of those, (hops, 3 * COEFFICIENTS), as if recorded here.

        ``mean`` is the mean speech spectrum of the voice in ``spectra``, shape (hops, BANDS).
        """
        here = np.logaddexp(spectra + (self.mean - mean), self.floor)
        still = np.asarray(here @ _COSINES, np.float32)
        slope = _slope(still)
        return np.concatenate([still, slope, _slope(slope)], axis=1)


def _slope(values: FloatArray) -> FloatArray:
    """The regression line through the DELTA_REACH hops on either side of each, per hop."""
    steps = range(-DELTA_REACH, DELTA_REACH + 1)
    padded = np.pad(values, ((DELTA_REACH, DELTA_REACH), (0, 0)), mode="edge")
    total = sum(step * padded[DELTA_REACH + step :][: len(values)] for step in steps)
    return np.asarray(total / sum(step * step for step in steps), np.float32)


_COSINES = (
    np.cos(np.pi / BANDS * (np.arange(BANDS)[:, None] + 0.5) * np.arange(COEFFICIENTS)) * np.sqrt(2 / BANDS)
).astype(np.float32)
