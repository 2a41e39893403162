"""Fits the network: plain NumPy, one core, a few minutes, the same weights for the same seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from lipsync.audio.features import BANDS
from lipsync.audio.network import CONTEXT, INPUTS, OUTPUTS, Network

FloatArray = npt.NDArray[np.float32]

HIDDEN = (320, 128)
BATCH = 512
LEARNING_RATE = 1.5e-3
WEIGHT_DECAY = 1e-5
# openness, width, rounding, teeth, closure, rest
CHANNEL_WEIGHTS = np.array([3.0, 1.0, 1.0, 1.2, 2.0, 1.5], np.float32)


def join_clips(
    clips: list[tuple[FloatArray, FloatArray]],
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """All clips in one array each, padded so that no window crosses into another clip, and usable hops."""
    before, after = -CONTEXT[0], CONTEXT[-1]
    spectra, targets, centres = [], [], []
    offset = 0
    for spectrum, target in clips:
        # The model sees zeros before the sound starts, and the last hop again after it ends.
        spectra.append(np.pad(spectrum, ((before, 0), (0, 0))))
        spectra.append(np.repeat(spectrum[-1:], after, axis=0))
        targets.append(np.pad(target, ((before, after), (0, 0))))
        centres.append(offset + before + np.arange(len(spectrum)))
        offset += before + len(spectrum) + after
    return np.concatenate(spectra), np.concatenate(targets), np.concatenate(centres)


def windows_at(spectra: FloatArray, centres: npt.NDArray[np.int64]) -> FloatArray:
    """The network's inputs around each of ``centres``, shape (n, INPUTS)."""
    return np.asarray(spectra[centres[:, None] + np.array(CONTEXT)].reshape(len(centres), INPUTS))


def fit_network(
    clips: list[tuple[FloatArray, FloatArray]],
    steps: int,
    seed: int,
    on_step: Callable[[int, float], None] | None = None,
) -> Network:
    """Adam on soft cross-entropy; ``on_step`` gets the step and its loss."""
    spectra, targets, centres = join_clips(clips)
    random = np.random.default_rng(seed)
    sizes = (len(CONTEXT) * BANDS, *HIDDEN, OUTPUTS)
    weights = [
        (random.standard_normal((a, b)) * np.sqrt(2 / a)).astype(np.float32)
        for a, b in zip(sizes[:-1], sizes[1:], strict=True)
    ]
    biases = [np.zeros(size, np.float32) for size in sizes[1:]]
    parameters = weights + biases
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in parameters]
    averages = [p.copy() for p in parameters]
    for step in range(1, steps + 1):
        chosen = centres[random.integers(0, len(centres), BATCH)]
        loss, gradients = _gradients(weights, biases, windows_at(spectra, chosen), targets[chosen])
        rate = LEARNING_RATE * 0.5 * (1 + np.cos(np.pi * step / steps)) * min(1.0, step / 200)
        for parameter, gradient, (first, second), average in zip(
            parameters, gradients, moments, averages, strict=True
        ):
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            corrected = second / np.float32(1 - 0.999**step)
            parameter -= np.float32(rate) * (
                first / (np.sqrt(corrected) + 1e-8) + np.float32(WEIGHT_DECAY) * parameter
            )
            average += np.float32(0.005) * (parameter - average)
        if on_step is not None:
            on_step(step, loss)
    count = len(weights)
    return Network(tuple(averages[:count]), tuple(averages[count:]))


def _gradients(
    weights: list[FloatArray], biases: list[FloatArray], inputs: FloatArray, targets: FloatArray
) -> tuple[float, list[FloatArray]]:
    activations = [inputs]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        activations.append(np.maximum(activations[-1] @ weight + bias, 0))
    outputs = 1 / (1 + np.exp(-np.clip(activations[-1] @ weights[-1] + biases[-1], -30, 30)))
    error = outputs - targets
    loss = float(np.mean(error**2))
    # Of cross-entropy against soft targets, the gradient is the plain error.
    slope = (error * CHANNEL_WEIGHTS / len(inputs)).astype(np.float32)
    weight_gradients: list[FloatArray] = []
    bias_gradients: list[FloatArray] = []
    for layer in reversed(range(len(weights))):
        weight_gradients.append(activations[layer].T @ slope)
        bias_gradients.append(slope.sum(axis=0))
        if layer:
            slope = (slope @ weights[layer].T) * (activations[layer] > 0)
    return loss, weight_gradients[::-1] + bias_gradients[::-1]
