"""The folder of one dub: a JSON of each stage with the hash of what it was made of, and its files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from lipsync.dubbing.spec import Json


@dataclass(frozen=True)
class Kept:
    """What a stage made.

    files    names in the folder
    seconds  it took; ``reused`` and ``redone``: how many of its parts
    """

    key: str
    made: Json
    files: tuple[str, ...] = ()
    seconds: float = 0.0
    reused: int = 0
    redone: int = 0
    parts: tuple[str, ...] = field(default=())
    """Names of the parts that were redone."""
    at: float = 0.0
    """Seconds since 1970."""


class Store:
    """Files under ``folder``. Whatever is there is whole: it is written elsewhere and then put in place.

    push, pull  called with a name that was written, or is about to be read, where the folder has a copy
                somewhere else
    """

    def __init__(
        self,
        folder: Path,
        push: Callable[[str], None] = lambda name: None,
        pull: Callable[[str], None] = lambda name: None,
    ) -> None:
        self.folder, self._push, self._pull = folder, push, pull

    def read(self, stage: str) -> Kept | None:
        """What ``stage`` made last, whether or not it is of use still."""
        try:
            stored = json.loads(self.path(f"{stage}.json").read_text("utf8"))
            return Kept(**stored | {"files": tuple(stored["files"]), "parts": tuple(stored.get("parts", ()))})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def fresh(self, stage: str, key: str) -> Kept | None:
        """What ``stage`` made of the very same, with all its files; None when it is to be done."""
        kept = self.read(stage)
        if kept is None or kept.key != key or not all(self.has(name) for name in kept.files):
            return None
        return kept

    def keep(self, stage: str, kept: Kept) -> None:
        with self.writing(f"{stage}.json") as path:
            path.write_text(json.dumps(kept.__dict__, ensure_ascii=False, indent=1), "utf8")

    def read_json(self, name: str) -> Json | None:
        try:
            stored = json.loads(self.path(name).read_text("utf8"))
        except (OSError, ValueError):
            return None
        return stored if isinstance(stored, dict) else None

    def has(self, name: str) -> bool:
        return self.path(name).is_file()

    def path(self, name: str) -> Path:
        """To read from."""
        self._pull(name)
        return self.folder / name

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A path to write to, whose file takes the place of ``name`` when all went well."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_name(f".{uuid4().hex}{place.suffix}")
        try:
            yield fresh
            os.replace(fresh, place)
        finally:
            fresh.unlink(missing_ok=True)
        self._push(name)

    def forget_others(self, folder: str, keep: set[str]) -> None:
        """Remove the files of ``folder`` whose stem is not in ``keep``, and what a dead process left."""
        for path in (self.folder / folder).glob("*"):
            if path.stem not in keep:
                path.unlink(missing_ok=True)
