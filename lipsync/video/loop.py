"""A video made as long as wanted: run back and forth, started again, held at its end, or stretched."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

from lipsync.video.color import Image
from lipsync.video.errors import MediaError
from lipsync.video.read import Frame, FrameReader

LoopMode = Literal["bounce", "loop", "once", "stretch"]

WINDOW_BYTES = 96 * 1024**2
"""Frames held at once while running backwards, and the size up to which a short clip is kept whole."""


def loop_frames(
    path: Path, frame_count: int, mode: LoopMode = "bounce", *, reader: FrameReader | None = None
) -> Iterator[Frame]:
    """Exactly ``frame_count`` frames of the video at ``path``, on the grid of ``reader``.

    bounce  0 1 2 3 2 1 0 1 ...   no frame doubled at the turns
    loop    0 1 2 3 0 1 2 3 ...
    once    0 1 2 3 3 3 3 3 ...
    stretch 0 0 1 1 2 2 3 3       slower or faster, so that its end is the end

    ``Frame.index`` is the frame of the source; ``Frame.seconds`` is its time there. Memory is bounded.
    """
    reader = reader or FrameReader(path)
    if mode == "stretch":
        yield from _stretched(reader, frame_count)
        return
    # Not one frame more: the first one that runs backwards has a whole window decoded.
    yield from islice(_endless(reader, mode, frame_count), frame_count)


def _stretched(reader: FrameReader, wanted: int) -> Iterator[Frame]:
    """Frames repeated or left out evenly."""
    total = max(1, reader.claimed_frames or sum(1 for _ in reader))
    given, last = 0, None
    for last in reader:
        # A frame is shown until the next one's share of the time begins.
        due = min(wanted, -(-(last.index + 1) * wanted // total))
        for _ in range(due - given):
            yield _copy(last)
        given = max(given, due)
    if last is None:
        raise MediaError("This video holds no pictures; upload the complete file.", "zero_length")
    while given < wanted:  # the file claimed more than it has
        yield _copy(last)
        given += 1


def _endless(reader: FrameReader, mode: LoopMode, wanted: int) -> Iterator[Frame]:
    window = max(4, WINDOW_BYTES // (reader.width * reader.height * 3))
    # Only what is come back to and fits is kept; a file that claims too much is read again.
    is_kept = reader.claimed_frames < wanted and reader.claimed_frames <= window
    kept: list[Frame] | None = [] if is_kept else None
    total = 0
    for frame in reader:
        total = frame.index + 1
        if kept is not None:
            kept.append(_copy(frame))
            if len(kept) > window:
                kept = None
        yield frame
    if total == 0:
        raise MediaError("This video holds no pictures; upload the complete file.", "zero_length")
    if mode == "once":
        final = kept[-1] if kept else next(reader.frames(total - 1, total))
        while True:
            yield _copy(final)
    given = total
    while True:
        if mode == "bounce":
            # No more than is still wanted: speech often outlasts its film by a frame.
            yield from _backwards(reader, kept, total, max(1, min(window, wanted - given)))
            yield from _forwards(reader, kept, 1, total)
            given += 2 * (total - 1)
        else:
            yield from _forwards(reader, kept, 0, total)


def _copy(frame: Frame) -> Frame:
    """The same frame with pixels of its own: frames handed out may be drawn on."""
    image: Image = frame.image.copy()
    return Frame(image, frame.seconds, frame.index)


def _forwards(reader: FrameReader, kept: list[Frame] | None, start: int, total: int) -> Iterator[Frame]:
    if total == 1:
        start = 0
    if kept is not None:
        yield from (_copy(frame) for frame in kept[start:total])
    else:
        yield from reader.frames(start, total)


def _backwards(reader: FrameReader, kept: list[Frame] | None, total: int, window: int) -> Iterator[Frame]:
    """Frames total-2 .. 0, decoded forwards one window at a time."""
    if total == 1:
        return
    if kept is not None:
        yield from (_copy(frame) for frame in reversed(kept[: total - 1]))
        return
    end = total - 1
    while end > 0:
        start = max(0, end - window)
        frames = list(reader.frames(start, end))
        while frames:
            yield frames.pop()
        end = start
