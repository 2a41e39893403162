"""Pitches are found where they are, as loud as they are."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync.audio.spectrum import calculate_spectrum, spectrum_bars

RATE = 48_000


def sine(hertz: float, level: float, count: int = 4800) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(count) / RATE)


@pytest.mark.parametrize("count", [4800, 4801])
def test_a_sine_stands_at_its_pitch(count: int) -> None:
    hertz, magnitude = calculate_spectrum(sine(1000, 0.5, count), RATE)
    assert len(hertz) == len(magnitude) == count // 2 + 1
    assert hertz[magnitude.argmax()] == pytest.approx(1000, abs=10)
    assert magnitude.max() == pytest.approx(0.5, rel=0.02)
    assert hertz[-1] <= RATE / 2


def test_without_a_rate_it_is_cycles_per_sample() -> None:
    hertz, magnitude = calculate_spectrum((sine(12_000, 1.0) * 32_767).astype(np.int16))
    assert hertz[magnitude.argmax()] == pytest.approx(0.25)
    assert magnitude.max() == pytest.approx(32_767, rel=0.02)


@pytest.mark.parametrize("data", [[], np.zeros((2, 10))], ids=["nothing", "two channels"])
def test_what_is_no_piece_of_sound(data: object) -> None:
    with pytest.raises(ValueError, match="one channel"):
        calculate_spectrum(data)  # type: ignore[arg-type]


def test_bars() -> None:
    assert spectrum_bars(np.zeros(2048), RATE, 24) == [0.0] * 24
    low, high = (spectrum_bars(sine(pitch, 0.2, 2048), RATE, 24) for pitch in (200, 4000))
    assert int(np.argmax(low)) < int(np.argmax(high))
    assert all(0 <= bar <= 1 for bar in low + high) and max(high) > 0.8
    soft = spectrum_bars(sine(4000, 0.002, 2048), RATE, 24)
    assert 0 < max(soft) < max(high)
