"""Captions people can read, from words and their times."""

from __future__ import annotations

import itertools

import pytest

from avsite.ai.captions import (
    CHARACTERS_PER_SECOND,
    LINE_LENGTH,
    LINES,
    LONGEST_SECONDS,
    as_webvtt,
    break_lines,
    make_captions,
)
from avsite.ai.transcript import Transcript, Word, sentences

TEXT = (
    "Good morning, everybody, and welcome to our very first meeting of the year. "
    "Papa bought a big blue boat, and we all went out to sea; nobody, not even my aunt, was afraid. Stop! "
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft is one word."
)


def spoken(text: str, rate: float = 0.06, start: float = 0.0) -> list[Word]:
    """Words one after the other, as long as their letters take."""
    ends = itertools.accumulate((len(word) * rate + 0.05 for word in text.split()), initial=start)
    times = list(ends)
    return [Word(word, a, b - 0.05) for word, a, b in zip(text.split(), times, times[1:], strict=False)]


def test_captions_keep_the_limits() -> None:
    cues = make_captions(spoken(TEXT))
    assert " ".join(" ".join(cue.lines) for cue in cues) == TEXT
    for cue, after in itertools.pairwise(cues):
        assert cue.start < cue.end <= after.start
    for cue in cues:
        assert len(cue.lines) <= LINES
        assert all(len(line) <= LINE_LENGTH or " " not in line for line in cue.lines)
        assert cue.end - cue.start <= LONGEST_SECONDS
    assert any(cue.lines[-1].endswith("Stop!") for cue in cues), "a sentence ends its caption"


def test_a_caption_stays_as_long_as_it_takes_to_read() -> None:
    (cue,) = make_captions(spoken("Two words quickly.", rate=0.01))
    assert cue.end - cue.start >= len("Two words quickly.") / CHARACTERS_PER_SECOND
    quick = make_captions([*spoken("First sentence here.", rate=0.01), *spoken("Second.", start=0.4)])
    assert quick[0].end <= quick[1].start, "but never into the next one"


def test_a_pause_ends_a_caption() -> None:
    words = [*spoken("before the pause"), *spoken("after it", start=5.0)]
    assert [cue.lines for cue in make_captions(words)] == [("before the pause",), ("after it",)]


def test_lines_are_about_as_long_and_break_at_commas() -> None:
    assert break_lines("A short one") == ["A short one"]
    upper, lower = break_lines("We all went out to sea, and nobody was afraid of it")
    assert upper.endswith("sea,") and lower.startswith("and")


def test_webvtt_holds_no_markup_of_the_speakers() -> None:
    words = [Word("<b>1", 0.0, 0.5), Word("-->", 0.5, 0.6), Word("&", 0.6, 3661.0)]
    file = as_webvtt(make_captions(words[:1] + words[2:], speaker="Bob <i>"))
    assert file.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:0")
    assert "<v Bob &lt;i&gt;>&lt;b&gt;1" in file and "&amp;" in file
    assert as_webvtt(make_captions(words)).count("-->") == len(make_captions(words))


def test_transcripts_are_kept_as_json() -> None:
    words = [*spoken("One sentence. Another one"), *spoken("after a pause", start=9.0)]
    segments = sentences(words, "Alice")
    assert [segment.text for segment in segments] == ["One sentence.", "Another one", "after a pause"]
    whole = Transcript("en", tuple(segments), "tiny", ("It is rough.",))
    assert Transcript.from_json(whole.as_json()) == whole
    with pytest.raises((KeyError, TypeError)):
        Transcript.from_json({"language": "en"})
