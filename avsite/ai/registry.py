"""Where models lie on this machine: found, imported, fetched, verified and removed.

A model is a folder with its files and ``manifest.json``, which says what they were when they came: size,
SHA-256, when, and whether the licence was accepted. Nothing here opens the weights.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from avsite.ai.errors import BadWeights, ModelUnavailable
from avsite.ai.spec import ModelSpec, model_specs

MANIFEST = "manifest.json"
HUB = "https://huggingface.co"
CHUNK_BYTES = 1 << 20

OnBytes = Callable[[int, int], None]
"""``on_bytes(done, total)``; total is 0 where it is not known."""
Fetch = Callable[[str], tuple[int, Iterator[bytes]]]
"""``fetch(url)`` gives the size of the whole, 0 where it is not told, and its pieces."""


@dataclass(frozen=True)
class Installed:
    """A model as it lies here."""

    spec: ModelSpec
    folder: Path
    bytes: int
    sha256: Mapping[str, str]
    at: str


class Registry:
    """The models under ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def spec(self, name: str) -> ModelSpec:
        """Raises ModelUnavailable for a name the registry does not have."""
        if name not in model_specs():
            names = ", ".join(sorted(model_specs()))
            raise ModelUnavailable(name, f"There is no model called {name!r}.", f"These are known: {names}.")
        return model_specs()[name]

    def path(self, name: str, fallback: str = "") -> Path:
        """The model's first file. Raises ModelUnavailable with the command that brings it here."""
        spec = self.spec(name)
        found = self.folder / name / spec.files[0]
        if found.is_file():
            return found
        raise ModelUnavailable(
            name, f"The weights of {spec.label} are not installed.", how_to_get(spec), fallback
        )

    def installed(self, name: str) -> Installed | None:
        """What lies here of a model under this registry's folder, None when there is nothing."""
        spec, folder = self.spec(name), self.folder / name
        manifest = _read_manifest(folder)
        if manifest is None or not all((folder / file).is_file() for file in spec.files):
            return None
        size = sum((folder / file).stat().st_size for file in spec.files)
        return Installed(spec, folder, size, manifest["sha256"], manifest["at"])

    def import_file(
        self, name: str, source: Path, *, accepted: bool, on_bytes: OnBytes = lambda *_: None
    ) -> None:
        """Copy what the operator got into its place: a file, or a folder with all of a model's files.

        Raises ModelUnavailable, FileNotFoundError.
        """
        spec = self._allowed(name, accepted)
        if len(spec.files) > 1 and not source.is_dir():
            raise FileNotFoundError(f"{spec.label} has {len(spec.files)} files; name the folder they are in.")
        sources = {file: source / file if source.is_dir() else source for file in spec.files}
        for path in sources.values():
            if not path.is_file():
                raise FileNotFoundError(f"There is no file {path}; check its name.")
        tally = _Tally(sum(path.stat().st_size for path in sources.values()), on_bytes)
        with self._fresh(spec) as fresh:
            for file, path in sources.items():
                with path.open("rb") as reader:
                    _copy(_pieces(reader), fresh / file, tally)
                refuse_web_page(name, fresh / file)

    def pull(self, name: str, fetch: Fetch, *, accepted: bool, on_bytes: OnBytes = lambda *_: None) -> None:
        """Fetch a model whose owner gives a file.

        Raises ModelUnavailable where there is nothing to fetch or what came is something else, and what
        ``fetch`` raises.
        """
        spec = self._allowed(name, accepted)
        urls = addresses(spec)
        if not urls:
            raise ModelUnavailable(name, f"{spec.label} cannot be fetched by a program.", how_to_get(spec))
        tally = _Tally(0, on_bytes)
        with self._fresh(spec) as fresh:
            for file, url in urls.items():
                size, pieces = fetch(url)
                tally.total += size
                _copy(pieces, fresh / file, tally)
                refuse_web_page(name, fresh / file)

    def verify(self, name: str) -> None:
        """Read every file again. Raises BadWeights naming one that changed, ModelUnavailable without any."""
        found = self.installed(name)
        if found is None:
            spec = self.spec(name)
            raise ModelUnavailable(name, f"{spec.label} is not installed.", how_to_get(spec))
        for file, wanted in found.sha256.items():
            if sha256_of(found.folder / file) != wanted:
                raise BadWeights(
                    name, f"{file} is not what it was when it came: it has changed or is damaged."
                )

    def remove(self, name: str) -> bool:
        """Whether there was anything to remove."""
        folder = self.folder / self.spec(name).name
        if not folder.is_dir():
            return False
        shutil.rmtree(folder)
        return True

    def _allowed(self, name: str, accepted: bool) -> ModelSpec:
        spec = self.spec(name)
        if spec.accept and not accepted:
            raise ModelUnavailable(
                name,
                f"{spec.label} has a licence of its own: {spec.licence}.",
                "If you may use it under that licence, say so with --accept-licence.",
            )
        return spec

    @contextmanager
    def _fresh(self, spec: ModelSpec) -> Iterator[Path]:
        """A folder that takes the model's place, with its manifest, when all went well."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f".{spec.name}.{uuid4().hex}"
        fresh.mkdir()
        try:
            yield fresh
            digests = {file: sha256_of(fresh / file) for file in spec.files}
            if spec.sha256 and digests[spec.files[0]] != spec.sha256:
                raise BadWeights(spec.name, "What came is not the file that its owner publishes.")
            manifest = {"sha256": digests, "at": datetime.now(UTC).isoformat(timespec="seconds")}
            (fresh / MANIFEST).write_text(json.dumps(manifest, indent=2))
            place = self.folder / spec.name
            shutil.rmtree(place, ignore_errors=True)
            os.replace(fresh, place)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def how_to_get(spec: ModelSpec) -> str:
    """The sentence that tells an operator how to install a model."""
    if addresses(spec):
        accepting = " --accept-licence" if spec.accept else ""
        return f"Run manage.py models pull {spec.name}{accepting} to fetch them."
    return (
        f"Run manage.py models import {spec.name} {spec.files[0]} --accept-licence with the file "
        f"from {spec.home}."
    )


def addresses(spec: ModelSpec) -> dict[str, str]:
    """Where each of a model's files is fetched from; {} where its owner gives no address for programs."""
    if spec.repo:
        return {file: f"{HUB}/{spec.repo}/resolve/main/{file}" for file in spec.files}
    return {spec.files[0]: spec.url} if spec.url else {}


def refuse_web_page(name: str, path: Path) -> None:
    """Raises BadWeights for a page that a download link answered with instead of the file."""
    with path.open("rb") as file:
        start = file.read(512).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise BadWeights(name, "The file is a web page, not weights: the link asked for something first.")
    if not start:
        raise BadWeights(name, "The file is empty.")


def sha256_of(path: Path) -> str:
    """64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass
class _Tally:
    """Bytes copied of all of a model's files."""

    total: int
    on_bytes: OnBytes
    done: int = 0

    def add(self, count: int) -> None:
        self.done += count
        self.on_bytes(self.done, self.total)


def _pieces(reader: BinaryIO) -> Iterator[bytes]:
    while piece := reader.read(CHUNK_BYTES):
        yield piece


def _copy(pieces: Iterator[bytes], target: Path, tally: _Tally) -> None:
    with target.open("wb") as writer:
        for piece in pieces:
            writer.write(piece)
            tally.add(len(piece))


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        return manifest if isinstance(manifest["sha256"], dict) and manifest["at"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
