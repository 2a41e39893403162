"""Reading pictures: photos, and videos as upright RGB frames at a constant rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from lipsync.audio.load import FloatArray, stream_audio
from lipsync.video.color import ColorTags, Image, RgbConverter, display_size, frame_tags
from lipsync.video.container import (
    DECODER_THREADS,
    decode_stream,
    open_media,
    require_content,
    stream_time_base,
    video_stream,
)
from lipsync.video.errors import MediaError
from lipsync.video.orient import UPRIGHT, Orientation, frame_orientation
from lipsync.video.still import is_photo, probe_still, read_still, require_pixels
from lipsync.video.timing import is_cut_off, missing_seconds, read_claim, read_end, read_rhythm

VIDEO_PIXELS = 40_000_000
LONGEST_HOLE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a video on its constant grid."""

    image: Image
    """(height, width, 3) RGB, upright. Yours to draw on."""
    seconds: float
    index: int


def read_image(path: Path, pixels: int = VIDEO_PIXELS) -> Image:
    """A photo, or the first frame of a video, as (height, width, 3) RGB uint8, upright, alpha on white.

    Raises FileNotFoundError, and MediaError when it is no picture, damaged, or has more than ``pixels``.
    """
    path = Path(path)
    require_content(path)
    if probe_still(path) is not None:
        return read_still(path, pixels)
    for frame in FrameReader(path):
        return frame.image
    raise MediaError("This video holds no pictures; upload the complete file.", "zero_length")


class _Shown(NamedTuple):
    """A decoded source frame, not yet RGB, and the grid slots it fills."""

    frame: av.VideoFrame
    slot: int
    end_slot: int


