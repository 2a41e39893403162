"""What a media file is, and whether it can be used as a face or as speech. Contents decide, never the name."""

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
from lipsync.video.color import ColorTags, default_tags, display_size, frame_tags, has_alpha
from lipsync.video.container import (
    audio_stream,
    open_media,
    require_content,
    stream_time_base,
    video_stream,
)
from lipsync.video.errors import MediaError
from lipsync.video.orient import frame_orientation
from lipsync.video.still import DEFAULT_PIXELS, StillInfo, probe_still, require_pixels
from lipsync.video.timing import read_end, read_rhythm

CUT_OFF_SECONDS = 0.5
"""A file that ends this much before it says it does is taken for cut off."""


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
    if still and (still.frame_count == 1 or still.format not in {"gif", "png"}):
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
            info = _with_video(info, container, video)
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


def _duration(container: InputContainer, stream: VideoStream | AudioStream) -> tuple[float, float]:
    """(seconds the stream holds, seconds it claims). The file's end is read: headers may lie."""
    claimed = 0.0
    if stream.duration:
        claimed = float(stream.duration * stream_time_base(stream))
    elif container.duration:
        claimed = container.duration / av.time_base
    held = read_end(container, stream)
    return (claimed if held is None else held), claimed


def _is_cut_off(
    container: InputContainer, stream: VideoStream | AudioStream, held: float, claimed: float
) -> bool:
    """Whether the file ends before its own index says it does."""
    entries = stream.index_entries
    if container.format.name.startswith("mov"):
        # MP4 indexes say where every sample lies, so a lying duration is not mistaken for a cut.
        last = entries[-1] if len(entries) else None
        return last is not None and last.pos + last.size > container.size
    return claimed - held > max(CUT_OFF_SECONDS, claimed * 0.02) and "matroska" in container.format.name


def _cut_off_notice(
    container: InputContainer, stream: VideoStream | AudioStream, held: float, claimed: float
) -> tuple[str, ...]:
    if not _is_cut_off(container, stream, held, claimed):
        return ()
    if held < claimed * 0.9 or held <= 0:
        raise MediaError(
            f"This file is cut off: it holds {held:.1f} of its {claimed:.1f} seconds; upload the complete file.",
            "truncated",
            at_seconds=max(held, 0.0),
        )
    return (f"The file is cut off {claimed - held:.1f} seconds before its end.",)


def _with_audio(info: MediaInfo, container: InputContainer, stream: AudioStream) -> MediaInfo:
    held, claimed = _duration(container, stream)
    notices = info.notices
    if info.media == "audio":
        notices += _cut_off_notice(container, stream, held, claimed)
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
    try:
        container.seek(stream.start_time or 0, stream=stream)
        for frame in container.decode(stream):
            return frame
    except av.DecoderNotFoundError as error:
        raise MediaError(
            f"This video's format ({stream.codec_context.name}) cannot be read; convert it to MP4 with H.264.",
            "unsupported",
        ) from error
    except av.FFmpegError as error:
        raise MediaError(
            "This video's first picture is damaged; export it again and upload that.",
            "damaged",
            at_seconds=0.0,
        ) from error
    raise MediaError("This video holds no pictures; upload the complete file.", "zero_length")


def _with_video(info: MediaInfo, container: InputContainer, stream: VideoStream) -> MediaInfo:
    held, claimed = _duration(container, stream)
    notices = info.notices + _cut_off_notice(container, stream, held, claimed)
    frame = _first_frame(container, stream)
    container.seek(stream.start_time or 0, stream=stream)
    rhythm = read_rhythm(container, stream)
    tags = frame_tags(frame)
    orientation = frame_orientation(frame)
    wide, high = display_size(frame.width, frame.height, stream.sample_aspect_ratio)
    width, height = orientation.size(wide, high)
    count = stream.frames or None
    fps = float(rhythm.fps)
    if rhythm.is_variable and count and held > 0:
        fps = count / held
    return replace(
        info,
        duration_seconds=held if held > 0 else float(Fraction(count or 1) / rhythm.fps),
        width=width,
        height=height,
        fps=fps,
        frame_count=count,
        is_vfr=rhythm.is_variable,
        video_codec=stream.codec_context.name,
        pixel_format=frame.format.name,
        has_alpha=has_alpha(frame.format.name),
        is_hdr=tags.is_hdr,
        rotation_degrees=orientation.degrees,
        color_tags=tags if tags != default_tags(frame.height) else default_tags(frame.height),
        notices=notices,
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
            held = _duration(container, stream)[0] if stream else 0.0
        info = replace(info, duration_seconds=held)
    _require_limits(info, replace(limits, pixels=16 * DEFAULT_PIXELS))
    return replace(info, is_silent=is_silent(stream_audio(path, 16_000)))
