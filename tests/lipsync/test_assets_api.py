"""Uploads through the HTTP API, and the files that come back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, encode_multipart

from lipsync.models import Asset, Job
from tests.conftest import Api


def send(api: Api, content: bytes, kind: str = "face", name: str = "me.png", **headers: str) -> Any:
    return api.upload("/assets", {"kind": kind, "file": SimpleUploadedFile(name, content)}, **headers)


def test_upload_list_look_and_delete(alice_api: Api, portrait_png: bytes, tone_wav: bytes) -> None:
    made = send(alice_api, portrait_png)
    assert made.status_code == 201
    face = made.json()
    speech = send(alice_api, tone_wav, "speech", "hello.wav").json()
    assert alice_api.call("GET", f"/assets/{face['id']}").json() == face
    assert [one["id"] for one in alice_api.call("GET", "/assets").json()["items"]] == [
        speech["id"],
        face["id"],
    ]
    assert [one["id"] for one in alice_api.call("GET", "/assets?kind=face").json()["items"]] == [face["id"]]
    assert face["info"]["width"] == 512 and len(face["faces"][0]["box"]) == 4
    assert speech["thumbnail_url"] is None and len(speech["peaks"]) == 200
    assert alice_api.call("DELETE", f"/assets/{face['id']}").status_code == 204
    assert alice_api.call("GET", f"/assets/{face['id']}").status_code == 404
    assert alice_api.get(face["file_url"]).status_code == 404


def test_file_and_thumbnail(alice_api: Api, portrait_png: bytes) -> None:
    face = send(alice_api, portrait_png).json()
    whole = alice_api.get(face["file_url"])
    assert whole.getvalue() == portrait_png
    assert (whole["Content-Type"], whole["X-Content-Type-Options"]) == ("image/png", "nosniff")
    part = alice_api.get(face["file_url"], headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.getvalue()) == (206, b"PNG")
    assert alice_api.head(face["file_url"])["Content-Length"] == str(len(portrait_png))
    assert alice_api.get(f"{face['file_url']}?download=1")["Content-Disposition"].startswith("attachment")
    thumbnail = alice_api.get(face["thumbnail_url"])
    assert thumbnail["Content-Type"] == "image/jpeg" and thumbnail.getvalue()[:2] == b"\xff\xd8"


def test_the_landmarks_of_a_face(
    alice_api: Api, charlie_api: Api, portrait_png: bytes, tone_wav: bytes
) -> None:
    face = send(alice_api, portrait_png).json()
    found = alice_api.call("GET", f"/assets/{face['id']}/landmarks").json()
    (mesh,) = found["faces"]
    assert len(mesh["points"]) == 468
    left, top, width, height = face["faces"][0]["box"]
    across, down = zip(*mesh["points"], strict=True)
    assert min(across) >= left - 0.02 and max(across) <= left + width + 0.02
    assert min(down) >= top - 0.02 and max(down) <= top + height + 0.02
    upper_lip, lower_lip = mesh["points"][0], mesh["points"][17]
    assert top + height / 2 < upper_lip[1] < lower_lip[1] < top + height
    assert all(0 <= index < 468 for line in found["lines"] for index in line)
    assert charlie_api.call("GET", f"/assets/{face['id']}/landmarks").status_code == 404
    speech = send(alice_api, tone_wav, "speech", "hello.wav").json()
    assert alice_api.call("GET", f"/assets/{speech['id']}/landmarks").json()["faces"] == []


def test_a_file_that_is_a_page_is_never_shown_as_one(alice_api: Api) -> None:
    response = send(alice_api, b"<html><script>alert(1)</script></html>", name="face.html")
    assert (response.status_code, response.json()["error"]["code"]) == (415, "unsupported_media")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\x.png", "a/b/c.png", "\x01x.png", "x" * 300 + ".png"]
)
def test_path_characters_in_names(alice_api: Api, portrait_png: bytes, settings: Any, name: str) -> None:
    body = encode_multipart(BOUNDARY, {"kind": "face", "file": SimpleUploadedFile("NAME", portrait_png)})
    response = alice_api.post(
        "/api/v1/assets",
        body.replace(b"NAME", name.encode()),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
    )
    assert response.status_code == 201
    shown = response.json()["name"]
    assert 0 < len(shown) <= 120 and not set(shown) & set('/\\\x01"')
    inside = {path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}
    assert inside == {"original.png", "thumbnail.jpg"}


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"kind": "face"}, "file"), ({"file": "text"}, "kind"), ({"kind": "hat", "file": "text"}, "kind")],
)
def test_missing_and_wrong_fields_are_named(alice_api: Api, fields: dict[str, str], param: str) -> None:
    if "file" in fields:
        fields = fields | {"file": SimpleUploadedFile("a.png", b"x")}  # type: ignore[dict-item]
    response = alice_api.upload("/assets", fields)
    assert response.status_code == 422
    assert response.json()["error"]["param"] == param


def test_an_upload_is_stopped_at_the_limit(
    alice_api: Api, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.UPLOAD_LIMIT_BYTES = 200_000
    monkeypatch.setattr(tempfile, "tempdir", settings.FILE_UPLOAD_TEMP_DIR)
    response = send(alice_api, b"x" * 900_000)
    assert response.status_code == 413
    assert (response.json()["error"]["code"], response.json()["error"]["param"]) == ("too_large", "file")
    assert "195.3 KB" in response.json()["error"]["message"]
    assert list(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir()) == []
    assert not Asset.objects.exists()


def test_broken_form(alice_api: Api) -> None:
    response = alice_api.post("/api/v1/assets", b"garbage", content_type="multipart/form-data; boundary=")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad_request"


def test_a_repeated_upload_is_answered_from_the_first(
    alice_api: Api, tone_wav: bytes, portrait_png: bytes
) -> None:
    first = send(alice_api, tone_wav, "speech", Idempotency_Key="k")
    again = send(alice_api, tone_wav, "speech", Idempotency_Key="k")
    other = send(alice_api, portrait_png, "face", Idempotency_Key="k")
    assert (again.status_code, again.json()) == (201, first.json())
    assert (other.status_code, other.json()["error"]["param"]) == (409, "Idempotency-Key")


def test_pages_of_a_list_miss_nothing_and_repeat_nothing(alice_api: Api, alice: Any) -> None:
    rows = [
        Asset.objects.create(
            owner=alice, kind="face", media="image", name=str(n), file="x", size_bytes=1, sha256=str(n)
        )
        for n in range(7)
    ]
    seen, cursor = [], ""
    while cursor is not None:
        page = alice_api.call("GET", f"/assets?limit=3&cursor={cursor}").json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        rows[-1].pk and Asset.objects.create(
            owner=alice, kind="face", media="image", name="new", file="x", size_bytes=1, sha256="new"
        )
    assert seen == [str(row.uid) for row in reversed(rows)]


def test_a_file_in_use_cannot_be_deleted(alice_api: Api, alice: Any, tone_wav: bytes) -> None:
    speech = send(alice_api, tone_wav, "speech").json()
    job = Job.objects.create(owner=alice, speech=Asset.objects.get(), state="queued")
    response = alice_api.call("DELETE", f"/assets/{speech['id']}")
    assert (response.status_code, response.json()["error"]["code"]) == (409, "conflict")
    Job.objects.filter(pk=job.pk).update(state="done")
    assert alice_api.call("DELETE", f"/assets/{speech['id']}").status_code == 204
    assert alice_api.call("GET", "/assets").json()["items"] == []
    assert alice_api.get(speech["file_url"]).status_code == 200  # its job still plays it
