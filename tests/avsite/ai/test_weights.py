"""Published checkpoints in every wrapping; anything else is told apart, and nothing in a file is ever run."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from avsite.ai.errors import BadWeights
from avsite.ai.weights import fit_weights, load_weights


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 2)

    def forward(self, x):
        return self.first(x)


@pytest.fixture
def network() -> Tiny:
    torch.manual_seed(0)
    return Tiny()


def wrapped(network: nn.Module) -> dict:
    return {
        "state_dict": {f"module.{name}": tensor for name, tensor in network.state_dict().items()},
        "optimizer": {"state": {}, "param_groups": [{"lr": 1e-4}]},
        "global_step": 7,
    }


@pytest.mark.parametrize("kind", ["legacy", "zip", "bare", "torchscript", "safetensors"])
def test_every_wrapping_gives_the_same(kind: str, network: Tiny, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    if kind == "legacy":
        torch.save(wrapped(network), path, _use_new_zipfile_serialization=False)
    elif kind == "zip":
        torch.save(wrapped(network), path)
    elif kind == "bare":
        torch.save(network.state_dict(), path)
    elif kind == "torchscript":
        torch.jit.script(network).save(str(path))
    else:
        from safetensors.torch import save_file

        path = tmp_path / "weights.safetensors"
        save_file(network.state_dict(), path)
    other = Tiny()
    fit_weights("tiny", path, other, load_weights("tiny", path))
    x = torch.randn(4, 3)
    assert torch.equal(other(x), network(x))


class Trap:
    """Pickled, it would make a file when it is loaded the careless way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_code_in_a_file_is_not_run(network: Tiny, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    torch.save({"state_dict": network.state_dict(), "extra": Trap(sprung)}, tmp_path / "trap.pth")
    with pytest.raises(BadWeights):
        load_weights("tiny", tmp_path / "trap.pth")
    assert not sprung.exists()


def test_what_it_is_instead_is_said(network: Tiny, tmp_path: Path) -> None:
    whole = tmp_path / "whole.pth"
    torch.save(network.state_dict(), whole)
    half = tmp_path / "half.pth"
    half.write_bytes(whole.read_bytes()[:-200])
    with pytest.raises(BadWeights, match="damaged or incomplete"):
        load_weights("tiny", half)
    (tmp_path / "page.pth").write_text("<html>Too many downloads</html>")
    with pytest.raises(BadWeights, match="web page"):
        load_weights("tiny", tmp_path / "page.pth")
    torch.save({"epoch": 3}, tmp_path / "none.pth")
    with pytest.raises(BadWeights, match="no weights"):
        load_weights("tiny", tmp_path / "none.pth")
    with zipfile.ZipFile(tmp_path / "zip.pth", "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(BadWeights):
        load_weights("tiny", tmp_path / "zip.pth")
    with pytest.raises(FileNotFoundError):
        load_weights("tiny", tmp_path / "gone.pth")


def test_another_network_is_told_by_what_does_not_fit(network: Tiny, tmp_path: Path) -> None:
    table = network.state_dict()
    table["second.weight"] = table.pop("first.weight")
    with pytest.raises(BadWeights, match="1 tensors are missing, 1 are strange"):
        fit_weights("tiny", tmp_path / "x.pth", network, table)
