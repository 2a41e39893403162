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
    """Log-mel spectrum of a stream, hop by hop. Hop h is centred on (h + HOP_OFFSET) * HOP_SECONDS."""

    def __init__(self) -> None:
        self._filters = mel_filters()
        self._window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
        # After b blocks the last WINDOW samples are centred on b * HOP - WINDOW / 2, so b = 2 gives hop 0.
        self._held = np.zeros(WINDOW - 2 * HOP, np.float32)

    def push(self, samples: FloatArray) -> FloatArray:
        """Take whole blocks of HOP samples; return the hops they complete: log power, nats, (hops, BANDS)."""
        held = np.concatenate([self._held, samples])
        count = max((len(held) - WINDOW) // HOP + 1, 0)
        self._held = held[count * HOP :]
        if not count:
            return np.zeros((0, BANDS), np.float32)
        windows = np.empty((count, WINDOW), np.float32)
        for hop, row in enumerate(windows):
            np.multiply(held[hop * HOP : hop * HOP + WINDOW], self._window, out=row)
        spectrum = np.fft.rfft(windows, TRANSFORM)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        return np.asarray(np.log(power @ self._filters + np.float32(1e-9)), np.float32)


class Normaliser:
    """Sets the spectrum against the voice and room heard so far: causal, and with nothing to wait for."""

    def __init__(self) -> None:
        self._peak = PEAK_FLOOR
        # The mean spectrum of speech falls by about 3 nats from low to high bands.
        self._mean = (PEAK_FLOOR - 2 - np.linspace(0, 3, BANDS)).astype(np.float32)
        self._count = 0
        self._has_started = False

    def push(self, spectra: FloatArray) -> FloatArray:
        """``spectra`` of LogMel, shape (hops, BANDS), as about -4..3: 0 is the voice's own average."""
        heard = np.empty(spectra.shape, np.float32)
        for spectrum, top, row in zip(spectra, spectra.max(axis=1).tolist(), heard, strict=True):
            self._peak = max(self._peak - PEAK_FALL, top, PEAK_FLOOR)
            np.maximum(spectrum, np.float32(self._peak - DYNAMIC_RANGE), out=row)
            if top > self._peak - MEAN_RANGE:
                if not self._has_started:
                    # The first loud sound sets the level at once; the shape is learnt from what follows.
                    self._mean += np.float32(self._peak - 2.5 - self._mean[0])
                    self._has_started = True
                self._count += 1
                share = np.float32(max(HOP_SECONDS / MEAN_SECONDS, 1 / (self._count + 30)))
                self._mean += share * (row - self._mean)
            row -= self._mean
        heard /= np.float32(SCALE)
        return heard
