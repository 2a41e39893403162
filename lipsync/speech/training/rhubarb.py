"""Rhubarb Lip Sync's mouths, to compare with: needs its ``rhubarb`` program on the PATH."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lipsync.audio.features import SAMPLE_RATE

FloatArray = npt.NDArray[np.float32]

SHAPES = "ABCDEFGHX"
OPENNESS = dict(zip(SHAPES, (0.0, 0.25, 0.6, 1.0, 0.55, 0.25, 0.08, 0.4, 0.0), strict=True))
"""How far each of its mouth shapes is open, by its own pictures."""
SHUT = "AX"


def find_rhubarb() -> str | None:
    """The path of Rhubarb's program, if it is installed."""
    return shutil.which("rhubarb")


def rhubarb_shapes(samples: FloatArray, fps: float, frames: int, is_english: bool) -> str:
    """Its mouth shape at each frame, one letter a frame. Raises CalledProcessError."""
    program = find_rhubarb()
    if program is None:
        raise FileNotFoundError("rhubarb is not on the PATH.")
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "speech.wav"
        with wave.open(str(sound), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
        recogniser = "pocketSphinx" if is_english else "phonetic"
        command = [program, "-q", "-f", "tsv", "-r", recogniser, "--threads", "1", str(sound)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    starts = np.array([float(seconds) for seconds, _ in rows])
    places = np.searchsorted(starts, np.arange(frames) / fps, side="right") - 1
    return "".join(rows[max(place, 0)][1] for place in places)


def best_openness(shapes: str, target: FloatArray) -> FloatArray:
    """The openness of each shape that fits ``target`` best, as no user could choose it; shape (9,)."""
    letters = np.array(list(shapes))
    fallback = float(target.mean())
    return np.array(
        [target[letters == shape].mean() if (letters == shape).any() else fallback for shape in SHAPES],
        np.float32,
    )
