"""The library of avatars, and the faces that are kept for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from avsite.accounts.models import User
from lipsync.assets import purge_assets
from lipsync.models import Asset, Job
from rooms import orders, tokens
from rooms.models import Avatar, AvatarSession, Room
from tests.conftest import Api


@pytest.fixture
def make_asset(alice: User, settings: Any) -> Any:
    def make(media: str = "image", kind: str = "face", owner: User = alice) -> Asset:
        suffix = {"image": "jpg", "video": "mp4", "audio": "wav"}[media]
        asset = Asset.objects.create(
            owner=owner, kind=kind, media=media, name=f"mine.{suffix}", size_bytes=7, sha256="0" * 64
        )
        path = Path(settings.MEDIA_ROOT) / "assets" / str(asset.uid) / f"original.{suffix}"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"0123456")
        asset.file.name = str(path.relative_to(settings.MEDIA_ROOT))
        asset.faces = [{"box": [0, 0, 1, 1], "outline": []}] if kind == "face" else []
        asset.save()
        return asset

    return make


def make_avatar(api: Api, face: str, **more: Any) -> dict[str, Any]:
    answer = api.call("POST", "/avatars", {"name": "Ann", "face": face, **more})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


@pytest.mark.parametrize(
    ("media", "more", "kind"),
    [("image", {}, "photo"), ("video", {}, "loop"), ("video", {"kind": "file"}, "file")],
)
def test_what_a_face_becomes(
    media: str, more: dict[str, str], kind: str, alice_api: Api, make_asset: Any
) -> None:
    asset = make_asset(media)
    made = make_avatar(alice_api, str(asset.uid), **more)
    assert (made["kind"], made["builtin"], made["face"]["id"]) == (kind, False, str(asset.uid))
    assert made["voice"] == "en-us"


def test_drawn_ones(alice_api: Api) -> None:
    assert make_avatar(alice_api, "house:maya")["kind"] == "house"
    assert make_avatar(alice_api, "spectrum")["kind"] == "spectrum"


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"name": "  ", "face": "wave"}, 422, "name"),
        ({"name": "Ann", "face": "house:nobody"}, 422, "face"),
        ({"name": "Ann", "face": "not an id"}, 404, "face"),
        ({"name": "Ann", "face": "wave", "voice": "xx"}, 422, "voice"),
        ({"name": "Ann", "face": "wave", "voice_rate": 9}, 422, "voice_rate"),
        ({"name": "Ann", "face": "wave", "expression": "smug"}, 422, "expression"),
    ],
)
def test_bad_ones_are_refused(body: dict[str, Any], status: int, param: str, alice_api: Api) -> None:
    answer = alice_api.call("POST", "/avatars", body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
    assert not Avatar.objects.exists()


def test_a_photo_cannot_be_played(alice_api: Api, make_asset: Any) -> None:
    body = {"name": "Ann", "face": str(make_asset().uid), "kind": "file"}
    assert alice_api.call("POST", "/avatars", body).status_code == 422


def test_changing_and_deleting(alice_api: Api, room_of_alice: Room) -> None:
    uid = make_avatar(alice_api, "house:maya")["id"]
    changed = alice_api.call("PATCH", f"/avatars/{uid}", {"name": "Bea", "expression": "happy"}).json()
    assert (changed["name"], changed["expression"], changed["look"]) == ("Bea", "happy", "maya")
    assert alice_api.call("PATCH", f"/avatars/{uid}", {"face": "hue"}).json()["kind"] == "hue"
    session = alice_api.call("POST", f"/rooms/{room_of_alice.slug}/avatars", {"avatar": uid}).json()
    assert session["avatar"] == {"id": uid, "name": "Bea", "kind": "hue", "look": "", "thumbnail_url": None}
    assert alice_api.call("DELETE", f"/avatars/{uid}").status_code == 409
    AvatarSession.objects.update(state="ended")
    assert alice_api.call("DELETE", f"/avatars/{uid}").status_code == 204
    shown = alice_api.call("GET", f"/rooms/{room_of_alice.slug}/avatars?ended=1").json()["items"][0]
    assert (shown["avatar"]["id"], shown["avatar"]["name"]) == ("hue", "Bea")


@pytest.fixture
def room_of_alice(alice: User) -> Room:
    return Room.objects.create(owner=alice, name="Morning call")


def test_its_face_is_kept_as_long_as_it_is(alice_api: Api, make_asset: Any) -> None:
    asset = make_asset()
    uid = make_avatar(alice_api, str(asset.uid))["id"]
    assert alice_api.call("DELETE", f"/assets/{asset.uid}").status_code == 204
    Asset.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert purge_assets() == 0
    assert alice_api.call("GET", f"/avatars/{uid}").json()["face"]["id"] == str(asset.uid)
    assert alice_api.call("GET", f"/assets/{asset.uid}/file").status_code == 200
    alice_api.call("DELETE", f"/avatars/{uid}")
    assert purge_assets() == 1
    assert not Asset.objects.exists()


def test_it_says_a_line_by_a_job(alice_api: Api) -> None:
    uid = make_avatar(alice_api, "house:maya", voice_rate=1.25, expression="happy")["id"]
    job = alice_api.call("POST", f"/avatars/{uid}/preview", {}).json()
    assert (job["state"], job["house_look"], job["voice_rate"]) == ("queued", "maya", 1.25)
    assert "Ann" in job["text"]
    assert job["options"]["expression"] == "happy"
    preview = alice_api.call("GET", f"/avatars/{uid}").json()["preview"]
    assert preview == {"job_id": job["id"], "state": "queued", "video_url": None, "poster_url": None}
    faceless = make_avatar(alice_api, "wave")["id"]
    assert alice_api.call("POST", f"/avatars/{faceless}/preview", {}).status_code == 409


def test_agents_fetch_what_a_session_was_given_and_nothing_else(
    room_of_alice: Room, alice: User, make_asset: Any, nobody_api: Api, settings: Any
) -> None:
    face, speech = make_asset(), make_asset("audio", "speech")
    session = AvatarSession.objects.create(
        room=room_of_alice, name="Ann", kind="photo", face=face, granted=[orders.name_of(face)]
    )
    bearer = {"Authorization": f"Bearer {tokens.sign_session(session)}"}
    given = orders.media_url(session, orders.name_of(face))
    assert given is not None and given.startswith(settings.INTERNAL_URL)
    path = given.partition("/api/v1")[2]
    answer = nobody_api.call("GET", path, **bearer)
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, b"0123456")
    assert answer["Content-Type"] == "image/jpeg"
    ranged = nobody_api.call("GET", path, Range="bytes=2-3", **bearer)
    assert b"".join(ranged.streaming_content) == b"23"
    other = path.replace(str(face.uid), str(speech.uid))
    assert nobody_api.call("GET", other, **bearer).status_code == 404
    orders.grant(session, speech)
    assert nobody_api.call("GET", other, **bearer).status_code == 200
    assert nobody_api.call("GET", path).status_code == 401
    for odd in ("asset-1", "job-", "..%2f..%2fsecret_key", f"job-{face.uid}"):
        bad = f"/agent/sessions/{session.uid}/media/{odd}"
        assert nobody_api.call("GET", bad, **bearer).status_code == 404


def test_a_finished_video_is_played(room_of_alice: Room, alice: User, alice_api: Api, settings: Any) -> None:
    job = Job.objects.create(owner=alice, text="hello", state="queued")
    address = f"/rooms/{room_of_alice.slug}/avatars"
    wish = {"avatar": "file", "job": str(job.uid)}
    assert alice_api.call("POST", address, wish).status_code == 409
    (Path(settings.MEDIA_ROOT) / "result.mp4").write_bytes(b"video")
    Job.objects.update(state="done", result="result.mp4")
    assert alice_api.call("POST", address, {"avatar": "file"}).status_code == 422
    assert alice_api.call("POST", address, wish).status_code == 201
    session = AvatarSession.objects.select_related("room", "face", "job").get()
    order = json_of(orders.write_order(session))
    assert (order["avatar"]["kind"], order["loop"]) == ("file", False)
    assert order["avatar"]["media_url"].endswith(f"/media/job-{job.uid}")


def json_of(text: str) -> dict[str, Any]:
    import json

    return dict(json.loads(text))
