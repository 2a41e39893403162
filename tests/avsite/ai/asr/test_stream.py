"""Hearing people while they speak, with a recogniser that knows the script and hears its end wrongly."""

from __future__ import annotations

import numpy as np
import pytest

from avsite.ai.asr.agreement import LocalAgreement
from avsite.ai.asr.base import SAMPLE_RATE, FloatArray
from avsite.ai.asr.gate import FRAME
from avsite.ai.asr.stream import HOP_SECONDS, LONGEST_SECONDS, GrowingWindow, Heard
from avsite.ai.transcript import Segment, Transcript, Word


def words(text: str, start: float = 0.0, each: float = 0.4) -> list[Word]:
    return [
        Word(word, start + i * each, start + (i + 1) * each - 0.05) for i, word in enumerate(text.split())
    ]


def said(found: list[Word]) -> str:
    return " ".join(word.text for word in found)


def test_two_hearings_that_agree_make_words_final() -> None:
    agreement = LocalAgreement()
    assert agreement.hear(words("papa bought a")) == []
    assert said(agreement.hear(words("Papa bought, a big bow"))) == "Papa bought, a"
    assert said(agreement.partial) == "big bow"
    assert said(agreement.hear(words("papa bought the big boat and"))) == "big"
    assert said(agreement.final) == "Papa bought, a big", "what is final never changes"
    assert said(agreement.flush()) == "boat and"
    assert said(agreement.final) == "Papa bought, a big boat and"


def test_what_a_window_hears_again_at_its_edge_is_not_said_twice() -> None:
    agreement = LocalAgreement()
    agreement.hear(words("we went to sea"))
    agreement.hear(words("we went to sea"))
    late = [Word("sea", 1.5, 1.75), *words("and back", start=1.8)]
    agreement.hear(late)
    assert said(agreement.hear(late)) == "and back"
    assert said(agreement.final) == "we went to sea and back"


SCRIPT = "Papa bought a big blue boat. " * 12
EACH = 0.4


class Scripted:
    """Hears the script's words that lie in the sound, which tells its own time; the last one wrongly."""

    name = "scripted"
    languages = frozenset({"en"})

    def __init__(self) -> None:
        self.lengths: list[float] = []
        self.prompts: list[str] = []

    def transcribe(self, samples: FloatArray, *, prompt: str = "", **_: object) -> Transcript:
        start = float(samples[0]) * 1000  # the sound is a clock: see clock_sound
        self.lengths.append(len(samples) / SAMPLE_RATE)
        self.prompts.append(prompt)
        end = start + len(samples) / SAMPLE_RATE
        heard = [word for word in words(SCRIPT, each=EACH) if start <= word.start and word.end <= end]
        if heard and heard[-1].end > end - EACH:
            heard[-1] = Word("hmm", heard[-1].start, heard[-1].end)
        return Transcript("en", (Segment(0, 1, "", tuple(word.moved(-start) for word in heard)),))


class UntilGate:
    """Somebody speaks until ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self.left = round(seconds * SAMPLE_RATE)

    def speaks(self, frame: FloatArray) -> bool:
        self.left -= len(frame)
        return self.left > 0


def clock_sound(seconds: float) -> FloatArray:
    """Samples that tell their own time, in thousands of seconds."""
    return (np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE / 1000).astype(np.float32)


def listen(window: GrowingWindow, sound: FloatArray) -> list[Heard]:
    heard = []
    for start in range(0, len(sound), 1600):
        window.push(sound[start : start + 1600])
        if window.is_due:
            heard.append(window.hear())
    return [*heard, window.finish()]


@pytest.mark.parametrize("seconds", [6.0, 25.0])
def test_all_is_heard_once_and_nothing_final_changes(seconds: float) -> None:
    recognizer = Scripted()
    window = GrowingWindow(recognizer, UntilGate(seconds), now=lambda: 0.0)
    heard = listen(window, clock_sound(seconds + 1.0))
    final = [word for one in heard for word in one.final]
    expected = [word for word in words(SCRIPT, each=EACH) if word.end <= seconds]
    assert [word.text for word in final[: len(expected)]] == [word.text for word in expected]
    np.testing.assert_allclose(
        [w.start for w in final], [w.start for w in words(SCRIPT, each=EACH)][: len(final)]
    )
    assert [one.ended for one in heard].count(True) >= 1
    assert heard[1].partial, "what may still change is shown"
    assert max(recognizer.lengths) < LONGEST_SECONDS + HOP_SECONDS
    if seconds > 20:
        assert any("boat." in prompt for prompt in recognizer.prompts), "what was said before helps"


def test_silence_never_reaches_the_recogniser() -> None:
    recognizer = Scripted()
    window = GrowingWindow(recognizer, UntilGate(0.0), now=lambda: 0.0)
    heard = listen(window, clock_sound(20.0))
    assert recognizer.lengths == [] and heard == [Heard((), (), ended=True)]
    assert window._length() <= 0.3 * SAMPLE_RATE + FRAME, "and is not kept"


def test_a_slow_recogniser_hears_less_often() -> None:
    clock = iter(range(0, 10_000, 3))
    recognizer = Scripted()
    window = GrowingWindow(recognizer, UntilGate(12.0), now=lambda: float(next(clock)))
    listen(window, clock_sound(13.0))
    assert len(recognizer.lengths) <= 6
