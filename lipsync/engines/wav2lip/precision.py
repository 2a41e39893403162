"""Choosing the precision that is fastest on a machine: measured once there, never assumed.

bfloat16 is five times faster with AMX and ten times slower without.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)

TIMED_RUNS = 2
GAIN = 1.15
"""Lower precision must be at least this much faster to be worth its error of half a level."""


def is_low_faster(notes_dir: Path | None, facts: list[object], timed: Callable[[bool], float]) -> bool:
    """Whether low precision pays, as noted in ``notes_dir`` or measured now and noted there.

    facts  what the choice depends on: machine, device, threads, versions
    timed  the seconds of a run in low precision (True) or in single (False)
    """
    name = hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:12]
    note = None if notes_dir is None else notes_dir / f"wav2lip-{name}.json"
    if note is not None and note.is_file():
        return bool(json.loads(note.read_text())["low_precision"])
    full_seconds, low_seconds = timed(False), timed(True)
    is_low = full_seconds > low_seconds * GAIN
    logger.info(
        "faces per run: %.0f ms in full, %.0f ms in low precision", full_seconds * 1e3, low_seconds * 1e3
    )
    if note is not None:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps({"low_precision": is_low}))
    return is_low


def fastest_run(run: Callable[[], object]) -> float:
    """Seconds of the fastest of a few runs, after one to warm up."""
    best = float("inf")
    for _ in range(TIMED_RUNS + 1):
        began = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - began)
    return best
