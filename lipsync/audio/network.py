"""The trained part of the mouth model: a small causal convolutional network over the spectrum, in NumPy."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lipsync.audio.features import BANDS

FloatArray = npt.NDArray[np.float32]

WEIGHTS = Path(__file__).parent / "mouth_weights.npz"

LOOK_AHEAD_HOPS = 5
"""A hop's mouth is known once this many more have been heard."""
CHANNELS = 128
INPUT_TAPS = 5
BLOCK_TAPS = 3
DILATIONS = (1, 2, 4, 8, 12)
"""Hops between the taps of each block; the network sees 0.63 s in all."""
OUTPUTS = 7
"""MouthShape's five values; rest: 1 where nobody speaks; press: the chance that the lips are shut."""
REST, PRESS = 5, 6


class Network(NamedTuple):
    """Weights of shape (taps * inputs, outputs), oldest tap first, and biases: input, blocks, output."""

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]


class NetworkStream:
    """Runs ``network`` over a stream: the values that come out belong to the hop LOOK_AHEAD_HOPS before.

    Sums are added up in another order when hops come in other portions, so who wants the same output to the
    bit must portion them the same way.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._heard = np.zeros((INPUT_TAPS - 1, BANDS), np.float32)
        channels = network.weights[0].shape[1]
        self._pasts = [np.zeros(((BLOCK_TAPS - 1) * step, channels), np.float32) for step in DILATIONS]

    def push(self, spectra: FloatArray) -> FloatArray:
        """Take hops, shape (n, BANDS); return the network's values, shape (n, OUTPUTS), 0..1."""
        count = len(spectra)
        weights, biases = self._network
        heard = np.concatenate([self._heard, spectra])
        self._heard = heard[count:]
        hidden = np.concatenate([heard[tap : tap + count] for tap in range(INPUT_TAPS)], axis=1) @ weights[0]
        hidden += biases[0]
        np.maximum(hidden, 0, out=hidden)
        for number, (step, weight, bias) in enumerate(
            zip(DILATIONS, weights[1:-1], biases[1:-1], strict=True)
        ):
            heard = np.concatenate([self._pasts[number], hidden])
            self._pasts[number] = heard[count:]
            taps = [heard[tap * step : tap * step + count] for tap in range(BLOCK_TAPS)]
            change = np.concatenate(taps, axis=1) @ weight
            change += bias
            np.maximum(change, 0, out=change)
            hidden += change
        logits = np.maximum(hidden @ weights[-1] + biases[-1], np.float32(-30))
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
