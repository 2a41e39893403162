"""From speech to a mouth: the one entry for engines and the live avatar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lipsync.audio.phones import Phone
from lipsync.audio.phonetics import track_from_phones, track_of
from lipsync.audio.shape import MouthTrack

FloatArray = npt.NDArray[np.float32]


def mouth_track(
    samples: FloatArray,
    sample_rate: int,
    fps: float,
    phones: Sequence[Phone] | None = None,
    frame_count: int | None = None,
) -> MouthTrack:
    """The mouth over ``samples``, float32 mono of shape (n,). Known phones lead."""
    frames = frame_count if frame_count is not None else round(len(samples) / sample_rate * fps)
    if phones:
        return track_from_phones(phones, fps, frames)
    times = (np.arange(frames) / fps * sample_rate).astype(int)
    half = int(0.02 * sample_rate)
    level = np.array(
        [
            np.sqrt(np.mean(samples[max(t - half, 0) : t + half] ** 2) if t - half < len(samples) else 0)
            for t in times
        ]
    )
    values = np.zeros((frames, 5), np.float32)
    values[:, 0] = np.clip(level / 0.2 - 0.05, 0, 1)
    return track_of(values, fps)


def speech_mouth(
    path: Path, fps: float, frame_count: int | None = None, phones: Sequence[Phone] | None = None
) -> MouthTrack:
    """The mouth over the speech in the file at ``path``; ``frame_count`` defaults to the length of the speech."""
    from lipsync.audio.load import load_audio

    if phones:
        frames = frame_count if frame_count is not None else round(phones[-1].end_seconds * fps)
        return track_from_phones(phones, fps, frames)
    return mouth_track(load_audio(path, 16000), 16000, fps, None, frame_count)
