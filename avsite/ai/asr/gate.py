"""Whether anybody speaks just now, so that silence never reaches a recogniser."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np

from avsite.ai.asr.base import SAMPLE_RATE, FloatArray

FRAME = 480
"""Samples a gate looks at in one go, 30 ms."""
SILERO_WINDOW, SILERO_CONTEXT = 512, 64
SPEECH, SILENCE = 0.5, 0.35
"""Silero's probability above which speech begins, and below which it has ended."""
FAINT = 0.002
"""Of full scale (-54 dB): a microphone's hiss, or what fills in where no sound arrives."""


class Gate(Protocol):
    """Looks at sound piece by piece."""

    def speaks(self, frame: FloatArray) -> bool:
        """Whether somebody speaks in the next FRAME samples."""


def best_gate() -> Gate:
    """Silero's network where faster-whisper, which carries it, is installed; else WebRTC's detector."""
    return SileroGate() if SileroGate.is_installed() else WebRtcGate()


class WebRtcGate:
    """The detector of WebRTC, as PocketSphinx carries it. Takes some noises for speech, faint ones not."""

    def __init__(self, mode: int = 3) -> None:
        from pocketsphinx import Vad

        self._vad = Vad(mode=mode, sample_rate=SAMPLE_RATE, frame_length=FRAME / SAMPLE_RATE)

    def speaks(self, frame: FloatArray) -> bool:
        if float(np.square(frame, dtype=np.float64).mean()) < FAINT**2:
            return False
        return bool(self._vad.is_speech(np.asarray(np.clip(frame, -1, 1) * 32767, np.int16).tobytes()))


class SileroGate:
    """Silero VAD 6 by ONNX Runtime."""

    def __init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(silero_path()), options, providers=["CPUExecutionProvider"]
        )
        self._h = np.zeros((1, 1, 128), np.float32)
        self._c = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(SILERO_CONTEXT, np.float32)
        self._held = np.zeros(0, np.float32)
        self._is_speech = False

    @staticmethod
    def is_installed() -> bool:
        return find_spec("onnxruntime") is not None and silero_path() is not None

    def speaks(self, frame: FloatArray) -> bool:
        self._held = np.concatenate([self._held, frame])
        while len(self._held) >= SILERO_WINDOW:
            window, self._held = self._held[:SILERO_WINDOW], self._held[SILERO_WINDOW:]
            heard = np.concatenate([self._context, window]).astype(np.float32)
            self._context = window[-SILERO_CONTEXT:]
            wanted = {"input": heard[None], "h": self._h, "c": self._c}
            probability, self._h, self._c = self._session.run(None, wanted)
            self._is_speech = float(probability.squeeze()) > (SILENCE if self._is_speech else SPEECH)
        return self._is_speech


def silero_path() -> Path | None:
    """The network's file inside faster-whisper; None without it."""
    found = find_spec("faster_whisper")
    if found is None or not found.submodule_search_locations:
        return None
    path = Path(found.submodule_search_locations[0]) / "assets" / "silero_vad_v6.onnx"
    return path if path.is_file() else None


def somebody_speaks(samples: FloatArray, least_seconds: float = 0.15) -> bool:
    """Whether ``samples`` hold so much speech, by WebRTC's detector."""
    gate = WebRtcGate()
    frames = (samples[start : start + FRAME] for start in range(0, len(samples) - FRAME + 1, FRAME))
    wanted = round(least_seconds * SAMPLE_RATE / FRAME)
    return sum(gate.speaks(frame) for frame in frames) >= wanted
