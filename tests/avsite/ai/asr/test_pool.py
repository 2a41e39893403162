"""Many voices share one recogniser: all get their turn, all of their sound is heard, final words stay."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from avsite.ai.asr.base import SAMPLE_RATE, FloatArray
from avsite.ai.asr.gate import FRAME
from avsite.ai.asr.pool import FairQueue, HearingPool
from avsite.ai.asr.sphinx_stream import DecoderPool, SphinxStream
from avsite.ai.asr.stream import Heard
from avsite.ai.transcript import Word
from lipsync.speech.synthesize import synthesize


def test_nobody_comes_twice_before_all_came_once() -> None:
    queue: FairQueue[str] = FairQueue()
    for name in ("ada", "bob", "cem", "dee"):
        queue.add(name)
    asked = [queue.take(lambda name: name != "bob") for _ in range(9)]
    assert Counter(asked) == {"ada": 3, "cem": 3, "dee": 3}
    assert all(set(asked[i : i + 3]) == {"ada", "cem", "dee"} for i in range(0, 9, 3))
    assert queue.take(lambda name: name == "bob") == "bob"
    assert queue.take(lambda _: False) is None
    queue.remove("ada")
    assert {queue.take(lambda _: True) for _ in range(3)} == {"bob", "cem", "dee"}


class Counting:
    """Hears as many words as it was given seconds, one at a time, once it is let."""

    may = threading.Event()
    turns: list[int] = []

    def __init__(self) -> None:
        self.samples = 0
        self.heard = 0

    def push(self, samples: FloatArray) -> None:
        assert np.all(samples == samples[0])
        self.voice = int(samples[0])
        self.samples += len(samples)

    @property
    def is_due(self) -> bool:
        return self.may.is_set() and self.samples >= (self.heard + 1) * SAMPLE_RATE

    def hear(self) -> Heard:
        self.turns.append(self.voice)
        self.heard += 1
        return Heard((Word(f"{self.voice}", self.heard - 1, self.heard),), ())

    def finish(self) -> Heard:
        return Heard((), (), ended=True)

    def drop(self) -> None:
        self.samples = 0


@pytest.fixture
def open_pool() -> Iterator[Callable[..., HearingPool]]:
    pools: list[HearingPool] = []

    def make(maker: Callable[[], object]) -> HearingPool:
        pools.append(HearingPool(maker))  # type: ignore[arg-type]
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def test_one_who_has_much_to_be_heard_does_not_hold_up_the_others(
    open_pool: Callable[..., HearingPool],
) -> None:
    Counting.may, Counting.turns = threading.Event(), []
    pool = open_pool(Counting)
    heard: dict[int, list[Heard]] = {1: [], 2: [], 3: []}
    voices = {}
    for number, seconds in ((1, 12), (2, 3), (3, 3)):
        voices[number] = pool.open(lambda one, _, number=number: heard[number].append(one))
        for second in range(seconds):
            voices[number].push(np.full(SAMPLE_RATE, number, np.float32), 100.0 + second)
    Counting.may.set()
    for voice in voices.values():
        voice.close()
    pool.finish(60)
    words = {number: sum(len(one.final) for one in all_) for number, all_ in heard.items()}
    assert words == {1: 12, 2: 3, 3: 3}, "nothing is lost"
    assert all(all_[-1].ended for all_ in heard.values())
    assert sorted(Counting.turns[:9]) == [1] * 3 + [2] * 3 + [3] * 3, Counting.turns


def test_times_are_the_clocks_and_gaps_count(open_pool: Callable[..., HearingPool]) -> None:
    Counting.may, Counting.turns = threading.Event(), []
    Counting.may.set()
    pool = open_pool(Counting)
    zeros: list[float] = []
    voice = pool.open(lambda _, zero: zeros.append(zero))
    voice.push(np.ones(SAMPLE_RATE, np.float32), 1000.0)
    wait_for(lambda: len(zeros) == 1)
    voice.push(np.ones(SAMPLE_RATE, np.float32), 1001.1)
    wait_for(lambda: len(zeros) == 2)
    voice.push(np.ones(SAMPLE_RATE, np.float32), 1030.0)
    wait_for(lambda: len(zeros) == 3)
    assert zeros == [1000.0, 1000.0, 1028.0]


def test_a_voice_that_cannot_be_heard_does_not_silence_the_others(
    open_pool: Callable[..., HearingPool],
) -> None:
    class Failing(Counting):
        def hear(self) -> Heard:
            if self.voice == 1:
                raise RuntimeError("out of memory")
            return super().hear()

    Failing.may, Failing.turns = threading.Event(), []
    pool = open_pool(Failing)
    heard: list[Heard] = []
    bad, good = pool.open(lambda *_: None), pool.open(lambda one, _: heard.append(one))
    bad.push(np.full(SAMPLE_RATE, 1, np.float32), 0.0)
    good.push(np.full(SAMPLE_RATE, 2, np.float32), 0.0)
    Failing.may.set()
    wait_for(lambda: len(heard) == 1)
    assert heard[0].final[0].text == "2"


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_what_is_to_be_forgotten_is_not_heard(open_pool: Callable[..., HearingPool]) -> None:
    Counting.may, Counting.turns = threading.Event(), []
    pool = open_pool(Counting)
    heard: list[Heard] = []
    voice = pool.open(lambda one, _: heard.append(one))
    voice.push(np.full(SAMPLE_RATE, 1, np.float32), 0.0)
    voice.forget()
    voice.push(np.full(SAMPLE_RATE, 2, np.float32), 5.0)
    Counting.may.set()
    voice.close()
    pool.finish(60)
    assert [word.text for one in heard for word in one.final] == ["2"]


class Loud:
    """Whoever is loud speaks."""

    def speaks(self, frame: FloatArray) -> bool:
        return bool(np.abs(frame).max() > 0.02)


def speech(text: str) -> FloatArray:
    said = synthesize(text, "en-us")
    at = np.arange(0, len(said.samples), said.sample_rate / SAMPLE_RATE)
    return np.interp(at, np.arange(len(said.samples)), said.samples).astype(np.float32)


def test_pocketsphinx_hears_each_sound_once_and_takes_nothing_back() -> None:
    quiet = np.zeros(SAMPLE_RATE, np.float32)
    sound = np.concatenate(
        [quiet, speech("Good morning everybody."), quiet, speech("People want money."), quiet]
    )
    decoders = DecoderPool(limit=1)
    stream = SphinxStream(decoders, Loud())
    heard = []
    for start in range(0, len(sound), FRAME):
        stream.push(sound[start : start + FRAME])
        while stream.is_due:
            heard.append(stream.hear())
    heard.append(stream.finish())
    dropped = SphinxStream(decoders, Loud())
    dropped.push(sound)
    dropped.hear()
    dropped.drop()
    assert decoders.has_free, "what was lent is given back"
    final = [word for one in heard for word in one.final]
    assert len(final) >= 4 and any(one.partial for one in heard)
    assert [one.ended for one in heard].count(True) >= 2
    starts = [word.start for word in final]
    assert starts == sorted(starts) and starts[0] > 0.5, "times count from the beginning of the sound"
    assert final[-1].end < len(sound) / SAMPLE_RATE


def test_noise_that_is_taken_for_speech_is_a_pause_all_the_same() -> None:
    class Deaf:
        def speaks(self, frame: FloatArray) -> bool:
            return True

    stream = SphinxStream(DecoderPool(limit=1), Deaf())
    hiss = np.random.default_rng(3).normal(0, 1e-3, 12 * SAMPLE_RATE).astype(np.float32)
    sound = np.concatenate([speech("People want to know what happened to the money."), hiss])
    heard = []
    for start in range(0, len(sound), FRAME):
        stream.push(sound[start : start + FRAME])
        while stream.is_due:
            heard.append(stream.hear())
    first = next(i for i, one in enumerate(heard) if one.ended)
    assert [word for one in heard[: first + 1] for word in one.final], "what was said is not held back"


def test_who_finds_no_decoder_waits_with_all_of_the_sound() -> None:
    decoders = DecoderPool(limit=1)
    first, second = SphinxStream(decoders, Loud()), SphinxStream(decoders, Loud())
    sound = speech("People want to know what happened to the money.")
    first.push(sound)
    second.push(sound)
    assert first.is_due and second.is_due
    first.hear()
    assert not second.is_due
    quiet = np.zeros(SAMPLE_RATE, np.float32)
    first.push(quiet)
    second.push(quiet)
    own = []
    while first.is_due:
        own += first.hear().final
    theirs = []
    while second.is_due:
        theirs += second.hear().final
    assert [word.text for word in theirs] and abs(len(theirs) - len(own)) <= 2
    assert theirs[0].start < 2.0
