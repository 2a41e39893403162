"""Expressions written into text: ``[happy] Good morning! [neutral] Let us begin.``"""

from __future__ import annotations

import re
from typing import NamedTuple

from rooms.agent.order import EXPRESSIONS

_MARK = re.compile(r"[\[(*]\s*([a-z]{3,12})\s*[\])*]", re.IGNORECASE)
_SYNONYMS = {
    "smile": "happy", "smiles": "happy", "smiling": "happy", "laughs": "happy", "joy": "happy",
    "cheerful": "happy", "excited": "happy", "happily": "happy", "calm": "neutral", "neutrally": "neutral",
    "sadly": "sad", "sadness": "sad", "sorry": "sad", "sorrowful": "sad", "cries": "sad", "sighs": "sad",
    "surprise": "surprised", "amazed": "surprised", "gasps": "surprised", "astonished": "surprised",
    "anger": "angry", "angrily": "angry", "furious": "angry", "annoyed": "angry", "frowns": "angry",
}  # fmt: skip


class Passage(NamedTuple):
    """Text to be said in one expression; None keeps the one before."""

    expression: str | None
    text: str


def named_expression(words: str) -> str | None:
    """The expression that a word of ``words`` names, such as "speak happy"; None without one."""
    for word in re.findall(r"[a-z]+", words.lower()):
        name: str = _SYNONYMS.get(word, word)
        if name in EXPRESSIONS:
            return name
    return None


def split_passages(text: str) -> list[Passage]:
    """``text`` cut at its marks; brackets around anything else stay as they are."""
    passages: list[Passage] = []
    expression: str | None = None
    start = 0
    for mark in _MARK.finditer(text):
        name = named_expression(mark.group(1))
        if name is None:
            continue
        if before := text[start : mark.start()].strip():
            passages.append(Passage(expression, before))
        expression, start = name, mark.end()
    if rest := text[start:].strip():
        passages.append(Passage(expression, rest))
    return passages
