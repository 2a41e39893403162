"""SyncNet (Chung and Zisserman, 2016): how far lips and speech are apart, as papers measure it.

Reads ``syncnet_v2.model`` as it is published. That network convolves over time only in its first layer, so
here five frames are one picture of fifteen channels, and all is two-dimensional: the same numbers, faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from avsite.ai.weights import StateDict, fit_weights, load_weights
from lipsync.audio.mfcc import SAMPLE_RATE, cepstra
from lipsync.audio.shape import FloatArray
from lipsync.face.face import Image

MODEL = "syncnet"
FPS = 25
SIDE = 224
FRAMES = 5
"""Of picture in a window, which goes with 20 columns of cepstra."""
COLUMNS_PER_FRAME = 4
REACH = 15
BATCH = 16


def _audio_layers() -> nn.Sequential:
    return nn.Sequential(
        *_unit(1, 64, 3, padding=1),
        nn.MaxPool2d(1, 1),
        *_unit(64, 192, 3, padding=1),
        nn.MaxPool2d(3, (1, 2)),
        *_unit(192, 384, 3, padding=1),
        *_unit(384, 256, 3, padding=1),
        *_unit(256, 256, 3, padding=1),
        nn.MaxPool2d(3, 2),
        *_unit(256, 512, (5, 4)),
    )


def _lip_layers() -> nn.Sequential:
    return nn.Sequential(
        *_unit(3 * FRAMES, 96, 7, stride=2),
        nn.MaxPool2d(3, 2),
        *_unit(96, 256, 5, stride=2, padding=1),
        nn.MaxPool2d(3, 2, padding=1),
        *_unit(256, 256, 3, padding=1),
        *_unit(256, 256, 3, padding=1),
        *_unit(256, 256, 3, padding=1),
        nn.MaxPool2d(3, 2),
        *_unit(256, 512, 6),
    )


def _unit(
    inputs: int, outputs: int, kernel: int | tuple[int, int], stride: int = 1, padding: int = 0
) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024))


class SyncNet(nn.Module):
    """Lips and speech as points in one space."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud, self.netfcaud = _audio_layers(), _head()
        self.netcnnlip, self.netfclip = _lip_layers(), _head()

    def hear(self, windows: Tensor) -> Tensor:
        """(n, 1, 13, 20) cepstra to (n, 1024)."""
        out: Tensor = self.netfcaud(self.netcnnaud(windows).flatten(1))
        return out

    def see(self, windows: Tensor) -> Tensor:
        """(n, 15, 224, 224), five BGR frames in 0..255, to (n, 1024)."""
        out: Tensor = self.netfclip(self.netcnnlip(windows).flatten(1))
        return out


def load_syncnet(path: Path) -> SyncNet:
    """The network in the file at ``path``. Raises as ``load_weights``, and BadWeights for another network."""
    table = {name: _flat(tensor) for name, tensor in load_weights(MODEL, path).items()}
    network = SyncNet()
    fit_weights(MODEL, path, network, _without_counters(network, table))
    network.eval()
    return network


def _flat(tensor: Tensor) -> Tensor:
    """A kernel over (time, height, width) as one over pictures whose channels are time by colour."""
    if tensor.ndim != 5:
        return tensor
    outputs, colours, frames, height, width = tensor.shape
    return tensor.permute(0, 2, 1, 3, 4).reshape(outputs, frames * colours, height, width).contiguous()


def _without_counters(network: SyncNet, table: StateDict) -> StateDict:
    """The published file is older than batch norm's count of batches, which only training reads."""
    own = network.state_dict()
    counters = {name: own[name] for name in own if name.endswith("num_batches_tracked")}
    return counters | table


@dataclass(frozen=True)
class SyncFit:
    """What SyncNet says of a face and its sound.

    distance       LSE-D: mean distance at the best shift; lower is better
    confidence     LSE-C: how far the best shift stands out; over 6 is good, under 3 bad
    offset_frames  at 25 fps; positive: the sound is ahead of the picture
    """

    distance: float
    confidence: float
    offset_frames: int
    window_count: int


def fit_sync(
    network: SyncNet,
    faces: Iterable[Image],
    samples: npt.NDArray[np.int16],
    on_window: Callable[[int], None] = lambda count: None,
) -> SyncFit | None:
    """Hold ``faces`` at 25 fps, (224, 224, 3) RGB, against 16-bit sound at 16 kHz from the same moment on.

    None for less than six frames. Calls ``on_window`` after every batch with the windows seen.
    """
    seen = _see(network, faces, on_window)
    columns = cepstra(samples)
    # One window less than there could be, as in the published script.
    shown = min(len(seen) + FRAMES - 1, len(samples) * FPS // SAMPLE_RATE) - FRAMES
    count = min(shown, columns.shape[1] // COLUMNS_PER_FRAME - FRAMES + 1)
    if count < 1:
        return None
    heard = _hear(network, columns, count)
    distances = _shifted_distances(seen[:count], heard).mean(axis=0)
    best = int(np.argmin(distances))
    lowest = float(distances[best])
    return SyncFit(lowest, float(np.median(distances)) - lowest, REACH - best, count)


def _see(network: SyncNet, faces: Iterable[Image], on_window: Callable[[int], None]) -> FloatArray:
    out: list[FloatArray] = []
    windows = _windows(faces)
    with torch.inference_mode():
        while batch := list(islice(windows, BATCH)):
            out.append(network.see(torch.from_numpy(np.stack(batch)).float()).numpy())
            on_window(sum(map(len, out)))
    return np.concatenate(out) if out else np.zeros((0, 1024), np.float32)


def _windows(faces: Iterable[Image]) -> Iterator[npt.NDArray[np.uint8]]:
    """Every five frames in a row as (15, 224, 224), BGR."""
    held: list[npt.NDArray[np.uint8]] = []
    for face in faces:
        held.append(np.ascontiguousarray(face[:, :, ::-1].transpose(2, 0, 1)))
        if len(held) == FRAMES:
            yield np.concatenate(held)
            held.pop(0)


def _hear(network: SyncNet, columns: FloatArray, count: int) -> FloatArray:
    width = COLUMNS_PER_FRAME * FRAMES
    windows = np.lib.stride_tricks.sliding_window_view(columns, width, axis=1)
    windows = windows[:, ::COLUMNS_PER_FRAME][:, :count].transpose(1, 0, 2)[:, None]
    with torch.inference_mode():
        parts = [
            network.hear(torch.from_numpy(np.ascontiguousarray(windows[start : start + 64]))).numpy()
            for start in range(0, count, 64)
        ]
    return np.concatenate(parts)


def _shifted_distances(seen: FloatArray, heard: FloatArray) -> FloatArray:
    """(windows, 2 * REACH + 1), as torch's pairwise_distance gives them, beyond the ends against zeros."""
    padded = np.pad(heard, ((REACH, REACH), (0, 0)))
    return np.stack(
        [
            np.linalg.norm(seen - padded[shift : shift + len(seen)] + 1e-6, axis=1)
            for shift in range(2 * REACH + 1)
        ],
        axis=1,
    )
