"""The network on OpenVINO: on a CPU as fast as torch or faster, in half the memory and ready in a second."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino

from lipsync.engines.heap import give_back_pictures
from lipsync.engines.wav2lip.precision import fastest_run, is_low_faster

Array = npt.NDArray[np.float32]

BATCH = {96: 8, 256: 2}


class VinoNetwork:
    """Lips for batches of faces, as ``Network``."""

    def __init__(
        self, model: Path, *, notes_dir: Path | None = None, exact: bool = False, threads: int | None = None
    ) -> None:
        """model: from ``converted``. exact: single precision, no timing. threads: None for all cores."""
        self._threads = threads or _threads()
        self._core = openvino.Core()
        self._path = model
        self.precision = "bf16" if not exact and self._is_low_faster(notes_dir) else "f32"
        self._load(self.precision)

    def settle_memory(self) -> None:
        """See ``Lips``. Its own memory was planned when it was loaded."""
        give_back_pictures()

    def __call__(self, mels: Array, faces: npt.NDArray[np.uint8]) -> Array:
        """Speaking faces, their lower halves.

        mels   (n, 80, 16)
        faces  (n, size, size, 3) RGB
        Returns (n, size / 2, size, 3) RGB in 0..255, not rounded.
        """
        parts = [slice(start, start + self.batch) for start in range(0, len(faces), self.batch)]
        return np.concatenate([self._run(mels[part], faces[part]) for part in parts])

    def _run(self, mels: Array, faces: npt.NDArray[np.uint8]) -> Array:
        count, half = len(faces), self.size // 2
        self._heard[:count, 0] = mels
        self._seen[:count, 3:] = faces[..., ::-1].transpose(0, 3, 1, 2)
        self._seen[:count, 3:] /= 255
        self._seen[:count, :3, :half] = self._seen[:count, 3:, :half]
        out = self._request.infer([self._heard, self._seen], share_inputs=True)[0]
        return np.asarray(out[:count, ::-1].transpose(0, 2, 3, 1) * np.float32(255), np.float32)

    def _load(self, precision: str) -> None:
        model = self._core.read_model(self._path)
        self.size = int(model.inputs[1].partial_shape[2].get_length())
        self.batch = BATCH[self.size]
        heard, seen = (self.batch, 1, 80, 16), (self.batch, 6, self.size, self.size)
        # Of one shape: its memory is planned once, and never grows.
        model.reshape({0: heard, 1: seen})
        options: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": self._threads,
        }
        self._request = self._core.compile_model(model, "CPU", options).create_infer_request()
        self._heard, self._seen = np.zeros(heard, np.float32), np.zeros(seen, np.float32)

    def _is_low_faster(self, notes_dir: Path | None) -> bool:
        if "BF16" not in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            return False
        name = self._core.get_property("CPU", "FULL_DEVICE_NAME")
        facts = [platform.node(), name, self._threads, openvino.__version__, self._path.name]
        return is_low_faster(notes_dir, facts, self._time)

    def _time(self, is_low: bool) -> float:
        self._load("bf16" if is_low else "f32")
        faces = np.full((self.batch, self.size, self.size, 3), 127, np.uint8)
        mels = np.zeros((self.batch, 80, 16), np.float32)
        return fastest_run(lambda: self._run(mels, faces))


def _threads() -> int:
    """As torch has it: the cores this process may run on."""
    return len(os.sched_getaffinity(0))
