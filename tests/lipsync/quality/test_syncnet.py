"""SyncNet without its weights: the published file's layout with random numbers in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from avsite.ai.errors import BadWeights
from lipsync.audio.load import load_audio
from lipsync.audio.mfcc import cepstra
from lipsync.quality.score import score_video
from lipsync.quality.syncnet import SyncNet, fit_sync, load_syncnet
from lipsync.speech.synthesize import synthesize_to_file
from lipsync.video.write import VideoWriter
from tests import media


def published(network: SyncNet) -> dict[str, torch.Tensor]:
    """The table as its owners give it: the lips' kernels over time, height and width."""
    table = {}
    for name, tensor in network.state_dict().items():
        if name.startswith("netcnnlip") and tensor.ndim == 4:
            frames = 5 if tensor.shape[1] == 15 else 1
            outputs, inputs, height, width = tensor.shape
            shape = (outputs, frames, inputs // frames, height, width)
            tensor = tensor.reshape(shape).permute(0, 2, 1, 3, 4).contiguous()
        if not name.endswith("num_batches_tracked"):
            table[name] = tensor
    return table


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("syncnet") / "syncnet_v2.model"
    torch.save(published(SyncNet()), path, _use_new_zipfile_serialization=False)
    return path


def test_the_published_layout_loads_and_counts(weights: Path) -> None:
    table = torch.load(weights, weights_only=True)
    assert table["netcnnlip.0.weight"].shape == (96, 3, 5, 7, 7)
    assert sum(tensor.numel() for tensor in load_syncnet(weights).parameters()) == 13_631_616


def test_five_frames_as_one_picture_is_the_published_convolution(weights: Path) -> None:
    network, table = load_syncnet(weights), torch.load(weights, weights_only=True)
    frames = torch.rand(2, 3, 5, 40, 40)
    own = network.netcnnlip[0](frames.permute(0, 2, 1, 3, 4).reshape(2, 15, 40, 40))
    kernel, bias = table["netcnnlip.0.weight"], table["netcnnlip.0.bias"]
    theirs = torch.nn.functional.conv3d(frames, kernel, bias, stride=(1, 2, 2))
    torch.testing.assert_close(own, theirs[:, :, 0], atol=1e-5, rtol=1e-4)


class Echo(torch.nn.Module):
    """Sees the level of a frame's first pixel and hears the first cepstrum: what fits is known."""

    def see(self, windows: torch.Tensor) -> torch.Tensor:
        return windows[:, 0, 0, :1].repeat(1, 4)

    def hear(self, windows: torch.Tensor) -> torch.Tensor:
        return windows[:, 0, 0, :1].repeat(1, 4)


@pytest.mark.parametrize("late_frames", [-4, 0, 3])
def test_a_shift_is_found(late_frames: int) -> None:
    random = np.random.default_rng(0)
    levels = np.repeat(random.uniform(0.01, 1, 60), 640) * random.normal(0, 8000, 60 * 640)
    sound = np.clip(levels, -32768, 32767).astype(np.int16)
    heard = cepstra(sound)[0, ::4]
    pictures = np.zeros((60, 224, 224, 3), np.uint8)
    shown = np.roll(heard, -late_frames)[: len(pictures)]
    pictures[: len(shown), 0, 0] = np.clip(shown * 8, 0, 255).astype(np.uint8)[:, None]

    class Scaled(Echo):
        def hear(self, windows: torch.Tensor) -> torch.Tensor:
            return super().hear(windows) * 8

    fit = fit_sync(Scaled(), iter(pictures), sound)  # type: ignore[arg-type]
    assert fit is not None
    assert fit.offset_frames == -late_frames
    assert fit.confidence > 0 and fit.window_count == 55
    assert fit_sync(Scaled(), iter(pictures[:5]), sound) is None  # type: ignore[arg-type]


def test_cepstra_begin_with_the_energy() -> None:
    sound = (media.tone(0.5, 16_000) * 20_000).astype(np.int16)
    found = cepstra(sound)
    assert found.shape == (13, 49)
    assert cepstra(sound // 2)[0, 20] == pytest.approx(found[0, 20] - np.log(4), abs=0.01)
    np.testing.assert_allclose(cepstra(sound // 2)[1:, 20], found[1:, 20], atol=0.1)


def test_it_scores_a_video_and_bad_weights_fall_back(weights: Path, tmp_path: Path) -> None:
    synthesize_to_file(tmp_path / "s.wav", "Papa bought a pie.", "en-us", 1.0, lambda fraction: None)
    sound = load_audio(tmp_path / "s.wav", 48_000)
    with VideoWriter(tmp_path / "v.mp4", 320, 240, 25, 48_000) as writer:
        for number, image in enumerate(media.moving_portrait(40, 320, 240)):
            writer.write(image)
            writer.write_audio(sound[number * 1920 : (number + 1) * 1920])
    report = score_video(tmp_path / "v.mp4", syncnet_path=weights)
    assert report.method == "syncnet"
    assert report.confidence is not None and report.distance is not None
    assert report.sync_score < 0.7, "random numbers know nothing of lips"
    torch.save({"x": torch.zeros(1)}, tmp_path / "bad.model")
    with pytest.raises(BadWeights):
        load_syncnet(tmp_path / "bad.model")
    assert score_video(tmp_path / "v.mp4", syncnet_path=tmp_path / "bad.model").method == "landmarks"
