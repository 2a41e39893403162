"""Assets, jobs and scripted engines for the tests of jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from avsite.accounts.models import User
from lipsync.engines.base import ENGINES
from lipsync.models import Asset, Job
from tests.engines import ScriptedEngine, SecondEngine

MakeJob = Callable[..., Job]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[ScriptedEngine]]:
    """The only engines are scripted ones; this is the first."""
    for name in list(ENGINES):
        monkeypatch.delitem(ENGINES, name)
    monkeypatch.setitem(ENGINES, "scripted", "tests.engines.ScriptedEngine")
    for kind in (ScriptedEngine, SecondEngine):
        monkeypatch.setattr(kind, "requests", [])
        monkeypatch.setattr(kind, "script", None)
        monkeypatch.setattr(kind, "why_not", None)
    yield ScriptedEngine


@pytest.fixture
def second_engine(engine: type[ScriptedEngine], monkeypatch: pytest.MonkeyPatch) -> type[SecondEngine]:
    """Another engine, which comes after the scripted one."""
    monkeypatch.setitem(ENGINES, "second", "tests.engines.SecondEngine")
    return SecondEngine


@pytest.fixture
def make_asset(own_place: Path) -> Callable[..., Asset]:
    def make(owner: User, kind: str = "face", **fields: Any) -> Asset:
        face = kind == "face"
        values: dict[str, Any] = {
            "kind": kind,
            "media": "image" if face else "audio",
            "name": "portrait.png" if face else "hello.wav",
            "size_bytes": 7,
            "sha256": ("f" if face else "5") * 64,
            "info": {} if face else {"duration_seconds": 2.0},
            "faces": [{"box": [0.3, 0.2, 0.4, 0.5], "outline": [[0.3, 0.2]]}] if face else [],
        }
        asset = Asset(owner=owner, **(values | fields))
        asset.file.save(f"assets/{asset.uid}/original.{'png' if face else 'wav'}", ContentFile(b"content"))
        asset.save()
        return asset

    return make


@pytest.fixture
def make_job() -> MakeJob:
    """A queued job of a drawn face with a text of its own, so that no two are the same render."""

    def make(owner: User, **fields: Any) -> Job:
        values: dict[str, Any] = {
            "house_look": "maya",
            "text": f"Job {Job.objects.count()}.",
            "voice": "en-us",
        }
        return Job.objects.create(owner=owner, **(values | fields))

    return make
