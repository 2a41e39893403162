"""The first three stages: the words in a video, its sentences, and what they are in another language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from avsite.ai.asr.base import SAMPLE_RATE, FloatArray, Recognizer, UnsupportedLanguage
from avsite.ai.errors import ModelUnavailable
from avsite.ai.transcript import Segment, Transcript, Word, sentences
from avsite.ai.translate.base import Said, Translator, UnsupportedPair, bare_language, translate_with_terms
from lipsync.audio.levels import dbfs
from lipsync.audio.load import load_audio
from lipsync.dubbing.spec import DubError, DubSpec, Json, key_of
from lipsync.video.errors import MediaError

SILENT_DBFS = -65.0
LONGEST_SENTENCE_SECONDS = 12.0
LEAST_PAUSE_SECONDS = 0.15
"""Where a sentence that is too long may be cut."""
FILM_CODES = {"no_audio", "zero_length"}


def load_speech(path: Path) -> FloatArray:
    """All of a video's sound, mono at SAMPLE_RATE. Raises DubError for a video without any."""
    try:
        samples = load_audio(path, SAMPLE_RATE)
    except MediaError as error:
        raise DubError(error.code, str(error)) from error
    if len(samples) < SAMPLE_RATE // 10:
        raise DubError("no_audio", "This video has no sound; choose one in which somebody speaks.")
    if dbfs(samples) < SILENT_DBFS:
        raise DubError("silent", "The sound of this video is silent; choose one in which somebody speaks.")
    return samples


def hear_words(
    samples: FloatArray, recognizer: Recognizer, language: str, tell: Callable[[float], None]
) -> Json:
    """``Transcript.as_json`` of what is said. Raises DubError where nobody speaks."""
    try:
        heard = recognizer.transcribe(samples, language=language or None, on_progress=tell)
    except UnsupportedLanguage as error:
        raise DubError("language", str(error)) from error
    if not any(character.isalnum() for character in heard.text):
        raise DubError(
            "no_speech",
            "Nobody was heard to speak in this video; choose one with clear speech, "
            "or install a better recogniser with manage.py models pull whisper-small.",
        )
    return heard.as_json()


def cut_sentences(heard: Json) -> Json:
    """The transcript as sentences, each with an id of its own that stays while the sentence does."""
    transcript = Transcript.from_json(heard)
    found: list[Segment] = []
    for segment in transcript.segments:
        spoken = sentences(list(segment.words), segment.speaker) if segment.words else [segment]
        found += [part for one in spoken for part in _short(one)]
    items, seen = [], set()
    for segment in found:
        if not any(character.isalnum() for character in segment.text):
            continue
        name = key_of(round(segment.start, 2), round(segment.end, 2), segment.text)[:10]
        if name in seen:
            continue
        seen.add(name)
        items.append(
            {
                "id": name,
                "start": round(segment.start, 3),
                "end": round(max(segment.end, segment.start + 0.05), 3),
                "text": segment.text.strip(),
                "speaker": segment.speaker or "1",
            }
        )
    return {"language": transcript.language, "items": items}


def _short(sentence: Segment) -> list[Segment]:
    """``sentence`` cut at its longest pauses until no piece is too long."""
    if sentence.end - sentence.start <= LONGEST_SENTENCE_SECONDS or len(sentence.words) < 4:
        return [sentence]
    words = sentence.words
    pauses = [
        (after.start - before.end, n + 1)
        for n, (before, after) in enumerate(zip(words, words[1:], strict=False))
    ]
    longest, cut = max(pauses[1:-1])
    if longest < LEAST_PAUSE_SECONDS:
        cut = len(words) // 2
    return [*_short(_joined(words[:cut], sentence)), *_short(_joined(words[cut:], sentence))]


def _joined(words: tuple[Word, ...], of: Segment) -> Segment:
    text = " ".join(word.text for word in words)
    return Segment(words[0].start, words[-1].end, text, words, of.speaker)


def translate_all(
    spec: DubSpec,
    items: list[Json],
    language: str,
    before: Json,
    choose: Callable[[str, str], str],
    open_named: Callable[[str, str, str], Translator],
    tell: Callable[[float], None],
) -> Json:
    """The machine's translation of every sentence, those that are known from ``before`` taken from there.

    Without a model that can, there are none, and the note says what to do.
    """
    source, target = bare_language(language), bare_language(spec.target)
    try:
        name = choose(source, target)
        translator = _Lazy(lambda: open_named(name, source, target), name)
        made, redone = _translate(spec, items, source, before, translator, tell)
    except (ModelUnavailable, UnsupportedPair) as error:
        note = f"{error} Or type the translations yourself."
        return {"translator": "", "note": note, "items": {}, "redone": []}
    return {"translator": name, "note": "", "items": made, "redone": redone}


class _Lazy:
    """Opened when there is something to translate."""

    def __init__(self, load: Callable[[], Translator], name: str) -> None:
        self._load, self.name = load, name
        self._opened: Translator | None = None

    def translate(self, said: Said) -> str:
        self._opened = self._opened or self._load()
        return self._opened.translate(said)


def _translate(
    spec: DubSpec,
    items: list[Json],
    source: str,
    before: Json,
    translator: Translator,
    tell: Callable[[float], None],
) -> tuple[Json, list[str]]:
    made: Json = {}
    redone: list[str] = []
    loaded: list[FloatArray] = []

    def samples_of(item: Json) -> FloatArray:
        if not loaded:
            loaded.append(load_audio(spec.video, SAMPLE_RATE))
        return loaded[0][round(item["start"] * SAMPLE_RATE) : round(item["end"] * SAMPLE_RATE)]

    for number, item in enumerate(items):
        tell(number / len(items))
        key = key_of(
            item["text"],
            item["start"],
            item["end"],
            source,
            spec.target,
            dict(spec.glossary),
            translator.name,
        )
        known = before.get(item["id"])
        if known is None or known["key"] != key:
            said = Said(item["text"], lambda item=item: samples_of(item))  # type: ignore[misc]
            known = {"key": key, "text": translate_with_terms(translator, said, spec.glossary)}
            redone.append(item["id"])
        made[item["id"]] = known
    return made, redone
