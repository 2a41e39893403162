"""What Wav2Lip hears for each frame: sixteen columns of mel, 0.2 s."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from lipsync.audio.levels import window_dbfs
from lipsync.audio.load import load_audio
from lipsync.audio.mel import COLUMNS_PER_SECOND, HOP, SAMPLE_RATE, FloatArray, mel_spectrogram

COLUMNS = 16
SILENT = -4.0
"""The least a mel can be. The network shuts the mouth for it; for a noisy pause it need not."""
PAUSE_COLUMNS = 12
"""A pause that is shorter, 0.15 s, belongs to speech: the hold of a /p/ or /t/."""
QUIET_DB = 34.0
"""A column this far under the loud parts of the speech is a pause."""


class MelWindows:
    """Windows over a recording, by frame; past its end there is silence.

    path          None: there is nothing but silence
    silent_rests  give exact silence for pauses, whatever hum they hold
    """

    def __init__(self, path: Path | None, fps: float, *, silent_rests: bool = True) -> None:
        samples = np.zeros(0, np.float32) if path is None else load_audio(path, SAMPLE_RATE)
        mel = mel_spectrogram(samples)
        if silent_rests and len(samples):
            mel = np.where(_pauses(samples, mel.shape[1]), np.float32(SILENT), mel)
        self._mel: FloatArray = np.pad(mel, ((0, 0), (0, COLUMNS)), constant_values=SILENT)
        self._fps = fps

    def at(self, frame: int) -> FloatArray:
        """(80, 16): from the frame's time on, as the network was trained."""
        start = min(int(frame * COLUMNS_PER_SECOND / self._fps), self._mel.shape[1] - COLUMNS)
        return self._mel[:, start : start + COLUMNS]

    def speaks(self, frame: int) -> bool:
        """Whether anything is heard in the frame's window."""
        return bool((self.at(frame) > SILENT).any())


def _pauses(samples: FloatArray, columns: int) -> npt.NDArray[np.bool_]:
    """(columns,) whether nobody speaks there, by level against the loud parts."""
    level = window_dbfs(np.pad(samples, (HOP, HOP * 2)), 2 * HOP, HOP)[:columns]
    quiet = level < np.percentile(level, 95) - QUIET_DB
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet.view(np.int8), [0]])))
    pauses = np.zeros(columns, bool)
    for start, end in edges.reshape(-1, 2):
        if end - start >= PAUSE_COLUMNS:
            pauses[start:end] = True
    return pauses
