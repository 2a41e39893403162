"""The last stage: captions of what is said in the new language, and everything in one file."""

from __future__ import annotations

from pathlib import Path

from avsite.ai.captions import Cue, make_captions
from avsite.ai.transcript import Word
from lipsync.audio.soundtrack import stereo_blocks
from lipsync.dubbing.spec import Json
from lipsync.speech.languages import find_language
from lipsync.video.resound import replace_sound

ISO_639_2 = {
    "en": "eng", "de": "deu", "fr": "fra", "es": "spa", "it": "ita", "pt": "por", "ru": "rus", "zh": "zho",
    "ja": "jpn", "ko": "kor", "nl": "nld", "pl": "pol", "tr": "tur", "uk": "ukr", "ar": "ara", "hi": "hin",
    "sv": "swe", "da": "dan", "fi": "fin", "el": "ell", "cs": "ces", "hu": "hun", "ro": "ron", "vi": "vie",
    "id": "ind", "he": "heb", "bg": "bul", "hr": "hrv", "sk": "slk", "sl": "slv", "et": "est", "lv": "lav",
    "lt": "lit", "ca": "cat", "fa": "fas", "bn": "ben", "ta": "tam", "te": "tel", "ur": "urd", "th": "tha",
}  # fmt: skip
"""MP4 names languages so; players show others as undetermined."""


def new_captions(lines: list[Json], placed: list[Json], fits: dict[str, Json]) -> list[Cue]:
    """Of what is heard: the new language, or as it was said where that is kept.

    Speakers are named where there are several.
    """
    has_several = len({line["speaker"] for line in lines}) > 1
    cues: list[Cue] = []
    for line, spot in zip(lines, placed, strict=True):
        if spot["seconds"] <= 0:
            continue
        words = fits.get(line["id"], {}).get("words") or [(line["text"], 0.0)]
        starts = [start for _, start in words] + [spot["seconds"]]
        heard = [
            Word(text, spot["at"] + start, spot["at"] + min(end, spot["seconds"]))
            for (text, start), end in zip(words, starts[1:], strict=True)
            if start < spot["seconds"]
        ]
        cues += make_captions(heard, f"Speaker {line['speaker']}" if has_several else "")
    return _in_turn(cues)


def old_captions(items: list[Json], heard: Json) -> list[Cue]:
    """Of the original language; as it was heard, by its words' times where nobody corrected it."""
    words = [Word(**word) for segment in heard["segments"] for word in segment["words"]]
    cues: list[Cue] = []
    for item in items:
        inside = [word for word in words if item["start"] - 0.02 <= word.start < item["end"]]
        as_heard = " ".join(word.text for word in inside) == item["text"]
        cues += make_captions(inside if as_heard else [Word(item["text"], item["start"], item["end"])])
    return _in_turn(cues)


def _in_turn(cues: list[Cue]) -> list[Cue]:
    """None stays when the next one comes."""
    return [
        Cue(
            cue.start,
            min(cue.end, after.start) if after.start > cue.start else cue.end,
            cue.lines,
            cue.speaker,
        )
        for cue, after in zip(cues, [*cues[1:], Cue(float("inf"), float("inf"), ())], strict=True)
    ]


def write_film(pictures: Path, mix: Path, cues: list[Cue], language: str, output: Path) -> None:
    """The pictures as they are, the mix as AAC, and the captions as a track that players offer."""
    tag = find_language(language).tag.split("-")[0].lower()
    replace_sound(pictures, stereo_blocks(mix), output, cues, ISO_639_2.get(tag, "und"))
