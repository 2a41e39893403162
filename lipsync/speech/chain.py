"""A text as a chain of sounds, and the likeliest way of a recording through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

BEAM_STATES = 1200
"""States looked at around the likeliest, half a minute of speech: what bounds time and memory."""
BEHIND = 3
"""Quarters of the beam that lie behind the likeliest: a false lead must not leave the truth behind."""
HOPS_PER_TICK = 500
PAUSE = -1


@dataclass(frozen=True)
class Chain:
    """States in the order of the speech: a pause before each phone, its parts, and a pause at the end.

    means         (states, voices, features): how each sounds, said by some voices
    phone         (states,): the number of the phone that a state is part of, or PAUSE
    kind          (states,): states that sound alike, wherever they stand, have the same number
    stay, leave   (states,): what it costs to stay for another hop, and to go on
    enter         (states,): what it costs to come in; pauses may also be passed by
    """

    means: FloatArray
    phone: IntArray
    kind: IntArray
    stay: FloatArray
    leave: FloatArray
    enter: FloatArray

    def reordered(self, numbers: Sequence[int]) -> Chain:
        """These phones, each as it was, in this order, with pauses around them."""
        starts = np.flatnonzero(self.phone == PAUSE)
        places = [starts[:1]]
        for number in numbers:
            places += [np.arange(starts[number] + 1, starts[number + 1]), starts[number + 1 : number + 2]]
        return self._at(np.concatenate(places))

    def _at(self, places: npt.NDArray[np.int64]) -> Chain:
        return Chain(
            means=self.means[places],
            phone=self.phone[places],
            kind=self.kind[places],
            stay=self.stay[places],
            leave=self.leave[places],
            enter=self.enter[places],
        )


def find_path(
    features: FloatArray, chain: Chain, scale: FloatArray, on_tick: Callable[[], None] = lambda: None
) -> IntArray:
    """The state of each hop of ``features``, shape (hops, features): where in the text the speech is.

    ``scale`` (features,) weighs the squared differences. The path starts in one of the first two states and
    ends in one of the last two: either may be a pause. ``on_tick`` is called every so often.
    """
    hops, states = len(features), len(chain.phone)
    width = min(BEAM_STATES, states)
    root = np.sqrt(scale)
    features, means = features * root, chain.means * root
    came, lows = np.zeros((hops, width), np.uint8), np.zeros(hops, np.int32)
    may_pass = np.zeros(states, bool)
    may_pass[2:] = chain.phone[1:-1] == PAUSE
    leave = np.concatenate([np.zeros(2, np.float32), chain.leave])
    cost = np.full(states + 2, np.inf, np.float32)  # of state s at s + 2
    cost[2:4] = _distance(features[0], means[:2])
    low = 0
    for hop in range(1, hops):
        if hop % HOPS_PER_TICK == 0:
            on_tick()
        before, best = low, low + int(np.argmin(cost[low + 2 : low + width + 2]))
        low = min(max(best - BEHIND * width // 4, low), states - width)
        inside = slice(low, low + width)
        held = cost[low : low + width + 2]
        gone = held + leave[low : low + width + 2]
        ways = np.stack(
            [
                held[2:] + chain.stay[inside],
                gone[1:-1] + chain.enter[inside],
                np.where(may_pass[inside], gone[:-2], np.float32(np.inf)),
            ]
        )
        came[hop], lows[hop] = ways.argmin(axis=0), low
        cost[before + 2 : low + 2] = np.inf
        now = ways.min(axis=0) + _distance(features[hop], means[inside])
        # Only differences matter, and in long recordings sums would outgrow the precision.
        cost[low + 2 : low + width + 2] = now - now.min()
    return _trace(came, lows, cost[2:])


def nearest_voices(features: FloatArray, chain: Chain, path: IntArray, scale: FloatArray) -> IntArray:
    """For each hop the number of the voice that sounds most like it, shape (hops,)."""
    apart = features[:, None] - chain.means[path]
    return np.asarray((apart**2 @ scale).argmin(axis=1), np.int32)


def path_cost(features: FloatArray, chain: Chain, path: IntArray, scale: FloatArray) -> float:
    """What ``path`` costs, as ``find_path`` counts."""
    nearest = nearest_voices(features, chain, path, scale)
    apart = features - chain.means[path, nearest]
    stays = path[1:] == path[:-1]
    moving = np.where(stays, chain.stay[path[1:]], chain.leave[path[:-1]] + chain.enter[path[1:]])
    return float((apart**2 @ scale).sum() + moving.sum())


def _distance(feature: FloatArray, means: FloatArray) -> FloatArray:
    apart = means - feature
    return np.asarray(np.einsum("svf,svf->sv", apart, apart).min(axis=1), np.float32)


def _trace(came: npt.NDArray[np.uint8], lows: IntArray, cost: FloatArray) -> IntArray:
    path = np.zeros(len(came), np.int32)
    state = len(cost) - 2 + int(np.argmin(cost[-2:]))
    if not np.isfinite(cost[state]):  # the text goes on where the recording has ended
        state = int(np.argmin(cost))
    for hop in range(len(came) - 1, -1, -1):
        path[hop] = state
        state -= int(came[hop, state - lows[hop]])
    return path
