"""Sound from any file as float32 mono at the rate asked for, block by block."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from lipsync.video.container import (
    audio_stream,
    decode_stream,
    open_media,
    stream_time_base,
    video_stream,
)
from lipsync.video.errors import MediaError

FloatArray = npt.NDArray[np.float32]

GAP_SECONDS = 0.05
"""Timestamps that stray less than this are rounding; more is a hole to fill or an overlap to drop."""
LONGEST_GAP_SECONDS = 3600.0
BLOCK_SECONDS = 1.0
DAMAGED_PACKETS = 10
"""Undecodable packets in a row after which a file counts as damaged."""

# ITU-R BS.775 weights for one channel; the low-frequency channel is left out.
_WEIGHTS = {"FC": 1.0, "FL": 0.707, "FR": 0.707, "LFE": 0.0, "LFE2": 0.0}
_SURROUND_WEIGHT = 0.5


def _mix_weights(layout: av.AudioLayout) -> FloatArray:
    """Weight of each channel in the mono sum; they add up to 1, so the sum cannot clip."""
    names = [channel.name for channel in layout.channels]
    weights = np.array([_WEIGHTS.get(name, _SURROUND_WEIGHT) for name in names], np.float32)
    if weights.sum() <= 0:
        weights[:] = 1.0
    return np.asarray(weights / weights.sum(), np.float32)


class _MonoMixer:
    """Decoded frames of any format in, mono float blocks at ``sample_rate`` out."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._planar: AudioResampler | None = None
        self._mono: AudioResampler | None = None
        self._source: tuple[str, int, int] | None = None
        self._position = 0

    def mix(self, frame: AudioFrame) -> FloatArray:
        """The frame at its own rate, as mono."""
        if self._planar is None or self._source != (
            frame.format.name,
            frame.sample_rate,
            len(frame.layout.channels),
        ):
            self._source = (frame.format.name, frame.sample_rate, len(frame.layout.channels))
            self._planar = AudioResampler(format="fltp", layout=frame.layout, rate=frame.sample_rate)
        frame.pts = None
        planes = np.concatenate([part.to_ndarray() for part in self._planar.resample(frame)], axis=1)
        if planes.shape[0] == 1:
            return np.ascontiguousarray(planes[0])
        return np.asarray(_mix_weights(frame.layout) @ planes, np.float32)

    def resample(self, samples: FloatArray | None, source_rate: int) -> list[FloatArray]:
        """``samples`` at the wanted rate; None flushes what the filter still holds."""
        if source_rate == self._rate:
            return [] if samples is None else [samples]
        if self._mono is None:
            self._mono = AudioResampler(format="flt", layout="mono", rate=self._rate)
        frame = None
        if samples is not None:
            frame = AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
            frame.sample_rate = source_rate
            frame.time_base = Fraction(1, source_rate)
            frame.pts = self._position
            self._position += len(samples)
        return [part.to_ndarray()[0] for part in self._mono.resample(frame)]


def _decoded(container: InputContainer, stream: AudioStream) -> Iterator[tuple[AudioFrame, int]]:
    """Frames of the stream, each with how many of its samples are sound.

    A few damaged packets are skipped; a damaged rest is an error.
    """
    base = stream_time_base(stream)
    seconds = 0.0
    failed = 0
    heard = False
    held: AudioFrame | None = None
    end: int | None = None
    for decoded in decode_stream(container, stream):
        if decoded.end is not None:
            end = decoded.end if end is None else max(end, decoded.end)
        if decoded.frames is None:
            failed += 1
            if failed > DAMAGED_PACKETS:
                raise _damaged_at(seconds)
            continue
        for frame in decoded.frames:
            failed = 0
            heard = True
            if frame.pts is not None:
                seconds = float(frame.pts * (frame.time_base or base))
            if held is not None:
                yield held, held.samples
            held = frame
    if held is not None:
        yield held, _real_samples(container, held, end, base)
    if failed and not heard:
        raise _damaged_at(0.0)


