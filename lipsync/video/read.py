"""Reading pictures: photos, and videos as upright RGB frames at a constant rate."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
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
    open_media,
    require_content,
    stream_time_base,
    video_stream,
)
from lipsync.video.errors import MediaError
from lipsync.video.orient import UPRIGHT, Orientation, frame_orientation
from lipsync.video.still import probe_still, read_still, require_pixels
from lipsync.video.timing import read_rhythm

VIDEO_PIXELS = 40_000_000
LONGEST_HOLE_SECONDS = 600.0


class Frame(NamedTuple):
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
            rhythm = read_rhythm(container, stream)
            self.fps = Fraction(fps).limit_denominator(1001) if fps else rhythm.fps
            self.is_variable = rhythm.is_variable
            self._aspect = stream.sample_aspect_ratio
            container.seek(stream.start_time or 0, stream=stream)
            first = next((frame for frame in _decode(container, stream, []) if frame.pts is not None), None)
            if first is None:
                raise MediaError("This video holds no pictures; upload the complete file.", "zero_length")
            self._base = stream_time_base(stream)
            self._zero = int(first.pts or 0)
            self._orientation: Orientation = frame_orientation(first)
            self._stored = display_size(first.width, first.height, self._aspect)
            tags = frame_tags(first)
        self.color_tags = ColorTags() if tags.is_hdr else tags._replace(full_range=False)
        self.width, self.height = self._orientation.size(*self._stored)

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames ``start`` up to ``stop`` of the grid, or to the end. Seeks to the key frame before ``start``.

        Raises MediaError with ``at_seconds`` where the file turns bad with good frames after it.
        """
        converter = RgbConverter(*self._stored)
        for shown in self._shown(start):
            image: Image | None = None
            for index in range(max(shown.slot, start), shown.end_slot):
                if stop is not None and index >= stop:
                    return
                image = self._image(shown.frame, converter) if image is None else image.copy()
                yield Frame(image, float(index / self.fps), index)

    def _image(self, frame: av.VideoFrame, converter: RgbConverter) -> Image:
        image = converter.convert(frame)
        return image if self._orientation is UPRIGHT else self._orientation.apply(image)

    def _slot(self, pts: int) -> int:
        """The grid slot nearest to a timestamp; halves go up, as time does."""
        return int((pts - self._zero) * self._base * self.fps + Fraction(1, 2))

    def _shown(self, start: int) -> Iterator[_Shown]:
        """Source frames from the one shown at ``start`` on, each with its slots; skips those never shown."""
        back = 0.0
        while start > 0:
            # Files without an index may land after the time asked for: then go back further, at last to 0.
            for shown in self._shown_from(start, back):
                if shown.slot <= start or start / self.fps <= back:
                    yield from self._rest_from(start, back)
                    return
                break
            else:
                return
            back = back * 4 + 2.0
        yield from self._shown_from(0, 0.0)

    def _rest_from(self, start: int, back: float) -> Iterator[_Shown]:
        for shown in self._shown_from(start, back):
            if shown.end_slot > start:
                yield shown

    def _shown_from(self, start: int, back: float) -> Iterator[_Shown]:
        pending: av.VideoFrame | None = None
        slot = 0
        with open_media(self.path) as container:
            stream = _require_video(container)
            seconds = max(0.0, float(start / self.fps) - back)
            # The frame shown at a slot may be timed half a slot later; the seek must not pass it.
            target = self._zero + int((seconds - 0.5 / float(self.fps)) / float(self._base))
            container.seek(max(target, self._zero) if start else stream.start_time or 0, stream=stream)
            for frame in _decode(container, stream, self.notices):
                if frame.pts is None or frame.pts < self._zero:
                    continue
                next_slot = max(self._slot(frame.pts), slot)
                if pending is not None and next_slot > slot:
                    yield _Shown(pending, slot, self._bounded(slot, next_slot))
                pending, slot = frame, next_slot
        if pending is not None:
            end = self._slot(int(pending.pts or 0) + int(pending.duration or 0))
            yield _Shown(pending, slot, max(slot + 1, end))

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


def _decode(container: InputContainer, stream: VideoStream, notices: list[str]) -> Iterator[av.VideoFrame]:
    """Decoded frames. Damage with sound frames after it is an error; damage at the very end is a notice."""
    base = stream_time_base(stream)
    zero = stream.start_time or 0
    bad_at: float | None = None
    seconds = 0.0
    decoded = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
            if packet.pts is not None:
                seconds = float((packet.pts - zero) * base)
            frames = packet.decode()
        except (StopIteration, av.EOFError):
            break
        except av.DecoderNotFoundError as error:
            raise MediaError(
                f"This video's format ({stream.codec_context.name}) cannot be read; convert it to MP4 with H.264.",
                "unsupported",
            ) from error
        except av.FFmpegError:
            bad_at = seconds if bad_at is None else bad_at
            continue
        for frame in frames:
            decoded += 1
            if bad_at is not None and frame.pts is not None and float((frame.pts - zero) * base) > bad_at:
                raise _damaged_at(bad_at)
            yield frame
    if bad_at is not None and not decoded:
        raise _damaged_at(max(0.0, bad_at))
    if bad_at is not None:
        notice = f"The video cannot be read after {bad_at:.1f} seconds; it was used up to there."
        if notice not in notices:
            notices.append(notice)


def sample_frames(path: Path, count: int) -> list[Frame]:
    """``count`` frames spread evenly over a video, the first one included, found by seeking.

    A photo gives itself once. Fewer come back when the video has fewer. Raises as FrameReader.
    """
    path = Path(path)
    require_content(path)
    if probe_still_only(path):
        return [Frame(read_still(path), 0.0, 0)]
    reader = FrameReader(path)
    with open_media(path) as container:
        seconds = _length(container)
    total = max(1, int(seconds * reader.fps))
    wanted = sorted({int(index) for index in np.linspace(0, total - 1, min(count, total)).round()})
    found: dict[int, Frame] = {}
    for index in wanted:
        frame = next(reader.frames(index, index + 1), None)
        if frame is not None:
            found[frame.index] = frame
    return list(found.values())


def probe_still_only(path: Path) -> bool:
    """Whether the file is a photo rather than an animation that is read as a video."""
    still = probe_still(path)
    return still is not None and (still.frame_count == 1 or still.format not in {"gif", "png"})


def _length(container: InputContainer) -> float:
    from lipsync.video.timing import read_end

    stream = _require_video(container)
    held = read_end(container, stream)
    if held is not None:
        return held
    return container.duration / av.time_base if container.duration else 0.0


def read_audio_of(path: Path, sample_rate: int) -> Iterator[FloatArray]:
    """Blocks of a video's own sound, float32 mono, sample 0 at the first picture. Raises as stream_audio."""
    return stream_audio(path, sample_rate, with_video=True)
