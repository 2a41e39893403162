"""Speech says what it was given, with phones where their sounds are."""

from __future__ import annotations

import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest

from lipsync.audio.phonetics import is_vowel
from lipsync.speech.synthesize import (
    Speech,
    SpeechError,
    UnknownVoice,
    stream_speech,
    synthesize,
    synthesize_sample,
    synthesize_to_file,
)


def bare(speech: Speech) -> str:
    return "".join(phone.ipa.strip("ˈˌ") for phone in speech.phones)


def assert_covers(speech: Speech) -> None:
    """Phones follow each other without a gap from the first sample to the last."""
    assert speech.phones[0].start_seconds == 0
    for one, following in zip(speech.phones, speech.phones[1:], strict=False):
        assert one.end_seconds == following.start_seconds
        assert one.start_seconds < one.end_seconds
    assert speech.phones[-1].end_seconds == pytest.approx(len(speech.samples) / speech.sample_rate, abs=1e-9)


def level(speech: Speech, start_seconds: float, end_seconds: float) -> float:
    part = speech.samples[round(start_seconds * speech.sample_rate) : round(end_seconds * speech.sample_rate)]
    return float(np.sqrt(np.mean(part.astype(np.float64) ** 2)))


def test_a_sentence_gives_its_phones_in_order() -> None:
    speech = synthesize("Paper moves the baby.", "en-us")
    assert bare(speech) == "peɪpɚmuːvzðəbeɪbi"
    assert [phone.ipa for phone in speech.phones][:3] == ["", "p", "ˈeɪ"]
    assert_covers(speech)


@pytest.mark.parametrize("voice", ["en-us", "en-us-f3", "de-annie", "fr", "ru", "cmn", "ar", "ja"])
def test_phone_times_fit_the_sound(voice: str) -> None:
    speech = synthesize_sample(voice)
    assert_covers(speech)
    vowels = [
        level(speech, phone.start_seconds, phone.end_seconds)
        for phone in speech.phones
        if is_vowel(phone.ipa)
    ]
    pauses = [
        level(speech, phone.start_seconds + 0.02, phone.end_seconds - 0.01)
        for phone in speech.phones
        if not phone.ipa and phone.end_seconds - phone.start_seconds > 0.1
    ]
    assert len(vowels) >= 5
    assert np.median(vowels) > 0.06
    assert np.mean(np.array(vowels) > 0.02) > 0.95
    assert max(pauses) < 0.003


@pytest.mark.parametrize("voice", ["en-us", "en-us-f3", "en-us-annie"])
def test_a_voiceless_stop_owns_its_silent_closure(voice: str) -> None:
    speech = synthesize("A happy puppy, a paper map.", voice)
    stops = [phone for phone in speech.phones if phone.ipa == "p"]
    assert len(stops) == 6
    for phone in stops[:-1]:
        closure = level(speech, phone.start_seconds + 0.004, phone.start_seconds + 0.02)
        after = level(speech, phone.end_seconds, phone.end_seconds + 0.05)
        assert phone.end_seconds - phone.start_seconds > 0.05
        assert closure < 0.1 * after


def test_the_sound_is_even_and_never_clips() -> None:
    text = "Wow! This is a loud and lively test. Then it whispers, quietly."
    for voice in ("en-us", "en-us-annie", "hi", "ru-max"):
        speech = synthesize(text, voice)
        active = speech.samples[np.abs(speech.samples) > 0.01]
        assert 0.07 < np.sqrt(np.mean(active**2)) < 0.14
        assert np.abs(speech.samples).max() < 1.0
        assert np.abs(speech.samples[:1000]).max() < 1e-3
        assert np.abs(speech.samples[-4000:]).max() < 1e-3


def test_rate_scales_the_length() -> None:
    text = "The quick brown fox jumps over the lazy dog."
    plain, fast, slow = (len(synthesize(text, "en-us", rate).samples) for rate in (1.0, 1.5, 0.7))
    assert 1.25 < plain / fast < 1.6
    assert 1.25 < slow / plain < 1.6


@pytest.mark.parametrize("text", ["", "   \n", "😀🎉👩‍👩‍👧", "... !? —", "\x00\x07\x1b", "\u200b\ufeff"])
def test_text_without_words_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(SpeechError) as caught:
        stream_speech(text, "en-us")
    assert str(caught.value).count(".") == 1


def test_emoji_and_control_characters_are_silent() -> None:
    plain = synthesize("Hello world", "en-us")
    littered = synthesize("Hello 😀\x07 wor\u200bld 👩‍👩‍👧❤️", "en-us")
    assert bare(littered) == bare(plain)


def test_markup_is_read_not_obeyed() -> None:
    speech = synthesize('<break time="9000ms"/> <b>bold</b>', "en-us")
    assert len(speech.samples) / speech.sample_rate < 8
    assert "boʊld" in bare(speech)


def test_mixed_scripts_are_each_spoken_in_their_own_language() -> None:
    speech = synthesize("Hello, привет, 你好, γεια, नमस्ते, こんにちは!", "en-us")
    said = bare(speech)
    assert said.startswith("həloʊ")
    # In Russian, Greek and Hindi, not letter by letter in English.
    for word in ("vʲ", "ja", "nəm", "niɕ" if "niɕ" in said else "ni"):
        assert word in said
    assert "lɛɾɚ" not in said
    assert_covers(speech)


def test_a_russian_voice_reads_english_words_in_english() -> None:
    assert "wɪndoʊz" in bare(synthesize("Это Windows.", "ru"))


def test_long_text_streams_in_flat_memory(tmp_path: Path) -> None:
    text = "The five boxing wizards jump quickly, don't they? " * 2048
    assert len(text) > 100_000
    seen: list[float] = []
    tracemalloc.start()
    sound_seconds, last_end = 0.0, 0.0
    for chunk in stream_speech(text, "en-us", 2.0, seen.append):
        assert chunk.phones[0].start_seconds == pytest.approx(last_end, abs=1e-6)
        last_end = chunk.phones[-1].end_seconds
        sound_seconds += len(chunk.samples) / chunk.sample_rate
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sound_seconds == pytest.approx(last_end, abs=1e-3)
    assert sound_seconds > 3000
    assert peak < 12e6  # the whole sound would be 270 MB
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_sentence_without_end_is_spoken_whole() -> None:
    speech = synthesize("and so on " * 300, "en-us")
    assert bare(speech).count("ɔn") + bare(speech).count("ɑːn") == 300
    assert_covers(speech)


def test_speech_is_written_as_wav(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    phones = synthesize_to_file(path, "One. Two. Three.", "en-us")
    with wave.open(str(path)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 22050)
        assert phones[-1].end_seconds == pytest.approx(sound.getnframes() / 22050, abs=1e-9)


def test_a_stopped_synthesis_leaves_no_file(tmp_path: Path) -> None:
    def stop(fraction: float) -> None:
        raise InterruptedError

    path = tmp_path / "speech.wav"
    with pytest.raises(InterruptedError):
        synthesize_to_file(path, "One. Two.", "en-us", on_progress=stop)
    assert not path.exists()


def test_unknown_voices_and_speeds_are_refused() -> None:
    with pytest.raises(UnknownVoice, match="no voice called 'nobody'"):
        stream_speech("Hello", "nobody")
    with pytest.raises(SpeechError, match="out of range"):
        stream_speech("Hello", "en-us", rate=9)
