"""Opening media files safely: only real media formats, only the file itself, clear errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar, overload

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from lipsync.video.errors import MediaError

# Playlists and concat scripts are left out on purpose: they make libav open other files and addresses.
FORMATS = (
    "mov,matroska,webm,avi,mpegts,mpeg,flv,asf,gif,apng,"
    "mp3,wav,w64,aiff,caf,ogg,flac,aac,amr,au,h264,hevc,ivf,mxf"
)
PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails
DECODER_THREADS = 2


def require_content(path: Path) -> int:
    """Size of the file in bytes. Raises FileNotFoundError, and MediaError for an empty file."""
    size = path.stat().st_size
    if size == 0:
        raise MediaError("This file is empty; choose it again, or export it once more.", "empty_file")
    return size


def _open_error(path: Path, error: Exception) -> MediaError:
    with path.open("rb") as file:
        head = file.read(64)
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide"} or head.startswith(b"\x1aE\xdf\xa3"):
        if head[8:12] in {b"heic", b"heix", b"mif1", b"hevc", b"msf1"}:
            return MediaError(
                "HEIC pictures cannot be read here; save this one as JPEG or PNG.", "unsupported"
            )
        return MediaError(
            "This file is incomplete: its index is missing, so it was cut off while being saved or sent; "
            "upload the complete file.",
            "truncated",
        )
    if head.startswith((b"RIFF", b"OggS", b"fLaC", b"ID3")):
        return MediaError("This file is damaged or cut off; upload the complete file.", "truncated")
    return MediaError(
        "This file is not a picture, video or sound that can be read; choose an MP4, MOV, WebM, JPEG, PNG, "
        "WAV or MP3 file.",
        "not_media",
    )


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """The opened container of a sound or video file; what it holds decides, never its name.

    Raises FileNotFoundError, or MediaError with code empty_file, not_media, truncated or unsupported.
    """
    require_content(path)
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        container = av.open(f"file:{path}", options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise _open_error(path, error) from error
    try:
        yield container
    finally:
        container.close()


def video_stream(container: InputContainer) -> VideoStream | None:
    """The moving picture of a container; cover art of songs is not one."""
    for stream in container.streams.video:
        if not stream.disposition & PICTURES and stream.codec_context is not None:
            return stream
    return None


def audio_stream(container: InputContainer) -> AudioStream | None:
    """The sound of a container: the one marked as default, else the first."""
    streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
    marked = [stream for stream in streams if stream.disposition & Disposition.default]
    return next(iter(marked or streams), None)


def stream_time_base(stream: VideoStream | AudioStream) -> Fraction:
    """Seconds per timestamp unit of a stream."""
    return stream.time_base or Fraction(1, 90_000)


FrameT = TypeVar("FrameT", VideoFrame, AudioFrame)


class Decoded(NamedTuple, Generic[FrameT]):
    """What came of one packet."""

    frames: list[FrameT] | None
    """None when the packet is damaged."""
    pts: int | None
    end: int | None
    """Timestamp at which the packet's content ends, when the file says so."""


@overload
def decode_stream(container: InputContainer, stream: VideoStream) -> Iterator[Decoded[VideoFrame]]: ...
@overload
def decode_stream(container: InputContainer, stream: AudioStream) -> Iterator[Decoded[AudioFrame]]: ...
def decode_stream(container: InputContainer, stream: VideoStream | AudioStream) -> Iterator[Decoded[Any]]:
    """Decode a stream packet by packet; damaged packets are reported, not raised.

    Raises MediaError with code unsupported when there is no decoder.
    """
    packets = container.demux(stream)
    while True:
        pts = end = None
        try:
            packet = next(packets)
            pts = packet.pts
            end = None if pts is None or not packet.duration else pts + packet.duration
            frames = packet.decode()
        except (StopIteration, av.EOFError):
            return
        except av.DecoderNotFoundError as error:
            raise unsupported(stream) from error
        except av.FFmpegError:
            yield Decoded(None, pts, end)
            continue
        yield Decoded(frames, pts, end)


def unsupported(stream: VideoStream | AudioStream) -> MediaError:
    """The error for a stream in a format no decoder here knows."""
    name = stream.codec_context.name
    if stream.type == "video":
        return MediaError(
            f"This video's format ({name}) cannot be read; convert it to MP4 with H.264.", "unsupported"
        )
    return MediaError(
        f"This sound's format ({name}) cannot be read; convert it to WAV or MP3.", "unsupported"
    )
