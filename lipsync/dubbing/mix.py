"""The seventh stage: the new voices over what is left of the original sound, at one loudness."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from lipsync.audio.load import FloatArray, stream_audio
from lipsync.audio.loudness import RATE, SILENT_LUFS, measure_loudness
from lipsync.audio.soundtrack import (
    BLOCK,
    LIMIT_HEADROOM_DB,
    MOST_GAIN_DB,
    limited,
    padded,
    recut,
    stereo_blocks,
)
from lipsync.dubbing.spec import Background
from lipsync.video.container import audio_stream, open_media, stream_time_base, video_stream

LOUDNESS_LUFS, PEAK_DBTP = -16.0, -1.5
RAMP_SECONDS = 0.06
EDGE_SECONDS = 0.1
"""Around what was said: recognisers end words early."""
VOICE_LUFS = -20.0
"""Of the voices, where the original is too soft to go by."""
SOFTEST_LUFS = -45.0

Span = tuple[float, float]


def mix_sound(
    video: Path,
    voice: Path,
    spans: list[Span],
    seconds: float,
    background: Background,
    duck_db: float,
    output: Path,
) -> float:
    """Write the mix of ``seconds`` as stereo at RATE, and give its loudness in LUFS.

    spans  where the original voice is to go, and where a new one speaks
    """
    gain = _Gain(spans, 0.0 if background != "lower" else 10 ** (-duck_db / 20), background == "none")
    original = measure_loudness(_original(video)).lufs
    spoken = measure_loudness(_voice(voice)).lufs
    wanted = original if original > SOFTEST_LUFS else VOICE_LUFS
    voice_gain = 10 ** (min(wanted - spoken, MOST_GAIN_DB) / 20) if spoken > SILENT_LUFS else 1.0

    def mixed() -> Iterator[FloatArray]:
        at = 0
        old = recut(padded(_original(video), seconds))
        new = recut(padded(_voice(voice), seconds))
        for under, over in zip(old, new, strict=True):
            yield under * gain.at(at, under.shape[1]) + over * voice_gain
            at += under.shape[1]

    return _write(output, mixed)


def _write(output: Path, mixed: Callable[[], Iterator[FloatArray]]) -> float:
    peak = PEAK_DBTP - LIMIT_HEADROOM_DB
    final = min(LOUDNESS_LUFS - measure_loudness(mixed()).lufs, MOST_GAIN_DB)
    final += min(LOUDNESS_LUFS - measure_loudness(limited(mixed(), final, peak)).lufs, 3.0)
    with wave.open(str(output), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(RATE)

        def written() -> Iterator[FloatArray]:
            for block in limited(mixed(), final, peak):
                sound.writeframes((np.clip(block.T, -1, 1) * 32767).astype("<i2").tobytes())
                yield block

        return measure_loudness(written()).lufs


class _Gain:
    """Of the original sound over time: ``inside`` in the spans, 1 outside them, or nothing anywhere."""

    def __init__(self, spans: list[Span], inside: float, nowhere: bool) -> None:
        times, gains = [-1.0], [0.0 if nowhere else 1.0]
        for start, end in [] if nowhere else joined(spans):
            times += [start - RAMP_SECONDS, start, end, end + RAMP_SECONDS]
            gains += [1.0, inside, inside, 1.0]
        self._times, self._gains = np.array(times), np.array(gains)

    def at(self, first: int, count: int) -> FloatArray:
        """(count,) from sample ``first``."""
        seconds = (first + np.arange(count)) / RATE
        return np.asarray(np.interp(seconds, self._times, self._gains), np.float32)


def joined(spans: list[Span]) -> list[Span]:
    """``spans`` in order, with some room around them, those that touch made one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        start, end = max(0.0, start - EDGE_SECONDS), end + EDGE_SECONDS
        if found and start - found[-1][1] < 2 * RAMP_SECONDS:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _original(video: Path) -> Iterator[FloatArray]:
    """(2, samples) blocks that begin with the first picture."""
    blocks = stereo_blocks(video)
    late = _late_samples(video)
    if late >= 0:
        silence = [np.zeros((2, min(BLOCK, late - at)), np.float32) for at in range(0, late, BLOCK)]
        yield from chain(silence, blocks)
        return
    for block in blocks:
        left, late = block[:, -late:] if late < 0 else block, min(0, late + block.shape[1])
        if left.shape[1]:
            yield left


def _late_samples(video: Path) -> int:
    """Of the sound, by which it begins after the picture."""
    with open_media(video) as container:
        sound, picture = audio_stream(container), video_stream(container)
        if sound is None or picture is None:
            return 0
        starts = [float((one.start_time or 0) * stream_time_base(one)) for one in (sound, picture)]
    return max(-60 * RATE, min(60 * RATE, round((starts[0] - starts[1]) * RATE)))


def _voice(path: Path) -> Iterator[FloatArray]:
    for block in stream_audio(path, RATE):
        yield np.repeat(block[None], 2, axis=0)
