"""A mouth led by known phones does what lips do."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync.audio.phones import Phone
from lipsync.audio.phonetics import LEAD_SECONDS, MAX_SPEED, segment_phones, track_from_phones
from lipsync.audio.shape import MouthShape, MouthTrack
from lipsync.speech.synthesize import synthesize, synthesize_sample

RATES = [23.976, 24, 25, 29.97, 30, 50, 60]


def spoken(*sounds: str, seconds: float = 0.1, pause: float = 0.3) -> list[Phone]:
    phones = [Phone("", 0.0, pause)]
    for sound in sounds:
        phones.append(Phone(sound, phones[-1].end_seconds, phones[-1].end_seconds + seconds))
    return [*phones, Phone("", phones[-1].end_seconds, phones[-1].end_seconds + pause)]


def track_of_sounds(*sounds: str, fps: float = 100.0, seconds: float = 0.1) -> tuple[MouthTrack, list[Phone]]:
    phones = spoken(*sounds, seconds=seconds)
    return track_from_phones(phones, fps, round(phones[-1].end_seconds * fps)), phones


def at_middle(track: MouthTrack, phone: Phone) -> MouthShape:
    middle = (phone.start_seconds + phone.end_seconds) / 2 - LEAD_SECONDS
    return track[round(middle * track.fps)]


def test_vowels_take_their_shapes() -> None:
    track, phones = track_of_sounds("ˈɑː", "ˈiː", "ˈuː", seconds=0.25)
    a, i, u = (at_middle(track, phone) for phone in phones[1:4])
    assert a.openness > 0.9
    assert 0.2 < i.openness < 0.45
    assert i.width > 0.85
    assert u.rounding > 0.8
    assert u.width < 0.1
    assert a.rounding < 0.1


def test_lips_round_before_the_vowel() -> None:
    track, phones = track_of_sounds("s", "t", "ˈuː")
    before = int((phones[3].start_seconds - LEAD_SECONDS - 0.05) * track.fps)
    assert track.rounding[before] > 0.3


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("seconds", [0.03, 0.06, 0.12])
@pytest.mark.parametrize("sound", ["p", "b", "m"])
def test_bilabials_close_fully_and_briefly(fps: float, seconds: float, sound: str) -> None:
    phones = [Phone("", 0, 0.3), Phone("ˈɑː", 0.3, 0.5), Phone(sound, 0.5, 0.5 + seconds)]
    phones += [Phone("ˈɑː", 0.5 + seconds, 0.8), Phone("", 0.8, 1.2)]
    track = track_from_phones(phones, fps, round(1.2 * fps))
    first, last = round((0.4 - LEAD_SECONDS) * fps), round((0.7 - LEAD_SECONDS) * fps)
    shut = np.flatnonzero(track.closure[first:last] == 1)
    assert 1 <= len(shut) <= seconds * fps + 1
    assert (track.openness[first:last][shut] == 0).all()
    assert track.openness[first : last + 1].max() > 0.4


@pytest.mark.parametrize("fps", RATES)
def test_labiodentals_bring_the_lip_to_the_teeth(fps: float) -> None:
    phones = spoken("ˈɑː", "v", "ˈiː", "f", "ˈoʊ", seconds=0.08)
    track = track_from_phones(phones, fps, round(phones[-1].end_seconds * fps))
    for index in (2, 4):
        middle = (phones[index].start_seconds + phones[index].end_seconds) / 2 - LEAD_SECONDS
        near = slice(int(middle * fps), int(middle * fps) + 2)
        assert track.teeth[near].max() >= 0.85
        assert track.openness[near].min() <= 0.12
        assert track.closure[near].max() == 0


@pytest.mark.parametrize("fps", RATES)
def test_pauses_close_the_mouth(fps: float) -> None:
    speech = synthesize("What a day! We go to the park, and then we eat. Yeah.", "en-us")
    count = round(len(speech.samples) / speech.sample_rate * fps)
    track = track_from_phones(speech.phones, fps, count)
    times = np.arange(count) / fps
    for phone in speech.phones:
        if not phone.ipa and phone.end_seconds - phone.start_seconds > 0.25:
            deep = (times > phone.start_seconds + 0.12) & (times < phone.end_seconds - 0.16)
            assert (track.openness[deep] < 0.02).all()
    assert track[count - 1] == MouthShape()


def test_silent_frames_are_closed_almost_all() -> None:
    speech = synthesize("First, listen. Then speak. It is easy, isn't it? Very good.", "en-us")
    count = round(len(speech.samples) / speech.sample_rate * 25)
    track = track_from_phones(speech.phones, 25, count)
    pauses = [p for p in speech.phones if not p.ipa and p.end_seconds - p.start_seconds > 0.2]
    times = np.arange(count) / 25
    silent = np.any(
        [(times >= p.start_seconds + 0.04) & (times < p.end_seconds - 0.1) for p in pauses], axis=0
    )
    assert silent.sum() > 15
    assert (track.openness[silent] < 0.05).mean() >= 0.98


@pytest.mark.parametrize("fps", RATES)
def test_lips_are_no_faster_than_lips(fps: float) -> None:
    speech = synthesize("Bab, pap, mama, papaya, wow, above a bayou.", "en-us", 1.4)
    track = track_from_phones(speech.phones, fps, round(len(speech.samples) / speech.sample_rate * fps))
    assert np.abs(np.diff(track.openness)).max() <= MAX_SPEED / fps + 0.021


def test_frames_lie_on_one_clock_at_any_rate() -> None:
    speech = synthesize("The same mouth at every frame rate.", "en-us")
    seconds = len(speech.samples) / speech.sample_rate
    fine = track_from_phones(speech.phones, 100, round(seconds * 100))
    coarse = track_from_phones(speech.phones, 25, round(seconds * 25))
    same = fine.width[::4][: len(coarse)]
    assert np.abs(same - coarse.width[: len(same)]).max() < 1e-4


@pytest.mark.parametrize("voice", ["en-us", "de", "fr", "hi", "ar", "cmn", "ja", "vi", "ru", "am", "th"])
def test_every_language_moves_the_mouth(voice: str) -> None:
    speech = synthesize_sample(voice)
    track = track_from_phones(speech.phones, 25, round(len(speech.samples) / speech.sample_rate * 25))
    assert track.openness.max() > 0.4
    for name in MouthShape._fields:
        values = getattr(track, name)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        assert 0 <= values.min() <= values.max() <= 1


def test_diacritics_and_unknown_sounds_are_handled() -> None:
    segments = segment_phones(spoken("ˈaɪ", "tʲ", "kʷ", "ɔ̃ː", "t͡ʃ", "☃", "ʲ", "5"))
    sounds = [segment.sound for segment in segments if segment.sound]
    assert sounds[:7] == ["a", "ɪ", "t", "k", "ɔ", "t", "ʃ"]
    assert next(s for s in segments if s.sound == "k").shape[2] == pytest.approx(0.7)


def test_nothing_said_is_a_closed_mouth() -> None:
    assert track_from_phones([], 25, 10)[5] == MouthShape()
    assert len(track_from_phones([], 25, 0)) == 0
    assert not track_from_phones([Phone("", 0, 2)], 25, 50).openness.any()
