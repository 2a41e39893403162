"""What runs the network here: OpenVINO on a CPU where it is installed, else torch."""

from __future__ import annotations

import logging
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lipsync.engines.wav2lip.convert import converted

logger = logging.getLogger(__name__)

Array = npt.NDArray[np.float32]

_GPU_NODES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""Of the kernel's drivers. Asking torch costs half a gigabyte for as long as the process lives."""


class Lips(Protocol):
    """A network that is ready: ``size`` of its pictures, ``batch`` of faces that it takes best at once."""

    size: int
    batch: int

    def settle_memory(self) -> None:
        """Have the process hold memory as suits this network: before each clip, as other engines do too."""

    def __call__(self, mels: Array, faces: npt.NDArray[np.uint8]) -> Array:
        """(n, 80, 16) and (n, size, size, 3) RGB to (n, size / 2, size, 3) RGB in 0..255, not rounded."""


@lru_cache(maxsize=1)
def load_network(path: Path, changed_ns: int, use_gpu: bool, notes_dir: Path | None, exact: bool) -> Lips:
    """The network of a checkpoint, kept for the next clip; a file that changed is read anew.

    notes_dir  for what is worked out once for a machine and a checkpoint; without it torch runs it
    exact      single precision, no timing
    Raises as ``load_generator``.
    """
    if notes_dir is not None and not (use_gpu and _has_gpu()) and find_spec("openvino") is not None:
        model = converted(path, notes_dir)
        if model is not None:
            from lipsync.engines.wav2lip.vino import VinoNetwork

            return VinoNetwork(model, notes_dir=notes_dir, exact=exact)
    from lipsync.engines.wav2lip.network import Network

    return Network(path, use_gpu=use_gpu, notes_dir=notes_dir, exact=exact)


def _has_gpu() -> bool:
    """Whether torch would use one; torch is asked only where a driver is loaded."""
    if not any(Path(node).exists() for node in _GPU_NODES):
        return False
    import torch

    return bool(torch.cuda.is_available())
