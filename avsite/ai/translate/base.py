"""What every translator does, and terms that it must leave as they are told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

ENGLISH = "en"
# Names that the same language has in tags and in models.
SAME_LANGUAGE = {"cmn": "zh", "nb": "no", "nn": "no", "iw": "he", "in": "id", "hyw": "hy", "grc": "el"}


class UnsupportedPair(ValueError):
    """The translator does not know one of the two languages; a sentence with what to do."""


@dataclass(frozen=True)
class Said:
    """One sentence: as it was heard, and its sound, mono at 16 kHz, for those who listen."""

    text: str
    samples: Callable[[], FloatArray]


class Translator(Protocol):
    """Translates one sentence at a time from and into the languages it was opened for."""

    name: str

    def translate(self, said: Said) -> str:
        """The sentence in the other language; "" where there is nothing to translate."""


def bare_language(tag: str) -> str:
    """The ISO 639 code of a BCP 47 tag: ``pt`` of ``pt-BR``, ``zh`` of ``cmn``."""
    code = tag.lower().replace("_", "-").split("-")[0]
    return SAME_LANGUAGE.get(code, code)


def translate_with_terms(translator: Translator, said: Said, glossary: Mapping[str, str]) -> str:
    """``said`` translated, each term of ``glossary`` in it as the glossary says.

    Terms are put into the sentence in their wanted form, which models mostly copy. Where one is lost all the
    same, what stands between the terms is translated piece by piece.
    """
    found = [term for term in glossary if _pattern([term]).search(said.text)]
    if not found:
        return translator.translate(said)
    pattern = _pattern(found)
    wanted = {term.casefold(): glossary[term] or term for term in found}
    put_in = pattern.sub(lambda match: wanted[match[0].casefold()], said.text)
    whole = translator.translate(Said(put_in, said.samples))
    if all(term in whole for term in wanted.values()):
        return whole
    pieces, end = [], 0
    for match in pattern.finditer(said.text):
        pieces += [_piece(translator, said, said.text[end : match.start()]), wanted[match[0].casefold()]]
        end = match.end()
    pieces.append(_piece(translator, said, said.text[end:]))
    return " ".join(piece for piece in pieces if piece)


def _piece(translator: Translator, said: Said, text: str) -> str:
    if not any(character.isalnum() for character in text):
        return text.strip()
    return translator.translate(Said(text.strip(), said.samples))


def _pattern(terms: list[str]) -> re.Pattern[str]:
    longest_first = sorted(terms, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