def _real_samples(container: InputContainer, frame: AudioFrame, end: int | None, base: Fraction) -> int:
    """How many samples of the last frame are sound; the encoder filled up the rest.

    MP4 gives the true length of the last packet; other containers round it or have it trimmed by libav.
    """
    if end is None or frame.pts is None or not container.format.name.startswith("mov"):
        return frame.samples
    real = round(float((end * base - frame.pts * (frame.time_base or base)) * frame.sample_rate))
    return min(max(real, 0), frame.samples)


def _damaged_at(seconds: float) -> MediaError:
    return MediaError(
        f"The sound is damaged from {seconds:.1f} seconds on; export it again and upload that.",
        "damaged",
        at_seconds=seconds,
    )


def _at_source_rate(
    container: InputContainer, stream: AudioStream, mixer: _MonoMixer, zero: float | None
) -> Iterator[tuple[FloatArray, int]]:
    """(mono samples, their rate), gaps filled with silence and overlaps dropped.

    zero: seconds on the file's clock that become sample 0; None means where the sound starts.
    """
    position = 0
    for frame, real in _decoded(container, stream):
        rate = frame.sample_rate
        start = (
            None if frame.pts is None else float(frame.pts * (frame.time_base or stream_time_base(stream)))
        )
        samples = mixer.mix(frame)[:real]
        if start is not None:
            zero = start if zero is None else zero
            drift = round((start - zero) * rate) - position
            tolerance = 0 if position == 0 else GAP_SECONDS * rate
            if tolerance < drift <= LONGEST_GAP_SECONDS * rate:
                position += drift
                yield from _silence(drift, rate)
            elif drift < -tolerance:
                samples = samples[-drift:]
        position += len(samples)
        if len(samples):
            yield samples, rate


def _silence(count: int, rate: int) -> Iterator[tuple[FloatArray, int]]:
    step = max(1, int(rate * BLOCK_SECONDS))
    for done in range(0, count, step):
        yield np.zeros(min(step, count - done), np.float32), rate


def stream_audio(path: Path, sample_rate: int, *, with_video: bool = False) -> Iterator[FloatArray]:
    """Blocks of float32 mono samples in [-1, 1] at ``sample_rate``, from any sound or video file.

    Codec delay is removed. Sample 0 is where the sound starts or, ``with_video``, where the first
    picture is shown. Raises FileNotFoundError, and MediaError when there is no sound or it is damaged.
    """
    path = Path(path)
    with open_media(path) as container:
        stream = audio_stream(container)
        if stream is None:
            raise MediaError("This file has no sound; choose a recording of speech.", "no_audio")
        video = video_stream(container) if with_video else None
        zero = None if video is None else float((video.start_time or 0) * stream_time_base(video))
        mixer = _MonoMixer(sample_rate)
        rate = sample_rate
        for samples, rate in _at_source_rate(container, stream, mixer, zero):  # noqa: B007 -- the last rate is used
            yield from _clipped(mixer.resample(samples, rate))
        yield from _clipped(mixer.resample(None, rate))


def _clipped(blocks: list[FloatArray]) -> Iterator[FloatArray]:
    for block in blocks:
        if len(block):
            # NaN and infinities occur in damaged float files.
            yield np.clip(np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)


def load_audio(path: Path, sample_rate: int, max_seconds: float | None = None) -> FloatArray:
    """The whole sound, float32 mono (samples,), at most ``max_seconds`` of it. Raises as stream_audio."""
    wanted = None if max_seconds is None else round(max_seconds * sample_rate)
    blocks: list[FloatArray] = []
    count = 0
    for block in stream_audio(path, sample_rate):
        blocks.append(block)
        count += len(block)
        if wanted is not None and count >= wanted:
            break
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    return samples[:wanted]


def save_wav(path: Path, samples: FloatArray, sample_rate: int) -> None:
    """Write mono samples in [-1, 1] as 16-bit PCM; what is beyond is clipped."""
    scaled = np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(scaled.tobytes())
