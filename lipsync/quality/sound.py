"""Is the sound as good as the recording it came from? Loudness, clipping, and noise against the source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lipsync.audio.levels import dbfs, window_dbfs
from lipsync.audio.load import load_audio
from lipsync.audio.shape import FloatArray
from lipsync.quality.scale import Scale

RATE = 16_000
SECONDS = 60.0
"""Of the sound that is looked at; more says nothing new."""
FULL_SCALE = 0.999
WINDOW = RATE // 20
SEARCH = RATE // 5
"""Samples by which the result's sound may be shifted against the source: codecs and cuts delay it."""
BLOCK = RATE * 4

SNR = Scale((0, 0.0), (5, 0.5), (10, 0.75), (15, 0.88), (20, 0.95), (30, 1.0))
"""dB by which the source stands above what was added to it. AAC at 128 kbit/s is near 25."""
LEVEL_CHANGE = Scale((0, 1.0), (1.5, 1.0), (6, 0.85), (12, 0.6), (30, 0.0))
"""dB between the loudness of the result and of the source."""
LOUDNESS = Scale((-60, 0.0), (-45, 0.5), (-33, 0.85), (-27, 1.0), (-9, 1.0), (-3, 0.8), (0, 0.6))
"""dBFS of speech that is pleasant to listen to, where there is no source to go by."""
CLIPPING = Scale((0, 1.0), (1e-4, 1.0), (1e-3, 0.9), (1e-2, 0.6), (1e-1, 0.1), (1, 0.0))
"""Share of samples that touch full scale."""
NOISE = Scale((3, 0.2), (10, 0.6), (20, 0.85), (30, 0.97), (40, 1.0))
"""dB from the quiet parts up to the speech."""


@dataclass(frozen=True)
class SoundFacts:
    """What was measured. ``snr_db`` and ``level_change_db`` are None without a source."""

    loudness_dbfs: float
    clipped_share: float
    range_db: float
    snr_db: float | None = None
    level_change_db: float | None = None

    @property
    def score(self) -> float:
        """0..1. A source that was bad already is not held against its result."""
        if self.snr_db is not None and self.level_change_db is not None:
            return SNR.at(self.snr_db) * LEVEL_CHANGE.at(abs(self.level_change_db))
        return min(LOUDNESS.at(self.loudness_dbfs), CLIPPING.at(self.clipped_share), NOISE.at(self.range_db))


def measure_sound(path: Path, source_path: Path | None = None) -> SoundFacts:
    """The first minute of the sound of ``path``, against that of ``source_path`` where given.

    Raises MediaError for a file without sound that can be read.
    """
    sound = load_audio(path, RATE, SECONDS)
    levels = window_dbfs(sound, WINDOW)
    loud = float(np.percentile(levels, 90)) if len(levels) else -120.0
    quiet = float(np.percentile(levels, 10)) if len(levels) else -120.0
    clipped = float(np.mean(np.abs(sound) >= FULL_SCALE)) if len(sound) else 0.0
    if source_path is None:
        return SoundFacts(loud, clipped, loud - max(quiet, -90.0))
    source = load_audio(source_path, RATE, SECONDS)
    snr, change = _against(sound, source)
    return SoundFacts(loud, clipped, loud - max(quiet, -90.0), snr, change)


def _against(sound: FloatArray, source: FloatArray) -> tuple[float, float]:
    """(dB of the source over what differs from it, dB of change in loudness)."""
    lag = _lag(sound, source)
    shifted = sound[max(lag, 0) :]
    wanted = source[max(-lag, 0) :]
    count = min(len(shifted), len(wanted))
    if count < RATE // 4:
        return 0.0, 0.0
    x, y = wanted[:count].astype(np.float64), shifted[:count].astype(np.float64)
    gain = float(x @ y) / max(float(x @ x), 1e-12)
    rest = float(((y - gain * x) ** 2).sum())
    power = gain**2 * float(x @ x)
    snr = 10 * math.log10(max(power, 1e-12) / max(rest, 1e-12))
    return min(max(snr, -20.0), 60.0), dbfs(y.astype(np.float32)) - dbfs(x.astype(np.float32))


def _lag(sound: FloatArray, source: FloatArray) -> int:
    """Samples by which ``sound`` comes after ``source``, within SEARCH either way."""
    count = min(len(sound), len(source), BLOCK)
    size = 1 << (2 * count + SEARCH).bit_length()
    spectrum = np.fft.rfft(sound[:count], size) * np.conj(np.fft.rfft(source[:count], size))
    likeness = np.fft.irfft(spectrum, size)
    around = np.concatenate([likeness[-SEARCH:], likeness[: SEARCH + 1]])
    return int(np.argmax(around)) - SEARCH
