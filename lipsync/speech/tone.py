"""The last touch on a synthetic voice: less edge, even loudness, no clipping."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

CUTOFF_HZ = 6500.0
TAPS = 33
TARGET_RMS = 0.1  # -20 dB full scale over the sounding parts
GATE = 0.01
LARGEST_GAIN = 6.0
KNEE = 0.7


@cache
def _low_pass(sample_rate: int) -> FloatArray:
    """A linear-phase low-pass, shape (TAPS,): formant synthesis hisses above the speech band."""
    offsets = np.arange(TAPS) - TAPS // 2
    kernel = np.sinc(2 * CUTOFF_HZ / sample_rate * offsets) * np.hamming(TAPS)
    return np.asarray(kernel / kernel.sum(), np.float32)


def soften(samples: FloatArray, sample_rate: int) -> FloatArray:
    """``samples``, shape (n,), with the highest band turned down by half; not shifted in time."""
    if len(samples) < TAPS:
        return samples
    smooth = np.convolve(samples, _low_pass(sample_rate), mode="same").astype(np.float32)
    return (0.3 * samples + 0.7 * smooth).astype(np.float32)


class Loudness:
    """One gain for a whole speech, settled by what was heard so far, so that sentences keep their balance."""

    def __init__(self) -> None:
        self._energy = 0.0
        self._count = 0

    def apply(self, samples: FloatArray) -> FloatArray:
        """``samples``, shape (n,), at about -20 dB RMS; peaks are bent below 1, never cut."""
        active = samples[np.abs(samples) > GATE].astype(np.float64)
        self._energy += float(np.sum(active**2))
        self._count += len(active)
        if not self._count:
            return samples
        rms = (self._energy / self._count) ** 0.5
        scaled = samples * min(TARGET_RMS / rms, LARGEST_GAIN)
        over = np.abs(scaled) > KNEE
        bent = KNEE + (1 - KNEE) * np.tanh((np.abs(scaled) - KNEE) / (1 - KNEE))
        return np.asarray(np.where(over, np.sign(scaled) * bent, scaled), np.float32)
