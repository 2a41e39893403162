"""When frames are due: nominal rates, variable rates, and where a stream really ends."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from lipsync.video.container import open_media, stream_time_base, video_stream
from lipsync.video.errors import MediaError

HIGHEST_FPS = 120
SAMPLED_PACKETS = 400
FAR_END = 2**62
CUT_OFF_SECONDS = 0.2
CUT_OFF_SHARE = 0.1
"""A stream that ends more than this much of its length early is refused; less is a notice."""


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
    return sorted(times)[:-8] if len(times) == SAMPLED_PACKETS else sorted(times)


def read_rhythm(path: Path) -> Rhythm:
    """The rhythm of a video, from its first packets. Raises MediaError when the file has no video."""
    with open_media(path) as container:
        stream = video_stream(container)
        if stream is None:
            raise MediaError("This file has sound but no picture; choose a photo or a video.", "no_video")
        base = stream_time_base(stream)
        times = _sampled_times(container, stream)
        declared = _declared_rate(stream)
    steps = sorted(
        later - earlier for earlier, later in zip(times, times[1:], strict=False) if later > earlier
    )
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

    None when the container cannot seek there. Leaves the container at its end.
    """
    base = stream_time_base(stream)
    if container.format.name.startswith("mov") and len(stream.index_entries):
        return _indexed_end(container, stream, base)
    start = stream.start_time or 0
    step = (
        round(1 / (stream.average_rate * base))
        if isinstance(stream, VideoStream) and stream.average_rate
        else 0
    )
    last = None
    try:
        container.seek(FAR_END, stream=stream)
        for packet in container.demux(stream):
            if packet.pts is not None:
                end = packet.pts + (packet.duration or step)
                last = end if last is None else max(last, end)
    except (av.FFmpegError, OverflowError):
        if last is None:
            return None
    return None if last is None else float((last - start) * base)


def _indexed_end(container: InputContainer, stream: VideoStream | AudioStream, base: Fraction) -> float:
    """The end by an MP4's index: the samples that lie wholly inside the file."""
    entries = stream.index_entries
    low, high = 0, len(entries)
    while low < high:
        middle = (low + high) // 2
        entry = entries[middle]
        if entry.pos + entry.size <= container.size:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        return 0.0
    if low == len(entries):
        return _claimed_by_index(stream, base)
    return float((entries[low].timestamp - entries[0].timestamp) * base)


def _claimed_by_index(stream: VideoStream | AudioStream, base: Fraction) -> float:
    entries = stream.index_entries
    first, last = entries[0].timestamp, entries[-1].timestamp
    step = (last - first) / (len(entries) - 1) if len(entries) > 1 else 0
    indexed = float((last - first + step) * base)
    declared = float((stream.duration or 0) * base)
    # The header knows the last sample's own length; the index is believed when they differ by more than that.
    return declared if declared and abs(declared - indexed) <= max(2 * float(step * base), 0.1) else indexed


def read_claim(container: InputContainer, stream: VideoStream | AudioStream) -> float | None:
    """Seconds the file says the stream lasts, where that can be trusted; None where it is an estimate."""
    base = stream_time_base(stream)
    name = container.format.name
    if name.startswith("mov") and len(stream.index_entries):
        return _claimed_by_index(stream, base)
    if "matroska" in name and container.duration:
        return float(container.duration / av.time_base)
    return None


def missing_seconds(held: float, claimed: float | None) -> float:
    """How much of a stream is not there; 0 when it is whole or nobody can tell."""
    missing = (claimed or 0.0) - held
    return missing if missing > CUT_OFF_SECONDS else 0.0


def is_cut_off(held: float, claimed: float | None) -> bool:
    """Whether so much of a stream is missing that it should not be used."""
    return claimed is not None and missing_seconds(held, claimed) > claimed * CUT_OFF_SHARE
