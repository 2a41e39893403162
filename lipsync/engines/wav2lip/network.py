"""The generator on torch made ready for this machine: folded, in the precision and batch that suit it."""

from __future__ import annotations

import copy
import logging
import platform
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from lipsync.engines.heap import keep_freed_memory
from lipsync.engines.wav2lip.checkpoint import load_generator
from lipsync.engines.wav2lip.generator import fold_batch_norm
from lipsync.engines.wav2lip.precision import fastest_run, is_low_faster

logger = logging.getLogger(__name__)

Array = npt.NDArray[np.float32]

BATCH = {96: 16, 256: 4}
GPU_BATCH = {96: 128, 256: 32}


class Network:
    """Lips for batches of faces."""

    def __init__(
        self, path: Path, *, use_gpu: bool = False, notes_dir: Path | None = None, exact: bool = False
    ) -> None:
        """exact: single precision, no timing. Raises as ``load_generator``."""
        generator = fold_batch_norm(load_generator(path))
        self.size = generator.size
        self.device = torch.device("cuda" if use_gpu and torch.cuda.is_available() else "cpu")
        self._generator = generator.to(self.device, memory_format=torch.channels_last)
        self.settle_memory()  # from here on: what loading needed goes back to the system
        is_gpu = self.device.type == "cuda"
        self.batch = (GPU_BATCH if is_gpu else BATCH)[self.size]
        self.precision = torch.float32 if exact else self._fastest(notes_dir)
        self._generator.to(self.precision)

    def settle_memory(self) -> None:
        """See ``Lips``."""
        keep_freed_memory()

    def __call__(self, mels: Array, faces: npt.NDArray[np.uint8], *, lower_half: bool = True) -> Array:
        """Speaking faces.

        mels   (n, 80, 16)
        faces  (n, size, size, 3) RGB
        Returns (n, rows, size, 3) RGB in 0..255, not rounded; rows is half the size with ``lower_half``.
        """
        done: list[Array] = []
        while sum(map(len, done)) < len(faces):
            start = sum(map(len, done))
            part = slice(start, start + self.batch)
            try:
                done.append(self._run(mels[part], faces[part], lower_half))
            except torch.cuda.OutOfMemoryError:
                if self.batch == 1:
                    raise
                torch.cuda.empty_cache()
                self.batch //= 2
                logger.warning(
                    "the GPU's memory is too small for that many faces; now %d at once", self.batch
                )
        return np.concatenate(done)

    def _run(self, mels: Array, faces: npt.NDArray[np.uint8], lower_half: bool) -> Array:
        with torch.inference_mode():
            whole = torch.from_numpy(np.ascontiguousarray(faces[..., ::-1].transpose(0, 3, 1, 2)))
            whole = whole.to(self.device, self.precision).div_(255)
            hidden = whole.clone()
            hidden[:, :, self.size // 2 :] = 0
            seen = torch.cat((hidden, whole), dim=1).contiguous(memory_format=torch.channels_last)
            heard = torch.from_numpy(mels[:, None]).to(self.device, self.precision)
            out = self._generator(heard, seen, lower_half).float().mul_(255)
            shown: Array = out.permute(0, 2, 3, 1).flip(3).cpu().numpy()
            return shown

    def _fastest(self, notes_dir: Path | None) -> torch.dtype:
        """The precision noted for this machine, or measured now and noted."""
        device = (
            torch.cuda.get_device_name()
            if self.device.type == "cuda"
            else torch.backends.cpu.get_cpu_capability()
        )
        facts = [platform.node(), device, torch.get_num_threads(), torch.__version__, self.size]
        low = torch.float16 if self.device.type == "cuda" else torch.bfloat16

        kept = self._generator

        def timed(is_low: bool) -> float:
            self.precision = low if is_low else torch.float32
            # A copy: numbers that were rounded once would stay so.
            self._generator = copy.deepcopy(kept).to(low) if is_low else kept
            count = min(4, self.batch)
            faces = np.full((count, self.size, self.size, 3), 127, np.uint8)
            mels = np.zeros((count, 80, 16), np.float32)
            try:
                return fastest_run(lambda: self._run(mels, faces, lower_half=True))
            finally:
                self._generator = kept

        return low if is_low_faster(notes_dir, facts, timed) else torch.float32
