"""Media in S3: machines share what each of them made."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from avsite.accounts.models import User
from lipsync import results, runner
from lipsync.assets import delete_asset, store_upload
from lipsync.models import Job
from lipsync.storage import used_bytes
from tests.conftest import Api
from tests.lipsync.conftest import engine as engine  # the scripted one
from tests.s3 import Bucket, serving


@pytest.fixture
def bucket(settings: Any) -> Iterator[Bucket]:
    with serving() as running:
        settings.STORAGES = {
            **settings.STORAGES,
            "default": {
                "BACKEND": "avsite.storage.S3Media",
                "OPTIONS": {
                    "bucket_name": "media",
                    "endpoint_url": running.url,
                    "region_name": "eu-central-1",
                    "access_key": "key",
                    "secret_key": "secret",
                    "default_acl": None,
                },
            },
        }
        yield running


@pytest.fixture
def elsewhere(settings: Any, tmp_path: Path) -> Callable[[], None]:
    """Go on as another machine, which has no files yet."""

    def move() -> None:
        settings.MEDIA_ROOT = tmp_path / "another"
        settings.MEDIA_ROOT.mkdir(exist_ok=True)

    return move


@pytest.mark.django_db(transaction=True)  # the lease is renewed by a thread with its own connection
def test_from_upload_to_video_on_three_machines(
    alice: User,
    alice_api: Api,
    bucket: Bucket,
    elsewhere: Callable[[], None],
    engine: Any,
    portrait_png: bytes,
    as_upload: Any,
    settings: Any,
    tmp_path: Path,
) -> None:
    asset = store_upload(alice, "face", as_upload(portrait_png, "me.png"))
    assert f"/media/{asset.file.name}" in bucket.objects
    shutil.rmtree(settings.MEDIA_ROOT)  # the web server that took it is no more

    settings.MEDIA_ROOT = tmp_path / "worker"
    job = runner.run(Job.objects.create(owner=alice, face=asset, text="Hello.", voice="en-us").pk)
    assert job is not None and job.state == "done", job and job.error_message
    assert engine.requests[0].face_path.read_bytes() == portrait_png
    assert f"/media/{job.result.name}" in bucket.objects

    elsewhere()
    video = bucket.objects[f"/media/{job.result.name}"][0]
    url = f"/api/v1/lipsyncs/{job.uid}/video"
    part = alice_api.get(url, headers={"Range": "bytes=4-7"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, video[4:8])
    assert b"".join(alice_api.get(url).streaming_content) == video
    assert bucket.reads.count(f"/media/{job.result.name}") == 1, "fetched once, then the copy is used"
    assert alice_api.get(f"/api/v1/assets/{asset.uid}/thumbnail").status_code == 200
    assert used_bytes(alice) == len(portrait_png) + len(video)
    assert store_upload(alice, "face", as_upload(portrait_png, "me.png")).pk == asset.pk, (
        "known by its content"
    )

    assert alice_api.call("DELETE", f"/lipsyncs/{job.uid}").status_code == 204
    delete_asset(asset)
    assert bucket.objects == {}
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []


def test_what_was_replaced_is_fetched_again(
    bucket: Bucket, elsewhere: Callable[[], None], settings: Any
) -> None:
    local = Path(settings.MEDIA_ROOT) / "one.txt"
    local.write_text("first")
    default_storage.push("one.txt")  # type: ignore[attr-defined]
    assert Path(default_storage.path("one.txt")) == local
    bucket.objects["/media/one.txt"] = (b"second", time.time() + 5)
    assert Path(default_storage.path("one.txt")).read_text() == "second"
    del bucket.objects["/media/one.txt"]
    assert not Path(default_storage.path("one.txt")).exists(), "gone there, gone here"


def test_copies_that_nobody_reads_are_removed(
    bucket: Bucket, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = Path(settings.MEDIA_ROOT) / "one.txt"
    local.write_text("first")
    default_storage.push("one.txt")  # type: ignore[attr-defined]
    monkeypatch.setattr("avsite.storage.COPY_SECONDS", 600)
    results.tidy_copies()
    assert local.exists()
    monkeypatch.setattr("avsite.storage.COPY_SECONDS", -1)
    results.tidy_copies()
    assert not local.exists()
    assert Path(default_storage.path("one.txt")).read_text() == "first", "and fetched when somebody does"
