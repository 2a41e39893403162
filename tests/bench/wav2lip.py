"""Wav2Lip beside the published script, on a checkpoint of random numbers: the same work, whatever it shows.

The published repository is not part of this project: clone it beside it, install librosa, and name its folder
with ``--upstream``. It runs twice: told the box, so that both do the same work, and as it is shipped, with a
detector on each frame. That takes a second for each, so that is done for a few seconds and reckoned.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from lipsync.engines.wav2lip.convert import converted
from lipsync.engines.wav2lip.generator import Generator, fold_batch_norm
from lipsync.engines.wav2lip.vino import VinoNetwork
from tests import media
from tests.bench.apart import Cost, run
from tests.bench.measure import FPS, make_clip, make_speech
from tests.bench.published import run_published

HEADS = ["", "wall s", "CPU s", "peak MB", "frames/s"]
MEMORY_HEADS = ["clip", "frames", "peak MB"]
GENERATOR_HEADS = ["generator alone, one core", "faces/s", "x published"]
SECONDS, WIDTH, HEIGHT = 10.0, 640, 480
DETECTED_SECONDS = 2.0
LENGTHS = (10.0, 60.0, 300.0)
SLOW_FPS = 2
"""Of the clips whose memory alone matters."""
TIMED = 3

OURS = """
import sys
from pathlib import Path
from lipsync.engines.base import RenderRequest
from lipsync.engines.wav2lip import runtime
from lipsync.engines.wav2lip.config import Wav2LipConfig
from lipsync.engines.wav2lip.engine import Wav2LipEngine
clip, speech, weights, target = map(Path, sys.argv[1:5])
if sys.argv[5] == "torch":
    runtime.find_spec = lambda name: None
engine = Wav2LipEngine(Wav2LipConfig(checkpoint=weights, notes_dir=target.parent, use_gpu=False))
request = RenderRequest(speech, target, target.parent, face_path=clip)
engine.render(request, lambda stage, fraction: None)
"""


def write_checkpoint(path: Path) -> Path:
    torch.manual_seed(0)
    table = {f"module.{name}": tensor for name, tensor in Generator().state_dict().items()}
    torch.save({"state_dict": table}, path)
    return path


def rows(folder: Path, upstream: Path | None = None) -> list[list[str]]:
    """End to end from a cold start: ours on OpenVINO and on torch, and the published script."""
    weights = write_checkpoint(folder / "wav2lip.pth")
    clip, speech = make_clip(folder, SECONDS, WIDTH, HEIGHT)
    table = []
    for kind in ("OpenVINO", "torch"):
        ours = [clip, speech, weights, folder / "ours.mp4", kind]
        run(OURS, *ours)  # converts the weights, times the precision
        table.append(_row(f"avsite on {kind}, {SECONDS:.0f} s", run(OURS, *ours), SECONDS))
    return table if upstream is None else table + _published_rows(folder, upstream, weights)


def _published_rows(folder: Path, upstream: Path, weights: Path) -> list[list[str]]:
    long = make_clip(folder, SECONDS, WIDTH, HEIGHT)
    short = make_clip(folder, DETECTED_SECONDS, WIDTH, HEIGHT)
    told = run_published(upstream, *long, weights, finds_faces=False)
    told_short = run_published(upstream, *short, weights, finds_faces=False)
    found_short = run_published(upstream, *short, weights, finds_faces=True)
    share = SECONDS / DETECTED_SECONDS
    wall, cpu = (
        whole + share * (found - known)
        for whole, found, known in zip(told[:2], found_short[:2], told_short[:2], strict=True)
    )
    reckoned = Cost(wall, cpu, found_short.peak_megabytes)
    return [
        _row(f"published, fixed box, {SECONDS:.0f} s", told, SECONDS),
        _row(f"published, fixed box, {DETECTED_SECONDS:.0f} s", told_short, DETECTED_SECONDS),
        _row(f"published, as shipped, {DETECTED_SECONDS:.0f} s", found_short, DETECTED_SECONDS),
        _row(f"published, as shipped, {SECONDS:.0f} s, reckoned", reckoned, SECONDS),
    ]


def _row(name: str, cost: Cost, seconds: float) -> list[str]:
    frames = seconds * FPS / cost.wall_seconds
    return [name, *(f"{value:.0f}" for value in cost), f"{frames:.1f}"]


def memory_rows(folder: Path) -> list[list[str]]:
    """Peak memory by length; few frames a second, for the sound's share and the pictures' grow alike."""
    weights = write_checkpoint(folder / "wav2lip.pth")
    table = []
    for seconds in LENGTHS:
        clip = media.write_moving_portrait(
            folder / f"slow-{seconds:g}.mp4", seconds, fps=SLOW_FPS, width=WIDTH, height=HEIGHT
        )
        ours = [clip, make_speech(folder, seconds), weights, folder / "ours.mp4", "OpenVINO"]
        run(OURS, *ours) if not table else None  # converts the weights
        cost = run(OURS, *ours)
        table.append([f"{seconds:.0f} s", f"{seconds * SLOW_FPS:.0f}", f"{cost.peak_megabytes:.0f}"])
    return table


def generator_rows(folder: Path) -> list[list[str]]:
    """Faces a second of one core: as published in batches of 128, and as it is run here."""
    weights = write_checkpoint(folder / "wav2lip.pth")
    torch.set_num_threads(1)
    network = Generator().eval()
    table = [("as published, 128 at once", _torch_pace(network, 128))]
    network = fold_batch_norm(network).to(memory_format=torch.channels_last)
    table.append(("torch, folded, 16 at once", _torch_pace(network, 16)))
    table.append(("the lower half alone", _torch_pace(network, 16, lower_half=True)))
    table.append(("the same in bfloat16", _torch_pace(network.to(torch.bfloat16), 16, lower_half=True)))
    model = converted(weights, folder / "cache")
    if model is not None:
        vino = VinoNetwork(model, exact=True, threads=1)
        faces, mels = np.zeros((vino.batch, 96, 96, 3), np.uint8), np.zeros((vino.batch, 80, 16), np.float32)
        table.append(("OpenVINO, the lower half, 8 at once", _pace(lambda: vino(mels, faces), vino.batch)))
    return [[name, f"{pace:.1f}", f"{pace / table[0][1]:.2f}"] for name, pace in table]


def _torch_pace(network: Generator, batch: int, **how: bool) -> float:
    kind = next(network.parameters()).dtype
    mel, faces = torch.zeros(batch, 1, 80, 16, dtype=kind), torch.zeros(batch, 6, 96, 96, dtype=kind)
    with torch.inference_mode():
        return _pace(lambda: network(mel, faces, **how), batch)


def _pace(work: Callable[[], object], batch: int) -> float:
    """Faces a second of CPU time, the best of a few runs after one to warm up."""
    times = []
    for _ in range(TIMED + 1):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return batch / min(times[1:])
