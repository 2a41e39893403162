"""Files as HeyGen takes them: MP4 or WebM, WAV or MP3, within its limits, both of the length wanted."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from lipsync.audio.load import stream_audio
from lipsync.engines.base import EngineError, OnProgress, RenderRequest
from lipsync.engines.builtin import find_main_face
from lipsync.engines.clip import NO_FACE, clip_seconds, loop_mode
from lipsync.engines.heygen.config import HeyGenConfig
from lipsync.face.detect import FaceDetector
from lipsync.face.mesh import FaceMesh
from lipsync.video.color import Image
from lipsync.video.loop import LoopMode, loop_frames
from lipsync.video.probe import MediaInfo, probe
from lipsync.video.read import FrameReader, sample_frames
from lipsync.video.write import VideoWriter

SAME_LENGTH_SECONDS = 0.1
SPEECH_RATE = 44_100
CODECS = {"h264", "vp8", "vp9"}
LOOKS = 6
"""Frames searched for a face before anything is paid for."""
CRFS = (18, 26)


@dataclass(frozen=True)
class Prepared:
    """What is uploaded."""

    video_path: Path
    video_type: str
    audio_path: Path
    audio_type: str
    seconds: float


def prepare(request: RenderRequest, config: HeyGenConfig, on_progress: OnProgress, *, anew: bool) -> Prepared:
    """The files of ``request`` for upload; ``anew`` writes both again even where they look acceptable.

    Raises EngineError, MediaError, and what ``on_progress`` raises.
    """
    if request.face_path is None:
        raise EngineError("HeyGen needs a video of a person; choose one, or another engine.")
    face, speech = probe(request.face_path), probe(request.speech_path)
    if face.media != "video":
        raise EngineError("HeyGen needs a video of a person, not a photo; choose one, or another engine.")
    mode = request.options.sync_mode
    seconds = clip_seconds(speech.duration_seconds, face.duration_seconds, mode)
    if seconds <= 0:
        raise EngineError("The speech holds no sound; give a recording with a voice.", fallback=False)
    if seconds > config.limit("seconds"):
        raise EngineError(f"HeyGen makes at most {config.limit('seconds'):g} s; shorten the speech.")
    on_progress("face", 0.02)
    _require_face(request.face_path)
    on_progress("upload", 0.05)
    video = None if anew else _as_it_is(request.face_path, face, seconds, config)
    audio = None if anew else _sound_as_it_is(request.speech_path, speech, seconds, config)
    if video is None:
        video = _write_video(request, loop_mode(mode), seconds, config, on_progress), "video/mp4"
    if audio is None:
        audio = _write_sound(request, seconds, on_progress), "audio/wav"
    if audio[0].stat().st_size > config.limit_bytes("audio_mb"):
        raise EngineError("The speech is larger than HeyGen takes; shorten it or choose another engine.")
    return Prepared(*video, *audio, seconds)


def _require_face(path: Path) -> None:
    detector, mesh = FaceDetector(), FaceMesh()
    frames = sample_frames(path, LOOKS)
    for thorough in (False, True):
        for frame in frames:
            if find_main_face(frame.image, detector, mesh, thorough=thorough) is not None:
                return
    raise EngineError(NO_FACE, fallback=False)


def _as_it_is(path: Path, info: MediaInfo, seconds: float, config: HeyGenConfig) -> tuple[Path, str] | None:
    names = info.container.lower()
    kind = "video/webm" if "webm" in names else "video/mp4" if "mp4" in names else ""
    is_plain = (
        info.video_codec in CODECS
        and not (info.rotation_degrees or info.is_hdr or info.has_alpha or info.is_vfr)
        and max(info.width, info.height) <= config.limit("side")
        and abs(info.duration_seconds - seconds) <= SAME_LENGTH_SECONDS
        and path.stat().st_size <= config.limit_bytes("video_mb")
    )
    is_named_so = path.suffix.lower() == {"video/webm": ".webm", "video/mp4": ".mp4"}.get(kind)
    return (path, kind) if kind and is_plain and is_named_so else None


def _sound_as_it_is(
    path: Path, info: MediaInfo, seconds: float, config: HeyGenConfig
) -> tuple[Path, str] | None:
    kind = {".wav": "audio/wav", ".mp3": "audio/mpeg"}.get(path.suffix.lower())
    is_plain = (
        info.media == "audio"
        and info.container.lower() == path.suffix.lower()[1:]
        and abs(info.duration_seconds - seconds) <= SAME_LENGTH_SECONDS
        and path.stat().st_size <= config.limit_bytes("audio_mb")
    )
    return (path, kind) if kind and is_plain else None


def _write_video(
    request: RenderRequest, mode: LoopMode, seconds: float, config: HeyGenConfig, on_progress: OnProgress
) -> Path:
    assert request.face_path is not None  # noqa: S101 -- checked by the caller; for the type checker
    path = request.work_dir / "upload.mp4"
    for crf in CRFS:
        reader = FrameReader(request.face_path)
        count = max(1, round(seconds * float(reader.fps)))
        size = _fitted(reader.width, reader.height, config.limit("side"))
        with VideoWriter(path, *size, Fraction(reader.fps), color_tags=reader.color_tags, crf=crf) as writer:
            frames = loop_frames(request.face_path, count, mode, reader=reader)
            for number, frame in enumerate(frames, start=1):
                writer.write(_resized(frame.image, size))
                on_progress("upload", 0.05 + 0.09 * number / count)
        if path.stat().st_size <= config.limit_bytes("video_mb"):
            return path
    raise EngineError("The video is larger than HeyGen takes; shorten it or choose another engine.")


def _fitted(width: int, height: int, side: float) -> tuple[int, int]:
    """Even sides, none over ``side``."""
    scale = min(1.0, side / max(width, height))
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


def _resized(image: Image, size: tuple[int, int]) -> Image:
    if (image.shape[1], image.shape[0]) == size:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _write_sound(request: RenderRequest, seconds: float, on_progress: OnProgress) -> Path:
    path = request.work_dir / "upload.wav"
    left = round(seconds * SPEECH_RATE)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SPEECH_RATE)
        for block in stream_audio(request.speech_path, SPEECH_RATE):
            piece = block[:left]
            left -= len(piece)
            sound.writeframes((np.clip(piece, -1, 1) * 32767).astype("<i2").tobytes())
            on_progress("upload", 0.15)
            if not left:
                break
        sound.writeframes(b"\0\0" * left)
    return path


LOOK_SIZE = 64
"""Both films are compared this small and blurred: coding noise averages out (2 to 3 levels), a mouth does not
(12 and more)."""
MOVED_LEVELS = 5.0


def has_moved(made_path: Path, source_path: Path, count: int = 6) -> bool:
    """Whether anything in ``made_path`` was changed against the film it was made of."""
    try:
        made, source = sample_frames(made_path, count), sample_frames(source_path, count)
    except av.FFmpegError:
        return True  # not for this check to say
    return any(
        float(np.abs(_small(one.image) - _small(other.image)).max()) > MOVED_LEVELS
        for one, other in zip(made, source, strict=False)
    )


def _small(image: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (LOOK_SIZE, LOOK_SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(small.astype(np.float32), (3, 3)), np.float32)
