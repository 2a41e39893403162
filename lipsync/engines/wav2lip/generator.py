"""The network of Wav2Lip (Prajwal et al., 2020), with the names its checkpoints use, at 96 and at 256 pixels.

A face whose lower half is hidden, the whole face of the same frame, and 0.2 s of sound go in; the face with
lips that fit comes out. Every unit is convolution, batch norm, ReLU; residual ones add their input first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Down(NamedTuple):
    """A convolution unit."""

    inputs: int
    outputs: int
    kernel: int = 3
    stride: int | tuple[int, int] = 1
    padding: int = 1
    residual: bool = False


class Up(NamedTuple):
    """A transposed convolution unit; doubles the side unless ``stride`` is 1."""

    inputs: int
    outputs: int
    kernel: int = 3
    stride: int = 2
    padding: int = 1
    extra: int = 1


Blocks = list[list[Down | Up]]


def _same(channels: int, count: int) -> list[Down | Up]:
    return [Down(channels, channels, residual=True)] * count


_AUDIO: list[Down | Up] = [
    Down(1, 32),
    *_same(32, 2),
    Down(32, 64, stride=(3, 1)),
    *_same(64, 2),
    Down(64, 128, stride=3),
    *_same(128, 2),
    Down(128, 256, stride=(3, 2)),
    *_same(256, 1),
    Down(256, 512, padding=0),
    Down(512, 512, kernel=1, padding=0),
]
_ENCODER_96: Blocks = [
    [Down(6, 16, kernel=7, padding=3)],
    [Down(16, 32, stride=2), *_same(32, 2)],
    [Down(32, 64, stride=2), *_same(64, 3)],
    [Down(64, 128, stride=2), *_same(128, 2)],
    [Down(128, 256, stride=2), *_same(256, 2)],
    [Down(256, 512, stride=2), *_same(512, 1)],
    [Down(512, 512, padding=0), Down(512, 512, kernel=1, padding=0)],
]
_DECODER_96: Blocks = [
    [Down(512, 512, kernel=1, padding=0)],
    [Up(1024, 512, stride=1, padding=0, extra=0), *_same(512, 1)],
    [Up(1024, 512), *_same(512, 2)],
    [Up(768, 384), *_same(384, 2)],
    [Up(512, 256), *_same(256, 2)],
    [Up(320, 128), *_same(128, 2)],
    [Up(160, 64), *_same(64, 2)],
]
_ENCODER_256: Blocks = [
    *_ENCODER_96[:6],
    [Down(512, 512, stride=2), *_same(512, 1)],
    [Down(512, 512, kernel=4, padding=0), Down(512, 512, kernel=1, padding=0)],
]
_DECODER_256: Blocks = [
    [Down(512, 512, kernel=1, padding=0)],
    [Up(1024, 512, kernel=4, stride=1, padding=0, extra=0), *_same(512, 1)],
    [Up(1024, 512), *_same(512, 1)],
    *_DECODER_96[2:],
]
PLANS: dict[int, tuple[list[list[Down | Up]], list[list[Down | Up]]]] = {
    96: (_ENCODER_96, _DECODER_96),
    256: (_ENCODER_256, _DECODER_256),
}


LAST_BLOCKS = 3
"""Of the decoder: four fifths of the work, and cheap to cut."""


class Rows(NamedTuple):
    """The first row that a block takes of its input, and the first of its output that is kept."""

    taken: int
    kept: int


class Unit(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, plan: Down | Up) -> None:
        super().__init__()
        convolution: nn.Module
        if isinstance(plan, Up):
            convolution = nn.ConvTranspose2d(
                plan.inputs, plan.outputs, plan.kernel, plan.stride, plan.padding, plan.extra
            )
        else:
            convolution = nn.Conv2d(plan.inputs, plan.outputs, plan.kernel, plan.stride, plan.padding)
        self.conv_block = nn.Sequential(convolution, nn.BatchNorm2d(plan.outputs))
        self.residual = isinstance(plan, Down) and plan.residual

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv_block(x)
        if self.residual:
            out += x
        return out.relu_()


def _chain(plans: list[Down | Up]) -> nn.Sequential:
    return nn.Sequential(*(Unit(plan) for plan in plans))


class Generator(nn.Module):
    """``size`` is the side of its pictures, 96 or 256."""

    def __init__(self, size: int = 96) -> None:
        super().__init__()
        encoder, decoder = PLANS[size]
        self.size = size
        self.face_encoder_blocks = nn.ModuleList(_chain(block) for block in encoder)
        self.audio_encoder = _chain(_AUDIO)
        self.face_decoder_blocks = nn.ModuleList(_chain(block) for block in decoder)
        self.output_block = nn.Sequential(Unit(Down(80, 32)), nn.Conv2d(32, 3, 1), nn.Sigmoid())

    def forward(self, mel: Tensor, faces: Tensor, lower_half: bool = False) -> Tensor:
        """Lips for each face.

        mel         (batch, 1, 80, 16), normalised decibels
        faces       (batch, 6, size, size), BGR in 0..1: lower half zero, then whole
        lower_half  compute no more than the lower half needs, which is all that is shown; the same numbers
        Returns (batch, 3, size or size / 2, size), BGR in 0..1.
        """
        seen: list[Tensor] = []
        x = faces
        for block in self.face_encoder_blocks:
            x = block(x)
            seen.append(x)
        x = self.audio_encoder(mel)
        first_row = 0  # of what is still computed
        for block, rows in zip(self.face_decoder_blocks, self._rows(lower_half), strict=True):
            if rows is None:
                x = torch.cat((block(x), seen.pop()), dim=1)
                continue
            x = block(x[:, :, rows.taken - first_row :])
            first_row = rows.kept
            x = torch.cat((x[:, :, first_row - 2 * rows.taken :], seen.pop()[:, :, first_row:]), dim=1)
        out: Tensor = self.output_block(x)
        return out[:, :, self.size // 2 - first_row :] if lower_half else out

    def _rows(self, lower_half: bool) -> list[Rows | None]:
        """For each decoder block the rows it works on; None for all of them.

        A unit spoils one row at a cut, so each block takes what the next one needs and as much above it as it
        has residual units.
        """
        plan: list[Rows | None] = [None] * len(self.face_decoder_blocks)
        needed = self.size // 2 - 1  # the output's own unit spoils one
        for number in range(len(plan) - 1, len(plan) - 1 - LAST_BLOCKS, -1):
            if lower_half:
                taken = (needed - len(self.face_decoder_blocks[number]) + 1) // 2
                plan[number] = Rows(taken, needed)
                needed = taken
        return plan


def fold_batch_norm(network: Generator) -> Generator:
    """The same function with every batch norm worked into its convolution. Changes ``network``."""
    for module in network.modules():
        if isinstance(module, Unit):
            block: nn.Sequential = module.conv_block
            module.conv_block = nn.Sequential(_folded(block[0], block[1]))
    return network


def _folded(convolution: Any, norm: Any) -> nn.Module:
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    is_up = isinstance(convolution, nn.ConvTranspose2d)
    shape = (1, -1, 1, 1) if is_up else (-1, 1, 1, 1)
    with torch.no_grad():
        convolution.weight.mul_(scale.view(shape))
        convolution.bias.copy_((convolution.bias - norm.running_mean) * scale + norm.bias)
    folded: nn.Module = convolution
    return folded
