"""The cepstra SyncNet was trained on: those of python_speech_features 0.6 with its defaults."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

SAMPLE_RATE = 16_000
WINDOW, HOP = 400, 160
COLUMNS_PER_SECOND = SAMPLE_RATE / HOP
CEPSTRA = 13
_TRANSFORM = 512
_BANDS = 26
_PRE_EMPHASIS = 0.97
_LIFTER = 22
_TINY = float(np.finfo(float).eps)


def cepstra(samples: npt.NDArray[np.int16]) -> FloatArray:
    """(CEPSTRA, columns), a column every 10 ms, of 16 kHz mono samples as 16-bit numbers.

    The first cepstrum is the logarithm of the energy.
    """
    sound = samples.astype(np.float64)
    sound = np.append(sound[:1], sound[1:] - _PRE_EMPHASIS * sound[:-1])
    columns = 1 if len(sound) <= WINDOW else 1 + -(-(len(sound) - WINDOW) // HOP)
    padded = np.pad(sound, (0, (columns - 1) * HOP + WINDOW - len(sound)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(windows, _TRANSFORM, axis=1)) ** 2 / _TRANSFORM
    energy = power.sum(axis=1)
    bands = power @ _filters().T
    found = np.log(np.where(bands == 0, _TINY, bands)) @ _cosines().T
    found[:, 0] = np.log(np.where(energy == 0, _TINY, energy))
    return found.T.astype(np.float32)


@cache
def _filters() -> Doubles:
    """Triangles between whole bins, (bands, bins)."""
    top = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, top, _BANDS + 2) / 2595) - 1)
    edges = np.floor((_TRANSFORM + 1) * hertz / SAMPLE_RATE)[:, None]
    bins = np.arange(_TRANSFORM // 2 + 1)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    inside_rise = (bins >= edges[:-2]) & (bins < edges[1:-1])
    inside_fall = (bins >= edges[1:-1]) & (bins < edges[2:])
    return np.where(inside_rise, rising, 0) + np.where(inside_fall, falling, 0)


@cache
def _cosines() -> Doubles:
    """An orthonormal DCT-II with the lifter worked in, (cepstra, bands)."""
    number, band = np.arange(CEPSTRA)[:, None], np.arange(_BANDS)
    basis = np.cos(np.pi * number * (2 * band + 1) / (2 * _BANDS)) * np.sqrt(2 / _BANDS)
    basis[0] /= np.sqrt(2)
    return np.asarray(basis * (1 + _LIFTER / 2 * np.sin(np.pi * number / _LIFTER)))
