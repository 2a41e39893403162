"""The model that listens: the same however it is fed, closed in silence, right about new voices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from lipsync.audio.features import SAMPLE_RATE
from lipsync.audio.mouth import LOOK_AHEAD_SECONDS, MouthModel, mouth_track, speech_mouth
from lipsync.audio.network import WEIGHTS
from lipsync.audio.phonetics import track_from_phones
from lipsync.audio.resample import Resampler
from lipsync.audio.shape import MouthShape
from lipsync.speech.espeak_process import ESPEAK
from lipsync.speech.synthesize import synthesize, synthesize_to_file
from lipsync.speech.training import augment
from lipsync.speech.training.corpus import Speech
from lipsync.speech.training.report import (
    MouthReport,
    correlation,
    held_out_speech,
    measure_loudness,
    measure_model,
)

FloatArray = npt.NDArray[np.float32]
RATES = [23.976, 25, 29.97, 30, 50, 60]


@pytest.fixture(scope="module")
def speech() -> FloatArray:
    """4 s of speech at 22050 Hz."""
    return synthesize("Paper moves the baby. We have five more, maybe.", "en-us").samples


@pytest.fixture(scope="module")
def unheard() -> list[Speech]:
    """Utterances of voices and languages that the model was not trained on."""
    return list(held_out_speech(ESPEAK, clips=12, seed=11))


@pytest.fixture(scope="module")
def report(unheard: list[Speech]) -> MouthReport:
    return measure_model(unheard)


def shapes_of(samples: FloatArray, sample_rate: int, fps: float, piece: int) -> list[MouthShape]:
    model = MouthModel(sample_rate, fps)
    frames = []
    for start in range(0, len(samples), piece):
        frames += model.push(samples[start : start + piece])
    return frames + model.flush()


@pytest.mark.parametrize("fps", RATES)
def test_pieces_do_not_matter(speech: FloatArray, fps: float) -> None:
    whole = shapes_of(speech, 22050, fps, len(speech))
    assert shapes_of(speech, 22050, fps, 220) == whole
    assert len(whole) == int(np.ceil(len(speech) / 22050 * fps))


@pytest.mark.parametrize("sample_rate", [8000, 11025, 16000, 22254, 24000, 44100, 48000])
def test_pieces_do_not_matter_at_any_sample_rate(speech: FloatArray, sample_rate: int) -> None:
    samples = np.concatenate(Resampler(22050, sample_rate, 100).push(speech[:40000]))
    whole = shapes_of(samples, sample_rate, 25, len(samples))
    assert shapes_of(samples, sample_rate, 25, sample_rate // 100) == whole
    assert shapes_of(samples, sample_rate, 25, 97) == whole
    reference = mouth_track(speech[:40000], 22050, 25).openness
    same = min(len(reference), len(whole))
    openness = np.array([shape.openness for shape in whole[:same]])
    assert np.corrcoef(openness, reference[:same])[0, 1] > (0.8 if sample_rate < 12000 else 0.97)


@pytest.mark.parametrize("sample_rate", [8000, 16000, 22050, 48000])
@pytest.mark.parametrize("fps", RATES)
def test_a_frame_waits_no_longer_than_the_look_ahead(sample_rate: int, fps: float) -> None:
    assert LOOK_AHEAD_SECONDS <= 0.08
    model = MouthModel(sample_rate, fps)
    samples = np.zeros(sample_rate // 200, np.float32)
    frames = 0
    for step in range(1, 200):
        frames += len(model.push(samples))
        heard = step * len(samples) / sample_rate
        assert frames >= np.floor((heard - LOOK_AHEAD_SECONDS) * fps) + 1 - (heard < LOOK_AHEAD_SECONDS)


def test_a_change_of_sound_reaches_no_further_back_than_the_look_ahead(speech: FloatArray) -> None:
    cut = 40000
    other = speech.copy()
    other[cut:] = np.random.default_rng(0).normal(0, 0.2, len(other) - cut)
    settled = int((cut / 22050 - LOOK_AHEAD_SECONDS) * 25)
    assert shapes_of(speech, 22050, 25, 4410)[:settled] == shapes_of(other, 22050, 25, 4410)[:settled]


def steady_sounds() -> dict[str, FloatArray]:
    random = np.random.default_rng(3)
    count = 16000 * 6
    times = np.arange(count) / 16000
    clicks = np.zeros(count)
    clicks[random.integers(0, count, 8)] = 0.5
    pink = np.fft.irfft(
        np.fft.rfft(random.standard_normal(count)) / np.sqrt(np.maximum(np.arange(count // 2 + 1), 1))
    )
    sounds = {
        "silence": np.zeros(count),
        "dither": random.normal(0, 3e-5, count),
        "quiet noise": random.normal(0, 0.003, count),
        "loud noise": random.normal(0, 0.1, count),
        "pink noise": 0.05 * pink / pink.std(),
        "mains hum": 0.05 * sum(np.sin(2 * np.pi * 50 * k * times) / k for k in (1, 2, 3, 5)),
        "tone": 0.1 * np.sin(2 * np.pi * 440 * times),
        "clicks": clicks,
        "music": 0.1 * augment.music(count, random),
        "breaths": 0.01 * augment.breaths(count, random),
    }
    return {name: sound.astype(np.float32) for name, sound in sounds.items()}


@pytest.mark.parametrize("name", steady_sounds())
def test_without_speech_the_mouth_is_closed(name: str) -> None:
    track = mouth_track(steady_sounds()[name], 16000, 25)
    share = 1.0 if name in {"silence", "dither"} else 0.9
    assert (track.openness < 0.02).mean() >= share
    assert track.openness.max() < 0.35


def test_silence_after_speech_is_exactly_closed(speech: FloatArray) -> None:
    samples = np.concatenate([speech, np.zeros(22050, np.float32)])
    track = mouth_track(samples, 22050, 25)
    assert all(track[frame] == MouthShape() for frame in range(len(track) - 20, len(track)))


def test_speech_opens_the_mouth_at_any_level(speech: FloatArray) -> None:
    plain = mouth_track(speech, 22050, 25).openness
    assert plain.max() > 0.6
    for gain in (0.05, 0.3, 3.0):
        other = mouth_track(np.clip(speech * gain, -1, 1), 22050, 25).openness
        assert np.corrcoef(plain, other)[0, 1] > 0.85


@pytest.mark.parametrize("word", ["Eye.", "I.", "All.", "Our.", "Ah."])
@pytest.mark.parametrize("voice", ["en-us", "en-gb-scotland"])
def test_a_word_between_pauses_opens_the_mouth(word: str, voice: str) -> None:
    said = synthesize(word, voice)
    loud = np.flatnonzero(np.abs(said.samples) > 0.02)
    alone = said.samples[loud[0] : loud[-1]]
    pause = np.zeros(said.sample_rate // 2, np.float32)
    sound = np.concatenate([pause, alone, pause, alone, pause])
    open_frames = mouth_track(sound, said.sample_rate, 25).openness > 0.25
    spans = [len(pause), 2 * len(pause) + len(alone)]
    for start in spans:
        first, last = (round(at / said.sample_rate * 25) for at in (start, start + len(alone)))
        assert open_frames[first - 1 : last + 1].sum() >= 2, "it is said with an open mouth"


def test_closures_are_whole_or_none(speech: FloatArray) -> None:
    track = mouth_track(speech, 22050, 25)
    assert set(np.unique(track.closure)) == {0.0, 1.0}
    assert (track.openness[track.closure == 1] == 0).all()
    assert (track.closure == 1).sum() >= 4


def test_voices_never_heard_are_followed_better_than_loudness_does(
    report: MouthReport, unheard: list[Speech]
) -> None:
    figures, loudness = report.figures(), measure_loudness(unheard).figures()
    assert figures["openness"] > 0.7
    assert figures["openness"] > loudness["openness"] + 0.1
    assert figures["lag in frames"] == 0
    assert figures["closed in silence"] >= 0.98
    assert figures["bilabials hit"] > max(0.65, loudness["bilabials hit"])
    assert figures["falsely shut"] < 0.08


def test_lips_spread_and_round_with_voices_never_heard(unheard: list[Speech]) -> None:
    widths, roundings = [], []
    for speech in unheard:
        track = mouth_track(speech.samples, SAMPLE_RATE, 25)
        target = track_from_phones(speech.phones, 25, len(track))
        widths.append(correlation(track.width, target.width))
        roundings.append(correlation(track.rounding, target.rounding))
    assert np.mean(widths) > 0.7
    assert np.mean(roundings) > 0.6


def test_known_phones_lead_over_the_model() -> None:
    spoken = synthesize("My mother made me some jam.", "en-us")
    track = mouth_track(spoken.samples, spoken.sample_rate, 25, spoken.phones)
    assert (track.closure == 1).sum() >= 5


def test_broken_samples_do_no_harm(speech: FloatArray) -> None:
    broken = speech.copy()
    broken[1000:1100] = np.nan
    broken[2000] = np.inf
    track = mouth_track(broken, 22050, 25)
    assert np.isfinite(track.openness).all()
    assert np.isnan(broken[1050])
    assert np.corrcoef(track.openness[10:], mouth_track(speech, 22050, 25).openness[10:])[0, 1] > 0.9


def test_files_stream_to_the_same_mouth(tmp_path: Path, speech: FloatArray) -> None:
    path = tmp_path / "speech.wav"
    phones = synthesize_to_file(path, "Paper moves the baby.", "en-us")
    seconds = phones[-1].end_seconds
    heard = speech_mouth(path, 25)
    assert abs(len(heard) - seconds * 25) <= 1
    assert len(speech_mouth(path, 25, frame_count=200)) == 200
    assert speech_mouth(path, 25, frame_count=200)[199] == MouthShape()
    assert len(speech_mouth(path, 25, frame_count=10)) == 10
    led = speech_mouth(path, 25, phones=phones)
    assert np.corrcoef(led.openness, heard.openness[: len(led)])[0, 1] > 0.6


def test_impossible_rates_are_refused() -> None:
    for sample_rate, fps in ((0, 25), (16000, 0), (16000, float("nan"))):
        with pytest.raises(ValueError, match="is not"):
            MouthModel(sample_rate, fps)


def test_the_weights_are_small_and_plain() -> None:
    assert WEIGHTS.stat().st_size < 1_000_000
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        assert all(arrays[name].dtype == np.float16 for name in arrays.files)
