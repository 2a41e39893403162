"""What one session measures of itself."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from rooms.agent.pacer import Pacer


class SessionStats:
    """Figures since the last report."""

    def __init__(self) -> None:
        self.first_sound_seconds: float | None = None
        self._pacer: Pacer | None = None
        self._since = time.monotonic()
        self._cpu = process_seconds()
        self._shown = self._late = 0

    def watch(self, pacer: Pacer) -> None:
        """Report on this pacer."""
        self._pacer = pacer
        self._since = time.monotonic()

    @property
    def shown(self) -> int:
        """Pictures sent so far."""
        return self._pacer.counts.shown if self._pacer else 0

    @property
    def late(self) -> int:
        """Pictures that came too late, were dropped, or not drawn at all."""
        if self._pacer is None:
            return 0
        counts = self._pacer.counts
        return counts.dropped + counts.undrawn + counts.late_slots

    def report(self) -> dict[str, Any]:
        """Since the last report. Offset: how long pictures left after (+) the sound they belong to, ms.

        ``cpu`` is of the whole process, which may run other avatars too: 1 is one core.
        """
        now, cpu = time.monotonic(), process_seconds()
        seconds = max(now - self._since, 1e-3)
        offsets = np.array(self._pacer.counts.offsets if self._pacer else (), np.float64) * 1000
        report = {
            "fps": round((self.shown - self._shown) / seconds, 2),
            "frames_late": self.late - self._late,
            "av_offset_ms": _spread(offsets),
            "cpu": round((cpu - self._cpu) / seconds, 3),
            "first_sound_ms": round(self.first_sound_seconds * 1000) if self.first_sound_seconds else None,
        }
        self._since, self._cpu, self._shown, self._late = now, cpu, self.shown, self.late
        return report


def _spread(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> dict[str, float | None]:
    if not len(values):
        return {"mean": None, "p1": None, "p99": None}
    low, high = np.percentile(values, [1, 99])
    return {"mean": round(float(values.mean()), 1), "p1": round(float(low), 1), "p99": round(float(high), 1)}


def process_seconds() -> float:
    """CPU time of this process so far, all threads."""
    times = os.times()
    return times.user + times.system
