"""People and places for tests: alice owns, bob is a neighbour, charlie must get 404."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from avsite.accounts.models import User
from avsite.celery import app as celery_app

PASSWORD = "a long enough pass phrase"


class Api(Client):
    """A test client that speaks JSON to paths under /api/v1."""

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        """``headers`` are written with underscores, as ``Idempotency_Key="x"``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {} if data is None else {"data": json.dumps(data), "content_type": "application/json"}
        return self.generic(method, f"/api/v1{path}", headers=named, **body)

    def upload(self, path: str, fields: dict[str, Any], **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.post(f"/api/v1{path}", fields, headers=named)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in a file: in memory, threads with connections of their own would lock each other out."""
    test_settings = connections["default"].settings_dict["TEST"]
    if connections["default"].vendor == "sqlite":
        test_settings["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(autouse=True)
def own_place(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Iterator[Path]:
    """Every test has its own folders, cache and message carriers; only ``stack`` and ``e2e`` use Redis."""
    data = tmp_path / "data"
    for name, folder in (("MEDIA_ROOT", "media"), ("CACHE_DIR", "cache"), ("TEMP_DIR", "tmp")):
        (data / folder).mkdir(parents=True)
        setattr(settings, name, data / folder)
    settings.DATA_DIR = data
    settings.MODELS_DIR, settings.WAV2LIP_MODEL_PATH = data / "models", None
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick
    settings.FILE_UPLOAD_TEMP_DIR = str(data / "tmp")
    if {"stack", "e2e"} & {mark.name for mark in request.node.iter_markers()}:
        yield data
        return
    local = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {
        name: {"BACKEND": local, "LOCATION": f"{tmp_path}-{name}"} for name in ("default", "process")
    }
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    broker = celery_app.conf.broker_url
    celery_app.conf.broker_url = "memory://"
    yield data
    celery_app.conf.broker_url = broker


def _person(name: str) -> User:
    return User.objects.create_user(name, f"{name}@example.org", PASSWORD)


@pytest.fixture
def alice(db: None) -> User:
    return _person("alice")


@pytest.fixture
def bob(db: None) -> User:
    return _person("bob")


@pytest.fixture
def charlie(db: None) -> User:
    return _person("charlie")


def _signed_in(user: User) -> Api:
    client = Api()
    client.force_login(user)
    return client


@pytest.fixture
def alice_api(alice: User) -> Api:
    return _signed_in(alice)


@pytest.fixture
def bob_api(bob: User) -> Api:
    return _signed_in(bob)


@pytest.fixture
def charlie_api(charlie: User) -> Api:
    return _signed_in(charlie)


@pytest.fixture
def nobody_api(db: None) -> Api:
    """Nobody is signed in."""
    return Api()


@pytest.fixture(scope="session")
def portrait_png() -> bytes:
    """A real portrait, 512 x 512."""
    from PIL import Image
    from skimage.data import astronaut

    data = io.BytesIO()
    Image.fromarray(astronaut()).save(data, "PNG")
    return data.getvalue()


def wav_bytes(samples: np.ndarray[Any, Any], sample_rate: int = 16_000) -> bytes:
    """16-bit mono WAV of samples in [-1, 1]."""
    data = io.BytesIO()
    with wave.open(data, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(sample_rate)
        sound.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return data.getvalue()


@pytest.fixture(scope="session")
def tone_wav() -> bytes:
    """One second of a 220 Hz tone."""
    return wav_bytes(0.5 * np.sin(2 * np.pi * 220 * np.arange(16_000) / 16_000))


@pytest.fixture
def as_upload() -> Callable[..., SimpleUploadedFile]:
    """A file as the site receives it: ``as_upload(b"...", "name.png")``."""

    def make(content: bytes, name: str = "file.bin") -> SimpleUploadedFile:
        return SimpleUploadedFile(name, content)

    return make
