"""What engines that work here share: staging the source, the speech beside the picture, and writing both."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from pathlib import Path

import cv2
import numpy as np

from lipsync.audio.load import FloatArray, stream_audio
from lipsync.engines.base import EngineError, OnProgress, RenderRequest
from lipsync.engines.overlap import DEPTH, Behind
from lipsync.face.face import Image
from lipsync.video.color import ColorTags
from lipsync.video.loop import LoopMode
from lipsync.video.read import read_image
from lipsync.video.write import VideoWriter

SOUND_RATE = 48_000
STILL_FPS = Fraction(25)
STILL_PIXELS = 3840 * 2160  # larger photos are scaled down
TAIL_SECONDS = 0.3  # of quiet after the last word of a still face
NO_FACE = (
    "No face was found. Use a picture or video that shows a face from the front, 60 pixels wide or more."
)
WriteFrame = Callable[[Image], None]


@dataclass
class Scene:
    """What is about to be written: pictures (height, width, 3) and how they look."""

    frames: Iterator[Image]
    width: int
    height: int
    fps: Fraction
    frame_count: int
    tags: ColorTags | None = None

    @property
    def seconds(self) -> float:
        return self.frame_count / float(self.fps)


class SoundFeed:
    """The speech in pieces as long as the pictures they go with, silent past its end."""

    def __init__(self, path: Path, seconds: Fraction) -> None:
        self._blocks = stream_audio(path, SOUND_RATE)
        self._held = np.zeros(0, np.float32)
        self._given = 0
        self._seconds = seconds

    def until(self, seconds: Fraction) -> FloatArray:
        """The samples from where the last call ended up to ``seconds``."""
        end = int(min(seconds, self._seconds) * SOUND_RATE)
        wanted = end - self._given
        while len(self._held) < wanted:
            block = next(self._blocks, None)
            if block is None:
                self._held = np.pad(self._held, (0, wanted - len(self._held)))
            else:
                self._held = np.concatenate([self._held, block])
        piece, self._held = self._held[:wanted], self._held[wanted:]
        self._given = end
        return piece


@contextmanager
def clip_writer(
    request: RenderRequest, scene: Scene, on_progress: OnProgress, depth: int = DEPTH
) -> Iterator[WriteFrame]:
    """Gives a function that appends one picture, with the speech that goes with it.

    Encoding happens in a thread of its own, at most ``depth`` pictures behind.
    """
    sound = SoundFeed(request.speech_path, scene.frame_count / scene.fps)
    writer = VideoWriter(request.output_path, scene.width, scene.height, scene.fps, SOUND_RATE, scene.tags)

    def append(piece: tuple[Image, FloatArray]) -> None:
        image, samples = piece
        writer.write(image)
        writer.write_audio(samples)

    with writer, Behind[tuple[Image, FloatArray]](append, depth) as behind:
        numbers = count(1)

        def write(image: Image) -> None:
            number = next(numbers)
            behind.put((image, sound.until(number / scene.fps)))
            on_progress("render", 0.10 + 0.88 * number / scene.frame_count)

        yield write
        on_progress("finish", 0.98)


def read_photo(path: Path) -> Image:
    """A photo at most STILL_PIXELS large, its sides even: what every player shows. Raises MediaError."""
    image = read_image(path)
    height, width = image.shape[:2]
    scale = min(1.0, math.sqrt(STILL_PIXELS / (height * width)))
    if scale < 1:
        size = (round(width * scale), round(height * scale))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2])


def still_frame_count(speech_seconds: float) -> int:
    """Frames, at STILL_FPS, of a still face that says a speech of this length."""
    return math.ceil((speech_seconds + TAIL_SECONDS) * STILL_FPS)


def seconds_of_speech(path: Path, on_progress: OnProgress) -> float:
    """Length of the speech as it really decodes."""
    samples = 0
    for block in stream_audio(path, SOUND_RATE):
        samples += len(block)
        on_progress("voice", 0.01)
    if samples == 0:
        raise EngineError("The speech holds no sound; give a recording with a voice.", fallback=False)
    return samples / SOUND_RATE


def clip_seconds(speech_seconds: float, face_seconds: float | None, sync_mode: str) -> float:
    """Length of the result. ``face_seconds`` None: a photo or a drawn face, as long as the speech."""
    if face_seconds is None or sync_mode in {"bounce", "loop", "remap"}:
        return speech_seconds
    chosen = min if sync_mode == "cut_off" else max
    return chosen(speech_seconds, face_seconds)


def loop_mode(sync_mode: str) -> LoopMode:
    """How a video is made to fit the speech in this ``sync_mode``."""
    modes: dict[str, LoopMode] = {"cut_off": "once", "loop": "loop", "remap": "stretch"}
    return modes.get(sync_mode, "bounce")


def faceless_warning(faceless: int, scene: Scene) -> list[str]:
    """What the user is told about frames in which there was no face; nothing for a blink of it."""
    seconds = faceless / float(scene.fps)
    return [f"No face was seen for {seconds:.1f} s; those frames are unchanged."] if seconds >= 0.1 else []
