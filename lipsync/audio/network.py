"""The trained part of the mouth model: a small network over a window of the spectrum, in NumPy."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lipsync.audio.features import BANDS

FloatArray = npt.NDArray[np.float32]

WEIGHTS = Path(__file__).parent / "mouth_weights.npz"

CONTEXT = (-30, -22, -16, -12, -9, -7, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5)
"""Hops seen for one hop's mouth: denser near it; the last is the look-ahead."""
LOOK_AHEAD_HOPS = CONTEXT[-1]
INPUTS = len(CONTEXT) * BANDS
OUTPUTS = 6
"""MouthShape's five values and rest: 1 where nobody speaks."""
REST = 5


class Network(NamedTuple):
    """Weights and biases of each layer; hidden layers are rectified, the outputs squashed to 0..1."""

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]

    def forward(self, inputs: FloatArray) -> FloatArray:
        """``inputs`` of shape (n, INPUTS) to (n, OUTPUTS), 0..1."""
        hidden = inputs
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = np.maximum(hidden @ weight + bias, 0)
        logits = np.clip(hidden @ self.weights[-1] + self.biases[-1], -30, 30)
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


@cache
def load_network(path: Path = WEIGHTS) -> Network:
    """The network whose weights are in the file at ``path``: arrays w0, b0, w1, b1..."""
    with np.load(path, allow_pickle=False) as arrays:
        layers = len(arrays.files) // 2
        return Network(
            tuple(arrays[f"w{index}"].astype(np.float32) for index in range(layers)),
            tuple(arrays[f"b{index}"].astype(np.float32) for index in range(layers)),
        )


def save_network(network: Network, path: Path = WEIGHTS) -> None:
    """Write the weights in half precision."""
    arrays = {f"w{index}": weight.astype(np.float16) for index, weight in enumerate(network.weights)}
    arrays |= {f"b{index}": bias.astype(np.float16) for index, bias in enumerate(network.biases)}
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
