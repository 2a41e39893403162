"""Fits the mouth network with torch, on the CPU: the same weights for the same seed and data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from lipsync.audio.features import BANDS, HOP_SECONDS
from lipsync.audio.network import (
    BLOCK_TAPS,
    CHANNELS,
    DILATIONS,
    INPUT_TAPS,
    LOOK_AHEAD_HOPS,
    OUTPUTS,
    PRESS,
    Network,
)
from lipsync.speech.training.augment import heard_otherwise
from lipsync.speech.training.classes import CLASSES, LIPS_SHUT, UNKNOWN
from lipsync.speech.training.corpus import Clip

FloatArray = npt.NDArray[np.float32]

BATCH = 16
WINDOW_HOPS = 220
LEARNING_RATE = 2.5e-3
START_SHARE = 0.15
"""Windows that start where their clip does."""
OTHER_SPEED_SHARE = 0.5
MOST_SPEED = 0.18
"""Windows that are heard faster or slower, by up to so much as a natural logarithm."""
PRESS_LEAD_SECONDS = 0.01
"""The press is shown nearer to its sound than the rest of the mouth: what tells /m/ from /n/ comes late."""
# openness, width, rounding, teeth, closure, rest, press
OUTPUT_WEIGHTS = (3.0, 1.0, 1.0, 1.2, 0.5, 2.0, 8.0)
PRESS_WEIGHT = 2.5
"""Against the many hops in which the lips are open."""
PRESS_TOLERANCE_HOPS = 4
"""A closure may be shown so much early or late: a frame of video."""
PRESS_EVENT_SHARE = 0.7
"""Of what a closure counts: that it is shown at all near its hop; the rest: that it is shown at each hop."""
SOUNDS_WEIGHT = 0.6
"""Naming the sounds is not asked of the mouth model, but teaches it to tell them apart."""
DROPOUT = 0.06


class MouthNet(nn.Module):
    """The network of lipsync.audio.network as it learns; beside the mouth it also names the sounds."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(BANDS, CHANNELS, INPUT_TAPS)
        self.blocks = nn.ModuleList(
            nn.Conv1d(CHANNELS, CHANNELS, BLOCK_TAPS, dilation=step) for step in DILATIONS
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(CHANNELS) for _ in DILATIONS)
        self.drop = nn.Dropout(DROPOUT)
        self.mouth = nn.Conv1d(CHANNELS, OUTPUTS, 1)
        self.sounds = nn.Conv1d(CHANNELS, CLASSES, 1)

    def forward(self, spectra: Tensor) -> tuple[Tensor, Tensor]:
        pad = nn.functional.pad
        hidden = torch.relu(self.first(pad(spectra.transpose(1, 2), (INPUT_TAPS - 1, 0))))
        for block, norm, step in zip(self.blocks, self.norms, DILATIONS, strict=True):
            past = pad(hidden, ((BLOCK_TAPS - 1) * step, 0))
            hidden = hidden + self.drop(torch.relu(norm(block(past))))
        return self.mouth(hidden).transpose(1, 2), self.sounds(hidden).transpose(1, 2)


class _Batch(NamedTuple):
    spectra: Tensor
    mouths: Tensor
    sounds: Tensor
    weights: Tensor


def _draw(clips: Sequence[Clip], shares: npt.NDArray[np.float64], random: np.random.Generator) -> _Batch:
    """Windows of clips drawn by their shares; what is asked for lies the look-ahead behind what is heard."""
    heard = WINDOW_HOPS + LOOK_AHEAD_HOPS
    spectra = np.zeros((BATCH, heard, BANDS), np.float32)
    mouths = np.zeros((BATCH, heard, OUTPUTS), np.float32)
    sounds = np.full((BATCH, heard), UNKNOWN, np.int64)
    weights = np.zeros((BATCH, heard), np.float32)
    lead = round(PRESS_LEAD_SECONDS / HOP_SECONDS)
    for row, number in enumerate(random.choice(len(clips), BATCH, p=shares)):
        clip = clips[number]
        speed = _speed(random)
        start = int(random.integers(0, max(len(clip.sounds) - int(WINDOW_HOPS * speed), 0) + 1))
        if random.random() < START_SHARE:
            start = 0
        places = start + np.arange(heard, dtype=np.float64) * speed
        places = places[places <= len(clip.sounds) - 1]
        spectra[row, : len(places)] = heard_otherwise(_between(clip.spectrum, places), random)
        near = np.rint(places[:WINDOW_HOPS]).astype(int)
        asked = slice(LOOK_AHEAD_HOPS, LOOK_AHEAD_HOPS + len(near))
        mouths[row, asked, :PRESS] = clip.mouth[near]
        later = near[np.minimum(np.arange(len(near)) + lead, len(near) - 1)]
        mouths[row, asked, PRESS] = np.isin(clip.sounds[later], LIPS_SHUT)
        sounds[row, asked] = clip.sounds[near]
        weights[row, asked] = 1.0
    return _Batch(*(torch.from_numpy(array) for array in (spectra, mouths, sounds, weights)))


