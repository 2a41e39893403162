"""What a media file is, and whether it can be a face or speech. Contents decide, never the name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from lipsync.audio.levels import is_silent
from lipsync.audio.load import stream_audio
from lipsync.video.color import ColorTags, display_size, frame_tags, has_alpha
from lipsync.video.container import (
    audio_stream,
    decode_stream,
    open_media,
    require_content,
    video_stream,
)
from lipsync.video.errors import MediaError
from lipsync.video.orient import frame_orientation
from lipsync.video.still import DEFAULT_PIXELS, StillInfo, is_photo, probe_still, read_still, require_pixels
from lipsync.video.timing import is_cut_off, missing_seconds, read_claim, read_end, read_rhythm


@dataclass(frozen=True)
class MediaLimits:
    """How big a file may be."""

    bytes: int = 2 * 1024**3
    pixels: int = DEFAULT_PIXELS
    seconds: float = 3600.0


@dataclass(frozen=True)
class MediaInfo:
    """What the probe found. Sizes are pixels as displayed: turned upright, with square pixels."""

    container: str
    media: Literal["image", "video", "audio"]
    duration_seconds: float = 0.0
    width: int = 0
    height: int = 0
    fps: float = 0.0
    """Average frames per second; 0 for images and sound."""
    frame_count: int | None = None
    is_vfr: bool = False
    video_codec: str | None = None
    pixel_format: str | None = None
    has_alpha: bool = False
    is_hdr: bool = False
    rotation_degrees: int = 0
    color_tags: ColorTags | None = None
    audio_codec: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    is_silent: bool | None = None
    """Whether nothing can be heard; None when there is no sound or it was not listened to."""
    notices: tuple[str, ...] = ()
    """Sentences about what is less than perfect but can be worked with."""


def probe(path: Path) -> MediaInfo:
    """Look at a picture, video or sound file without decoding more than its first frame.

    Raises FileNotFoundError, and MediaError when it is none of these or cannot be read.
    """
    path = Path(path)
    require_content(path)
    still = probe_still(path)
    if still is not None and is_photo(still):
        return _image_info(still)
    with open_media(path) as container:
        video = video_stream(container)
        audio = audio_stream(container)
        if video is None and audio is None:
            raise MediaError("This file holds neither picture nor sound; choose another file.", "no_video")
        info = MediaInfo(container.format.name.split(",")[0], "audio" if video is None else "video")
        if audio is not None:
            info = _with_audio(info, container, audio)
        if video is not None:
            info = _with_video(path, info, container, video)
        return info


def _image_info(still: StillInfo) -> MediaInfo:
    return MediaInfo(
        container=still.format,
        media="image",
        width=still.width,
        height=still.height,
        frame_count=1,
        video_codec=still.format,
        pixel_format=still.pixel_format,
        has_alpha=still.has_alpha,
        rotation_degrees=still.rotation_degrees,
    )


def _length(container: InputContainer, stream: VideoStream | AudioStream) -> tuple[float, tuple[str, ...]]:
    """(seconds the stream really holds, notices). Headers may lie, so the file's end is read.

    Raises MediaError with code truncated when much of it is missing.
    """
    held = read_end(container, stream)
    claimed = read_claim(container, stream)
    if held is None:
        return (container.duration or 0) / av.time_base, ()
    if is_cut_off(held, claimed):
        raise MediaError(
            f"This file is cut off: it holds {held:.1f} of its {claimed:.1f} seconds; "
            "upload the complete file.",
            "truncated",
            at_seconds=held,
        )
    missing = missing_seconds(held, claimed)
    return held, (f"The last {missing:.1f} seconds of this file are missing.",) if missing else ()


def _with_audio(info: MediaInfo, container: InputContainer, stream: AudioStream) -> MediaInfo:
    held, notices = _length(container, stream) if info.media == "audio" else (0.0, ())
    return replace(
        info,
        duration_seconds=held,
        audio_codec=stream.codec_context.name,
        sample_rate=stream.codec_context.sample_rate,
        channels=stream.codec_context.channels,
        notices=notices,
    )


def _first_frame(container: InputContainer, stream: VideoStream) -> av.VideoFrame:
    require_pixels(stream.codec_context.width or 1, stream.codec_context.height or 1, 4 * DEFAULT_PIXELS)
    damaged = 0
    for decoded in decode_stream(container, stream):
        if decoded.frames:
            return decoded.frames[0]
        damaged += decoded.frames is None
    if damaged:
        raise MediaError(
            "This video is damaged from its first picture on; export it again and upload that.",
            "damaged",
            at_seconds=0.0,
        )
    raise MediaError("This video holds no pictures; upload the complete file.", "zero_length")


def _with_video(path: Path, info: MediaInfo, container: InputContainer, stream: VideoStream) -> MediaInfo:
    frame = _first_frame(container, stream)
    rhythm = read_rhythm(path)
    held, notices = _length(container, stream)
    tags = frame_tags(frame)
    orientation = frame_orientation(frame)
    width, height = orientation.size(*display_size(frame.width, frame.height, stream.sample_aspect_ratio))
    count = stream.frames or None
    return replace(
        info,
        duration_seconds=held if held > 0 else float(Fraction(count or 1) / rhythm.fps),
        width=width,
        height=height,
        fps=count / held if rhythm.is_variable and count and held > 0 else float(rhythm.fps),
        frame_count=count,
        is_vfr=rhythm.is_variable,
        video_codec=stream.codec_context.name,
        pixel_format=frame.format.name,
        has_alpha=has_alpha(frame.format.name),
        is_hdr=tags.is_hdr,
        rotation_degrees=orientation.degrees,
        color_tags=tags,
        notices=info.notices + notices,
    )


def _require_limits(info: MediaInfo, limits: MediaLimits) -> None:
    if info.media != "audio":
        require_pixels(info.width, info.height, limits.pixels)
    if info.media == "image":
        return
    if info.duration_seconds <= 0:
        raise MediaError("This file lasts no time at all; choose another one.", "zero_length")
    if info.duration_seconds > limits.seconds:
        raise MediaError(
            f"This file is {info.duration_seconds / 60:.1f} minutes long and the limit is "
            f"{limits.seconds / 60:g}; cut it shorter and try again.",
            "too_long",
        )


def _require_size(path: Path, limits: MediaLimits) -> None:
    size = require_content(path)
    if size > limits.bytes:
        raise MediaError(
            f"This file is {size / 1e6:.0f} MB and the limit is {limits.bytes / 1e6:.0f} MB; "
            "make it smaller and try again.",
            "too_large",
        )


def check_face(path: Path, limits: MediaLimits | None = None) -> MediaInfo:
    """What ``path`` is, when it can be used as a face: a photo or a video. Raises MediaError otherwise."""
    limits = limits or MediaLimits()
    _require_size(path, limits)
    info = probe(path)
    if info.media == "audio":
        raise MediaError(
            "This file has sound but no picture; choose a photo or a video of a face.", "no_video"
        )
    _require_limits(info, limits)
    if info.media == "image":
        read_still(path, limits.pixels)  # a photo's end is only seen by unpacking it
    return info


def check_speech(path: Path, limits: MediaLimits | None = None) -> MediaInfo:
    """What ``path`` is, when its sound can be used as speech; ``is_silent`` is filled in.

    Raises MediaError otherwise. Silence is allowed. The whole sound is decoded, so damage is found here.
    """
    limits = limits or MediaLimits()
    _require_size(path, limits)
    info = probe(path)
    if info.audio_codec is None:
        raise MediaError("This file has no sound; choose a recording of speech.", "no_audio")
    if info.media == "video":
        with open_media(path) as container:
            stream = audio_stream(container)
            held = _length(container, stream)[0] if stream else 0.0
        info = replace(info, duration_seconds=held)
    _require_limits(info, replace(limits, pixels=16 * DEFAULT_PIXELS))
    return replace(info, is_silent=is_silent(stream_audio(path, 16_000)))
