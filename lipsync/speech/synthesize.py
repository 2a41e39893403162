"""Text to speech with exact phone times, sentence by sentence."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lipsync.audio.phones import Phone
from lipsync.speech.errors import SpeechError, UnknownVoice
from lipsync.speech.espeak_process import ESPEAK, EspeakProcess
from lipsync.speech.text import Run, clean_text, has_speech, split_scripts, split_sentences, words_of
from lipsync.speech.timing import phones_of_sound
from lipsync.speech.tone import Loudness, soften
from lipsync.speech.voices import Voice, find_voice

__all__ = [
    "Speech",
    "SpeechChunk",
    "SpeechError",
    "UnknownVoice",
    "Word",
    "stream_speech",
    "synthesize",
    "synthesize_sample",
    "synthesize_to_file",
]

FloatArray = npt.NDArray[np.float32]
OnProgress = Callable[[float], None]

WORDS_PER_MINUTE = 162
SLOWEST_RATE, FASTEST_RATE = 0.5, 2.0
PITCH = 46
PITCH_RANGE = 58  # livelier than espeak-ng's 50, short of sing-song
LEAD_IN_SECONDS = 0.1
LEAD_OUT_SECONDS = 0.25
SENTENCE_PAUSE_SECONDS = 0.32
RUN_PAUSE_SECONDS = 0.05


class Word(NamedTuple):
    """A word as written, with the spaces and signs after it, and when it begins to be heard."""

    text: str
    start_seconds: float


@dataclass(frozen=True)
class SpeechChunk:
    """One sentence. ``samples`` float32 mono of shape (n,); times count from the speech's start."""

    samples: FloatArray
    sample_rate: int
    phones: list[Phone]
    words: list[Word] = field(default_factory=list)


@dataclass(frozen=True)
class Speech:
    """A whole utterance. ``samples`` float32 mono of shape (n,); the phones cover it from start to end."""

    samples: FloatArray
    sample_rate: int
    phones: list[Phone]


def stream_speech(
    text: str,
    voice: Voice | str,
    rate: float = 1.0,
    on_progress: OnProgress | None = None,
    process: EspeakProcess = ESPEAK,
) -> Iterator[SpeechChunk]:
    """Speak ``text`` sentence by sentence; memory does not grow with its length.

    ``rate`` 0.5..2 scales the speed. ``on_progress`` gets the fraction of the text spoken. The phones of all
    chunks, one after the other, are contiguous and end where the sound ends. Raises SpeechError or
    UnknownVoice, before the first chunk when the text or the voice is at fault.
    """
    chosen = find_voice(voice) if isinstance(voice, str) else voice
    if not SLOWEST_RATE <= rate <= FASTEST_RATE:
        raise SpeechError(f"The speed {rate:g} is out of range; choose {SLOWEST_RATE:g} to {FASTEST_RATE:g}.")
    if not text.strip():
        raise SpeechError("There is no text to speak; type a sentence.")
    cleaned = clean_text(text)
    if not has_speech(cleaned):
        raise SpeechError("The text has no words to speak; add some letters or numbers.")
    return _spoken_sentences(cleaned, chosen, rate, on_progress, process)


def _spoken_sentences(
    text: str, voice: Voice, rate: float, on_progress: OnProgress | None, process: EspeakProcess
) -> Iterator[SpeechChunk]:
    loudness = Loudness()
    sentences = split_sentences(text)
    sentence = next(sentences, None)
    spoken_characters, offset, sample_rate = 0, 0, 0
    is_first, has_sound = True, False
    while sentence is not None:
        following = next(sentences, None)
        samples, starts, marks, sample_rate = _speak_sentence(sentence, voice, rate, process)
        has_sound = has_sound or bool(np.any(samples))
        samples = loudness.apply(samples)
        before = LEAD_IN_SECONDS if is_first else 0.0
        after = LEAD_OUT_SECONDS if following is None else SENTENCE_PAUSE_SECONDS / rate
        samples, phones = _padded(samples, starts, sample_rate, before, after, offset)
        words = [Word(text, (offset + start) / sample_rate + before) for text, start in marks]
        offset += len(samples)
        spoken_characters += len(sentence) + 1
        if following is None and not has_sound:
            raise SpeechError("This voice cannot read this text; choose a voice of the text's language.")
        yield SpeechChunk(samples, sample_rate, phones, words)
        if on_progress is not None:
            on_progress(1.0 if following is None else min(spoken_characters / len(text), 0.99))
        sentence, is_first = following, False


