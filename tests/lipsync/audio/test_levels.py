"""Levels are those of the samples; silence and waveforms are found block by block."""

import math

import numpy as np
import pytest

from lipsync.audio.levels import dbfs, is_silent, rms, waveform_peaks
from tests import media


def test_levels():
    assert rms(np.ones(100, np.float32)) == pytest.approx(1)
    assert dbfs(media.tone(1, 16_000, 440, level=1.0)) == pytest.approx(-3.01, abs=0.01)
    assert dbfs(np.zeros(100, np.float32)) == -math.inf
    assert rms(np.zeros(0, np.float32)) == 0


def blocks(samples: np.ndarray, size: int):
    return (samples[start : start + size] for start in range(0, len(samples), size))


@pytest.mark.parametrize("size", [1, 77, 800, 100_000])
def test_silence(size):
    quiet = np.random.default_rng(1).normal(0, 0.0003, 8_000).astype(np.float32)
    assert is_silent(blocks(quiet, size))
    spoken = quiet.copy()
    spoken[6_000:7_000] += media.tone(1 / 16, 16_000, level=0.05)
    assert not is_silent(blocks(spoken, size))
    assert is_silent(iter(()))


def test_a_word_at_the_very_end_is_heard():
    sound = np.zeros(16_010, np.float32)
    sound[-10:] = 0.5
    assert not is_silent(iter([sound]))


@pytest.mark.parametrize("seconds", [0.05, 3, 40])
def test_waveform(tmp_path, seconds):
    """A swell from nothing to full shows as rising peaks, whatever its length."""
    sound = media.tone(seconds, 16_000, 500, level=1.0) * np.linspace(0, 0.9, round(seconds * 16_000))
    path = media.write_audio(tmp_path / "swell.wav", sound.astype(np.float32), 16_000)
    peaks = waveform_peaks(path, 50)
    assert len(peaks) == 50
    assert all(0 <= peak <= 1 for peak in peaks)
    if seconds > 1:
        np.testing.assert_allclose(peaks, np.linspace(0.9 / 50, 0.9, 50), atol=0.06)


def test_waveform_of_silence(tmp_path):
    path = media.write_audio(tmp_path / "silence.wav", np.zeros(16_000, np.float32), 16_000)
    assert waveform_peaks(path, 20) == [0.0] * 20
