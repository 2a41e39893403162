"""How loud sound is: levels, silence, and the outline a waveform is drawn from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lipsync.audio.load import stream_audio

FloatArray = npt.NDArray[np.float32]

SILENCE_DBFS = -60.0
"""Louder than the noise floor of a quiet room recorded by a phone's microphone with its gain off."""
WINDOW_SECONDS = 0.05
PEAKS_RATE = 8_000
_SQUARED_AT_ONCE = 1 << 18  # samples: windows that overlap hold far more than the sound


def rms(samples: FloatArray) -> float:
    """Root mean square of samples, 0..1; 0 for no samples."""
    if len(samples) == 0:
        return 0.0
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def dbfs(samples: FloatArray) -> float:
    """Level in decibels below full scale: 0 for a full-scale square wave, -inf for digital silence."""
    level = rms(samples)
    return 20.0 * float(np.log10(level)) if level > 0 else float("-inf")


def window_dbfs(samples: FloatArray, window: int, step: int | None = None) -> FloatArray:
    """(n,) levels of windows of so many samples, one every ``step``, in dBFS; -120 for digital silence."""
    if len(samples) < window:
        return np.zeros(0, np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(samples, window)[:: step or window]
    power = np.empty(len(windows))
    at_once = max(1, _SQUARED_AT_ONCE // window)
    for start in range(0, len(windows), at_once):
        block = slice(start, start + at_once)
        power[block] = np.square(windows[block], dtype=np.float64).mean(axis=1)
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-12)), np.float32)


def is_silent(stream: Iterable[FloatArray], sample_rate: int = 16_000) -> bool:
    """Whether no 50 ms of the sound rises above -60 dBFS. Reads to the end of ``stream``."""
    window = max(1, int(sample_rate * WINDOW_SECONDS))
    loudest = 0.0
    rest = np.zeros(0, np.float32)
    for block in stream:
        samples = np.concatenate((rest, block))
        whole = len(samples) // window * window
        rest = samples[whole:]
        if whole:
            power = np.square(samples[:whole].reshape(-1, window), dtype=np.float64).mean(axis=1)
            loudest = max(loudest, float(power.max()))
    if len(rest):
        loudest = max(loudest, rms(rest) ** 2)
    return bool(loudest < 10.0 ** (SILENCE_DBFS / 10.0))


def waveform_peaks(path: Path, count: int = 200) -> list[float]:
    """``count`` peaks of equal spans of the sound at ``path``, each 0..1, for drawing its outline.

    Memory does not grow with the length: spans double whenever they run over. Raises MediaError.
    """
    slots = np.zeros(count * 8, np.float32)
    span = 64
    filled = 0
    rest = np.zeros(0, np.float32)
    for block in stream_audio(path, PEAKS_RATE):
        samples = np.concatenate((rest, np.abs(block)))
        while len(samples) >= span:
            if filled == len(slots):
                slots[: filled // 2] = slots[:filled].reshape(-1, 2).max(axis=1)
                slots[filled // 2 :] = 0
                filled //= 2
                span *= 2
                continue
            taken = min(len(samples) // span, len(slots) - filled)
            slots[filled : filled + taken] = samples[: taken * span].reshape(-1, span).max(axis=1)
            filled += taken
            samples = samples[taken * span :]
        rest = samples
    peaks = slots[:filled]
    if len(rest):
        peaks = np.append(peaks, rest.max())
    return _spread(peaks, count)


def _spread(peaks: FloatArray, count: int) -> list[float]:
    """The largest of the peaks that fall into each of ``count`` equal parts."""
    if len(peaks) == 0:
        return [0.0] * count
    edges = np.linspace(0, len(peaks), count + 1)
    spans = [
        (int(low), max(int(low) + 1, int(np.ceil(high)))) for low, high in zip(edges, edges[1:], strict=False)
    ]
    return [round(min(1.0, float(peaks[low:high].max())), 4) for low, high in spans]
