"""Everybody who is heard, as one sound."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np

from lipsync.audio.load import FloatArray
from rooms.client.sound import RATE

AHEAD = RATE // 20
"""Samples of a voice that are collected before it is heard: sound on the way does not come evenly."""
BEHIND = RATE // 2
"""Samples of a voice that may wait; older ones are dropped, so that nobody is heard ever later."""


class _Voice:
    def __init__(self) -> None:
        self._blocks: deque[FloatArray] = deque()
        self._held = 0
        self._is_flowing = False

    def push(self, samples: FloatArray) -> None:
        self._blocks.append(samples)
        self._held += len(samples)
        while self._held > BEHIND:
            self._held -= len(self._blocks.popleft())

    def pull(self, count: int) -> FloatArray:
        self._is_flowing = self._is_flowing or self._held >= AHEAD
        if not self._is_flowing:
            return np.zeros(count, np.float32)
        taken = [np.zeros(0, np.float32)]
        wanted = count
        while wanted and self._blocks:
            block = self._blocks.popleft()
            taken.append(block[:wanted])
            if len(block) > wanted:
                self._blocks.appendleft(block[wanted:])
            wanted -= len(taken[-1])
        self._held -= count - wanted
        if wanted:
            self._is_flowing = False
            taken.append(np.zeros(wanted, np.float32))
        return np.concatenate(taken)


class Mixer:
    """Voices come in under a name, at their own pace; their sum is taken at the speaker's. Thread-safe."""

    def __init__(self) -> None:
        self._voices: dict[str, _Voice] = {}
        self._lock = threading.Lock()

    def push(self, name: str, samples: FloatArray) -> None:
        """More of a voice, float32 mono at RATE."""
        with self._lock:
            self._voices.setdefault(name, _Voice()).push(samples)

    def remove(self, name: str) -> None:
        """This voice has gone."""
        with self._lock:
            self._voices.pop(name, None)

    def pull(self, count: int) -> FloatArray:
        """(count,) samples of everybody, in [-1, 1]; silence where nobody speaks."""
        mixed = np.zeros(count, np.float32)
        with self._lock:
            for voice in self._voices.values():
                mixed += voice.pull(count)
        return np.asarray(np.clip(mixed, -1.0, 1.0), np.float32)
