"""What every recogniser of speech does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from avsite.ai.transcript import Transcript

FloatArray = npt.NDArray[np.float32]

SAMPLE_RATE = 16_000
OnProgress = Callable[[float], None]
"""``on_progress(fraction)``, 0..1; raises to stop."""


def no_progress(fraction: float) -> None:
    """For those who do not want to know."""


class Recognizer(Protocol):
    """Hears speech. Not safe in threads: one call at a time."""

    name: str

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes of those it knows."""

    def transcribe(
        self,
        samples: FloatArray,
        *,
        language: str | None = None,
        translate: bool = False,
        prompt: str = "",
        on_progress: OnProgress = no_progress,
    ) -> Transcript:
        """What is said in ``samples``, mono at SAMPLE_RATE, with the times of its words.

        language   None: found out
        translate  into English
        prompt     what was said before, for spelling and style

        Raises UnsupportedLanguage.
        """


class UnsupportedLanguage(ValueError):
    """The recogniser does not know the language, or cannot translate it."""
