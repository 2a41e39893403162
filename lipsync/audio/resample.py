"""Streaming change of sample rate whose output does not depend on how the input was cut into pieces."""

from __future__ import annotations

from math import gcd

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

ZERO_CROSSINGS = 12
GROUP = 16
MOST_KEPT_TAPS = 8
"""Usual rates begin their blocks at one to four phases; odd ones at thousands."""
LOWEST_RATE, HIGHEST_RATE = 4000, 768000


class Resampler:
    """Band-limited (windowed sinc), delay-free resampling in blocks of a fixed size.

    Every block goes through the same arithmetic, so the output is the same to the bit however it was pushed.
    Output sample m lies at input time m * source_rate / target_rate; equal rates
    let the sound through as it is.
    """

    def __init__(self, source_rate: int, target_rate: int, block: int) -> None:
        if not LOWEST_RATE <= source_rate <= HIGHEST_RATE:
            raise ValueError(f"a sample rate of {source_rate} Hz is not {LOWEST_RATE} to {HIGHEST_RATE}")
        divisor = gcd(source_rate, target_rate)
        self._up, self._down = target_rate // divisor, source_rate // divisor
        self._block = block
        self.reach = int(np.ceil(ZERO_CROSSINGS * max(1.0, source_rate / target_rate)))
        """Input samples needed on each side of an output sample."""
        self._kernel = self._make_kernel(min(1.0, target_rate / source_rate))
        self._kept_taps: dict[int, tuple[npt.NDArray[np.int64], FloatArray]] = {}
        self._pending = np.zeros(self.reach, np.float32)
        self._pending_start = -self.reach
        self._next_output = 0

    def _make_kernel(self, cutoff: float) -> FloatArray:
        """One filter per phase, shape (phases, 2 * reach + 1); each sums to 1."""
        phases = np.arange(self._up)[:, None] / self._up
        distance = np.arange(-self.reach, self.reach + 1)[None, :] - phases
        window = np.cos(np.pi / 2 * np.clip(distance / (self.reach + 1), -1, 1)) ** 2
        kernel = np.sinc(distance * cutoff * 0.95) * window
        return np.asarray(kernel / kernel.sum(axis=1, keepdims=True), np.float32)

    def push(self, samples: FloatArray) -> list[FloatArray]:
        """Take ``samples``, shape (n,); return the blocks, each of shape (block,), that are now complete."""
        self._pending = np.concatenate([self._pending, samples.astype(np.float32, copy=False)])
        blocks = []
        end = self._pending_start + len(self._pending)
        while True:
            first, phase = divmod(self._next_output * self._down, self._up)
            if first + (phase + (self._block - 1) * self._down) // self._up + self.reach >= end:
                break
            first -= self._pending_start
            if self._up == self._down:
                blocks.append(self._pending[first : first + self._block].copy())
            else:
                places, mixed = self._taps(phase)
                # The last group may span more than there is yet; its surplus weighs nothing.
                heard = self._pending[first - self.reach :].take(places, mode="clip")
                blocks.append((heard[:, None, :] @ mixed).ravel()[: self._block])
            self._next_output += self._block
        # Keep what the next block's first sample still reaches back to.
        following = (self._next_output * self._down) // self._up - self.reach
        start = min(max(following - self._pending_start, 0), len(self._pending))
        self._pending = self._pending[start:].copy()
        self._pending_start += start
        return blocks

    def _taps(self, phase: int) -> tuple[npt.NDArray[np.int64], FloatArray]:
        """For a block that starts at ``phase``: the samples that each GROUP of outputs is made of, counted
        from the first's, shape (groups, span), and how, shape (groups, span, GROUP).

        A product of matrices is several times faster than each output's own sum.
        """
        found = self._kept_taps.get(phase)
        if found is not None:
            return found
        steps, phases = np.divmod(phase + np.arange(self._block) * self._down, self._up)
        starts = steps[::GROUP]
        group, column = np.divmod(np.arange(self._block), GROUP)
        first = steps - starts[group]
        taps = np.arange(2 * self.reach + 1)
        span = int(first.max()) + len(taps)
        mixed = np.zeros((len(starts), span, GROUP), np.float32)
        mixed[group[:, None], first[:, None] + taps, column[:, None]] = self._kernel[phases]
        found = (starts[:, None] + np.arange(span), mixed)
        if len(self._kept_taps) < MOST_KEPT_TAPS:
            self._kept_taps[phase] = found
        return found
