"""A video with its own sound, such as a finished job: its pictures take the avatar's place while it plays."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.load import stream_audio
from lipsync.video.errors import MediaError
from lipsync.video.read import Frame, FrameReader
from rooms.agent.generators.base import Image
from rooms.agent.generators.speech import SAMPLE_RATE, Sound, to_int16

BARS = (12, 14, 18)
"""Colour beside a picture of another shape."""


class FilmClip:
    """Plays the video at ``path`` once, or over and over, at its true rate. Keeps ``Clip``.

    Opens the file at once: raises FileNotFoundError or MediaError.
    """

    def __init__(
        self, path: Path, size: tuple[int, int], fps: float, number: int = 0, *, loop: bool = False
    ) -> None:
        self.number = number
        self._path = path
        self._size = size
        self._fps = fps
        self._loop = loop
        self._reader = FrameReader(path, fps=fps)
        self._lock = threading.Lock()
        self._is_over = False
        self._rewind()

    def _rewind(self) -> None:
        self._frames: Iterator[Frame] = iter(self._reader)
        self._sound = _SoundOf(self._path)
        self._shown = 0

    @property
    def is_over(self) -> bool:
        return self._is_over

    def next_frame(self) -> tuple[Image, Sound] | None:
        """The next picture, fitted into the size, and the sound heard during it."""
        with self._lock:
            if self._is_over:
                return None
            frame = next(self._frames, None)
            if frame is None and self._loop and self._shown:
                self._rewind()
                frame = next(self._frames, None)
            if frame is None:
                self._is_over = True
                return None
            start = round(self._shown * SAMPLE_RATE / self._fps)
            self._shown += 1
            count = round(self._shown * SAMPLE_RATE / self._fps) - start
            return fitted(frame.image, self._size), self._sound.take(count)

    def close(self) -> None:
        """Stop; nothing more comes."""
        self._is_over = True


class _SoundOf:
    """The file's sound piece by piece; silence where there is none."""

    def __init__(self, path: Path) -> None:
        self._blocks: Iterator[npt.NDArray[np.float32]] = stream_audio(path, SAMPLE_RATE, with_video=True)
        self._held: Sound = np.zeros(0, np.int16)

    def take(self, count: int) -> Sound:
        while len(self._held) < count:
            try:
                block = next(self._blocks, None)
            except MediaError:
                block = None
            if block is None:
                missing = np.zeros(count - len(self._held), np.int16)
                self._blocks = iter(())
                self._held = np.concatenate([self._held, missing])
                break
            self._held = np.concatenate([self._held, to_int16(block)])
        piece, self._held = self._held[:count], self._held[count:]
        return piece


def fitted(image: Image, size: tuple[int, int]) -> Image:
    """``image`` scaled to lie wholly within ``size`` (width, height), on a dark ground."""
    width, height = size
    scale = min(width / image.shape[1], height / image.shape[0])
    inner = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    if inner != (image.shape[1], image.shape[0]):
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        image = np.asarray(cv2.resize(image, inner, interpolation=how), np.uint8)
    if inner == size:
        return np.ascontiguousarray(image)
    canvas: Image = np.empty((height, width, 3), np.uint8)
    canvas[:] = BARS
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = image
    return canvas
