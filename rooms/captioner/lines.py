"""Words as they are recognised, as lines of captions: each grows, and once it is final it never changes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from avsite.ai.asr.stream import Heard
from avsite.ai.captions import LINE_LENGTH, LINES
from avsite.ai.transcript import SENTENCE_END, Word

LONGEST_LINE = LINE_LENGTH * LINES
LONGEST_SECONDS = 7.0


@dataclass(frozen=True)
class Update:
    """A line as it is now. Times are the clock's, in seconds since 1970.

    settled   how many characters of ``text``, from its beginning, never change any more
    is_final  the same of all of it; nothing follows in this line
    """

    segment: str
    text: str
    settled: int
    is_final: bool
    start: float
    end: float


class LineMaker:
    """The lines of one voice."""

    def __init__(self) -> None:
        self._segment = ""
        self._words: list[Word] = []
        self._shown = ""

    def hear(self, heard: Heard, zero: float) -> list[Update]:
        """What is to be shown anew. ``zero`` is the clock's time from which the words' times count."""
        updates = []
        for word in heard.final:
            if self._words and self._is_full(word):
                updates.append(self._close(zero))
            self._words.append(word)
        if heard.ended:
            if self._words or self._shown:
                updates.append(self._close(zero))
            return updates
        settled, partial = _text(self._words), _text(heard.partial)
        shown = f"{settled} {partial}".strip()
        if shown and (shown != self._shown or updates):
            begin, *_, end = [*self._words, *heard.partial] * 2
            updates.append(
                Update(self._name(), shown, len(settled), False, zero + begin.start, zero + end.end)
            )
        self._shown = shown
        return updates

    def _is_full(self, word: Word) -> bool:
        text = _text(self._words)
        return (
            len(text) + 1 + len(word.text) > LONGEST_LINE
            or word.end - self._words[0].start > LONGEST_SECONDS
            or text.endswith(SENTENCE_END)
        )

    def _close(self, zero: float) -> Update:
        """The line as it stays; an empty one takes back what was only guessed."""
        text, name = _text(self._words), self._name()
        start, end = (self._words[0].start, self._words[-1].end) if self._words else (0.0, 0.0)
        self._segment, self._words, self._shown = "", [], ""
        return Update(name, text, len(text), True, zero + start, zero + end)

    def _name(self) -> str:
        self._segment = self._segment or f"SG_{uuid.uuid4().hex[:12]}"
        return self._segment


def _text(words: list[Word] | tuple[Word, ...]) -> str:
    return " ".join(word.text for word in words)
