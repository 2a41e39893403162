"""Music under speech: looped without a seam, lower while somebody speaks, all of it at one loudness.

FFmpeg's filters do the work, in a stream: memory does not grow with the clip. Loudness is that of EBU R 128
and ITU-R BS.1770: LUFS, LU, and dBTP for peaks between the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from av.audio.resampler import AudioResampler

from lipsync.audio.load import FloatArray, stream_audio
from lipsync.audio.loudness import RATE, SILENT_LUFS, SoundGraph, measure_loudness
from lipsync.video.container import audio_stream, decode_stream, open_media
from lipsync.video.errors import MediaError

BLOCK = RATE // 10
ATTACK_MS, RELEASE_MS = 120, 400
OPENS_BELOW_LU = 30.0
"""Speech that is so much softer than the whole still lowers the music."""
RATIO = 20
LEAST_THRESHOLD = 0.001
LIMIT_HEADROOM_DB = 0.5
"""Under the peak that is wanted, for what AAC adds."""
OVERSAMPLED = 4 * RATE
MOST_GAIN_DB = 24.0


@dataclass(frozen=True)
class SoundtrackOptions:
    """How music lies under speech.

    below_lu       LU by which music is softer than speech where nobody speaks
    duck_db        by which it is lowered further while somebody speaks
    fade_seconds   of the cross-fade where music is looped, and of its beginning and end
    loudness_lufs  of the result; peak_dbtp: the highest it may reach
    """

    below_lu: float = 10.0
    duck_db: float = 12.0
    fade_seconds: float = 1.5
    loudness_lufs: float = -16.0
    peak_dbtp: float = -1.5

    def __post_init__(self) -> None:
        limits = {
            "below_lu": (0, 40),
            "duck_db": (0, 30),
            "fade_seconds": (0, 10),
            "loudness_lufs": (-40, -5),
            "peak_dbtp": (-9, 0),
        }
        for name, (least, most) in limits.items():
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name):g}; give {least} to {most}.")


def stereo_blocks(path: Path) -> Iterator[FloatArray]:
    """(2, samples) blocks at RATE of any file with sound. Raises FileNotFoundError and MediaError."""
    with open_media(path) as container:
        stream = audio_stream(container)
        if stream is None:
            raise MediaError("This file has no sound; choose a music file.", "no_audio")
        resampler = AudioResampler(format="fltp", layout="stereo", rate=RATE)
        for decoded in decode_stream(container, stream):
            for frame in decoded.frames or ():
                frame.pts = None
                yield from (np.asarray(part.to_ndarray(), np.float32) for part in resampler.resample(frame))
        yield from (np.asarray(part.to_ndarray(), np.float32) for part in resampler.resample(None))


def looped_music(path: Path, seconds: float, fade_seconds: float) -> Iterator[FloatArray]:
    """(2, samples) blocks of exactly ``seconds``: the music again and again, each end faded into a beginning.

    Raises MediaError for a file without sound.
    """
    total = round(seconds * RATE)
    given = 0
    for block in _endless(path, round(fade_seconds * RATE)):
        piece = block[:, : total - given].copy()
        _fade_edges(piece, given, total, round(fade_seconds * RATE))
        given += piece.shape[1]
        yield piece
        if given >= total:
            return


def _endless(path: Path, fade: int) -> Iterator[FloatArray]:
    """Passes over the file, the last ``fade`` samples of each mixed with the first of the next."""
    tail = np.zeros((2, 0), np.float32)
    while True:
        held, length = tail, 0
        start = tail.shape[1]
        for block in stereo_blocks(path):
            length += block.shape[1]
            if start:
                count = min(start, block.shape[1])
                first = tail.shape[1] - start
                held[:, first : first + count] += block[:, :count] * _rise(first, count, tail.shape[1])
                block, start = block[:, count:], start - count
            held = np.concatenate([held, block], axis=1)
            if held.shape[1] > fade + BLOCK:
                yield held[:, : held.shape[1] - fade]
                held = held[:, held.shape[1] - fade :]
        if length < RATE // 10:
            raise MediaError(
                "This music is shorter than a tenth of a second; choose a longer one.", "zero_length"
            )
        # A very short piece is faded over a third of itself.
        over = min(fade, length // 3, held.shape[1])
        yield held[:, : held.shape[1] - over]
        last = held[:, held.shape[1] - over :]
        tail = last * _rise(0, over, over)[::-1]


def _rise(first: int, count: int, whole: int) -> FloatArray:
    """Of a fade-in over ``whole`` samples, those from ``first``; its square and that of its mirror make 1."""
    return np.sin((np.arange(first, first + count) + 0.5) / max(whole, 1) * np.pi / 2).astype(np.float32)


def _fade_edges(piece: FloatArray, given: int, total: int, fade: int) -> None:
    """Lower the beginning and the end of the whole in place."""
    fade = min(fade, total // 3)
    if not fade:
        return
    at = np.arange(given, given + piece.shape[1])
    nearest = np.minimum(at, total - 1 - at)
    piece *= np.clip((nearest + 0.5) / fade, 0, 1).astype(np.float32)


def _speech_blocks(path: Path) -> Iterator[FloatArray]:
    for block in stream_audio(path, RATE, with_video=True):
        yield np.repeat(block[None], 2, axis=0)


def mix_soundtrack(
    speech_path: Path, seconds: float, music_path: Path, options: SoundtrackOptions
) -> Callable[[], Iterator[FloatArray]]:
    """What gives the mix of ``seconds``, as (2, samples) blocks, as often as it is called.

    The speech is the sound of ``speech_path``, a video or not. Raises MediaError for files without sound.
    """
    speech = measure_loudness(_speech_blocks(speech_path)).lufs
    music = measure_loudness(looped_music(music_path, seconds, options.fade_seconds)).lufs
    if music <= SILENT_LUFS:
        raise MediaError("This music is silent; choose another file.", "no_audio")
    level = max(speech, -50.0)
    gain = min(level - options.below_lu - music, MOST_GAIN_DB)
    duck = _Ducker(threshold_db=level - OPENS_BELOW_LU, duck_db=options.duck_db, gain_db=gain)

    def mixed() -> Iterator[FloatArray]:
        return duck.mix(
            padded(_speech_blocks(speech_path), seconds),
            recut(looped_music(music_path, seconds, options.fade_seconds)),
        )

    peak = options.peak_dbtp - LIMIT_HEADROOM_DB
    final = min(options.loudness_lufs - measure_loudness(mixed()).lufs, MOST_GAIN_DB)
    # What the limiter takes away is given back once.
    final += min(options.loudness_lufs - measure_loudness(limited(mixed(), final, peak)).lufs, 3.0)
    return lambda: limited(mixed(), final, peak)


def padded(blocks: Iterator[FloatArray], seconds: float) -> Iterator[FloatArray]:
    """Blocks of BLOCK samples, silence at the end, cut at ``seconds``."""
    total = round(seconds * RATE)
    silence = (np.zeros((2, BLOCK), np.float32) for _ in range(total // BLOCK + 1))
    given = 0
    for block in recut(chain(blocks, silence)):
        piece = block[:, : total - given]
        given += piece.shape[1]
        yield piece
        if given >= total:
            return


def recut(blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
    held = np.zeros((2, 0), np.float32)
    for block in blocks:
        held = np.concatenate([held, block], axis=1)
        while held.shape[1] >= BLOCK:
            yield held[:, :BLOCK]
            held = held[:, BLOCK:]
    if held.shape[1]:
        yield held


@dataclass(frozen=True)
class _Ducker:
    """Speech over music that gives way to it. ``threshold_db``: RMS, dBFS, of speech that counts."""

    threshold_db: float
    duck_db: float
    gain_db: float

    def mix(self, speech: Iterator[FloatArray], music: Iterator[FloatArray]) -> Iterator[FloatArray]:
        graph = self._graph()
        for voice, under in zip(speech, music, strict=True):
            graph.put(0, voice)
            graph.put(1, under)
            yield from graph.blocks()
        graph.put(0, None)
        graph.put(1, None)
        yield from graph.blocks()

    def _graph(self) -> SoundGraph:
        sounds = SoundGraph(2)
        graph = sounds.graph
        split, join = graph.add("asplit", "2"), graph.add("amix", "inputs=2:normalize=0:duration=first")
        level = graph.add("volume", f"{self.gain_db:.2f}dB")
        threshold = max(LEAST_THRESHOLD, 10 ** (self.threshold_db / 20))
        # Compressed to nearly nothing, and mixed with what was: so it is lowered by duck_db and no more.
        wet = 1 - 10 ** (-self.duck_db / 20)
        duck = graph.add(
            "sidechaincompress",
            f"threshold={threshold:.6f}:ratio={RATIO}:attack={ATTACK_MS}:release={RELEASE_MS}:mix={wet:.4f}",
        )
        voice, music = sounds.inputs
        voice.link_to(split)
        split.link_to(join, 0, 0)
        split.link_to(duck, 1, 1)
        music.link_to(level)
        level.link_to(duck, 0, 0)
        duck.link_to(join, 0, 1)
        sounds.chain(join)
        return sounds


def limited(blocks: Iterator[FloatArray], gain_db: float, peak_dbtp: float) -> Iterator[FloatArray]:
    """Louder by ``gain_db``, but never over ``peak_dbtp``, between the samples either."""
    graph = SoundGraph()
    limit = 10 ** (peak_dbtp / 20)
    graph.chain(
        graph.inputs[0],
        ("volume", f"{gain_db:.2f}dB"),
        ("aresample", str(OVERSAMPLED)),
        ("alimiter", f"limit={limit:.4f}:level=0:attack=5:release=80:latency=1"),
        ("aresample", str(RATE)),
    )
    for block in blocks:
        graph.put(0, block)
        yield from graph.blocks()
    graph.put(0, None)
    yield from graph.blocks()
