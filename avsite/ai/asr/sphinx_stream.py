"""PocketSphinx while people speak: each piece of sound is decoded once, not again and again as it grows.

A decoder holds one voice's state for as long as a stretch of speech lasts; there are few of them, as each
takes some 90 MB. Voices for which none is left wait, with all their sound, until one is given back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from avsite.ai.asr.agreement import LocalAgreement
from avsite.ai.asr.base import SAMPLE_RATE, FloatArray
from avsite.ai.asr.gate import FRAME, Gate
from avsite.ai.asr.sphinx import FRAME_SECONDS, words_of
from avsite.ai.asr.stream import (
    HOP_SECONDS,
    LEAD_SECONDS,
    LEAST_SECONDS,
    SILENCE_SECONDS,
    WORDLESS_SECONDS,
    Heard,
)
from avsite.ai.transcript import Word

SLICE_SECONDS = 1.4
"""Sound decoded in one go, so that others have their turn."""
LONG_SECONDS, LONGEST_SECONDS = 8.0, 14.0
"""A stretch longer than this ends at its next quiet moment; than that, at once."""


class DecoderPool:
    """``limit`` decoders, made when they are first wanted. Not safe in threads."""

    def __init__(self, limit: int = 4) -> None:
        self._limit = self._left = limit
        self._free: list[Any] = []

    @property
    def has_free(self) -> bool:
        return bool(self._free) or self._left > 0

    def warm(self) -> None:
        """Have the first one ready before anybody speaks."""
        if not self._free and self._left == self._limit:
            self.give_back(self.take())

    def take(self) -> Any:
        """A decoder; one more than the limit for who cannot wait until one ``has_free``."""
        if self._free:
            return self._free.pop()
        from pocketsphinx import Decoder

        self._left -= 1
        # Passes over the whole stretch once it has ended would change words that were shown as final.
        return Decoder(samprate=SAMPLE_RATE, loglevel="FATAL", fwdflat=False, bestpath=False)

    def give_back(self, decoder: Any) -> None:
        self._free.append(decoder)


class SphinxStream:
    """``StreamingASR`` by PocketSphinx."""

    def __init__(self, decoders: DecoderPool, gate: Gate) -> None:
        self._decoders, self._gate = decoders, gate
        decoders.warm()
        self._agreement = LocalAgreement()
        self._decoder: Any = None
        self._rest = np.zeros(0, np.float32)
        self._waiting: list[FloatArray] = []
        """Sound that no decoder has heard; while nobody speaks, the last of the silence."""
        self._taken = 0
        self._heard = self._begin = 0
        self._speech = self._silence = 0
        self._is_open = self._must_end = False

    @property
    def is_due(self) -> bool:
        if not self._is_open or not (self._decoder is not None or self._decoders.has_free):
            return False
        return self._must_end or len(self._waiting) * FRAME >= HOP_SECONDS * SAMPLE_RATE

    def push(self, samples: FloatArray) -> None:
        self._rest = np.concatenate([self._rest, samples.astype(np.float32)])
        while len(self._rest) >= FRAME:
            frame, self._rest = self._rest[:FRAME], self._rest[FRAME:]
            self._look(frame)

    def _look(self, frame: FloatArray) -> None:
        speaks = self._gate.speaks(frame)
        self._waiting.append(frame)
        self._taken += FRAME
        self._silence = 0 if speaks else self._silence + FRAME
        if self._is_open:
            self._speech += FRAME if speaks else 0
            self._must_end |= self._silence >= SILENCE_SECONDS * SAMPLE_RATE
        elif speaks:
            self._is_open, self._speech = True, FRAME
            self._begin = self._heard = self._taken - len(self._waiting) * FRAME
        else:
            del self._waiting[: -round(LEAD_SECONDS * SAMPLE_RATE / FRAME)]

    def hear(self) -> Heard:
        if self._decoder is None and not self._decoders.has_free:
            return Heard((), tuple(self._agreement.partial))
        self._decode(round(SLICE_SECONDS * SAMPLE_RATE / FRAME))
        if self._must_end and not self._waiting:
            return self._end()
        length = (self._heard - self._begin) / SAMPLE_RATE
        if length >= LONGEST_SECONDS or (length >= LONG_SECONDS and self._silence):
            return self._told(self._close_stretch())
        return self._told(self._agreement.hear(self._hypothesis()))

    def _told(self, final: list[Word]) -> Heard:
        partial = self._agreement.partial
        wordless = self._heard / SAMPLE_RATE - self._agreement.final_until
        return Heard(tuple(final), tuple(partial), ended=not partial and wordless > WORDLESS_SECONDS)

    def finish(self) -> Heard:
        self.push(np.zeros(-len(self._rest) % FRAME, np.float32))
        if self._is_open:
            self._decode(len(self._waiting))
            return self._end()
        return Heard((), (), ended=True)

    def drop(self) -> None:
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            with suppress(RuntimeError):  # it may be what failed
                decoder.end_utt()
            self._decoders.give_back(decoder)

    def _decode(self, frames: int) -> None:
        if self._decoder is None:
            self._decoder = self._decoders.take()
            self._decoder.start_utt()
        some, self._waiting = self._waiting[:frames], self._waiting[frames:]
        if some:
            self._heard += len(some) * FRAME
            sound = np.clip(np.concatenate(some), -1, 1) * 32767
            self._decoder.process_raw(sound.astype(np.int16).tobytes())

    def _hypothesis(self) -> list[Word]:
        start = self._begin / SAMPLE_RATE
        return words_of(self._decoder, start) if self._heard > self._begin + FRAME_SECONDS else []

    def _end(self) -> Heard:
        final = self._close_stretch()
        self._is_open = self._must_end = False
        return Heard(tuple(final), (), ended=True)

    def _close_stretch(self) -> list[Word]:
        """All that was decoded is final; what comes next is decoded afresh."""
        self._decoder.end_utt()
        final = []
        if self._speech >= LEAST_SECONDS * SAMPLE_RATE:  # a click is not worth hearing
            final = self._agreement.hear(self._hypothesis())
        final += self._agreement.flush()
        self._decoders.give_back(self._decoder)
        self._decoder, self._begin = None, self._heard
        return final
