"""A checkpoint as OpenVINO takes it: folded, the lower half alone, batches of any size.

Reading checkpoints needs torch, which holds half a gigabyte from its import on. So this is done once for each
file, in a process that ends, and later runs need no torch.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from avsite.ai.errors import BadWeights

logger = logging.getLogger(__name__)

FORMAT = 1
"""Counted up when the same checkpoint gives another file."""
REFUSED = 3
_ROOT = Path(__file__).parents[3]
_LIMIT_SECONDS = 900


def converted(checkpoint: Path, folder: Path) -> Path | None:
    """The converted file of ``checkpoint`` in ``folder``, made if missing; None when it cannot be made.

    Raises BadWeights as ``load_generator``.
    """
    checkpoint = checkpoint.resolve()
    about = checkpoint.stat()
    place = _short(str(checkpoint))
    made = folder / f"wav2lip-{place}-{_short(FORMAT, about.st_mtime_ns, about.st_size)}.xml"
    if made.is_file() and made.with_suffix(".bin").is_file():
        return made
    folder.mkdir(parents=True, exist_ok=True)
    if not _convert_apart(checkpoint, made):
        return None
    for old in folder.glob(f"wav2lip-{place}-*"):
        if old.stem != made.stem:
            old.unlink(missing_ok=True)
    return made


def _short(*facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def _convert_apart(checkpoint: Path, target: Path) -> bool:
    command = [sys.executable, "-m", __name__, str(checkpoint), str(target.resolve())]
    try:
        ended = subprocess.run(  # noqa: S603 -- this interpreter, this module
            command, cwd=_ROOT, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        logger.warning("%s could not be converted for OpenVINO: %s", checkpoint.name, error)
        return False
    if ended.returncode == REFUSED:
        raise BadWeights(**json.loads(ended.stdout.splitlines()[-1]))
    if ended.returncode:
        logger.warning("%s could not be converted for OpenVINO: %s", checkpoint.name, ended.stderr[-2000:])
    return ended.returncode == 0


def convert(checkpoint: Path, target: Path) -> None:
    """Write ``target`` (.xml) and the numbers beside it (.bin). Raises as ``load_generator``."""
    import openvino
    import torch

    from lipsync.engines.wav2lip.checkpoint import load_generator
    from lipsync.engines.wav2lip.generator import Generator, fold_batch_norm

    class LowerHalf(torch.nn.Module):
        def __init__(self, generator: Generator) -> None:
            super().__init__()
            self.generator = generator

        def forward(self, mel: torch.Tensor, faces: torch.Tensor) -> torch.Tensor:
            return self.generator(mel, faces, True)

    network = fold_batch_norm(load_generator(checkpoint))
    size = network.size
    model = openvino.convert_model(
        LowerHalf(network),
        example_input=(torch.zeros(2, 1, 80, 16), torch.zeros(2, 6, size, size)),
        input=[(-1, 1, 80, 16), (-1, 6, size, size)],
    )
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".wav2lip-") as folder:
        part = Path(folder) / target.name
        openvino.save_model(model, part, compress_to_fp16=False)
        # The .xml last: where it is, the numbers are.
        for suffix in (".bin", ".xml"):
            os.replace(part.with_suffix(suffix), target.with_suffix(suffix))


def main() -> int:
    """Of the process apart: what is wrong with a checkpoint goes to its output."""
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except BadWeights as error:
        told = {"model": error.model, "reason": error.reason, "fix": error.fix}
        sys.stdout.write(json.dumps(told) + "\n")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
