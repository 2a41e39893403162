"""What is said before the viewer, and its pictures made ready."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd

from lipsync.face.house.live import LiveHouse
from lipsync.speech.synthesize import synthesize
from rooms.agent.generators.base import Picture, SpeechEnd, options_for
from rooms.agent.generators.portrait import PortraitGenerator
from rooms.agent.generators.speech import to_int16

Sound = npt.NDArray[np.int16]

WIDTH = HEIGHT = 512
FPS = 25
LOOK = "maya"
VOICE = "en-us"
WORDS = ("Our.", "Apple.", "I.", "All.", "Hour.", "Eye.", "Ah.", "Up.")
"""Begin with a vowel: mouth and sound open together."""
PAUSE_SECONDS = (0.3, 0.7)
"""Never alike, or a window would fit as well one word later."""
CHATTER = "I owe you all our old yellow owls, and I allow all our hours away in our own yellow yard."
"""Without a pause, so that there is always something to interrupt."""
QUIET = 0.02


@dataclass(frozen=True)
class Speech:
    """Something to say: int16 mono at ``sample_rate``."""

    samples: Sound
    sample_rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate

    def blocks(self, seconds: float = 0.1) -> list[rtc.AudioFrame]:
        """Cut into frames as voices hand it over."""
        size = round(self.sample_rate * seconds)
        pieces = [self.samples[start : start + size] for start in range(0, len(self.samples), size)]
        return [rtc.AudioFrame(piece.tobytes(), self.sample_rate, 1, len(piece)) for piece in pieces]


def words(seconds: float, seed: int = 3) -> Speech:
    """Single words with pauses of changing length between; begins at once with the first."""
    chance = np.random.default_rng(seed)
    spoken = [_trimmed(text) for text in WORDS]
    rate = spoken[0][1]
    pieces: list[npt.NDArray[np.float32]] = []
    while sum(map(len, pieces)) < seconds * rate:
        for number in chance.permutation(len(spoken)):
            pause = np.zeros(round(rate * chance.uniform(*PAUSE_SECONDS)), np.float32)
            pieces += [spoken[number][0], pause]
    return Speech(to_int16(np.concatenate(pieces)[: round(seconds * rate)]), rate)


def chatter() -> Speech:
    """A sentence with no pause in it."""
    samples, rate = _trimmed(CHATTER)
    return Speech(to_int16(samples), rate)


def _trimmed(text: str) -> tuple[npt.NDArray[np.float32], int]:
    speech = synthesize(text, VOICE)
    loud = np.flatnonzero(np.abs(speech.samples) > QUIET)
    return speech.samples[loud[0] : loud[-1]], speech.sample_rate


def make_generator(seed: int = 0) -> PortraitGenerator:
    """The avatar of the bench: a house avatar, drawn as the product draws it."""
    return PortraitGenerator(options_for(WIDTH, HEIGHT, FPS), LiveHouse(LOOK, (WIDTH, HEIGHT)), seed=seed)


async def _render(speech: Speech) -> tuple[npt.NDArray[np.uint8], Sound]:
    generator = make_generator()
    for block in speech.blocks():
        await generator.push_audio(block)
    await generator.push_audio(AudioSegmentEnd())
    pictures, sounds = [], []
    async for item in generator:
        if isinstance(item, SpeechEnd):
            break
        if isinstance(item, Picture):
            pictures.append(np.frombuffer(item.data, np.uint8).copy())
        else:
            sounds.append(np.frombuffer(item.data, np.int16))
    await generator.aclose()
    return np.stack(pictures).reshape(len(pictures), HEIGHT * 3 // 2, WIDTH), np.concatenate(sounds)


async def write_ready(folder: Path, seconds: float) -> None:
    """Write what avatars say and, for those that replay, the pictures and their sound at 48 kHz."""
    speech, long = words(seconds), chatter()
    pictures, sound = await _render(speech)
    np.save(folder / "pictures.npy", pictures)
    np.savez(
        folder / "speech.npz",
        words=speech.samples,
        chatter=long.samples,
        sample_rate=speech.sample_rate,
        sound=sound,
    )


def load(folder: Path) -> tuple[Speech, Speech]:
    """The words and the chatter."""
    with np.load(folder / "speech.npz") as kept:
        rate = int(kept["sample_rate"])
        return Speech(kept["words"], rate), Speech(kept["chatter"], rate)


def load_ready(folder: Path) -> tuple[npt.NDArray[np.uint8], Sound]:
    """Pictures (n, HEIGHT * 3 / 2, WIDTH) I420 at FPS, and their sound, int16 mono at 48 kHz."""
    with np.load(folder / "speech.npz") as kept:
        return np.load(folder / "pictures.npy", mmap_mode="r"), kept["sound"]
