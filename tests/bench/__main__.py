"""``make bench`` prints its tables; ``python -m tests.bench render`` only that one.

``python -m tests.bench live --minutes 30`` adds an avatar that speaks for so long.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

from lipsync.speech.training.rhubarb import find_rhubarb
from tests.bench import filmed, measure, mouth, portrait, rendered
from tests.bench.live.tables import LiveOptions, print_live
from tests.bench.table import print_note, print_table

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
    print_table("Mouths of synthetic voices never heard", ["", *mouth.COMPARED], mouth.compared())
    if not find_rhubarb():
        print_note("Rhubarb Lip Sync is beside them where its `rhubarb` is on the PATH.")
    print_table(
        "The mouth model, ms of CPU per second of sound", ["", "10 ms pieces", "whole"], mouth.costs()
    )


def bench_rendered(folder: Path) -> None:
    title = "Lips found again in rendered videos, against the phonetic target (correlation)"
    print_table(title, rendered.HEADS, rendered.rows(folder))


def bench_filmed(folder: Path) -> None:
    title = "A filmed mouth in silence beside its source: steadiness, sharpness, what changes elsewhere, cost"
    print_table(title, filmed.HEADS, filmed.rows())


def bench_portrait(folder: Path) -> None:
    print_table("Still faces: a frame's cost, sharpness, steadiness", portrait.HEADS, portrait.rows(folder))


def bench_wav2lip(folder: Path, upstream: Path | None = None) -> None:
    from tests.bench import published, wav2lip  # torch, for this table alone

    print_table("Wav2Lip, 640x480, on the CPU", wav2lip.HEADS, wav2lip.rows(folder, upstream))
    if upstream is None:
        print_note("The published script is beside it with --upstream FOLDER, a clone of its repository.")
    elif not published.has_encoder():
        print_note("No ffmpeg command is here: the published script left out the second of its two encodes.")
    print_table("Its peak memory by length, 2 fps", wav2lip.MEMORY_HEADS, wav2lip.memory_rows(folder))
    print_table("Wav2Lip's network, by CPU time", wav2lip.GENERATOR_HEADS, wav2lip.generator_rows(folder))


def bench_captions(folder: Path) -> None:
    from tests.bench import captions  # settings say where models are; they are read for this table alone

    model, rows = captions.rows()
    print_table(f"Live captions by {model}, an espeak voice in English", captions.HEADS, rows)
    print_note(captions.load())


BENCHES = {
    "render": bench_render,
    "portrait": bench_portrait,
    "mouth": bench_mouth,
    "rendered": bench_rendered,
    "filmed": bench_filmed,
    "memory": bench_memory,
    "wav2lip": bench_wav2lip,
    "captions": bench_captions,
    "live": print_live,
}


def main() -> int:
    usual = LiveOptions()
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("tables", nargs="*", help=f"some of {', '.join(BENCHES)}; all when none is named")
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="of live speech in each run")
    parser.add_argument("--cycles", type=int, default=usual.cycles, help="live avatars that join and leave")
    parser.add_argument("--minutes", type=float, default=usual.minutes, help="of one live avatar speaking on")
    parser.add_argument("--upstream", type=Path, help="a clone of Wav2Lip's repository, to run beside ours")
    asked = parser.parse_args()
    live = LiveOptions(seconds=asked.seconds, cycles=asked.cycles, minutes=asked.minutes)
    for name in asked.tables or BENCHES:
        if name not in BENCHES:
            parser.error(f"there is no table {name!r}; there are {', '.join(BENCHES)}")
        options = {"live": {"options": live}, "wav2lip": {"upstream": asked.upstream}}.get(name, {})
        bench = partial(BENCHES[name], **options)
        with tempfile.TemporaryDirectory() as folder:
            bench(Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
