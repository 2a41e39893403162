"""Text made ready to be spoken: cleaned, cut into sentences, each cut into runs of one writing system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

SENTENCE_LIMIT = 400
"""Characters; a longer sentence is cut at a clause or a word, so that memory and delay stay bounded."""

_PARAGRAPH = re.compile(r"\s*\n\s*\n\s*")
# A full stop ends a sentence before a space and then no lower-case letter; others end it anywhere.
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*\s+(?![a-zà-öø-ÿа-я])|[。！？।॥؟։]+[”’」』）]*\s*")  # noqa: RUF001
_CLAUSE_END = re.compile(r"[,;:،、，；：—–-]\s*")  # noqa: RUF001
# Never spoken: joiners and selectors of emoji, bidirectional marks, soft hyphens.
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
_KEPT_FORMAT = frozenset("\u200c\u200d")  # shape letters in Persian and Indic scripts
_SKIN_TONES = range(0x1F3FB, 0x1F400)
# Symbols with a meaning worth reading; every other symbol of category So is a picture.
_SPOKEN_SYMBOLS = frozenset("°©®№™℃℉")

_SCRIPT_LANGUAGE: dict[str, tuple[str, frozenset[str]]] = {
    # first word of the character's Unicode name: (language to speak it in, languages written in it)
    "CYRILLIC": (
        "ru",
        frozenset(
            ["ba", "be", "bg", "bs", "cv", "kk", "ky", "mk", "nog", "ru", "ru-cl", "ru-lv", "sr", "tt", "uk"]
        ),
    ),
    "GREEK": ("el", frozenset({"el", "grc"})),
    "ARMENIAN": ("hy", frozenset({"hy", "hyw"})),
    "GEORGIAN": ("ka", frozenset({"ka"})),
    "HEBREW": ("he", frozenset({"he"})),
    "ARABIC": ("ar", frozenset(["ar", "fa", "sd", "ug", "ur", "ku"])),
    "DEVANAGARI": ("hi", frozenset(["hi", "kok", "mr", "ne"])),
    "BENGALI": ("bn", frozenset(["as", "bn", "bpy"])),
    "GURMUKHI": ("pa", frozenset({"pa"})),
    "GUJARATI": ("gu", frozenset({"gu"})),
    "ORIYA": ("or", frozenset({"or"})),
    "TAMIL": ("ta", frozenset({"ta"})),
    "TELUGU": ("te", frozenset({"te"})),
    "KANNADA": ("kn", frozenset({"kn"})),
    "MALAYALAM": ("ml", frozenset({"ml"})),
    "SINHALA": ("si", frozenset({"si"})),
    "THAI": ("th", frozenset({"th"})),
    "MYANMAR": ("my", frozenset({"my", "shn"})),
    "ETHIOPIC": ("am", frozenset({"am", "ti"})),
    "HANGUL": ("ko", frozenset({"ko"})),
    "HIRAGANA": ("ja", frozenset({"ja"})),
    "KATAKANA": ("ja", frozenset({"ja"})),
    "CJK": ("cmn", frozenset({"cmn", "yue", "hak"})),
    "LATIN": ("en-us", frozenset()),
}
_NOT_LATIN = frozenset().union(*(spoken for _, spoken in _SCRIPT_LANGUAGE.values()))


class Run(NamedTuple):
    """Text of one writing system and espeak-ng's name of the language to speak it in."""

    text: str
    language: str


def words_of(text: str, marks: list[tuple[int, int]]) -> list[tuple[str, int]]:
    """``text`` cut at ``marks`` (character, sample) into (word with what follows it, sample) pairs.

    A mark within a word, as for the parts of a number, is no cut, except in scripts that write no spaces.
    """
    cuts: list[tuple[int, int]] = []
    for character, sample in marks:
        if not 0 <= character < len(text) or (cuts and character <= cuts[-1][0]):
            continue
        before = text[character - 1] if character else " "
        is_spaceless = unicodedata.category(text[character]) == "Lo"
        if not cuts or not before.isalnum() or is_spaceless:
            cuts.append((character, sample))
    ends = [character for character, _ in cuts[1:]] + [len(text)]
    starts = [0] + [character for character, _ in cuts[1:]]
    pieces = [text[start:end] for start, end in zip(starts, ends, strict=True)] if cuts else []
    return [(piece, sample) for piece, (_, sample) in zip(pieces, cuts, strict=True) if piece.strip()]


def clean_text(text: str) -> str:
    """``text`` without emoji, control characters and whatever has no sound. Markup stays plain text."""
    kept = []
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        if character in "\n\t\r\u2028\u2029":
            kept.append("\n" if character in "\n\u2028\u2029" else " ")
        elif category in _DROPPED_CATEGORIES and character not in _KEPT_FORMAT:
            kept.append(" " if category == "Cc" else "")
        elif ord(character) in _SKIN_TONES or "\ufe00" <= character <= "\ufe0f":
            continue
        elif category == "So" and character not in _SPOKEN_SYMBOLS:
            kept.append(" ")
        else:
            kept.append(character)
    return "".join(kept)


def has_speech(text: str) -> bool:
    """Whether anything in ``text`` can be spoken: a letter or a number."""
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def split_sentences(text: str) -> Iterator[str]:
    """Cleaned ``text``, sentence by sentence, each at most SENTENCE_LIMIT long and with a word in it."""
    for paragraph in _PARAGRAPH.split(text):
        for sentence in _cut_after(_SENTENCE_END, paragraph):
            words = " ".join(sentence.split())
            for piece in _bounded(words):
                if has_speech(piece):
                    yield piece


def _cut_after(end: re.Pattern[str], text: str) -> Iterator[str]:
    start = 0
    for match in end.finditer(text):
        yield text[start : match.end()]
        start = match.end()
    yield text[start:]


def _bounded(sentence: str) -> Iterator[str]:
    start = 0
    while len(sentence) - start > SENTENCE_LIMIT:
        window = sentence[start : start + SENTENCE_LIMIT]
        clauses = [match.end() for match in _CLAUSE_END.finditer(window, SENTENCE_LIMIT // 2)]
        cut = clauses[-1] if clauses else window.rfind(" ") + 1
        if cut <= 0:
            cut = SENTENCE_LIMIT
        yield sentence[start : start + cut]
        start += cut
    yield sentence[start:]


def _script_of(character: str) -> str | None:
    if not character.isalpha():
        return None
    return unicodedata.name(character, "").replace("-", " ").split(" ")[0] or None


def _language_for(script: str, language: str) -> str:
    if script not in _SCRIPT_LANGUAGE:
        return language
    spoken_in, written_in = _SCRIPT_LANGUAGE[script]
    if script == "LATIN":
        # Digits and most Latin words are read well by languages that use Latin letters themselves.
        return spoken_in if language in _NOT_LATIN else language
    return language if language in written_in else spoken_in


def split_scripts(sentence: str, language: str) -> list[Run]:
    """``sentence`` in runs of one writing system; digits and punctuation go with the run before them."""
    runs: list[Run] = []
    start, current = 0, None
    for index, character in enumerate(sentence):
        script = _script_of(character)
        spoken_in = _language_for(script, language) if script else None
        if spoken_in is None or spoken_in == current:
            continue
        if current is not None:
            runs.append(Run(sentence[start:index], current))
            start = index
        current = spoken_in
    runs.append(Run(sentence[start:], current or language))
    return [run for run in runs if has_speech(run.text)]
