"""Sentences made to fit: faster, into the pause, compressed, and never over one another."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync.audio.loudness import RATE
from lipsync.dubbing.voice import (
    FASTEST,
    GAP_SECONDS,
    MOST_TEMPO,
    SLOWEST,
    Spoken,
    compress,
    fit,
    place,
    slots,
    speak,
)


def spoken(seconds: float) -> Spoken:
    at = np.arange(round(seconds * RATE)) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 300 * at)
    return Spoken(tone.astype(np.float32), RATE, (("one", 0.0), ("two", seconds / 2)))


def again(natural: Spoken) -> object:
    return lambda rate: spoken(natural.seconds / rate)


@pytest.mark.parametrize(
    ("seconds", "own", "room", "rate", "tempo", "over"),
    [
        (2.0, 2.0, 3.0, 1.0, 1.0, 0.0),  # as long as it was
        (1.0, 2.0, 3.0, SLOWEST, 1.0, 0.0),  # short: a little slower, then silence
        (2.2, 2.0, 3.0, 1.1, 1.0, 0.0),  # a faster voice is enough
        (3.0, 2.0, 3.0, FASTEST, 1.0, 0.0),  # and some of the pause
        (3.0, 2.0, 2.1, FASTEST, 3.0 / FASTEST / 2.1, 0.0),  # and compressed
        (4.0, 2.0, 2.1, FASTEST, MOST_TEMPO, 4.0 / FASTEST / MOST_TEMPO - 2.1),  # too long: it says so
    ],
)
def test_time_is_found_in_turn(
    seconds: float, own: float, room: float, rate: float, tempo: float, over: float
) -> None:
    natural = spoken(seconds)
    made = fit(natural, again(natural), own, room)  # type: ignore[arg-type]
    assert made.rate == pytest.approx(rate, abs=0.002)
    assert made.tempo == pytest.approx(tempo, abs=0.01)
    assert made.over == pytest.approx(over, abs=0.02)
    assert len(made.samples) / RATE == pytest.approx(seconds / made.rate / made.tempo, abs=0.01)
    assert made.words[1][1] == pytest.approx(len(made.samples) / RATE / 2, abs=0.02)


def test_compressed_speech_is_as_high_as_it_was() -> None:
    natural = spoken(2.0)
    made = compress(natural.samples, 1.25)
    assert len(made) == round(1.6 * RATE)
    spectrum = np.abs(np.fft.rfft(made[RATE // 4 : -RATE // 4] * np.hanning(len(made) - RATE // 2)))
    hertz = spectrum.argmax() * RATE / (len(made) - RATE // 2)
    assert hertz == pytest.approx(300, abs=5)


def test_sentences_are_never_on_top_of_one_another() -> None:
    lines = [{"id": str(n), "start": float(n), "end": n + 0.9} for n in range(4)]
    assert slots(lines, 10.0)[3] == (pytest.approx(0.9), 7.0)
    placed = place(lines, [0.5, 1.8, 0.3, 9.0], 6.0)
    assert [spot["at"] for spot in placed] == pytest.approx(
        [0.0, 1.0, 2.8 + GAP_SECONDS, 3.1 + 2 * GAP_SECONDS]
    )
    assert [spot["late"] > 0 for spot in placed] == [False, False, True, True]
    assert placed[3]["cut"] == pytest.approx(9.0 - (6.0 - 3.26), abs=0.01)


def test_a_voice_begins_with_its_first_word() -> None:
    said = speak("Guten Morgen. Wie geht es?", "de")
    assert [text for text, _ in said.words] == ["Guten", "Morgen.", "Wie", "geht", "es?"]
    assert said.words[0][1] == 0.0 and said.words[-1][1] < said.seconds
    begin = np.flatnonzero(np.abs(said.samples) > 0.02)[0] / said.sample_rate
    assert begin < 0.08
