"""The mel spectrogram that Wav2Lip was trained on, without librosa.

Follows hparams.py and audio.py of github.com/Rudrabha/Wav2Lip with librosa 0.7, which pads by reflection.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

SAMPLE_RATE = 16_000
WINDOW = 800
HOP = 200
COLUMNS_PER_SECOND = SAMPLE_RATE / HOP
BANDS = 80
_LOWEST_HZ, _HIGHEST_HZ = 55.0, 7600.0
_PRE_EMPHASIS = 0.97
_FLOOR_DB = -100.0
_REFERENCE_DB = 20.0
_LIMIT = 4.0
_BLOCK = 256  # columns transformed at once; the memory of it is all that is needed beside the result


def mel_spectrogram(samples: FloatArray) -> FloatArray:
    """Normalised decibels (BANDS, 1 + samples // HOP) in -4..4 of 16 kHz mono samples in -1..1."""
    if len(samples) == 0:
        return np.full((BANDS, 1), -_LIMIT, np.float32)
    columns = 1 + len(samples) // HOP
    mel = np.empty((BANDS, columns), np.float32)
    for start in range(0, columns, _BLOCK):
        stop = min(start + _BLOCK, columns)
        levels = _decibels(_windows(samples, start, stop)).T
        scaled = 2 * _LIMIT * (levels - _FLOOR_DB) / -_FLOOR_DB - _LIMIT
        mel[:, start:stop] = np.clip(scaled, -_LIMIT, _LIMIT)
    return mel


def _windows(samples: FloatArray, start: int, stop: int) -> npt.NDArray[np.float64]:
    """(stop - start, WINDOW) samples around columns, pre-emphasised, the sound reflected at its ends."""
    first, last = start * HOP - WINDOW // 2, (stop - 1) * HOP + WINDOW // 2
    low, high = max(0, first - WINDOW), min(last, len(samples))  # what is reflected needs more around it
    sound = samples[max(0, low - 1) : high].astype(np.float64)
    emphasised = sound[1:] - _PRE_EMPHASIS * sound[:-1]
    sound = emphasised if low else np.append(sound[:1], emphasised)
    # Reflection needs more than half a window of sound.
    mode: Literal["reflect", "constant"] = "reflect" if len(samples) > WINDOW // 2 else "constant"
    left = max(0, -first)
    padded = np.pad(sound, (left, max(0, last - high)), mode=mode)[first - low + left :]
    return np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]


def _decibels(windows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(columns, WINDOW) samples to (columns, BANDS) decibels."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    magnitudes = np.abs(np.fft.rfft(windows * hann, axis=1))
    bands = magnitudes @ _filters().T
    return np.asarray(20 * np.log10(np.maximum(1e-5, bands)) - _REFERENCE_DB)


@cache
def _filters() -> npt.NDArray[np.float64]:
    """Slaney's mel triangles, each of area one: (BANDS, WINDOW // 2 + 1)."""
    edges = _to_hertz(np.linspace(_to_mel(_LOWEST_HZ), _to_mel(_HIGHEST_HZ), BANDS + 2))
    bins = np.linspace(0, SAMPLE_RATE / 2, WINDOW // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    area = 2 / (edges[2:] - edges[:-2])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * area[:, None])


# Slaney's scale: linear up to 1 kHz, logarithmic above.
_KNEE_HZ, _KNEE_MEL = 1000.0, 15.0
_STEP = np.log(6.4) / 27.0


def _to_mel(hertz: float) -> float:
    if hertz < _KNEE_HZ:
        return hertz * 3 / 200
    return float(_KNEE_MEL + np.log(hertz / _KNEE_HZ) / _STEP)


def _to_hertz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mels < _KNEE_MEL, mels * 200 / 3, _KNEE_HZ * np.exp(_STEP * (mels - _KNEE_MEL)))
