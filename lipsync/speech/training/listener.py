"""Finds when each sound of a known text was said: a network that tells sounds apart, and the likeliest path.

The network looks ahead and back, so it hears better than the mouth model, which it teaches. It learns
from synthetic speech, whose times are known, then also from the recordings of people that it has timed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from lipsync.audio.features import BANDS, HOP_OFFSET, HOP_SECONDS
from lipsync.audio.phones import Phone
from lipsync.speech.training.classes import CLASSES, LIPS_SHUT, UNKNOWN, classes_of

FloatArray = npt.NDArray[np.float32]

CHANNELS = 96
DILATIONS = (1, 2, 4, 8, 2, 1)
WINDOW_HOPS = 200
BATCH = 24
LEARNING_RATE = 2.5e-3
LIPS_SHUT_WEIGHT = 2.5
"""/p b m/ are brief and few, and the mouth depends on them."""
LEAST_LOG = -9.0
PAUSE_COST = 5.0
"""Nats against a pause where the text has none."""
SHORTEST_PAUSE_SECONDS = 0.005


class Listener(nn.Module):
    """Spectra of shape (n, hops, BANDS) to scores of shape (n, hops, CLASSES)."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(BANDS, CHANNELS, 5, padding=2)
        self.blocks = nn.ModuleList(
            nn.Conv1d(CHANNELS, CHANNELS, 3, padding=step, dilation=step) for step in DILATIONS
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(CHANNELS) for _ in DILATIONS)
        self.drop = nn.Dropout(0.1)
        self.last = nn.Conv1d(CHANNELS, CLASSES, 1)

    def forward(self, spectra: Tensor) -> Tensor:
        hidden = torch.relu(self.first(spectra.transpose(1, 2)))
        for block, norm in zip(self.blocks, self.norms, strict=True):
            hidden = hidden + self.drop(torch.relu(norm(block(hidden))))
        return torch.as_tensor(self.last(hidden)).transpose(1, 2)


