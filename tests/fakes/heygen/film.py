"""What the fake sends back: the film that was uploaded, with the new sound and a mouth that moves."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from lipsync.audio.load import load_audio
from lipsync.engines.base import EngineError, RenderRequest
from lipsync.engines.builtin import BuiltinEngine
from lipsync.video.errors import MediaError
from lipsync.video.probe import probe
from lipsync.video.read import FrameReader
from lipsync.video.write import VideoWriter

RATE = 48_000


def seconds_of(path: Path) -> float:
    return probe(path).duration_seconds


def make_film(video: Path, audio: Path, target: Path, *, moves: bool = True, longer: float = 1.0) -> None:
    """As long as the sound, times ``longer``; without ``moves`` the picture is left as it was."""
    sound = load_audio(audio, RATE)
    reader = FrameReader(video)
    fps = Fraction(reader.fps)
    count = max(1, round(len(sound) / RATE * longer * float(fps)))
    sound = np.pad(sound, (0, max(0, round(count / fps * RATE) - len(sound))))
    frames = [frame.image for frame in reader.frames(0, min(count, 2000))]
    with VideoWriter(target, reader.width, reader.height, fps, RATE, reader.color_tags, crf=20) as writer:
        for number in range(count):
            image = frames[min(number, len(frames) - 1)].copy()
            if moves and number % 8 < 5:
                height, width = image.shape[:2]
                image[height * 5 // 8 : height * 6 // 8, width * 3 // 8 : width * 5 // 8] //= 3
            writer.write(image)
            start = round(number / fps * RATE)
            writer.write_audio(sound[start : round((number + 1) / fps * RATE)])


def make_good_film(video: Path, audio: Path, target: Path) -> None:
    """By the built-in engine, for people who look at it."""
    work = target.parent / f"{target.stem}-work"
    work.mkdir(exist_ok=True)
    try:
        request = RenderRequest(speech_path=audio, output_path=target, work_dir=work, face_path=video)
        BuiltinEngine().render(request, lambda stage, fraction: None)
    except (EngineError, MediaError):
        make_film(video, audio, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def sniff(content: bytes) -> str | None:
    """The media type by the first bytes; None for what the service does not take."""
    head = content[:16]
    if head[4:8] == b"ftyp" and head[8:12] not in (b"qt  ", b"M4A "):
        return "video/mp4"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "video/webm" if b"webm" in content[:64] else None
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[:3] == b"ID3" or (head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
        return "audio/mpeg"
    return {b"\x89PNG": "image/png", b"\xff\xd8\xff\xe0": "image/jpeg", b"%PDF": "application/pdf"}.get(
        head[:4]
    )


def is_playable(path: Path) -> bool:
    with av.open(str(path)) as container:
        return bool(container.streams.video)
