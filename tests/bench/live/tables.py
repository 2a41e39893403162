"""``make bench``'s tables of live avatars."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.bench.live import crowd, figures, material
from tests.bench.live.scenario import Seen, mean, watch
from tests.bench.live.server import Server, run_server
from tests.bench.table import print_note, print_table

KNOWN_OFFSETS = (-80.0, 80.0, 200.0)
COLUMNS = {
    "aligned": "replay",
    "avsite": "agent",
    "stock": "stock-stream",
    "avsite, inside": "ours-queue",
    "stock, inside": "stock-queue",
}
"""Heads of columns and who they are: over the data stream, then spoken to inside their own process."""


@dataclass(frozen=True)
class LiveOptions:
    """How long to measure; ``minutes`` of one avatar speaking on, 0 for none."""

    seconds: float = 12.0
    cycles: int = 50
    crowd_seconds: float = 10.0
    minutes: float = 0.0


def print_live(folder: Path, options: LiveOptions) -> None:
    """Measure and print everything; five to six minutes as it stands."""
    load = _Load()
    with run_server(folder) as server:
        asyncio.run(_measure(server, folder, options))
    # The server's own time counts only once it has ended.
    print_note(
        f"Other work kept the machine {load.of_others():.0%} busy meanwhile; times and rates include that."
    )


async def _measure(server: Server, folder: Path, options: LiveOptions) -> None:
    await material.write_ready(folder, options.seconds)
    aligned = await watch(server, folder, "replay", interrupts=0)
    known = {
        offset: await watch(server, folder, "replay", offset_ms=offset, interrupts=0)
        for offset in KNOWN_OFFSETS
    }
    print_offsets(aligned, known)
    ready = await watch(server, folder, "ready", interrupts=0)
    seen = {
        head: aligned if kind == "replay" else await watch(server, folder, kind)
        for head, kind in COLUMNS.items()
    }
    print_seen(seen, ready)
    print_crowd(await crowd.fill(server, folder, options.crowd_seconds))
    if options.cycles:
        print_turnover(await crowd.come_and_go(server, folder, options.cycles))
    if options.minutes:
        rounds = max(1, round(options.minutes * 60 / (options.seconds + 1)))
        print_endurance(await watch(server, folder, "agent", interrupts=0, rounds=rounds), options.minutes)


def print_offsets(aligned: Seen, known: dict[float, Seen]) -> None:
    """Offsets that were put in, and what the viewer found of them."""
    rows = []
    for offset in sorted([0.0, *known]):
        seen = known.get(offset, aligned)
        came, shown = seen.offset_as_it_came, seen.offset
        found = came - aligned.offset_as_it_came
        rows.append([f"{offset:+.0f} ms", *_texts([shown, came, found, found - offset])])
    print_table(
        "Known offsets found again at the viewer, sound minus picture, ms",
        ["put in", "as shown", "as it came", "from aligned", "error"],
        rows,
    )


def print_seen(seen: dict[str, Seen], ready: Seen) -> None:
    """One publisher a column, one figure a row."""
    aligned = seen["aligned"]
    rows = [
        ["offset as shown, mean ms", *_texts(s.offset for s in seen.values())],
        ["  from aligned", *_texts(s.offset - aligned.offset for s in seen.values())],
        ["  as it came, from aligned", *_texts(_from(s, aligned) for s in seen.values())],
        ["  windows, p1 .. p99", *(_range(s.windows[:, 1]) for s in seen.values())],
        ["  single onsets, p1 .. p99", *(_range(s.onsets) for s in seen.values())],
        ["viewer's own buffer of sound", *_texts(s.held[0] for s in seen.values())],
        ["  of pictures", *_texts(s.held[1] for s in seen.values())],
        ["pictures a second, of 25", *(f"{s.fps:.2f}" for s in seen.values())],
        ["  apart, p99 ms", *_texts(s.gap_p99 for s in seen.values())],
        ["first picture since asked, ms", *_texts(s.first_picture for s in seen.values())],
        ["first sound, mean (worst) ms", *(_with_worst(s.first_sound) for s in seen.values())],
        ["first motion", *(_with_worst(s.first_motion) for s in seen.values())],
        ["silence after interrupt", *(_with_worst(s.silence) for s in seen.values())],
        ["still mouth", *(_with_worst(s.still) for s in seen.values())],
        ["playback_started true/false/missing", *(_starts(s) for s in seen.values())],
        ["stale pictures and sounds", *(f"{s.stale}" for s in seen.values())],
        ["black, green or empty pictures", *(f"{s.spoilt}" for s in seen.values())],
        ["of one core while speaking", *(f"{s.cores:.0%}" for s in seen.values())],
        ["  x least replay", *(f"{s.cores / ready.cores:.2f}" for s in seen.values())],
    ]
    title = f"Live avatar at the viewer, {material.WIDTH}x{material.HEIGHT}, {material.FPS} fps"
    print_table(title, ["", *seen], rows)


def print_crowd(full: crowd.Crowd) -> None:
    """An agent on one core with all its places taken."""
    rows = [
        [f"avatar {number + 1}", f"{fps:.2f}", f"{gap:.0f}"]
        for number, (fps, gap) in enumerate(zip(full.fps, full.gaps, strict=True))
    ]
    print_table(
        f"One agent on one core, {full.places} avatars speaking ({full.cores:.0%} of it)",
        ["", "fps", "apart p99 ms"],
        [*rows, ["one more", "-", full.refusal or "no answer"]],
    )


def print_turnover(turnover: crowd.Turnover) -> None:
    """Joins and leaves one after the other."""
    joins, memory = turnover.joins, turnover.megabytes
    rows = [
        ["cold join, ms to the first picture", f"{joins[0]:.0f}"],
        ["warm joins, median (worst)", f"{np.median(joins[1:]):.0f} ({max(joins[1:]):.0f})"],
        ["memory after the first, MB", f"{memory[0]:.0f}"],
        [f"after {len(memory) // 2}", f"{memory[len(memory) // 2 - 1]:.0f}"],
        [f"after {len(memory)}", f"{memory[-1]:.0f}"],
        ["growth in the second half, MB a join", f"{crowd.growth(memory):.2f}"],
    ]
    print_table(f"{len(joins)} avatars that join and leave one agent", ["", ""], rows)


def print_endurance(seen: Seen, minutes: float) -> None:
    """One avatar that spoke on."""
    memory = seen.megabytes
    rows = [
        ["offset as shown, mean ms", f"{seen.offset:.0f}"],
        ["  windows, p1 .. p99", _range(seen.windows[:, 1])],
        ["  drift, ms a minute", f"{figures.drift(seen.windows):.2f}"],
        ["pictures a second, of 25", f"{seen.fps:.2f}"],
        ["memory before, after the first minute, at the end, MB", _three(memory, minutes)],
    ]
    print_table(f"One avatar speaking for {minutes:g} minutes", ["", ""], rows)


def _three(memory: Sequence[float], minutes: float) -> str:
    early = min(len(memory) - 1, max(1, round(len(memory) / max(minutes, 1))))
    return " ".join(f"{value:.0f}" for value in (memory[0], memory[early], memory[-1]))


def _from(seen: Seen, aligned: Seen) -> float:
    return seen.offset_as_it_came - aligned.offset_as_it_came


def _texts(values: Iterable[float]) -> list[str]:
    return ["-" if np.isnan(value) else f"{value:.0f}" for value in values]


def _range(values: figures.FloatArray) -> str:
    return f"{np.percentile(values, 1):.0f} .. {np.percentile(values, 99):.0f}" if len(values) else "-"


def _with_worst(values: Sequence[float]) -> str:
    known = [value for value in values if not np.isnan(value)]
    return f"{mean(known):.0f} ({max(known):.0f})" if known else "-"


def _starts(seen: Seen) -> str:
    starts = seen.starts
    return f"{starts.true}/{starts.false}/{starts.missing}" if starts else "-"


class _Load:
    """How busy others kept the machine since this was made."""

    def __init__(self) -> None:
        self._busy, self._at, self._own = _busy_seconds(), time.monotonic(), _own_seconds()

    def of_others(self) -> float:
        """Share of all cores, 0..1."""
        available = (time.monotonic() - self._at) * (os.cpu_count() or 1)
        others = _busy_seconds() - self._busy - (_own_seconds() - self._own)
        return max(0.0, others / available)


def _busy_seconds() -> float:
    user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )
