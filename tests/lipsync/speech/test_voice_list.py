"""Every voice offered exists, has a readable name and says its sample."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from lipsync.speech.errors import UnknownVoice
from lipsync.speech.espeak_process import ESPEAK
from lipsync.speech.synthesize import synthesize_sample
from lipsync.speech.voices import DEFAULT_VOICE, Voice, find_voice, list_voices

FIRST_OF_EACH_LANGUAGE = [voice for voice in list_voices() if not voice.espeak_variant]


def test_ids_are_unique_and_url_safe() -> None:
    ids = [voice.id for voice in list_voices()]
    assert len(set(ids)) == len(ids)
    assert all(quote(voice_id, safe="") == voice_id for voice_id in ids)


def test_a_hundred_languages_with_men_and_women() -> None:
    assert len(FIRST_OF_EACH_LANGUAGE) > 100
    for first in FIRST_OF_EACH_LANGUAGE:
        genders = {v.gender for v in list_voices() if v.espeak_language == first.espeak_language}
        assert genders == {"male", "female"}
    assert all(re.match(r"^[A-Z]", voice.language_name) for voice in list_voices())


def test_espeak_knows_every_language_offered() -> None:
    known = {voice["id"].lower() for voice in ESPEAK.list_voices()}
    assert {voice.espeak_language for voice in list_voices()} <= known


def test_the_default_voice_is_first_and_found() -> None:
    assert find_voice(DEFAULT_VOICE) == list_voices()[0]
    with pytest.raises(UnknownVoice, match="choose one from the list"):
        find_voice("../../etc/passwd")


@pytest.mark.parametrize("voice", FIRST_OF_EACH_LANGUAGE, ids=lambda voice: voice.id)
def test_every_language_says_its_sample(voice: Voice) -> None:
    speech = synthesize_sample(voice)
    assert sum(bool(phone.ipa) for phone in speech.phones) >= 4
    assert 0.5 < len(speech.samples) / speech.sample_rate < 12


def test_variants_sound_different() -> None:
    lengths_and_levels = set()
    for voice in list_voices():
        if voice.espeak_language == "en-us":
            samples = synthesize_sample(voice).samples
            lengths_and_levels.add((len(samples), round(float(abs(samples).sum()), 3)))
    assert len(lengths_and_levels) == 7
