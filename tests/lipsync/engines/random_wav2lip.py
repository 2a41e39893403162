"""Networks of Wav2Lip's shape that know nothing."""

from __future__ import annotations

import torch

from lipsync.engines.wav2lip.generator import Generator


def random_generator(size: int = 96, seed: int = 0) -> Generator:
    torch.manual_seed(seed)
    network = Generator(size).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network
