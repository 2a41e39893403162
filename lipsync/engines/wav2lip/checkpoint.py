"""From a published file to a network ready to run."""

from __future__ import annotations

from pathlib import Path

import torch

from avsite.ai.errors import BadWeights
from avsite.ai.weights import StateDict, fit_weights, load_weights
from lipsync.engines.wav2lip.generator import Generator

MODEL = "wav2lip"


def load_generator(path: Path) -> Generator:
    """The network in the checkpoint at ``path``, in evaluation mode on the CPU, at the size its keys say.

    Raises BadWeights saying what the file is instead, FileNotFoundError, ModelUnavailable without torch.
    """
    table = load_weights(MODEL, path)
    with torch.device("meta"):  # random numbers for 36 million weights take a second, to be overwritten
        network = Generator(_size_of(path, table))
    fit_weights(MODEL, path, network, table)
    network.eval()
    return network


def _size_of(path: Path, table: StateDict) -> int:
    if any(name.startswith("binary_pred") for name in table):
        raise BadWeights(
            MODEL, f"{path.name} is a discriminator, which only training needs, not Wav2Lip itself."
        )
    if any(name.startswith(("netcnnlip", "netfclip")) for name in table):
        raise BadWeights(MODEL, f"{path.name} is SyncNet.", "Give it to manage.py models import syncnet.")
    if any(name.startswith(("conv3_3_norm_mbox", "conv4_3_norm_mbox", "fc6", "conv1_1")) for name in table):
        raise BadWeights(MODEL, f"{path.name} is the S3FD face detector, which is not needed here.")
    if not any(name.startswith("face_decoder_blocks") for name in table):
        found = ", ".join(sorted(table)[:3])
        raise BadWeights(MODEL, f"{path.name} is not a Wav2Lip checkpoint; it holds {found}.")
    return 256 if any(name.startswith("face_encoder_blocks.7.") for name in table) else 96
