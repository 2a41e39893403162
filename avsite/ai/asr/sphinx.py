"""PocketSphinx: English, with the model its package brings. Rough, but there without anything to fetch."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from avsite.ai.asr.base import SAMPLE_RATE, FloatArray, OnProgress, UnsupportedLanguage, no_progress
from avsite.ai.asr.gate import somebody_speaks
from avsite.ai.transcript import Transcript, Word, sentences

FRAME_SECONDS = 0.01
LEAST_SECONDS, MOST_SECONDS = 8.0, 14.0
"""A long recording is heard in pieces of about this length, cut where it is quietest."""
QUIET_SECONDS = 0.05
ROUGH = "Heard by a small English recogniser that gets many words wrong; install a Whisper model for better."
FILLERS = ("<", "[", "++")


class SphinxRecognizer:
    """English without weights."""

    name = "pocketsphinx"
    languages = frozenset({"en"})

    @cached_property
    def _decoder(self) -> Any:
        from pocketsphinx import Decoder

        return Decoder(samprate=SAMPLE_RATE, loglevel="FATAL")

    def transcribe(
        self,
        samples: FloatArray,
        *,
        language: str | None = None,
        translate: bool = False,
        prompt: str = "",
        on_progress: OnProgress = no_progress,
    ) -> Transcript:
        """As ``Recognizer.transcribe``; translating English into English changes nothing."""
        if language not in (None, "en"):
            raise UnsupportedLanguage(
                f"The built-in recogniser knows English only, not {language!r}; install a Whisper model."
            )
        words: list[Word] = []
        start = 0
        while start < len(samples):
            end = quiet_cut(samples, start)
            if somebody_speaks(samples[start:end]):  # else it hears words in silence
                words += self._hear(samples[start:end], start / SAMPLE_RATE)
            on_progress(end / len(samples))
            start = end
        return Transcript("en", tuple(sentences(words)), self.name, (ROUGH,))

    def _hear(self, samples: FloatArray, offset: float) -> list[Word]:
        decoder = self._decoder
        decoder.start_utt()
        decoder.process_raw((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes(), full_utt=True)
        decoder.end_utt()
        return words_of(decoder, offset)


def words_of(decoder: Any, offset: float) -> list[Word]:
    """What ``decoder`` has heard, with times counted from ``offset`` seconds before its sound."""
    if decoder.hyp() is None:
        return []
    return [
        Word(
            part.word.split("(")[0],
            offset + part.start_frame * FRAME_SECONDS,
            offset + (part.end_frame + 1) * FRAME_SECONDS,
            min(1.0, decoder.get_logmath().exp(part.prob)),
        )
        for part in decoder.seg()
        if not part.word.startswith(FILLERS)
    ]


def quiet_cut(samples: FloatArray, start: int) -> int:
    """Where a piece that begins at ``start`` had best end."""
    first, last = (start + round(seconds * SAMPLE_RATE) for seconds in (LEAST_SECONDS, MOST_SECONDS))
    if len(samples) <= last:
        return len(samples)
    size = round(QUIET_SECONDS * SAMPLE_RATE)
    span = samples[first:last][: (last - first) // size * size].reshape(-1, size)
    quietest = int(np.square(span, dtype=np.float64).mean(axis=1).argmin())
    return first + quietest * size + size // 2
