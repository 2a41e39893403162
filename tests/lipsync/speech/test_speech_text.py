"""Text is cleaned, cut at sentences and split by writing system."""

from __future__ import annotations

import pytest

from lipsync.speech.text import SENTENCE_LIMIT, clean_text, split_scripts, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It costs 3.50 at example.com, e.g. today.", ["It costs 3.50 at example.com, e.g. today."]),
        ("“Stop!” he said. “Why?” Nobody knew.", ["“Stop!” he said.", "“Why?”", "Nobody knew."]),
        ("你好。再见！好吗？", ["你好。", "再见！", "好吗？"]),  # noqa: RUF001
        ("A title\n\nThen a text", ["A title", "Then a text"]),
        ("one line\nand its rest.", ["one line and its rest."]),
        ("Well... ??? — !", ["Well..."]),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert list(split_sentences(text)) == sentences


def test_long_sentences_are_cut_at_clauses_and_lose_nothing() -> None:
    text = "some words in a row, " * 60
    pieces = list(split_sentences(text))
    assert all(len(piece) <= SENTENCE_LIMIT for piece in pieces)
    assert all(piece.rstrip().endswith(",") for piece in pieces)
    assert "".join(pieces).split() == text.split()
    assert "".join(split_sentences("x" * 1000)) == "x" * 1000


def test_cleaning_keeps_what_is_spoken() -> None:
    assert clean_text("café 25 °C, 5 € © می\u200cروم") == "café 25 °C, 5 € © می\u200cروم"
    assert clean_text("a\x00b\ud800c\ufe0f👍🏽!") == "a bc !"


def test_scripts_are_split_and_numbers_stay() -> None:
    runs = split_scripts("В 2024 году Bob сказал 你好", "ru")
    assert [(run.text.strip(), run.language) for run in runs] == [
        ("В 2024 году", "ru"),
        ("Bob", "en-us"),
        ("сказал", "ru"),
        ("你好", "cmn"),
    ]
    assert [run.language for run in split_scripts("Grüße, naïve 3!", "fr")] == ["fr"]
    assert [run.language for run in split_scripts("Здраво", "sr")] == ["sr"]
