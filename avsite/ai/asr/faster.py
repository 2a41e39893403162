"""Whisper by CTranslate2 (faster-whisper): the recogniser to have, on a plain CPU too."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from avsite.ai.asr.base import SAMPLE_RATE, FloatArray, OnProgress, UnsupportedLanguage, no_progress
from avsite.ai.errors import BadWeights, ModelUnavailable
from avsite.ai.transcript import Segment, Transcript, Word

ENGLISH = "en"


class FasterWhisper:
    """A Whisper model in CTranslate2's form, from a folder.

    device   "cpu" or "cuda"
    compute  CTranslate2's type of numbers: int8 on a CPU, float16 on a GPU

    Raises ModelUnavailable without its packages, BadWeights for a folder that is not such a model.
    """

    def __init__(
        self, folder: Path, *, name: str = "", device: str = "cpu", compute: str = "", threads: int = 0
    ) -> None:
        self.name = name or folder.name
        if find_spec("faster_whisper") is None:
            raise ModelUnavailable(
                self.name,
                "It runs on faster-whisper, which is not installed.",
                "Start with make run WITH=asr, or install requirements/asr.txt.",
                "pocketsphinx",
            )
        from faster_whisper import WhisperModel

        try:
            self._model: Any = WhisperModel(
                str(folder),
                device=device,
                compute_type=compute or ("float16" if device == "cuda" else "int8"),
                cpu_threads=threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError, KeyError) as error:
            raise BadWeights(
                self.name, f"{folder.name} is not a Whisper model that can be read: {error}."
            ) from error

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(self._model.supported_languages)

    def transcribe(
        self,
        samples: FloatArray,
        *,
        language: str | None = None,
        translate: bool = False,
        prompt: str = "",
        on_progress: OnProgress = no_progress,
    ) -> Transcript:
        """As ``Recognizer.transcribe``."""
        if language is not None and language not in self.languages:
            raise UnsupportedLanguage(f"{self.name} does not know the language {language!r}.")
        if translate and not self._model.model.is_multilingual:
            raise UnsupportedLanguage(f"{self.name} knows English only and translates nothing.")
        found, info = self._model.transcribe(
            samples,
            language=language,
            task="translate" if translate else "transcribe",
            word_timestamps=True,
            initial_prompt=prompt or None,
            condition_on_previous_text=False,
            vad_filter=False,
        )
        seconds = max(len(samples) / SAMPLE_RATE, 0.01)
        segments = []
        for segment in found:  # heard only as it is asked for
            if segment.start < seconds:  # beyond it there is only the silence it was filled up with
                segments.append(_segment(segment, seconds))
            on_progress(min(1.0, float(segment.end) / seconds))
        return Transcript(ENGLISH if translate else str(info.language), tuple(segments), self.name)


def _segment(found: Any, seconds: float) -> Segment:
    words = tuple(
        Word(word.word.strip(), float(word.start), min(float(word.end), seconds), float(word.probability))
        for word in found.words or ()
        if word.word.strip() and word.start < seconds
    )
    return Segment(float(found.start), min(float(found.end), seconds), found.text.strip(), words)
