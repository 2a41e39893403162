"""``make bench`` prints four tables; ``python -m tests.bench render`` only that one."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench import measure, mouth, rendered
from tests.bench.table import print_table

MEMORY_SECONDS = (10.0, 300.0)


def bench_render(folder: Path) -> None:
    clip, speech = measure.make_clip(folder, 10.0)
    rows = []
    yardstick = measure.run_apart("plain", clip, speech, folder)
    for name, kind in (("decode + encode", "plain"), ("built-in engine", "engine")):
        run = yardstick if kind == "plain" else measure.run_apart(kind, clip, speech, folder)
        rows.append(
            [
                name,
                f"{run.wall_seconds:.1f}",
                f"{run.cpu_seconds:.1f}",
                f"{run.frames / run.wall_seconds:.0f}",
                f"{run.wall_seconds / yardstick.wall_seconds:.2f}",
                f"{run.cpu_seconds / yardstick.cpu_seconds:.2f}",
            ]
        )
    title = f"Render of a {measure.WIDTH}x{measure.HEIGHT} clip, {measure.FPS} fps, 10 s"
    print_table(title, ["", "wall s", "CPU s", "frames/s", "x wall", "x CPU"], rows)


def bench_memory(folder: Path) -> None:
    rows = []
    for seconds in MEMORY_SECONDS:
        clip, speech = measure.make_clip(folder, seconds)
        run = measure.run_apart("engine", clip, speech, folder)
        rows.append(
            [f"{seconds:.0f} s", f"{run.frames}", f"{run.peak_megabytes:.0f}", f"{run.wall_seconds:.0f}"]
        )
    print_table("Peak memory of a render", ["clip", "frames", "peak MB", "wall s"], rows)


def bench_mouth(folder: Path) -> None:
    heads = ["sentence", "listening", "loudness", "closed in silence", "same, phones known"]
    print_table("Openness against the phonetic target (correlation)", heads, mouth.rows(folder))


def bench_rendered(folder: Path) -> None:
    title = "Lips found again in rendered videos, against the phonetic target (correlation)"
    print_table(title, rendered.HEADS, rendered.rows(folder))


BENCHES = {"render": bench_render, "mouth": bench_mouth, "rendered": bench_rendered, "memory": bench_memory}


def main() -> int:
    names = sys.argv[1:] or list(BENCHES)
    for name in names:
        if name not in BENCHES:
            sys.stderr.write(f"There is no table {name!r}; there are {', '.join(BENCHES)}.\n")
            return 2
        with tempfile.TemporaryDirectory() as folder:
            BENCHES[name](Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