class FrameReader:
    """The frames of a video: upright, RGB, at a constant rate, however the file times them.

    A source frame is shown from the grid slot nearest to its time until the next one's, so nothing drifts.
    Iterating starts from the beginning each time. Memory does not depend on the length.

    fps              frames per second of the grid, exact
    width, height    as displayed
    color_tags       what the RGB numbers mean; hand them to the writer
    notices          sentences about flaws found so far, complete when iteration has ended
    """

    def __init__(self, path: Path, fps: Fraction | float | None = None) -> None:
        """Raises FileNotFoundError, or MediaError when the file has no readable video."""
        self.path = Path(path)
        self.notices: list[str] = []
        with open_media(self.path) as container:
            stream = _require_video(container)
            require_pixels(stream.codec_context.width, stream.codec_context.height, VIDEO_PIXELS)
            first = _first_frame(container, stream)
            self._claimed = read_claim(container, stream)
            self._base = stream_time_base(stream)
            self._stored = display_size(first.width, first.height, stream.sample_aspect_ratio)
        # Kept for the reader's life: an HDR video's tone table takes seconds to make.
        self._converter = RgbConverter(*self._stored)
        rhythm = read_rhythm(self.path)
        self._source_fps = rhythm.fps
        self.fps = Fraction(fps).limit_denominator(1001) if fps else rhythm.fps
        self.is_variable = rhythm.is_variable
        self._zero = int(first.pts or 0)
        self._orientation: Orientation = frame_orientation(first)
        tags = frame_tags(first)
        self.color_tags = ColorTags() if tags.is_hdr else tags._replace(full_range=False)
        self.width, self.height = self._orientation.size(*self._stored)

    @property
    def claimed_frames(self) -> int:
        """How many frames the file says it has, 0 when it does not say."""
        return int((self._claimed or 0) * self.fps)

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames ``start`` up to ``stop`` of the grid, or to the end. Seeks to a key frame before ``start``.

        Raises MediaError with ``at_seconds`` where the file turns bad with good frames after it.
        """
        for shown in self._shown(start):
            if stop is not None and shown.slot >= stop:
                return
            end = shown.end_slot if stop is None else min(shown.end_slot, stop)
            slots = range(max(shown.slot, start), end)
            if not slots:
                continue
            image = self._image(shown.frame)
            for index in slots:
                own = image if index == slots[-1] else image.copy()
                yield Frame(own, float(index / self.fps), index)

    def _image(self, frame: av.VideoFrame) -> Image:
        image = self._converter.convert(frame)
        return image if self._orientation is UPRIGHT else self._orientation.apply(image)

    def _slot(self, pts: int) -> int:
        """The grid slot nearest to a timestamp; halves go up, as time does."""
        return int((pts - self._zero) * self._base * self.fps + Fraction(1, 2))

    def _shown(self, start: int) -> Iterator[_Shown]:
        """Source frames from the one shown at ``start`` on, each with its slots; skips those never shown."""
        back = 0.0
        while start / self.fps > back:
            source = self._shown_from(start, back)
            first = next(source, None)
            if first is not None and first.slot <= start:
                yield from (shown for shown in chain([first], source) if shown.end_slot > start)
                return
            # Files without an index may land after the time asked for: go back further, at last to 0.
            back = back * 4 + 2.0
        yield from self._shown_from(0, 0.0)

    def _shown_from(self, start: int, back: float) -> Iterator[_Shown]:
        pending: av.VideoFrame | None = None
        slot = 0
        with open_media(self.path) as container:
            stream = _require_video(container)
            if start:
                # The frame shown at a slot may be timed half a slot later; the seek must not pass it.
                seconds = (start - 0.5) / float(self.fps) - back
                container.seek(max(self._zero, self._zero + int(seconds / self._base)), stream=stream)
            for frame in self._decode(container, stream):
                if frame.pts is not None and frame.pts < self._zero:
                    continue
                next_slot = slot + 1 if frame.pts is None else max(self._slot(frame.pts), slot)
                if pending is not None and next_slot > slot:
                    yield _Shown(pending, slot, self._bounded(slot, next_slot))
                pending, slot = frame, next_slot
        if pending is not None:
            yield from self._last_shown(pending, slot)

    def _last_shown(self, frame: av.VideoFrame, slot: int) -> Iterator[_Shown]:
        """The last frame, unless it ends before the slot it would fill; its length is not always told."""
        length = max(float((frame.duration or 0) * self._base), float(1 / self._source_fps))
        end = slot + 1 if frame.pts is None else self._slot(frame.pts + round(length / self._base))
        if end > slot or slot == 0:
            yield _Shown(frame, slot, max(end, slot + 1))

    def _decode(self, container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
        """Decoded frames. Damage with good frames or much time after it is an error, else a notice."""
        bad_at: float | None = None
        end = 0.0
        for decoded in decode_stream(container, stream):
            if decoded.frames is None and bad_at is None:
                bad_at = end if decoded.pts is None else self._seconds(decoded.pts)
            for frame in decoded.frames or ():
                shown = end if frame.pts is None else self._seconds(frame.pts)
                if bad_at is not None and shown > bad_at:
                    raise _damaged_at(bad_at)
                end = max(end, shown + float((frame.duration or 0) * self._base))
                yield frame
        if is_cut_off(end, self._claimed):
            raise _damaged_at(end)
        if bad_at is not None or missing_seconds(end, self._claimed):
            notice = f"The video cannot be read after {end:.1f} seconds; it was used up to there."
            if notice not in self.notices:
                self.notices.append(notice)

    def _seconds(self, pts: int) -> float:
        return float((pts - self._zero) * self._base)

    def _bounded(self, slot: int, end: int) -> int:
        """Guards against a timestamp that jumps by hours."""
        if end - slot > LONGEST_HOLE_SECONDS * self.fps:
            seconds = float(slot / self.fps)
            raise MediaError(
                f"This video's times jump at {seconds:.1f} seconds; export it again and upload that.",
                "damaged",
                at_seconds=seconds,
            )
        return end


def _require_video(container: InputContainer) -> VideoStream:
    stream = video_stream(container)
    if stream is None:
        raise MediaError("This file has sound but no picture; choose a photo or a video.", "no_video")
    stream.thread_type = "AUTO"
    stream.thread_count = DECODER_THREADS
    return stream


def _damaged_at(seconds: float) -> MediaError:
    return MediaError(
        f"This video is damaged at {seconds:.1f} seconds; export it again and upload that.",
        "damaged",
        at_seconds=seconds,
    )


def _first_frame(container: InputContainer, stream: VideoStream) -> av.VideoFrame:
    for decoded in decode_stream(container, stream):
        if decoded.frames:
            return decoded.frames[0]
    raise MediaError("This video holds no readable pictures; upload the complete file.", "zero_length")


def sample_frames(path: Path, count: int) -> list[Frame]:
    """``count`` frames spread evenly over a video, the first one included, found by seeking.

    A photo gives itself once. Fewer come back when the video has fewer. Raises as FrameReader.
    """
    path = Path(path)
    require_content(path)
    still = probe_still(path)
    if still is not None and is_photo(still):
        return [Frame(read_still(path), 0.0, 0)]
    reader = FrameReader(path)
    with open_media(path) as container:
        held = read_end(container, _require_video(container))
        seconds = (container.duration or 0) / av.time_base if held is None else held
    total = max(1, int(seconds * reader.fps))
    wanted = sorted({int(index) for index in np.linspace(0, total - 1, min(count, total)).round()})
    found = (next(reader.frames(index, index + 1), None) for index in wanted)
    return [frame for frame in found if frame is not None]


def read_audio_of(path: Path, sample_rate: int) -> Iterator[FloatArray]:
    """Blocks of a video's own sound, float32 mono, sample 0 at the first picture. Raises as stream_audio."""
    return stream_audio(path, sample_rate, with_video=True)
