"""The fifth and sixth stage: each sentence spoken, and made to fit the time that there is for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from lipsync.audio.load import FloatArray, load_audio, save_wav
from lipsync.audio.loudness import RATE, SoundGraph
from lipsync.dubbing.spec import DubError, Json
from lipsync.speech.errors import SpeechError
from lipsync.speech.synthesize import LEAD_IN_SECONDS, LEAD_OUT_SECONDS, stream_speech

SLOWEST, FASTEST = 0.9, 1.25
"""Speed of a voice where its language takes more or less words than the original."""
MOST_TEMPO = 1.25
"""By which speech is compressed, where the fastest voice is too slow still."""
GAP_SECONDS = 0.08
"""Between two sentences, at least."""
NEAR_ENOUGH = 0.02


@dataclass(frozen=True)
class Spoken:
    """A sentence without silence around it. ``samples`` mono; ``words``: (text, seconds from its start)."""

    samples: FloatArray
    sample_rate: int
    words: tuple[tuple[str, float], ...]

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True)
class Fitted:
    """A sentence as it is heard. ``samples`` mono at RATE.

    rate   of the voice; ``tempo`` of the compression that came on top, both 1 for none
    over   seconds by which it is longer than there is room
    """

    samples: FloatArray
    rate: float
    tempo: float
    over: float
    words: tuple[tuple[str, float], ...]


def speak(text: str, voice: str, rate: float = 1.0) -> Spoken:
    """``text`` in the voice with this id. Raises DubError."""
    try:
        chunks = list(stream_speech(text, voice, rate))
    except SpeechError as error:
        raise DubError("voice", str(error)) from error
    sample_rate = chunks[0].sample_rate
    samples = np.concatenate([chunk.samples for chunk in chunks])
    start, end = round(LEAD_IN_SECONDS * sample_rate), len(samples) - round(LEAD_OUT_SECONDS * sample_rate)
    words = [word for chunk in chunks for word in chunk.words]
    return Spoken(
        samples[start:end],
        sample_rate,
        tuple((word.text.strip(), max(0.0, word.start_seconds - LEAD_IN_SECONDS)) for word in words),
    )


def fit(natural: Spoken, again: Callable[[float], Spoken], own: float, room: float) -> Fitted:
    """``natural`` in the ``own`` seconds of the original, or in up to ``room`` until the next sentence.

    again  speaks the same at another rate

    A voice first speaks faster, then takes of the pause that follows, then is compressed; what is too long
    even so stays whole, and ``over`` says by how much.
    """
    wanted = min(max(natural.seconds / own, SLOWEST), FASTEST)
    rate = wanted if abs(wanted - 1) > NEAR_ENOUGH else 1.0
    spoken = natural if rate == 1.0 else again(rate)
    sound = _at_rate(spoken)
    tempo = min(max(len(sound) / RATE / max(room, 0.2), 1.0), MOST_TEMPO)
    if tempo > 1 + NEAR_ENOUGH / 2:
        sound = compress(sound, tempo)
    else:
        tempo = 1.0
    words = tuple((text, start / tempo) for text, start in spoken.words)
    return Fitted(sound, round(rate, 3), round(tempo, 3), max(0.0, len(sound) / RATE - room), words)


def compress(samples: FloatArray, tempo: float) -> FloatArray:
    """``samples`` at RATE so many times as fast, as high as they were."""
    graph = SoundGraph()
    graph.chain(graph.inputs[0], ("atempo", f"{tempo:.4f}"))
    blocks = []
    for start in range(0, len(samples), RATE):
        graph.put(0, np.repeat(samples[None, start : start + RATE], 2, axis=0))
        blocks += [block[0] for block in graph.blocks()]
    graph.put(0, None)
    blocks += [block[0] for block in graph.blocks()]
    wanted = round(len(samples) / tempo)
    made = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    return made[:wanted]


def _at_rate(spoken: Spoken) -> FloatArray:
    if spoken.sample_rate == RATE:
        return spoken.samples
    resampler = AudioResampler(format="flt", layout="mono", rate=RATE)
    frame = AudioFrame.from_ndarray(spoken.samples[None], format="flt", layout="mono")
    frame.sample_rate = spoken.sample_rate
    parts = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([np.asarray(part.to_ndarray()[0], np.float32) for part in parts])


def slots(lines: list[Json], seconds: float) -> list[tuple[float, float]]:
    """(own, room) seconds of each line: as long as it was, and until the next one or the end."""
    found = []
    for number, line in enumerate(lines):
        until = lines[number + 1]["start"] - GAP_SECONDS if number + 1 < len(lines) else seconds
        own = max(line["end"] - line["start"], 0.2)
        found.append((own, max(until - line["start"], own if number + 1 == len(lines) else 0.2)))
    return found


def place(lines: list[Json], lengths: list[float], seconds: float) -> list[Json]:
    """When each line is heard: where it was said, or once the one before it has ended; never two at once.

    Each has ``at``, ``seconds``, ``late`` and ``cut``, what is lost past the end of the video.
    """
    placed: list[Json] = []
    free = 0.0
    for line, length in zip(lines, lengths, strict=True):
        at = max(line["start"], free)
        heard = max(0.0, min(length, seconds - at))
        placed.append(
            {
                "id": line["id"],
                "at": round(at, 4),
                "seconds": round(heard, 4),
                "late": round(at - line["start"], 3),
                "cut": round(length - heard, 3),
            }
        )
        free = at + length + GAP_SECONDS
    return placed


def write_track(path: Path, pieces: list[tuple[float, FloatArray]], seconds: float) -> None:
    """The voices alone, as long as the video, mono at RATE."""
    track = np.zeros(round(seconds * RATE), np.float32)
    for at, samples in pieces:
        start = round(at * RATE)
        heard = samples[: max(0, len(track) - start)]
        track[start : start + len(heard)] += heard
    save_wav(path, track, RATE)


def original_piece(video: Path, start: float, end: float) -> FloatArray:
    """What was said in the video from ``start`` to ``end``, mono at RATE."""
    return load_audio(video, RATE, max_seconds=end)[round(start * RATE) :]
