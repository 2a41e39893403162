"""A recording spoken by the avatar."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lipsync.audio.load import stream_audio
from rooms.agent.generators.base import FrameGenerator
from rooms.agent.generators.speech import SAMPLE_RATE, Speech, audio_frame, to_int16

AHEAD_SECONDS = 6.0
PIECE_SECONDS = 0.5


async def speak_file(generator: FrameGenerator, speech: Speech, path: Path) -> None:
    """Push the sound of the file at ``path`` as ``speech``, little ahead of its being said.

    Raises MediaError for a file without readable sound. Always closes the speech.
    """
    blocks = stream_audio(path, SAMPLE_RATE)
    try:
        while (samples := await asyncio.to_thread(_next, blocks)) is not None:
            step = round(PIECE_SECONDS * SAMPLE_RATE)
            for start in range(0, len(samples), step):
                await speech.wait_below(AHEAD_SECONDS)
                if speech.is_closed:
                    return
                speech.push(audio_frame(to_int16(samples[start : start + step])))
                generator.on_speech()
    finally:
        speech.close()
        generator.on_speech()


def _next(blocks: Iterator[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32] | None:
    return next(blocks, None)
