"""A checkpoint of Wav2Lip as it is published, with random numbers in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lipsync.engines.random_wav2lip import random_generator


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wrapped, with DataParallel's prefix, in the legacy format."""
    import torch

    path = tmp_path_factory.mktemp("weights") / "wav2lip.pth"
    table = {f"module.{name}": tensor for name, tensor in random_generator().state_dict().items()}
    torch.save({"state_dict": table, "global_step": 1}, path, _use_new_zipfile_serialization=False)
    return path
