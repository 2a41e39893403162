"""Wav2Lip beside the published script, on a checkpoint of random numbers: the same work, whatever it shows.

The published repository is not part of this project: clone it beside it, install librosa, and name its folder
with ``--upstream``. Its face detector is left out by giving it the box, so that both do the same work.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import torch

from lipsync.engines.wav2lip.boxes import box_of
from lipsync.engines.wav2lip.generator import Generator, fold_batch_norm
from lipsync.video.read import FrameReader
from tests.bench.measure import FPS, make_clip
from tests.lipsync.face.measured import Reader

HEADS = ["", "wall s", "CPU s", "peak MB", "frames/s"]
GENERATOR_HEADS = ["generator alone", "faces/s", "x published"]
SECONDS, WIDTH, HEIGHT = 10.0, 640, 480
TIMED = 3

OURS = """
import sys
from pathlib import Path
from lipsync.engines.base import RenderRequest
from lipsync.engines.wav2lip.config import Wav2LipConfig
from lipsync.engines.wav2lip.engine import Wav2LipEngine
clip, speech, weights, target = map(Path, sys.argv[1:5])
engine = Wav2LipEngine(Wav2LipConfig(checkpoint=weights, notes_dir=target.parent, use_gpu=False))
request = RenderRequest(speech, target, target.parent, face_path=clip)
engine.render(request, lambda stage, fraction: None)
"""
# What the published script needs on a Python of today: librosa's arguments have names now.
PUBLISHED = """
import os, runpy, sys
import librosa, torch
mel, stft = librosa.filters.mel, librosa.stft
librosa.filters.mel = lambda sr, n_fft, **rest: mel(sr=sr, n_fft=n_fft, **rest)
librosa.stft = lambda **named: stft(pad_mode="reflect", **named)
os.makedirs("temp", exist_ok=True)
folder = sys.argv.pop(1)
sys.path.insert(0, folder)
runpy.run_path(os.path.join(folder, "inference.py"), run_name="__main__")
"""


class Cost(NamedTuple):
    wall_seconds: float
    cpu_seconds: float
    peak_megabytes: float


def run(program: str, *arguments: object, cwd: Path | None = None) -> Cost:
    """What a Python program took in a process of its own, its children included."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
    }
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=cwd,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"a run ended with status {process.returncode}; see above")
    return Cost(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def write_checkpoint(path: Path) -> Path:
    torch.manual_seed(0)
    table = {f"module.{name}": tensor for name, tensor in Generator().state_dict().items()}
    torch.save({"state_dict": table}, path)
    return path


def rows(folder: Path, upstream: Path | None = None) -> list[list[str]]:
    """End to end from a cold start: ours, ours for six times the length, and the published script."""
    weights = write_checkpoint(folder / "wav2lip.pth")
    table = []
    for seconds in (SECONDS, 6 * SECONDS):
        clip, speech = make_clip(folder, seconds, WIDTH, HEIGHT)
        run(OURS, clip, speech, weights, folder / "warm.mp4") if not table else None  # times the precision
        table.append(
            _row(f"avsite, {seconds:.0f} s", run(OURS, clip, speech, weights, folder / "ours.mp4"), seconds)
        )
    if upstream is not None:
        clip, speech = make_clip(folder, SECONDS, WIDTH, HEIGHT)
        table.append(
            _row(
                f"published, {SECONDS:.0f} s, fixed box", _published(upstream, clip, speech, weights), SECONDS
            )
        )
    return table


def _published(upstream: Path, clip: Path, speech: Path, weights: Path) -> Cost:
    first = next(iter(FrameReader(clip))).image
    left, top, right, bottom = (str(int(edge)) for edge in box_of(Reader().landmarks(first)))
    named = [
        "--checkpoint_path",
        weights,
        "--face",
        clip,
        "--audio",
        speech,
        "--outfile",
        weights.with_name("up.mp4"),
    ]
    return run(PUBLISHED, upstream, *named, "--box", top, bottom, left, right, cwd=weights.parent)


def _row(name: str, cost: Cost, seconds: float) -> list[str]:
    frames = seconds * FPS / cost.wall_seconds
    return [name, *(f"{value:.0f}" for value in cost), f"{frames:.1f}"]


def generator_rows() -> list[list[str]]:
    """Faces a second: as published in batches of 128, and as it is run here."""
    network = Generator().eval()
    table = [("as published, 128 at once", _pace(network, 128))]
    network = fold_batch_norm(network).to(memory_format=torch.channels_last)
    table.append(("folded, 16 at once", _pace(network, 16)))
    table.append(("the lower half alone", _pace(network, 16, lower_half=True)))
    table.append(("the same in bfloat16", _pace(network.to(torch.bfloat16), 16, lower_half=True)))
    return [[name, f"{pace:.1f}", f"{pace / table[0][1]:.2f}"] for name, pace in table]


def _pace(network: Generator, batch: int, **how: bool) -> float:
    """Faces a second of CPU time on all cores, the best of a few runs after one to warm up."""
    kind = next(network.parameters()).dtype
    mel, faces = torch.zeros(batch, 1, 80, 16, dtype=kind), torch.zeros(batch, 6, 96, 96, dtype=kind)
    times = []
    with torch.inference_mode():
        for _ in range(TIMED + 1):
            began = time.process_time()
            network(mel, faces, **how)
            times.append(time.process_time() - began)
    return batch * torch.get_num_threads() / min(times[1:])
