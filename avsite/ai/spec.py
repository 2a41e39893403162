"""What the registry knows of each model."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

SPECS_FILE = Path(__file__).with_name("models.toml")


@dataclass(frozen=True)
class ModelSpec:
    """One row of ``models.toml``, where the fields are explained."""

    name: str
    label: str
    task: str
    files: tuple[str, ...]
    home: str
    licence: str
    commercial: bool
    about: str = ""
    url: str = ""
    repo: str = ""
    sha256: str = ""
    """Of the first file, where its owner publishes it; else empty, and what was imported counts."""
    accept: bool = False
    extra: str = ""
    bytes: int = 0


def read_specs(path: Path = SPECS_FILE) -> dict[str, ModelSpec]:
    """Every model of a registry file, by name. Raises ValueError for a row that is not understood."""
    known = {field.name for field in fields(ModelSpec)}
    return {name: _spec(name, row, known) for name, row in tomllib.loads(path.read_text()).items()}


def _spec(name: str, row: dict[str, Any], known: set[str]) -> ModelSpec:
    if strange := sorted(row.keys() - known):
        raise ValueError(f"[{name}] has fields nobody reads: {', '.join(strange)}")
    files = tuple(row.pop("files"))
    if not files or any(Path(file).name != file for file in files):
        raise ValueError(f"[{name}] needs plain file names")
    return ModelSpec(name=name, files=files, **row)


@cache
def model_specs() -> dict[str, ModelSpec]:
    """The models this product can use."""
    return read_specs()
