"""A fake HeyGen for each test, a video job that goes there, and a free engine behind it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import File
from django.utils import timezone

from avsite.accounts.models import User
from lipsync import remote, runner
from lipsync.engines.base import ENGINES
from lipsync.engines.heygen import prepare
from lipsync.models import Asset, Job, RemoteRender
from tests import media
from tests.engines import ScriptedEngine
from tests.fakes.heygen.server import Server, serving
from tests.fakes.heygen.world import Scenario, World

KEY = "fake-key-that-must-not-leak"
SECONDS = 0.8


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of a face and a recording, and what the fake makes of them."""
    folder = tmp_path_factory.mktemp("films")
    media.write_moving_portrait(folder / "face.mp4", SECONDS, width=320, height=240)
    media.write_audio(folder / "speech.wav", media.spoken_like(SECONDS), 16_000)
    return folder


@pytest.fixture
def fake(tmp_path: Path, films: Path, settings: Any) -> Iterator[Server]:
    folder = tmp_path / "fake"
    folder.mkdir()
    world = World(folder=folder, keys={KEY}, films=films, start_seconds=0.02, render_seconds=0.1, max_jobs=10)
    with serving(world) as server:
        settings.HEYGEN_API_KEY = KEY
        settings.HEYGEN_API_ENDPOINT = f"{server.url}/v3"
        settings.HEYGEN_DOWNLOAD_HOSTS = [server.address]
        settings.HEYGEN_POLL_SECONDS = 0.03
        settings.HEYGEN_DEADLINE_LIMIT_SECONDS = 30
        yield server


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between repeated calls, and no looking for faces but where that is the point."""
    monkeypatch.setattr("lipsync.attempts.SLOT_WAIT_SECONDS", 0.05)
    monkeypatch.setattr("lipsync.engines.heygen.client.RETRY_SECONDS", 0.02)
    monkeypatch.setattr(prepare, "_require_face", lambda path: None)
    monkeypatch.setattr(runner, "judge", lambda request, result: None)


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> type[ScriptedEngine]:
    """The only engine beside HeyGen: free, and it never fails."""
    for name in list(ENGINES):
        if name != "heygen":
            monkeypatch.delitem(ENGINES, name)
    monkeypatch.setitem(ENGINES, "scripted", "tests.engines.ScriptedEngine")
    for name, value in (("requests", []), ("script", None), ("why_not", None)):
        monkeypatch.setattr(ScriptedEngine, name, value)
    return ScriptedEngine


@pytest.fixture
def play(fake: Server) -> Callable[..., None]:
    """``play("slow", times=3, how="date")``: what the fake does from now on."""

    def set_scenario(name: str, times: int = 2, how: str = "") -> None:
        fake.world.scenario = Scenario(name, times, how)

    return set_scenario


@pytest.fixture
def order(films: Path, make_asset: Callable[..., Asset], fake: Server, local: Any) -> Callable[..., Job]:
    """A queued job: a filmed face and a recording."""

    def make(owner: User, **fields: Any) -> Job:
        assets = {}
        for kind, name in (("face", "face.mp4"), ("speech", "speech.wav")):
            asset = make_asset(
                owner,
                kind,
                media="video" if kind == "face" else "audio",
                info={"duration_seconds": SECONDS},
                sha256=f"{kind}-{Asset.objects.count()}",
            )
            with (films / name).open("rb") as file:
                asset.file.save(f"assets/{asset.uid}/{name}", File(file))
            assets[kind] = asset
        return Job.objects.create(owner=owner, **(assets | fields))

    return make


def drive(job: Job, seconds: float = 60.0, until: Callable[[Job], Any] | None = None) -> Job:
    """What workers and the sweep do, until the job has ended or ``until`` holds."""
    end = time.monotonic() + seconds
    while True:
        runner.run(job.pk)
        job = Job.objects.get(pk=job.pk)
        if job.state in Job.ENDED or (until is not None and until(job)):
            return job
        assert time.monotonic() < end, f"still {job.state} {job.stage}"
        time.sleep(0.02)


def look_after(times: int = 1) -> None:
    """What the follower does, without waiting for its turn."""
    for _ in range(times):
        RemoteRender.objects.exclude(wake_at=None).update(wake_at=timezone.now() - timedelta(seconds=1))
        remote.follow_up()


def assert_key_kept(fake: Server, caplog: pytest.LogCaptureFixture) -> None:
    """The key went to the API alone, and into no log."""
    for request in fake.world.journal:
        if request["path"].startswith(("/_s3", "/_files")):
            assert "x-api-key" not in request["headers"]
            assert KEY not in str(request)
    assert KEY not in caplog.text
    assert all(KEY not in str(record.__dict__) for record in caplog.records)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog
