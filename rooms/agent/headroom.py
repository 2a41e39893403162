"""How many more avatars this process can draw in time, and why not one more."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable

from rooms.agent.order import SessionOrder
from rooms.agent.stats import SessionStats, process_seconds

CORE_SHARE = 0.3
"""Of one core for a 512 x 512 avatar speaking at 25 fps, drawing and encoding, until it has been measured."""
LEAST_SHARE, MOST_SHARE = 0.2, 0.9
"""What a measured share may be: nobody knows yet whether those who are silent now will all speak at once."""
RISES, FALLS = 0.25, 0.02
"""Of the way to what was measured last: one dear moment, while all is cold, says little."""
FIXED_SHARE = 0.04
USABLE = 0.92
LATE_SHARE = 0.15
"""Of the pictures of the last seconds; with more of them late nobody else is taken on."""
WINDOW_SECONDS = 5.0
RESERVED_SECONDS = 10.0


def cost_of(width: int, height: int, fps: float) -> float:
    """What an avatar of this size costs, as a multiple of one of 512 x 512 at 25 fps."""
    fixed = FIXED_SHARE / CORE_SHARE
    return fixed + (1 - fixed) * width * height * fps / (512 * 512 * 25)


class Headroom:
    """Counts the sessions of a process. Safe in threads.

    places  avatars at once; None tells it from the cores there are and from what avatars are seen to cost,
            where a big picture counts for more
    """

    def __init__(self, places: int | None = None) -> None:
        self.cores = len(os.sched_getaffinity(0))
        self._counted = places
        self._share = CORE_SHARE
        self._lock = threading.Lock()
        self._sessions: dict[str, tuple[SessionOrder, SessionStats]] = {}
        self._reserved: dict[str, tuple[float, float]] = {}
        self._last = (time.monotonic(), 0, 0, process_seconds())
        self._late_share = 0.0
        self.is_draining = False

    @property
    def share(self) -> float:
        """Of one core, for one avatar of the usual size: as measured, or as good as can be told before."""
        return self._share

    @property
    def _limit(self) -> float:
        """What there is room for, as ``cost_of`` counts."""
        return float(self._counted or max(1.0, self.cores * USABLE / self._share))

    @property
    def places(self) -> int:
        """Avatars of the usual size at once."""
        return int(self._limit + 1e-6)

    def reserve(self, order: SessionOrder) -> str | None:
        """Keep room for ``order``, or tell in a sentence why there is none."""
        wanted = cost_of(order.width, order.height, order.fps)
        with self._lock:
            now = time.monotonic()
            self._reserved = {name: kept for name, kept in self._reserved.items() if kept[1] > now}
            if self.is_draining:
                return "This avatar agent is being stopped."
            taken = self._taken(without=order.session)
            others = len({*self._sessions, *self._reserved} - {order.session})
            is_full = others >= self.places if self._counted else taken + wanted > self._limit + 1e-6
            if is_full and others > 0:
                return f"All {self.places} places of this avatar agent are taken."
            if self._late_share > LATE_SHARE and taken > 0:
                return "This avatar agent cannot draw one more avatar in time."
            self._reserved[order.session] = wanted, now + RESERVED_SECONDS
            return None

    def add(self, order: SessionOrder, stats: SessionStats) -> None:
        """The session has begun."""
        with self._lock:
            self._reserved.pop(order.session, None)
            self._sessions[order.session] = order, stats

    def remove(self, order: SessionOrder) -> None:
        """The session is over."""
        with self._lock:
            self._reserved.pop(order.session, None)
            self._sessions.pop(order.session, None)

    @property
    def sessions(self) -> list[str]:
        """The sessions in hand, those on their way included."""
        with self._lock:
            return [*self._sessions, *(name for name in self._reserved if name not in self._sessions)]

    def load(self) -> float:
        """0 idle .. 1 full: the larger of the room that is taken and the pictures that come late."""
        self._measure()
        with self._lock:
            taken = self._taken() / self._limit
            return min(1.0, max(taken, self._late_share / LATE_SHARE if self._sessions else 0.0))

    def totals(self) -> tuple[int, int]:
        """Pictures shown and pictures late, of all sessions in hand."""
        with self._lock:
            stats = [stats for _, stats in self._sessions.values()]
        return _sum(entry.shown for entry in stats), _sum(entry.late for entry in stats)

    def _taken(self, without: str = "") -> float:
        held = {name: cost_of(o.width, o.height, o.fps) for name, (o, _) in self._sessions.items()}
        held |= {name: cost for name, (cost, _) in self._reserved.items()}
        held.pop(without, None)
        return sum(held.values())

    def _measure(self) -> None:
        shown, late = self.totals()
        now, cpu = time.monotonic(), process_seconds()
        since, shown_before, late_before, cpu_before = self._last
        if now - since < WINDOW_SECONDS:
            return
        fresh, fresh_late = shown - shown_before, late - late_before
        # Sessions that have left take their counts with them.
        if fresh >= 0 and fresh_late >= 0:
            self._late_share = fresh_late / max(1, fresh + fresh_late)
            with self._lock:
                drawn = sum(cost_of(o.width, o.height, o.fps) for o, _ in self._sessions.values())
            if drawn and fresh:
                self.note_share((cpu - cpu_before) / (now - since) / drawn)
        self._last = now, shown, late, cpu

    def note_share(self, share: float) -> None:
        """An avatar of the usual size took this much of a core in the last seconds."""
        share = min(MOST_SHARE, max(LEAST_SHARE, share))
        self._share += (share - self._share) * (RISES if share > self._share else FALLS)


def _sum(values: Iterable[int]) -> int:
    return sum(values)
