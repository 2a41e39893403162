"""What engines that work here share: the speech beside the picture, and how long the clip becomes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from lipsync.audio.load import FloatArray, stream_audio
from lipsync.engines.base import EngineError, OnProgress
from lipsync.video.loop import LoopMode

SOUND_RATE = 48_000
TAIL_SECONDS = 0.3  # of quiet after the last word of a still face
NO_FACE = (
    "No face was found. Use a picture or video that shows a face from the front, 60 pixels wide or more."
)


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
        count = end - self._given
        while len(self._held) < count:
            block = next(self._blocks, None)
            if block is None:
                self._held = np.pad(self._held, (0, count - len(self._held)))
            else:
                self._held = np.concatenate([self._held, block])
        piece, self._held = self._held[:count], self._held[count:]
        self._given = end
        return piece


def seconds_of_speech(path: Path, on_progress: OnProgress) -> float:
    """Length of the speech as it really decodes."""
    samples = 0
    for block in stream_audio(path, SOUND_RATE):
        samples += len(block)
        on_progress("voice", 0.01)
    if samples == 0:
        raise EngineError("The speech holds no sound; give a recording with a voice.", fallback=False)
    return samples / SOUND_RATE


def clip_length(sync_mode: str, video_seconds: float, speech_seconds: float) -> tuple[LoopMode, float]:
    """How the video is made to fit the speech: the way to loop, and the length of the result in seconds."""
    if sync_mode == "cut_off":
        return "once", min(video_seconds, speech_seconds)
    if sync_mode == "silence":
        return "bounce", max(video_seconds, speech_seconds)
    modes: dict[str, LoopMode] = {"loop": "loop", "remap": "stretch"}
    return modes.get(sync_mode, "bounce"), speech_seconds