def fit_listener(
    clips: Sequence[tuple[FloatArray, npt.NDArray[np.uint8]]],
    steps: int,
    seed: int,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
    taught: Listener | None = None,
) -> Listener:
    """A listener, or ``taught``, taught on (spectrum, class track) pairs; ``on_step`` gets step and loss."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    listener = (taught or Listener()).train()
    optimiser = torch.optim.AdamW(listener.parameters(), LEARNING_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    lengths = np.array([len(track) for _, track in clips], float)
    weight = torch.ones(CLASSES)
    weight[list(LIPS_SHUT)] = LIPS_SHUT_WEIGHT
    for step in range(1, steps + 1):
        spectra = np.zeros((BATCH, WINDOW_HOPS, BANDS), np.float32)
        tracks = np.full((BATCH, WINDOW_HOPS), UNKNOWN, np.int64)
        for row, number in enumerate(random.choice(len(clips), BATCH, p=lengths / lengths.sum())):
            spectrum, track = clips[number]
            start = int(random.integers(0, max(len(track) - WINDOW_HOPS, 0) + 1))
            piece = slice(start, start + WINDOW_HOPS)
            spectra[row, : len(track[piece])] = spectrum[piece]
            tracks[row, : len(track[piece])] = track[piece]
        scores = listener(torch.from_numpy(spectra))
        loss = nn.functional.cross_entropy(
            scores.reshape(-1, CLASSES),
            torch.from_numpy(tracks).reshape(-1),
            weight=weight,
            ignore_index=UNKNOWN,
            label_smoothing=0.05,
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(listener.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        on_step(step, float(loss.detach()))
    return listener.eval()


def find_phones(
    listener: Listener, spectrum: FloatArray, said: Sequence[Phone]
) -> tuple[list[Phone], float] | None:
    """The phones ``said``, in that order, with the times they have in ``spectrum``, shape (hops, BANDS).

    With them how much likelier the sounds are without the text, in nats a hop: 0 at best, below -1 when
    something else is said. None when the recording is too short for the text.
    """
    states = [
        (part, number) for number, phone in enumerate(said) if phone.ipa for part in classes_of(phone.ipa)
    ]
    if not states or len(spectrum) < 2 * len(states) + 2:
        return None
    with torch.no_grad():
        scores = listener(torch.from_numpy(spectrum)[None])[0]
        heard = np.maximum(torch.log_softmax(scores, dim=-1).numpy(), LEAST_LOG)
    path, total = _best_path(heard, states, said)
    return _phones_on(path, states, said), float(total - heard.max(axis=1).sum()) / len(heard)


def _pause_costs(states: Sequence[tuple[int, int]], said: Sequence[Phone]) -> FloatArray:
    """What a pause before each state costs: little where the text has one, much inside a phone."""
    costs = np.zeros(len(states) + 1, np.float32)
    for place in range(1, len(states)):
        before, after = states[place - 1][1], states[place][1]
        is_written = any(not said[between].ipa for between in range(before + 1, after))
        costs[place] = PAUSE_COST * (0.2 if is_written else 3.0 if before == after else 1.0)
    return costs


def _best_path(
    heard: FloatArray, states: Sequence[tuple[int, int]], said: Sequence[Phone]
) -> tuple[npt.NDArray[np.int64], float]:
    """The likeliest state at each hop. State 3k is the pause before sound k, 3k+1 and 3k+2 its hops."""
    count = 3 * len(states) + 1
    kinds = np.zeros(count, int)
    kinds[1::3] = kinds[2::3] = [part for part, _ in states]
    never = np.float32(-1e18)
    third = np.arange(count) % 3
    enter = np.repeat(_pause_costs(states, said), 3)[:count]
    stay = np.where(third == 1, never, 0).astype(np.float32)
    step = np.where(third == 0, -enter, 0).astype(np.float32)
    leap = np.where(third == 1, 0, never).astype(np.float32)
    step[0] = leap[0] = leap[1] = never
    best = np.full(count, never, np.float32)
    best[:2] = heard[0, kinds[:2]]
    back = np.zeros((len(heard), count), np.uint8)
    for hop in range(1, len(heard)):
        ways = best + stay
        stepped = np.concatenate([[never], best[:-1]]) + step
        leapt = np.concatenate([[never, never], best[:-2]]) + leap
        for way, reached in ((1, stepped), (2, leapt)):
            is_better = reached > ways
            back[hop, is_better] = way
            ways = np.maximum(ways, reached)
        best = (ways + heard[hop, kinds]).astype(np.float32)
    state = count - 1 if best[-1] > best[-2] else count - 2
    total = float(best[state])
    path = np.zeros(len(heard), np.int64)
    for hop in range(len(heard) - 1, -1, -1):
        path[hop] = state
        state -= int(back[hop, state])
    return path, total


def _phones_on(
    path: npt.NDArray[np.int64], states: Sequence[tuple[int, int]], said: Sequence[Phone]
) -> list[Phone]:
    """Phones and pauses, contiguous from the start of the recording to its end."""
    bounds: dict[int, tuple[int, int]] = {}
    for hop, state in enumerate(path.tolist()):
        if state % 3:
            number = states[state // 3][1]
            bounds[number] = (bounds.get(number, (hop, hop))[0], hop + 1)
    phones: list[Phone] = []
    ended = 0.0
    for number, hops in sorted(bounds.items()):
        start, end = (max((hop + HOP_OFFSET - 0.5) * HOP_SECONDS, 0.0) for hop in hops)
        if start - ended > SHORTEST_PAUSE_SECONDS:
            phones.append(Phone("", ended, start))
        phones.append(Phone(said[number].ipa, start, end))
        ended = end
    return [*phones, Phone("", ended, (len(path) + HOP_OFFSET) * HOP_SECONDS)]
