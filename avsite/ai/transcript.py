"""What was said, when: words, sentences, and who said them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Word:
    """One word, with the punctuation that belongs to it. Times are seconds from the start of the sound."""

    text: str
    start: float
    end: float
    probability: float = 1.0

    def moved(self, seconds: float) -> Word:
        return replace(self, start=self.start + seconds, end=self.end + seconds)


@dataclass(frozen=True)
class Segment:
    """Something said in one go, about a sentence."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    speaker: str = ""


@dataclass(frozen=True)
class Transcript:
    """All that was said. ``language`` is an ISO 639-1 code, "" where it is not known; ``model`` heard it."""

    language: str
    segments: tuple[Segment, ...] = ()
    model: str = ""
    notes: tuple[str, ...] = field(default=())
    """What people should know of it, such as that it is rough."""

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)

    @property
    def words(self) -> list[Word]:
        return [word for segment in self.segments for word in segment.words]

    def as_json(self) -> dict[str, Any]:
        """Plain values for json.dumps; ``from_json`` reads them again."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Transcript:
        """Raises KeyError and TypeError for something else."""
        segments = tuple(
            Segment(**{**segment, "words": tuple(Word(**word) for word in segment["words"])})
            for segment in stored["segments"]
        )
        return cls(stored["language"], segments, stored["model"], tuple(stored["notes"]))


SENTENCE_END = (".", "!", "?", "…", "。", "！", "？")
LONG_PAUSE_SECONDS = 0.8


def sentences(words: list[Word], speaker: str = "") -> list[Segment]:
    """``words`` cut where a sentence ends or somebody pauses for long."""
    found: list[list[Word]] = []
    for word in words:
        before = found[-1][-1] if found else None
        is_new = (
            before is None
            or before.text.rstrip("\"'”’)").endswith(SENTENCE_END)
            or word.start - before.end > LONG_PAUSE_SECONDS
        )
        if is_new:
            found.append([])
        found[-1].append(word)
    return [
        Segment(group[0].start, group[-1].end, " ".join(w.text for w in group), tuple(group), speaker)
        for group in found
    ]
