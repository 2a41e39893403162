"""A voice by its pitches: the spectrum of a piece of sound, and bars to look at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

LOW_HZ, HIGH_HZ = 90.0, 7600.0
"""Below and above there is little of a voice."""
FLOOR_DB, TOP_DB = -75.0, -15.0
"""dB of full scale that a bar of height 0 and of height 1 stand for."""


def calculate_spectrum(data: npt.ArrayLike, sample_rate: float = 1.0) -> tuple[Array, Array]:
    """Frequencies, in Hz or without a rate in cycles per sample, and the magnitude at each, of real samples.

    A sine of amplitude 1 has magnitude 1 at its frequency. Both are (samples // 2 + 1,). Raises ValueError
    for no samples, and for more than one channel.
    """
    samples = np.asarray(data, np.float64)
    if samples.ndim != 1 or not len(samples):
        raise ValueError(f"samples of shape {samples.shape} are not one channel of sound")
    window = np.hanning(len(samples) + 1)[:-1] if len(samples) > 1 else np.ones(1)
    magnitude = np.abs(np.fft.rfft(samples * window)) / window.sum()
    magnitude[1:] *= 2  # the other half of each sine is at the negative frequency
    hertz = np.asarray(np.fft.rfftfreq(len(samples), 1 / sample_rate), np.float64)
    return hertz, np.asarray(magnitude, np.float64)


def spectrum_bars(data: npt.ArrayLike, sample_rate: float, count: int) -> list[float]:
    """``count`` heights 0..1 from low to high: the loudest of each band, bands in equal steps of pitch."""
    hertz, magnitude = calculate_spectrum(data, sample_rate)
    edges = LOW_HZ * (HIGH_HZ / LOW_HZ) ** (np.arange(count + 1) / count)
    bars = []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        inside = magnitude[(hertz >= low) & (hertz < high)]
        # A band narrower than the steps of the spectrum takes the nearest of them.
        peak = inside.max() if len(inside) else magnitude[np.abs(hertz - low).argmin()]
        level = 20 * np.log10(peak + 1e-9)
        bars.append(float(np.clip((level - FLOOR_DB) / (TOP_DB - FLOOR_DB), 0, 1)))
    return bars
