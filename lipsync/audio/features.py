"""What the mouth model hears: a log-mel spectrum relative to the voice's own, every 10 ms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

SAMPLE_RATE = 16000
HOP = 160
WINDOW = 400
TRANSFORM = 512
BANDS = 40
HOP_SECONDS = HOP / SAMPLE_RATE
HOP_OFFSET = 2 - WINDOW / 2 / HOP
LOWEST_HZ, HIGHEST_HZ = 70.0, 7400.0

DYNAMIC_RANGE = 9.0  # nats below the recent peak; what is quieter is room noise
MEAN_RANGE = 6.0
MEAN_SECONDS = 2.0
PEAK_FALL = 0.6 * HOP_SECONDS  # nats per hop
PEAK_FLOOR = -4.5
"""Nats; about speech at -50 dB full scale. Quieter sound is never turned up to look like speech."""
SCALE = 2.0


def mel_filters() -> FloatArray:
    """Triangular filters from power bins to bands, shape (TRANSFORM // 2 + 1, BANDS)."""

    def to_mel(hertz: float) -> float:
        return float(2595 * np.log10(1 + hertz / 700))

    mels = np.linspace(to_mel(LOWEST_HZ), to_mel(HIGHEST_HZ), BANDS + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    bins = np.arange(TRANSFORM // 2 + 1) * SAMPLE_RATE / TRANSFORM
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


class LogMel:
    """Hop by hop log-mel spectrum. Hop h is centred on (h + HOP_OFFSET) * HOP_SECONDS."""

    def __init__(self) -> None:
        self._filters = mel_filters()
        self._window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
        self._history = np.zeros(WINDOW, np.float32)
        self._blocks = 0

    def push(self, block: FloatArray) -> FloatArray | None:
        """Take HOP samples; return the next hop's log power, shape (BANDS,), nats; None before the first."""
        self._history = np.concatenate([self._history[HOP:], block])
        self._blocks += 1
        # After b blocks the last WINDOW samples are centred on b * HOP - WINDOW / 2, so b = 2 gives hop 0.
        if self._blocks < 2:
            return None
        spectrum = np.fft.rfft(self._history * self._window, TRANSFORM)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        return np.asarray(np.log(power @ self._filters + 1e-9), np.float32)


class Normaliser:
    """Sets the spectrum against the voice and room heard so far: causal, and with nothing to wait for."""

    def __init__(self) -> None:
        self._peak = PEAK_FLOOR
        # The mean spectrum of speech falls by about 3 nats from low to high bands.
        self._mean = (PEAK_FLOOR - 2 - np.linspace(0, 3, BANDS)).astype(np.float32)
        self._count = 0
        self._has_started = False

    def push(self, spectrum: FloatArray) -> FloatArray:
        """``spectrum`` of LogMel, shape (BANDS,), as about -4..3: 0 is the voice's own average."""
        top = float(spectrum.max())
        self._peak = max(self._peak - PEAK_FALL, top, PEAK_FLOOR)
        floored = np.maximum(spectrum, np.float32(self._peak - DYNAMIC_RANGE))
        if top > self._peak - MEAN_RANGE:
            if not self._has_started:
                # The first loud sound sets the level at once; the shape is learnt from what follows.
                self._mean += np.float32(self._peak - 2.5 - self._mean[0])
                self._has_started = True
            self._count += 1
            share = np.float32(max(HOP_SECONDS / MEAN_SECONDS, 1 / (self._count + 30)))
            self._mean += share * (floored - self._mean)
        return ((floored - self._mean) / np.float32(SCALE)).astype(np.float32)