def _speak_sentence(
    sentence: str, voice: Voice, rate: float, process: EspeakProcess
) -> tuple[FloatArray, list[tuple[str, int]], list[tuple[str, int]], int]:
    """Samples without silence around them, (phone, sample) and (word, sample) pairs, and the sample rate."""
    pieces: list[FloatArray] = []
    starts: list[tuple[str, int]] = []
    words: list[tuple[str, int]] = []
    length, sample_rate = 0, 22050
    for run in split_scripts(sentence, voice.espeak_language):
        samples, run_starts, run_words, sample_rate = _speak_run(run, voice, rate, process)
        if not len(samples):
            continue
        if pieces:
            gap = np.zeros(round(RUN_PAUSE_SECONDS * sample_rate), np.float32)
            starts.append(("", length))
            pieces.append(gap)
            length += len(gap)
        starts += [(ipa, start + length) for ipa, start in run_starts]
        words += [(word, start + length) for word, start in run_words]
        pieces.append(samples)
        length += len(samples)
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32), starts, words, sample_rate


def _speak_run(
    run: Run, voice: Voice, rate: float, process: EspeakProcess
) -> tuple[FloatArray, list[tuple[str, int]], list[tuple[str, int]], int]:
    name = f"{run.language}+{voice.espeak_variant}" if voice.espeak_variant else run.language
    spoken = process.speak(
        run.text,
        name,
        words_per_minute=round(WORDS_PER_MINUTE * rate),
        pitch=PITCH,
        pitch_range=PITCH_RANGE,
        word_gap=0,
    )
    samples = np.frombuffer(spoken.pcm, "<i2").astype(np.float32) / np.float32(32768)
    starts, first, last = phones_of_sound(spoken.phones, samples, spoken.sample_rate)
    words = [
        (word, min(max(start - first, 0), last - first)) for word, start in words_of(run.text, spoken.words)
    ]
    return soften(samples[first:last], spoken.sample_rate), starts, words, spoken.sample_rate


def _padded(
    samples: FloatArray,
    starts: list[tuple[str, int]],
    sample_rate: int,
    before_seconds: float,
    after_seconds: float,
    offset: int,
) -> tuple[FloatArray, list[Phone]]:
    """``samples`` with silence around them; phones in seconds, ``offset`` samples into the speech."""
    before, after = round(before_seconds * sample_rate), round(after_seconds * sample_rate)
    end = before + len(samples)
    marks = [("", 0)] if before else []
    marks += [(ipa, start + before) for ipa, start in starts]
    marks.append(("", end))
    total = end + after
    bounds = [start for _, start in marks[1:]] + [total]
    phones = [
        Phone(ipa, (offset + start) / sample_rate, (offset + stop) / sample_rate)
        for (ipa, start), stop in zip(marks, bounds, strict=True)
        if stop > start
    ]
    return np.concatenate([np.zeros(before, np.float32), samples, np.zeros(after, np.float32)]), phones


def synthesize(text: str, voice: Voice | str, rate: float = 1.0) -> Speech:
    """Speak all of ``text`` into memory. Raises SpeechError or UnknownVoice."""
    chunks = list(stream_speech(text, voice, rate))
    samples = np.concatenate([chunk.samples for chunk in chunks])
    return Speech(samples, chunks[0].sample_rate, [phone for chunk in chunks for phone in chunk.phones])


def synthesize_sample(voice: Voice | str) -> Speech:
    """Speak the voice's own sample sentence. Raises UnknownVoice."""
    chosen = find_voice(voice) if isinstance(voice, str) else voice
    return synthesize(chosen.sample, chosen)


def synthesize_to_file(
    path: Path, text: str, voice: Voice | str, rate: float = 1.0, on_progress: OnProgress | None = None
) -> list[Phone]:
    """Speak ``text`` into a 16-bit mono WAV file at ``path`` and return its phones.

    Memory does not grow with the sound. Leaves no file when it fails. Raises SpeechError or UnknownVoice.
    """
    chunks = stream_speech(text, voice, rate, on_progress)
    phones: list[Phone] = []
    try:
        with wave.open(str(path), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            for chunk in chunks:
                if not phones:
                    sound.setframerate(chunk.sample_rate)
                sound.writeframes((np.clip(chunk.samples, -1, 1) * 32767).astype("<i2").tobytes())
                phones += chunk.phones
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return phones
