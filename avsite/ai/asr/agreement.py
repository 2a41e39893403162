"""LocalAgreement-2: a word is final once two hearings in a row agree on it.

Macháček, Dabre, Bojar: Turning Whisper into Real-Time Transcription System, 2023. Final words never change.
"""

from __future__ import annotations

from avsite.ai.transcript import Word

REPEAT_WORDS = 5
"""So many words at the seam are looked through for ones heard twice."""
SEAM_SECONDS = 0.1


class LocalAgreement:
    """Takes hypothesis after hypothesis about the same open stretch of sound."""

    def __init__(self) -> None:
        self.final: list[Word] = []
        """All that is final, from the beginning of the sound."""
        self._before: list[Word] = []

    @property
    def final_until(self) -> float:
        """Seconds up to which all is final."""
        return self.final[-1].end if self.final else 0.0

    @property
    def partial(self) -> list[Word]:
        """What was heard last and may still change."""
        return self._before

    def hear(self, hypothesis: list[Word]) -> list[Word]:
        """The words that this ``hypothesis`` made final. Its times count from the sound's beginning."""
        fresh = self._without_repeats([word for word in hypothesis if word.end > self.final_until])
        agreed = []
        for new, old in zip(fresh, self._before, strict=False):
            if fold(new.text) != fold(old.text):
                break
            agreed.append(new)
        self._before = fresh[len(agreed) :]
        self.final += agreed
        return agreed

    def flush(self) -> list[Word]:
        """Nothing more comes of this stretch: what was heard last is final."""
        rest, self._before = self._before, []
        self.final += rest
        return rest

    def _without_repeats(self, fresh: list[Word]) -> list[Word]:
        """The beginning is what was said last when a window opens in the middle of it."""
        if not fresh or not self.final or fresh[0].start > self.final_until + 1.0:
            return fresh
        said = [fold(word.text) for word in self.final]
        heard = [fold(word.text) for word in fresh]
        for count in range(min(REPEAT_WORDS, len(said), len(heard)), 0, -1):
            is_at_seam = fresh[count - 1].start < self.final_until + SEAM_SECONDS
            if is_at_seam and said[-count:] == heard[:count]:
                return fresh[count:]
        return fresh


def fold(text: str) -> str:
    """The word without case and punctuation."""
    bare = "".join(letter for letter in text.casefold() if letter.isalnum())
    return bare or text.strip()
