"""Live captions: how long words take to appear and to be final, whether final ones change, the cost."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field

import numpy as np

from avsite import settings
from avsite.ai.asr.agreement import fold
from avsite.ai.asr.base import SAMPLE_RATE, FloatArray, Recognizer
from avsite.ai.asr.choose import live_recognizer, open_recognizer
from avsite.ai.asr.gate import FRAME
from avsite.ai.asr.pool import HearingPool
from avsite.ai.asr.stream import Heard
from avsite.ai.registry import Registry
from lipsync.speech.synthesize import synthesize
from rooms.captioner.lines import LineMaker, Update

SAYS = (
    "Good morning everybody.",
    "I would like to tell you about the meeting we had on Monday.",
    "People want to know what happened to the money.",
    "There is a house on the hill, and nobody has lived in it for many years.",
    "Thank you very much, and see you next week.",
)
PAUSE_SECONDS = 0.8
SPEAKERS = (1, 2, 3)
PATIENCE_SECONDS = 120.0
HEADS = (
    "speakers at once",
    "first partial s",
    "final after, median s",
    "p90",
    "final words changed",
    "CPU s per s of sound",
    "word errors",
    "heard whole",
)


@dataclass
class Listened:
    """What came of one voice, by the clock, where second 0 is when its sound began."""

    began: float
    speech_began: float
    first_partial: float | None = None
    delays: list[float] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    changed: int = 0
    shown: dict[str, Update] = field(default_factory=dict)
    lines: LineMaker = field(default_factory=LineMaker)
    done: threading.Event = field(default_factory=threading.Event)

    def note(self, heard: Heard, zero: float) -> None:
        now = time.time()
        if self.first_partial is None and (heard.partial or heard.final):
            self.first_partial = now - self.began - self.speech_began
        for word in heard.final:
            self.delays.append(now - zero - word.end)
            self.words.append(fold(word.text))
        for update in self.lines.hear(heard, zero):
            before = self.shown.get(update.segment)
            if before is not None and not update.text.startswith(before.text[: before.settled]):
                self.changed += 1
            self.shown[update.segment] = update


def rows() -> tuple[str, list[list[str]]]:
    """The model's name, and a row for so many speakers."""
    recognizer = open_recognizer(Registry(settings.MODELS_DIR), settings.CAPTION_MODEL)
    sound = speech()
    whole = word_errors([fold(word.text) for word in recognizer.transcribe(sound).words])
    return recognizer.name, [row(recognizer, sound, count, whole) for count in SPEAKERS]


def row(recognizer: Recognizer, sound: FloatArray, count: int, whole: float) -> list[str]:
    pool = HearingPool(live_recognizer(recognizer, language="en"))
    try:
        warm(pool)
        before = pool.figures.cpu_seconds
        heard = speak(pool, sound, count)
        cpu = pool.figures.cpu_seconds - before
    finally:
        pool.close()
    delays = np.concatenate([one.delays or [np.nan] for one in heard])
    errors = [word_errors(one.words) for one in heard]
    return [
        str(count),
        f"{np.median([one.first_partial or np.nan for one in heard]):.1f}",
        f"{np.median(delays):.1f}",
        f"{np.quantile(delays, 0.9):.1f}",
        str(sum(one.changed for one in heard)),
        f"{cpu / (count * len(sound) / SAMPLE_RATE):.2f}",
        f"{np.mean(errors):.0%}",
        f"{whole:.0%}",
    ]


def warm(pool: HearingPool) -> None:
    """The model is loaded before anybody speaks, as it is in a process that has had a room before."""
    done = threading.Event()
    voice = pool.open(lambda heard, _: done.set() if heard.ended else None)
    voice.push(speech()[: 2 * SAMPLE_RATE], time.time())
    voice.push(np.zeros(SAMPLE_RATE, np.float32), time.time())
    voice.close()
    done.wait(PATIENCE_SECONDS)


def speak(pool: HearingPool, sound: FloatArray, count: int) -> list[Listened]:
    """Push the sound of ``count`` voices as time goes by, until all of it was heard."""
    loud = int(np.argmax(np.abs(sound) > 0.01)) / SAMPLE_RATE
    heard = [Listened(time.time(), loud) for _ in range(count)]
    voices = [pool.open(one.note) for one in heard]
    began = time.time()
    for start in range(0, len(sound), FRAME):
        wait = began + (start + FRAME) / SAMPLE_RATE - time.time()
        if wait > 0:
            time.sleep(wait)
        for voice in voices:
            voice.push(sound[start : start + FRAME], began + start / SAMPLE_RATE)
    for voice in voices:
        voice.close()
    pool.finish(PATIENCE_SECONDS)
    return heard


def speech() -> FloatArray:
    """espeak's voice, mono at SAMPLE_RATE, with pauses in which a microphone hisses."""
    quiet = np.zeros(round(PAUSE_SECONDS * SAMPLE_RATE), np.float32)
    parts = [quiet]
    for text in SAYS:
        said = synthesize(text, "en-us")
        at = np.arange(0, len(said.samples), said.sample_rate / SAMPLE_RATE)
        parts += [np.interp(at, np.arange(len(said.samples)), said.samples).astype(np.float32), quiet]
    sound = np.concatenate(parts)
    return sound + np.random.default_rng(1).normal(0, 1e-4, len(sound)).astype(np.float32)


def word_errors(heard: list[str]) -> float:
    """Words that were put in, left out or taken for others, of those that were said."""
    said = [fold(word) for text in SAYS for word in text.split()]
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        above, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (word != other)))
    return row[-1] / len(said)


def load() -> str:
    """How busy the machine is, for a note."""
    return f"Load of the machine meanwhile: {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores."