def _speed(random: np.random.Generator) -> float:
    if random.random() >= OTHER_SPEED_SHARE:
        return 1.0
    return float(np.exp(random.uniform(-MOST_SPEED, MOST_SPEED)))


def _between(spectrum: FloatArray, places: npt.NDArray[np.float64]) -> FloatArray:
    """``spectrum`` at ``places`` between its hops, shape (places, BANDS)."""
    lower = np.minimum(places.astype(int), max(len(spectrum) - 2, 0))
    share = (places - lower).astype(np.float32)[:, None]
    upper = np.minimum(lower + 1, len(spectrum) - 1)
    return np.asarray(spectrum[lower] * (1 - share) + spectrum[upper] * share, np.float32)


def _press_loss(scores: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """Closures as events: wanted once near their hops, unwanted far from them. All of shape (n, hops)."""
    reach = PRESS_TOLERANCE_HOPS

    def most(values: Tensor) -> Tensor:
        return nn.functional.max_pool1d(values[:, None], 2 * reach + 1, 1, reach)[:, 0]

    missed = PRESS_EVENT_SHARE * nn.functional.softplus(-most(scores))
    missed = missed + (1 - PRESS_EVENT_SHARE) * nn.functional.softplus(-scores)
    unmeant = (1 - most(wanted)) * nn.functional.softplus(scores)
    return ((PRESS_WEIGHT * wanted * missed + unmeant) * weights).sum() / weights.sum()


def _loss(mouth: Tensor, sounds: Tensor, batch: _Batch) -> Tensor:
    """Soft cross-entropy and squared error of the mouth, its closures, its correlation, and the sounds."""
    asked, wanted_values = mouth[..., :PRESS], batch.mouths[..., :PRESS]
    entropy = nn.functional.binary_cross_entropy_with_logits(asked, wanted_values, reduction="none")
    values = torch.sigmoid(asked)
    apart = (0.5 * entropy + 2 * (values - wanted_values) ** 2) * torch.tensor(OUTPUT_WEIGHTS[:PRESS])
    loss = (apart * batch.weights[..., None]).sum() / batch.weights.sum() / OUTPUTS
    press = _press_loss(mouth[..., PRESS], batch.mouths[..., PRESS], batch.weights)
    loss = loss + OUTPUT_WEIGHTS[PRESS] / OUTPUTS * press
    share = batch.weights / batch.weights.sum(dim=1, keepdim=True)
    shown, wanted = values[..., 0], batch.mouths[..., 0]
    shown = shown - (shown * share).sum(dim=1, keepdim=True)
    wanted = wanted - (wanted * share).sum(dim=1, keepdim=True)
    spread = (wanted**2 * share).sum(dim=1)
    together = (shown * wanted * share).sum(dim=1)
    correlation = together / torch.sqrt((shown**2 * share).sum(dim=1) * spread + 1e-5)
    loss = loss + 0.1 * ((1 - correlation) * (spread > 0.005)).mean()
    named = nn.functional.cross_entropy(
        sounds.reshape(-1, CLASSES), batch.sounds.reshape(-1), ignore_index=UNKNOWN
    )
    return torch.as_tensor(loss + SOUNDS_WEIGHT * named)


def fit_network(
    sets: Sequence[tuple[float, Sequence[Clip]]],
    steps: int,
    seed: int,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> Network:
    """A network taught on sets of clips, each drawn from by its weight; ``on_step`` gets step and loss."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    clips = [clip for _, part in sets for clip in part]
    shares = []
    for weight, part in sets:
        hops = np.array([len(clip.sounds) for clip in part], float)
        shares.append(weight * hops / hops.sum())
    drawn = np.concatenate(shares) / np.concatenate(shares).sum()
    net = MouthNet()
    optimiser = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.15
    )
    for step in range(1, steps + 1):
        batch = _draw(clips, drawn, random)
        mouth, sounds = net(batch.spectra)
        loss = _loss(mouth, sounds, batch)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        on_step(step, float(loss.detach()))
    return network_of(net.eval())


def network_of(net: MouthNet) -> Network:
    """The plain weights of ``net``, its normalisation folded in."""
    weights, biases = [], []

    def add(layer: nn.Module, scale: Tensor, shift: Tensor) -> None:
        # (outputs, inputs, taps) to (taps * inputs, outputs)
        weight = (layer.weight * scale[:, None, None]).permute(2, 1, 0).reshape(-1, len(scale))
        weights.append(weight.detach().numpy().astype(np.float32))
        biases.append((layer.bias * scale + shift).detach().numpy().astype(np.float32))

    add(net.first, torch.ones(CHANNELS), torch.zeros(CHANNELS))
    for block, norm in zip(net.blocks, net.norms, strict=True):
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        add(block, scale, norm.bias - norm.running_mean * scale)
    add(net.mouth, torch.ones(OUTPUTS), torch.zeros(OUTPUTS))
    return Network(tuple(weights), tuple(biases))
