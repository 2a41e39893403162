"""The fourth stage: what is to be said, by whom, in whose voice; the machine's words with people's edits."""

from __future__ import annotations

from lipsync.dubbing.spec import DubError, DubSpec, Edit, Json, NeedsPerson
from lipsync.speech.errors import UnknownLanguage, UnknownVoice
from lipsync.speech.languages import find_language
from lipsync.speech.text import clean_text, has_speech
from lipsync.speech.voices import Voice, find_voice, list_voices

MOST_CHARACTERS = 1000
"""Of one sentence: what is said in a minute and more."""


def apply_texts(spec: DubSpec, items: list[Json]) -> list[Json]:
    """The sentences with what people corrected of what was heard, and of who said it."""
    return [
        item
        | {
            name: value
            for name, value in (("text", _edit(spec, item).text), ("speaker", _edit(spec, item).speaker))
            if value is not None
        }
        for item in items
    ]


def merge_lines(spec: DubSpec, items: list[Json], translated: Json) -> list[Json]:
    """Each sentence with its translation and voice. Raises NeedsPerson while some have no translation."""
    found = []
    voices = voices_of(spec, [item["speaker"] for item in items])
    for item in items:
        edit, machine = _edit(spec, item), translated["items"].get(item["id"], {}).get("text", "")
        said = machine if edit.translation is None else edit.translation
        found.append(
            item
            | {
                "machine": machine,
                "translation": said.strip(),
                "keep": edit.keep,
                "edited": edit.translation is not None or edit.text is not None,
                "voice": voices[item["speaker"]].id,
            }
        )
    return found


def require_lines(lines: list[Json], note: str) -> None:
    """Raises NeedsPerson while a line has nothing to say, DubError for one that cannot be said."""
    missing = [line for line in lines if not line["keep"] and not line["translation"]]
    if missing:
        what = f"{len(missing)} of {len(lines)} sentences have no translation yet"
        raise NeedsPerson("edit", f"{what}. {note}".strip() if note else f"{what}; type them below.")
    for number, line in enumerate(lines, 1):
        if line["keep"]:
            continue
        if len(line["translation"]) > MOST_CHARACTERS:
            raise DubError(
                "text_too_long",
                f"Sentence {number} has {len(line['translation']):,} characters; "
                f"shorten its translation to {MOST_CHARACTERS:,} or fewer.",
            )
        if not has_speech(clean_text(line["translation"])):
            raise DubError("no_words", f"Sentence {number} has no words to speak; add letters or numbers.")
    if all(line["keep"] for line in lines):
        raise DubError("nothing_to_dub", "Every sentence keeps its original voice; dub at least one.")


def voices_of(spec: DubSpec, speakers: list[str]) -> dict[str, Voice]:
    """The voice of each speaker: the chosen one, or the next of the new language. Raises DubError."""
    try:
        tag = find_language(spec.target).tag
        offered = [voice for voice in list_voices() if voice.language.lower() == tag.lower()]
        chosen = {name: find_voice(voice) for name, voice in spec.voices.items() if voice}
    except (UnknownLanguage, UnknownVoice) as error:
        raise DubError("language", str(error)) from error
    found: dict[str, Voice] = {}
    for number, speaker in enumerate(dict.fromkeys(speakers)):
        found[speaker] = chosen.get(speaker) or offered[number % len(offered)]
    return found


def _edit(spec: DubSpec, item: Json) -> Edit:
    return spec.edits.get(item["id"], Edit())
