"""Looking into a video here and there, and then all through it, for something to be found in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av

from lipsync.video.color import Image, RgbConverter, display_size
from lipsync.video.container import open_media, stream_time_base, video_stream
from lipsync.video.errors import MediaError
from lipsync.video.orient import frame_orientation
from lipsync.video.read import FrameReader

SHORT_SECONDS = 60.0
MOST_LOOKS = 240


def sample_frames(path: Path, seconds: float, count: int) -> Iterator[Image]:
    """Up to ``count`` frames (height, width, 3) RGB, upright, spread evenly over a video, the first included.

    One at a time in memory. Passes over damaged places. Raises MediaError when nothing can be read.
    """
    reader = FrameReader(path)
    total = max(1, int(seconds * reader.fps))
    for start in sorted({total * step // count for step in range(count)}):
        try:
            for frame in reader.frames(start, start + 1):
                yield frame.image
        except MediaError:
            continue


def search_frames(path: Path, seconds: float) -> Iterator[Image]:
    """At most 240 frames (height, width, 3) RGB, upright: two a second of a short video, else its key frames.

    Encoders put a key frame where the picture changes, so every scene is seen. Ends at damage.
    """
    try:
        if seconds <= SHORT_SECONDS:
            for frame in FrameReader(path, fps=2):
                yield frame.image
        else:
            for image, _ in key_frames(path, seconds / MOST_LOOKS):
                yield image
    except (MediaError, av.FFmpegError):
        return


def key_frames(path: Path, step_seconds: float) -> Iterator[tuple[Image, float]]:
    """Key frames (height, width, 3) RGB, upright, at least ``step_seconds`` apart; no other is decoded.

    Each with its time in seconds from the start of the video.
    """
    with open_media(path) as container:
        stream = video_stream(container)
        if stream is None:
            return
        stream.codec_context.skip_frame = "NONKEY"
        base = stream_time_base(stream)
        due = float("-inf")
        start = float((stream.start_time or 0) * base)
        converter: RgbConverter | None = None
        for frame in container.decode(stream):
            if frame.pts is None or float(frame.pts * base) < due:
                continue
            due = float(frame.pts * base) + step_seconds
            if converter is None:
                converter = RgbConverter(*display_size(frame.width, frame.height, stream.sample_aspect_ratio))
            seconds = float(frame.pts * base) - start
            yield frame_orientation(frame).apply(converter.convert(frame)), seconds
