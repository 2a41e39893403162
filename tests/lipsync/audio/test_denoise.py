"""Noise goes, the voice stays, and nothing moves in time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lipsync.audio import denoise
from lipsync.audio.denoise import RATE, Denoiser, DenoiserMissing, can_denoise, denoise_file, denoised
from lipsync.audio.load import FloatArray, load_audio, save_wav
from lipsync.speech.synthesize import synthesize
from lipsync.video.errors import MediaError

SNR_DB = 12.0
STEP = RATE // 100


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> FloatArray:
    """Six seconds of speech at 48 kHz, the first and the last of them silent."""
    said = synthesize("Papa bought a big blue boat, and we all went out to sea.", "en-us")
    path = tmp_path_factory.mktemp("voice") / "said.wav"
    save_wav(path, said.samples, said.sample_rate)
    sound = load_audio(path, RATE)[: 4 * RATE]
    return np.concatenate([np.zeros(RATE, np.float32), sound, np.zeros(6 * RATE, np.float32)])[: 6 * RATE]


def pink(count: int) -> FloatArray:
    spectrum = np.fft.rfft(np.random.default_rng(3).standard_normal(count))
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 40.0)
    noise = np.fft.irfft(spectrum / np.sqrt(hertz), count)
    return np.asarray(noise / noise.std(), np.float32)


@pytest.fixture(scope="module")
def noisy(voice: FloatArray) -> FloatArray:
    return voice + pink(len(voice)) * voice.std() * np.float32(10 ** (-SNR_DB / 20))


def cleaned(sound: FloatArray, block: int = 4800) -> FloatArray:
    return np.concatenate(list(denoised(sound[at : at + block] for at in range(0, len(sound), block))))


def power_db(sound: FloatArray) -> float:
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-12))


def loud_parts(voice: FloatArray) -> np.ndarray:
    steps = voice[: len(voice) // STEP * STEP].reshape(-1, STEP)
    return np.repeat((steps**2).mean(1) > 1e-4, STEP)


def test_noise_goes_and_the_voice_stays(voice: FloatArray, noisy: FloatArray) -> None:
    clean = cleaned(noisy)
    assert len(clean) == len(noisy)
    before, after = noisy[: RATE // 2], clean[: RATE // 2]
    assert power_db(before) - power_db(after) > 12
    loud = loud_parts(voice)
    assert power_db(clean[: len(loud)][loud]) == pytest.approx(power_db(voice[: len(loud)][loud]), abs=1.5)
    wrong = np.sum((clean - voice) ** 2) / np.sum((noisy - voice) ** 2)
    assert wrong < 1.0


def test_nothing_moves_in_time(voice: FloatArray, noisy: FloatArray) -> None:
    clean = cleaned(noisy)
    span = slice(RATE, 3 * RATE)
    lags = range(-1500, 1501, 10)
    fits = [float(np.dot(voice[span], clean[span.start + lag : span.stop + lag])) for lag in lags]
    assert abs(lags[int(np.argmax(fits))]) <= 20


@pytest.mark.parametrize("block", [1, 479, 1237])
def test_pieces_of_any_size_give_the_same(noisy: FloatArray, block: int) -> None:
    sound = noisy[: RATE // 4]
    np.testing.assert_array_equal(cleaned(sound, block), cleaned(sound))


def test_a_file(noisy: FloatArray, tmp_path: Path) -> None:
    source, target = tmp_path / "noisy.wav", tmp_path / "clean.wav"
    save_wav(source, noisy, RATE)
    denoise_file(source, target)
    made = load_audio(target, RATE)
    assert len(made) == len(noisy)
    assert power_db(made[: RATE // 2]) < power_db(noisy[: RATE // 2]) - 12


def test_no_sound_at_all(tmp_path: Path) -> None:
    source = tmp_path / "text.wav"
    source.write_text("hello")
    with pytest.raises(MediaError):
        denoise_file(source, tmp_path / "clean.wav")
    assert list(denoised(iter([])))[0].size == 0


def test_a_closed_one() -> None:
    denoiser = Denoiser()
    denoiser.close()
    denoiser.close()
    with pytest.raises(ValueError, match="closed"):
        denoiser.process(np.zeros(480, np.float32))


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    denoise._library.cache_clear()
    monkeypatch.setattr(denoise, "find_spec", lambda name: None)
    assert not can_denoise()
    with pytest.raises(DenoiserMissing, match="make run"):
        Denoiser()
    monkeypatch.undo()
    assert can_denoise()
