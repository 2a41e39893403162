"""Reading weights that others published, never running anything that is in the file.

Classic checkpoints (legacy or zip), TorchScript archives and safetensors all become one flat table of tensors
with the names the network has.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from pickle import UnpicklingError  # the error alone: nothing is unpickled here
from typing import TYPE_CHECKING, Any

from avsite.ai.errors import BadWeights, ModelUnavailable
from avsite.ai.registry import refuse_web_page

if TYPE_CHECKING:
    import torch

StateDict = dict[str, "torch.Tensor"]

WRAPPERS = ("state_dict", "model_state_dict", "model", "generator", "net")
PREFIXES = ("module.", "_orig_mod.")
_UNREADABLE = (UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, zipfile.BadZipFile)


def require_torch(model: str, fallback: str = "") -> None:
    """Raises ModelUnavailable where torch is not installed."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise ModelUnavailable(
            model,
            "It runs on torch, which is not installed.",
            "Start with make run WITH=torch, or install requirements/torch.txt.",
            fallback,
        )


def load_weights(model: str, path: Path) -> StateDict:
    """The tensors of the file at ``path``, by name, on the CPU; wrappers and DataParallel's prefix taken off.

    ``model`` is its name in the registry, for errors. Raises BadWeights saying what the file is instead,
    FileNotFoundError, ModelUnavailable without torch.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}; check its name.")
    require_torch(model)
    refuse_web_page(model, path)
    try:
        table = _unwrap(_read(path))
    except _UNREADABLE as error:
        raise BadWeights(model, f"{path.name} cannot be read as weights: damaged or incomplete.") from error
    if not table:
        raise BadWeights(model, f"{path.name} holds no weights.")
    return {_bare(name): tensor for name, tensor in table.items()}


def _read(path: Path) -> Any:
    import torch

    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    if _is_torchscript(path):
        return torch.jit.load(str(path), map_location="cpu").state_dict()
    # Two thirds of a published file are the optimizer's; mapped, they are never read.
    is_mapped = zipfile.is_zipfile(path)
    return torch.load(path, map_location="cpu", weights_only=True, mmap=is_mapped)


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name or name.endswith("constants.pkl") for name in archive.namelist())


def _unwrap(loaded: Any) -> StateDict:
    """The table of tensors inside what was read, {} when there is none."""
    import torch

    if not isinstance(loaded, dict):
        return {}
    for wrapper in WRAPPERS:
        if isinstance(loaded.get(wrapper), dict):
            return _unwrap(loaded[wrapper])
    tensors = {name: value for name, value in loaded.items() if isinstance(value, torch.Tensor)}
    return tensors


def _bare(name: str) -> str:
    for prefix in PREFIXES:
        name = name.replace(prefix, "")
    return name


def fit_weights(model: str, path: Path, network: torch.nn.Module, table: StateDict) -> None:
    """Put ``table`` into ``network``, which may be on the meta device; empties ``table`` as it goes.

    Raises BadWeights naming what does not fit.
    """
    own = network.state_dict()
    missing, strange = own.keys() - table.keys(), table.keys() - own.keys()
    wrong = [name for name in own.keys() & table.keys() if own[name].shape != table[name].shape]
    if missing or strange or wrong:
        what = f"{len(missing)} tensors are missing, {len(strange)} are strange, {len(wrong)} of another size"
        example = sorted([*wrong, *missing, *strange])[0]
        raise BadWeights(model, f"{path.name} holds another network: {what}, such as {example}.")
    # One copy each: what was mapped from the file is let go, and nothing is held twice.
    fitting = {name: table.pop(name).to(tensor.dtype, copy=True) for name, tensor in own.items()}
    network.load_state_dict(fitting, strict=True, assign=True)
