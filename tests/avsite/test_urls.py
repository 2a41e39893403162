"""Nobody reaches another person's things: every operation of the API is tried, and none can be forgotten."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from avsite.accounts.models import ApiKey, User
from avsite.api import api
from lipsync import results
from lipsync.models import Asset, Job
from tests.conftest import Api

PUBLIC = {
    ("GET", "/session"),
    ("POST", "/session"),
    ("DELETE", "/session"),
    ("POST", "/signup"),
    ("GET", "/shared/{token}"),
    ("GET", "/shared/{token}/video"),
    ("GET", "/shared/{token}/poster"),
}
# The same for everyone who is signed in.
COMMON = {
    ("GET", "/voices"),
    ("GET", "/voices/{voice_id}/sample"),
    ("GET", "/engines"),
    ("GET", "/looks"),
    ("GET", "/looks/{look}/thumbnail"),
}
# About the caller alone: no object of another can be named in the address.
OWN = {
    ("GET", "/me"),
    ("GET", "/me/keys"),
    ("POST", "/me/keys"),
    ("GET", "/assets"),
    ("POST", "/assets"),
    ("GET", "/lipsyncs"),
    ("POST", "/lipsyncs"),
    ("POST", "/lipsyncs/estimate"),
}


def operations() -> Iterator[tuple[str, str]]:
    """(method, path below /api/v1) of everything in the API's schema."""
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method in methods:
            if method != "head":
                yield method.upper(), path.removeprefix("/api/v1")


def about_objects() -> list[tuple[str, str]]:
    return sorted(set(operations()) - PUBLIC - COMMON - OWN)


@pytest.fixture
def things(alice: User) -> dict[str, str]:
    """What alice has, by the name of the path parameter."""
    folder = Path(settings.MEDIA_ROOT)
    for name in ("face.jpg", "thumb.jpg", "result.mp4", "poster.jpg", results.MOUTH_NAME):
        (folder / name).write_bytes(b"alice's")
    asset = Asset.objects.create(
        owner=alice, kind="face", media="image", name="face.jpg", file="face.jpg", thumbnail="thumb.jpg",
        size_bytes=7, sha256="0" * 64,
    )  # fmt: skip
    job = Job.objects.create(
        owner=alice, face=asset, text="hello", state=Job.State.DONE, result="result.mp4", poster="poster.jpg"
    )
    key, _ = ApiKey.objects.issue(alice, "laptop")
    return {"asset_id": str(asset.uid), "job_id": str(job.uid), "key_id": str(key.pk)}


def address(path: str, things: dict[str, str]) -> str:
    """``path`` with alice's things; KeyError for a parameter this test does not know."""
    return path.format_map(things)


def is_refused(response: Any, status: int) -> bool:
    return bool(response.status_code == status and response.json()["error"]["code"])


def test_the_list_is_complete() -> None:
    assert set(operations()) >= PUBLIC | COMMON | OWN, "an operation named here is gone"
    assert about_objects(), "no operation is about an object"


@pytest.mark.parametrize(("method", "path"), about_objects())
def test_another_persons_object_does_not_exist(
    method: str, path: str, things: dict[str, str], charlie_api: Api
) -> None:
    assert is_refused(charlie_api.call(method, address(path, things)), 404)


@pytest.mark.parametrize(("method", "path"), about_objects())
def test_an_object_that_does_not_exist_looks_the_same(
    method: str, path: str, things: dict[str, str], charlie_api: Api
) -> None:
    nothing = {"asset_id": str(uuid.uuid4()), "job_id": str(uuid.uuid4()), "key_id": "987654"}
    theirs, none = (charlie_api.call(method, address(path, named)) for named in (things, nothing))
    assert is_refused(none, 404)
    assert theirs.json()["error"] == none.json()["error"]


@pytest.mark.parametrize(("method", "path"), [op for op in about_objects() if op[0] == "GET"])
def test_its_owner_reaches_it(method: str, path: str, things: dict[str, str], alice_api: Api) -> None:
    assert alice_api.call(method, address(path, things)).status_code == 200


@pytest.mark.parametrize(("method", "path"), sorted(set(operations()) - PUBLIC))
def test_nobody_gets_in_without_signing_in(
    method: str, path: str, things: dict[str, str], nobody_api: Api
) -> None:
    known = things | {"voice_id": "en-us", "look": "maya"}
    assert is_refused(nobody_api.call(method, address(path, known), {}), 401)


@pytest.mark.parametrize("path", ["/assets/{asset_id}/file", "/lipsyncs/{job_id}/video"])
def test_a_file_cannot_be_had_by_head_either(path: str, things: dict[str, str], charlie_api: Api) -> None:
    assert charlie_api.call("HEAD", address(path, things)).status_code == 404


@pytest.mark.parametrize("path", ["/assets", "/lipsyncs", "/me/keys"])
def test_lists_hold_only_ones_own(
    path: str, things: dict[str, str], alice_api: Api, charlie_api: Api
) -> None:
    assert charlie_api.call("GET", path).json()["items"] == []
    assert len(alice_api.call("GET", path).json()["items"]) == 1


def test_a_job_cannot_use_another_persons_files(things: dict[str, str], charlie_api: Api) -> None:
    response = charlie_api.call("POST", "/lipsyncs", {"face": things["asset_id"], "text": "hello"})
    assert response.status_code == 404
    assert response.json()["error"]["param"] == "face"
    assert not Job.objects.filter(owner__username="charlie").exists()


def test_a_key_is_its_owners(things: dict[str, str], bob: User, nobody_api: Api) -> None:
    _, secret = ApiKey.objects.issue(bob, "script")
    bearer = f"Bearer {secret}"
    assert nobody_api.call("GET", "/me", Authorization=bearer).json()["username"] == "bob"
    assert nobody_api.call("GET", f"/assets/{things['asset_id']}", Authorization=bearer).status_code == 404
