"""Recordings whose phone times are known: the text finds them again, in noise and with pauses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from lipsync.audio.load import save_wav
from lipsync.audio.phones import Phone
from lipsync.audio.phonetics import is_bilabial
from lipsync.speech.align import align_recording
from lipsync.speech.errors import TextMismatch, UnknownLanguage
from lipsync.speech.languages import find_language
from lipsync.speech.synthesize import synthesize

FRAME_SECONDS = 0.04
ENGLISH = "My brother bought a brown puppy last Thursday. Would you mind opening the window a little?"
GERMAN = "Guten Morgen! Ich möchte bitte eine Tasse Kaffee und ein Brötchen mit Butter."
HINDI = "नमस्ते! यह मेरी आवाज़ है। मुझे बाजार में मम्मी के साथ फल खरीदना पसंद है।"


def recorded(path: Path, text: str, voice: str, rate: float) -> list[Phone]:
    """A voice in a noisy room that stops short twice, in the middle of the text; its phones."""
    speech = synthesize(text, voice, rate)
    gap = round(0.4 * speech.sample_rate)
    vowels = [i for i, p in enumerate(speech.phones) if p.ipa and not speech.phones[i - 1].ipa]
    cuts = [round(speech.phones[at].start_seconds * speech.sample_rate) for at in vowels[-2:]]
    pieces = np.split(speech.samples, cuts)
    samples = np.concatenate([np.zeros(gap, np.float32), *_joined(pieces, gap), np.zeros(gap, np.float32)])
    random = np.random.default_rng(3)
    hiss = np.convolve(random.standard_normal(len(samples)), [1, 0.7, 0.4, 0.2], "same")
    level = float(np.sqrt(np.mean(speech.samples**2)) * 10 ** (-18 / 20) / hiss.std())
    save_wav(path, (samples + level * hiss).astype(np.float32), speech.sample_rate)
    late = [
        (1 + sum(phone.start_seconds * speech.sample_rate >= cut - 1 for cut in cuts)) * 0.4
        for phone in speech.phones
    ]
    return [
        Phone(phone.ipa, phone.start_seconds + by, phone.end_seconds + by)
        for phone, by in zip(speech.phones, late, strict=True)
        if phone.ipa
    ]


def _joined(pieces: Sequence[np.ndarray], gap: int) -> list[np.ndarray]:
    return [part for piece in pieces for part in (piece, np.zeros(gap, np.float32))][:-1]


@pytest.mark.parametrize(
    ("text", "language", "voice", "rate"),
    [(ENGLISH, "en-US", "en-us-f3", 1.2), (GERMAN, "de", "de-max", 0.85), (HINDI, "hi", "hi-m7", 1.0)],
)
def test_sounds_are_found_where_another_voice_says_them(
    tmp_path: Path, text: str, language: str, voice: str, rate: float
) -> None:
    path = tmp_path / "voice.wav"
    said = recorded(path, text, voice, rate)
    phones = align_recording(path, text, find_language(language))
    assert phones[0].start_seconds == 0
    assert all(one.end_seconds == two.start_seconds for one, two in zip(phones, phones[1:], strict=False))
    found = [phone for phone in phones if phone.ipa]
    assert [phone.ipa for phone in found] == [phone.ipa for phone in said]
    apart = np.array(
        [abs(one.start_seconds - two.start_seconds) for one, two in zip(found, said, strict=True)]
    )
    assert np.median(apart) < 0.02
    assert np.mean(apart < FRAME_SECONDS) > 0.9
    for one, two in zip(found, said, strict=True):
        if is_bilabial(two.ipa):
            assert (
                abs(one.start_seconds + one.end_seconds - two.start_seconds - two.end_seconds) / 2
                < FRAME_SECONDS
            )


def test_another_text_is_not_forced_onto_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    recorded(path, ENGLISH, "en-us-f3", 1.0)
    other = (
        "The ship moved slowly through the thick white fog. Remember to save your files before you shut down."
    )
    for text in (other, ENGLISH * 8):
        with pytest.raises(TextMismatch, match="does not seem to be what is said"):
            align_recording(path, text, find_language("en-US"))


def test_a_long_recording_is_followed_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lipsync.speech.chain.BEAM_STATES", 250)  # a fraction of the text, as in a long one
    text = (
        f"{ENGLISH} Please press the button and wait for the beep. Welcome to the show, my name is Barbara."
    )
    said = recorded(tmp_path / "long.wav", text, "en-us-max", 1.0)
    phones = align_recording(tmp_path / "long.wav", text, find_language("en-US"))
    found = [phone for phone in phones if phone.ipa]
    assert len(found) == len(said)
    apart = [abs(one.start_seconds - two.start_seconds) for one, two in zip(found, said, strict=True)]
    assert np.mean(np.array(apart) < FRAME_SECONDS) > 0.9


def test_silence_has_no_text(tmp_path: Path) -> None:
    save_wav(tmp_path / "quiet.wav", np.zeros(80_000, np.float32), 16_000)
    with pytest.raises(TextMismatch):
        align_recording(tmp_path / "quiet.wav", ENGLISH, find_language("en-US"))


def test_languages_are_found_by_tag_and_by_name() -> None:
    assert find_language("en-GB").id == "en"
    assert find_language("EN-GB-SCOTLAND").id == "en-gb-scotland"
    assert find_language("zh-CN").id == "cmn"
    with pytest.raises(UnknownLanguage, match="tlh"):
        find_language("tlh")
