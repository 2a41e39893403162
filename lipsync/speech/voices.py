"""The voices people may choose from, and how espeak-ng is asked for each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from lipsync.speech.errors import UnknownVoice
from lipsync.speech.languages import LANGUAGES, Language

Gender = Literal["male", "female"]

DEFAULT_VOICE = "en-us"

# espeak-ng variants that stay clear in any language; the others growl, whisper or ring.
_VARIANTS: tuple[tuple[str, str, Gender], ...] = (
    ("Annie", "Annie", "female"),
    ("f2", "Female 2", "female"),
    ("f3", "Female 3", "female"),
    ("m3", "Male 3", "male"),
    ("m7", "Male 7", "male"),
    ("max", "Max", "male"),
)
# Languages offered in every variant; the others in espeak-ng's own male voice and one female.
_MAIN_LANGUAGES = frozenset(
    "en-us en ar bn cmn de es es-419 fr hi id it ja ko nl pl pt pt-br ru sv tr uk vi".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Voice:
    """A voice. ``id`` is safe in a URL; ``language`` is a BCP 47 tag; ``gender`` is male or female."""

    id: str
    name: str
    language: str
    language_name: str
    gender: Gender
    provider: str = "espeak-ng"
    espeak_language: str = ""
    """espeak-ng's name of the language."""
    espeak_variant: str = ""
    """espeak-ng's name of the variant; empty for its own voice."""
    sample: str = ""
    """A sentence in the voice's language to hear it by."""


def _voices_of(language: Language) -> list[Voice]:
    variants = _VARIANTS if language.id in _MAIN_LANGUAGES else _VARIANTS[:1]
    choices: list[tuple[str, str, Gender]] = [("", "Male", "male"), *variants]
    return [
        Voice(
            id=f"{language.id}-{variant.lower()}" if variant else language.id,
            name=name,
            language=language.tag,
            language_name=language.name,
            gender=gender,
            espeak_language=language.id,
            espeak_variant=variant,
            sample=language.sample,
        )
        for variant, name, gender in choices
    ]


@cache
def list_voices() -> tuple[Voice, ...]:
    """Every voice: English first, then by the language's English name; a language's plainest voice first."""
    return tuple(voice for language in LANGUAGES for voice in _voices_of(language))


@cache
def _voices_by_id() -> dict[str, Voice]:
    return {voice.id: voice for voice in list_voices()}


def find_voice(voice_id: str) -> Voice:
    """The voice with this id. Raises UnknownVoice."""
    try:
        return _voices_by_id()[voice_id]
    except KeyError:
        raise UnknownVoice(
            f"There is no voice called {voice_id[:80]!r}; choose one from the list of voices."
        ) from None
