"""Hearing people while they speak, with any recogniser of whole recordings.

The stretch that somebody speaks is heard again and again as it grows; LocalAgreement makes words final.
Silence ends the stretch. Whoever has many of these asks ``is_due`` and calls ``hear`` when there is time: a
window that had to wait hears all that has come meanwhile, so a slow machine hears less often, not late.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from avsite.ai.asr.agreement import LocalAgreement
from avsite.ai.asr.base import SAMPLE_RATE, FloatArray, Recognizer
from avsite.ai.asr.gate import FRAME, Gate
from avsite.ai.transcript import SENTENCE_END, Word

HOP_SECONDS = 0.7
"""New sound before a stretch is heard again."""
SILENCE_SECONDS = 0.4
"""That ends a stretch."""
LEAD_SECONDS = 0.3
"""Sound kept from before somebody began."""
TRIM_SECONDS, LONGEST_SECONDS = 15.0, 30.0
"""A stretch longer than this is cut after its last final sentence; than that, wherever it is final."""
PROMPT_CHARACTERS = 200
WORDLESS_SECONDS = 2.0
"""Noise that goes on for so long after the last word is a pause, though the gate takes it for speech."""
LEAST_SECONDS = 0.25
"""Of speech; a click is not worth hearing."""


@dataclass(frozen=True)
class Heard:
    """What a hearing changed. Times count from the first sample ever pushed.

    final    words that never change any more
    partial  what follows them, as it seems now
    ended    whether the speaker has paused: the next words begin a new caption
    """

    final: tuple[Word, ...]
    partial: tuple[Word, ...]
    ended: bool = False


class StreamingASR(Protocol):
    """Hears one voice as it speaks; native streaming recognisers fit it too."""

    def push(self, samples: FloatArray) -> None:
        """More sound, mono at SAMPLE_RATE. Cheap."""

    @property
    def is_due(self) -> bool:
        """Whether ``hear`` has something to do."""

    def hear(self) -> Heard:
        """Recognise what has come. May take long."""

    def finish(self) -> Heard:
        """The sound is over; everything is final."""

    def drop(self) -> None:
        """What was pushed does not matter any more, and nothing more comes. Never fails."""


class GrowingWindow:
    """``StreamingASR`` by a recogniser of whole recordings."""

    def __init__(
        self,
        recognizer: Recognizer,
        gate: Gate,
        *,
        language: str | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recognizer, self._gate, self._language, self._now = recognizer, gate, language, now
        self._agreement = LocalAgreement()
        self._rest = np.zeros(0, np.float32)
        self._sound: list[FloatArray] = []
        self._sound_start = 0
        self._taken = 0
        self._unheard = 0
        self._speech = self._silence = 0
        self._is_open = self._must_end = False
        self._hop_seconds = HOP_SECONDS

    @property
    def seconds(self) -> float:
        """Of sound that was pushed and looked at."""
        return self._taken / SAMPLE_RATE

    @property
    def is_due(self) -> bool:
        return self._must_end or (self._is_open and self._unheard >= self._hop_seconds * SAMPLE_RATE)

    def push(self, samples: FloatArray) -> None:
        self._rest = np.concatenate([self._rest, samples.astype(np.float32)])
        while len(self._rest) >= FRAME:
            frame, self._rest = self._rest[:FRAME], self._rest[FRAME:]
            self._look(frame)

    def _look(self, frame: FloatArray) -> None:
        speaks = self._gate.speaks(frame)
        self._sound.append(frame)
        self._taken += FRAME
        self._silence = 0 if speaks else self._silence + FRAME
        if self._is_open:
            self._unheard += FRAME
            self._speech += FRAME if speaks else 0
            self._must_end |= self._silence >= SILENCE_SECONDS * SAMPLE_RATE
        elif speaks:
            self._is_open, self._unheard, self._speech = True, self._length(), FRAME
        else:
            self._drop_until(self._taken - round(LEAD_SECONDS * SAMPLE_RATE))

    def hear(self) -> Heard:
        if not self._must_end:
            final, partial = self._recognise(), self._agreement.partial
            wordless = self.seconds - self._agreement.final_until
            return Heard(tuple(final), tuple(partial), ended=not partial and wordless > WORDLESS_SECONDS)
        return self._end()

    def finish(self) -> Heard:
        self.push(np.zeros(-len(self._rest) % FRAME, np.float32))
        return self._end() if self._is_open else Heard((), (), ended=True)

    def drop(self) -> None:
        """It holds nothing that others wait for."""

    def _end(self) -> Heard:
        final = self._recognise() if self._speech >= LEAST_SECONDS * SAMPLE_RATE else []
        final += self._agreement.flush()
        self._is_open = self._must_end = False
        self._drop_until(self._taken - round(LEAD_SECONDS * SAMPLE_RATE))
        return Heard(tuple(final), (), ended=True)

    def _recognise(self) -> list[Word]:
        start = self._sound_start / SAMPLE_RATE
        self._unheard = 0
        began = self._now()
        said = self._recognizer.transcribe(
            np.concatenate(self._sound), language=self._language, prompt=self._prompt()
        )
        # A machine that is slower than the speaker hears less often, never later and later.
        self._hop_seconds = max(HOP_SECONDS, self._now() - began)
        final = self._agreement.hear([word.moved(start) for word in said.words])
        self._trim()
        return final

    def _prompt(self) -> str:
        """What was final before this stretch's sound begins."""
        start = self._sound_start / SAMPLE_RATE
        said = " ".join(word.text for word in self._agreement.final[-60:] if word.end <= start)
        return said[-PROMPT_CHARACTERS:]

    def _trim(self) -> None:
        length = self._length() / SAMPLE_RATE
        if length < TRIM_SECONDS:
            return
        start = self._sound_start / SAMPLE_RATE
        ends = [word for word in self._agreement.final if word.end > start]
        sentences = [word for word in ends if word.text.endswith(SENTENCE_END)]
        if sentences:
            self._drop_until(round(sentences[-1].end * SAMPLE_RATE))
        elif length >= LONGEST_SECONDS:
            until = ends[-1].end if ends else start + length - TRIM_SECONDS
            self._drop_until(round(until * SAMPLE_RATE))

    def _length(self) -> int:
        return sum(map(len, self._sound))

    def _drop_until(self, sample: int) -> None:
        while self._sound and self._sound_start + len(self._sound[0]) <= sample:
            self._sound_start += len(self._sound.pop(0))
