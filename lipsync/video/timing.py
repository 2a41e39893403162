"""When frames are due: nominal rates, variable rates, and where a stream really ends."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from lipsync.video.container import stream_time_base

HIGHEST_FPS = 120
SAMPLED_PACKETS = 400
FAR_END = 2**62


class Rhythm(NamedTuple):
    """How a video's frames follow each other."""

    fps: Fraction
    """Nominal rate: the grid a constant-rate reading of it uses."""
    is_variable: bool


def _sampled_times(container: InputContainer, stream: VideoStream) -> list[int]:
    times = []
    for packet in container.demux(stream):
        if packet.pts is not None:
            times.append(packet.pts)
        if len(times) >= SAMPLED_PACKETS:
            break
    # The reordering of B-frames leaves a hole near the end of the sample.
    return sorted(times)[:-8] if len(times) > 16 else sorted(times)


def read_rhythm(container: InputContainer, stream: VideoStream) -> Rhythm:
    """The rhythm of a stream, from its first packets. Leaves the container at an undefined place."""
    base = stream_time_base(stream)
    times = _sampled_times(container, stream)
    steps = sorted(
        later - earlier for earlier, later in zip(times, times[1:], strict=False) if later > earlier
    )
    declared = _declared_rate(stream)
    if len(steps) < 2:
        return Rhythm(declared or Fraction(25), is_variable=False)
    middle = steps[len(steps) // 2] * base
    # Millisecond containers round each time, so a step may be off by one unit at either end.
    tolerance = max(middle / 4, 2 * base)
    odd = sum(abs(step * base - middle) > tolerance for step in steps)
    is_variable = odd > len(steps) * 0.02
    if is_variable:
        # Enough slots for the common step, so that no frame of the fastest part worth seeing is dropped.
        return Rhythm(_tidy_rate(1 / middle), is_variable=True)
    mean = len(steps) / (sum(steps) * base)
    if declared and abs(declared - mean) < mean / 50:
        return Rhythm(declared, is_variable=False)
    return Rhythm(_tidy_rate(mean), is_variable=False)


def _declared_rate(stream: VideoStream) -> Fraction | None:
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and 1 <= rate <= HIGHEST_FPS:
            return _tidy_rate(rate)
    return None


def _tidy_rate(rate: Fraction) -> Fraction:
    """The common rate a measured one stands for, else the rate itself with a small denominator."""
    rate = min(max(rate, Fraction(1)), Fraction(HIGHEST_FPS))
    whole = [Fraction(n) for n in (10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 120)]
    dropped = [Fraction(n * 1000, 1001) for n in (24, 30, 60, 120)]
    nearest = min(whole + dropped, key=lambda common: abs(common - rate))
    if abs(nearest - rate) < rate / 3000:
        return nearest
    return rate.limit_denominator(1001)


def read_end(container: InputContainer, stream: VideoStream | AudioStream) -> float | None:
    """Seconds from the stream's start to the end of its last packet, found by reading the end of the file.

    None when the container cannot seek there.
    """
    base = stream_time_base(stream)
    start = stream.start_time or 0
    last = None
    try:
        container.seek(FAR_END if stream.type == "video" else FAR_END, stream=stream)
        for packet in container.demux(stream):
            if packet.pts is not None:
                end = packet.pts + (packet.duration or 0)
                last = end if last is None else max(last, end)
    except (av.FFmpegError, OverflowError):
        if last is None:
            return None
    return None if last is None else float((last - start) * base)
