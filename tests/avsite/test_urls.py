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
from avsite.hooks.models import Delivery, Endpoint
from lipsync import results
from lipsync.dubbing.store import Kept
from lipsync.dubs.models import Dub
from lipsync.models import Asset, Batch, Job
from rooms.models import Avatar, AvatarSession, Invite, Participant, Room
from rooms.tokens import sign_seat
from tests.conftest import Api

PUBLIC = {
    ("GET", "/session"),
    ("POST", "/session"),
    ("DELETE", "/session"),
    ("POST", "/signup"),
    ("GET", "/shared/{token}"),
    ("GET", "/shared/{token}/video"),
    ("GET", "/shared/{token}/poster"),
    ("GET", "/invites/{token}"),
    ("POST", "/rooms/{slug}/token"),
}
# The same for everyone who is signed in.
COMMON = {
    ("GET", "/voices"),
    ("GET", "/voices/{voice_id}/sample"),
    ("GET", "/engines"),
    ("GET", "/looks"),
    ("GET", "/dubs/languages"),
    ("GET", "/looks/{look}/thumbnail"),
    ("GET", "/rooms/status"),
    ("GET", "/doctor"),
    ("POST", "/doctor/call"),
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
    ("GET", "/rooms"),
    ("POST", "/rooms"),
    ("GET", "/avatars"),
    ("POST", "/avatars"),
    ("GET", "/webhooks"),
    ("POST", "/webhooks"),
    ("GET", "/dubs"),
    ("POST", "/dubs"),
    ("GET", "/batches"),
    ("POST", "/batches"),
    ("POST", "/batches/zip"),
    ("GET", "/costs"),
    ("GET", "/costs.csv"),
}
# What somebody who was let into alice's room may do there besides; all else is for its hosts.
FOR_MEMBERS = {
    ("GET", "/rooms/{slug}"),
    ("GET", "/rooms/{slug}/participants"),
    ("GET", "/rooms/{slug}/avatars"),
    ("GET", "/rooms/{slug}/captions"),
    ("GET", "/rooms/{slug}/captions.vtt"),
    ("GET", "/rooms/{slug}/captions.txt"),
    ("POST", "/rooms/{slug}/leave"),
}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("PUT", "/dubs/{dub_id}/sentences"): {"items": []},
    ("POST", "/rooms/{slug}/participants/{identity}/mute"): {"source": "camera"},
    ("POST", "/rooms/{slug}/participants/{identity}/role"): {"role": "viewer"},
    ("POST", "/rooms/{slug}/avatars"): {"avatar": "hue"},
}
"""Bodies that would be accepted, where an empty one is refused before anything is looked up."""


def operations() -> Iterator[tuple[str, str]]:
    """(method, path below /api/v1) of everything in the API's schema."""
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method in methods:
            if method != "head":
                yield method.upper(), path.removeprefix("/api/v1")


def about_objects() -> list[tuple[str, str]]:
    return sorted(set(operations()) - PUBLIC - COMMON - OWN)


@pytest.fixture
def things(alice: User, portrait_png: bytes) -> dict[str, str]:
    """What alice has, by the name of the path parameter."""
    folder = Path(settings.MEDIA_ROOT)
    for name in ("face.jpg", "thumb.jpg", "result.mp4", "poster.jpg", results.MOUTH_NAME):
        (folder / name).write_bytes(portrait_png if name in ("face.jpg", "thumb.jpg") else b"alice's")
    asset = Asset.objects.create(
        owner=alice, kind="face", media="image", name="face.jpg", file="face.jpg", thumbnail="thumb.jpg",
        size_bytes=7, sha256="0" * 64,
    )  # fmt: skip
    job = Job.objects.create(
        owner=alice, face=asset, text="hello", state=Job.State.DONE, result="result.mp4", poster="poster.jpg"
    )
    key, _ = ApiKey.objects.issue(alice, "laptop")
    room = Room.objects.create(owner=alice, name="Morning call")
    avatar = Avatar.objects.create(owner=alice, name="Maya", kind="photo", face=asset)
    hook = Endpoint.objects.create(owner=alice, url="https://example.org", events=["job.done"])
    return {
        "asset_id": str(asset.uid),
        "track": "1",
        "job_id": str(job.uid),
        "batch_id": str(Batch.objects.create(owner=alice, total=1).uid),
        **dub_of(alice, asset),
        "key_id": str(key.pk),
        "slug": room.slug,
        "identity": Participant.objects.create(room=room, name="Gus").identity,
        "invite_id": str(Invite.objects.create(room=room).uid),
        "session_id": str(AvatarSession.objects.create(room=room, name="Maya", kind="hue").uid),
        "avatar_id": str(avatar.uid),
        "webhook_id": str(hook.uid),
        "delivery_id": str(Delivery.objects.create(endpoint=hook, type="test", key="1", body="{}").uid),
    }


def dub_of(owner: User, asset: Asset) -> dict[str, str]:
    """A dub with a sentence that was spoken."""
    dub = Dub.objects.create(owner=owner, source=asset, name="Talk", target_language="de", state="done")
    store = dub.store()
    for name in ("captions.vtt", "fit/s1.wav"):
        with store.writing(name) as path:
            path.write_bytes(b"alice's")
    store.keep("fit", Kept("1", {"items": {"s1": {"file": "fit/s1.wav", "over": 0}}, "placed": []}))
    return {"dub_id": str(dub.uid), "file_name": "captions.vtt", "sentence_id": "s1"}


NOTHING = {
    "asset_id": str(uuid.uuid4()),
    "track": "1",
    "job_id": str(uuid.uuid4()),
    "batch_id": str(uuid.uuid4()),
    "dub_id": str(uuid.uuid4()),
    "file_name": "captions.vtt",
    "sentence_id": "s1",
    "key_id": "987654",
    "slug": "aaa-bbbb-ccc",
    "identity": "p-0123456789ab",
    "invite_id": str(uuid.uuid4()),
    "session_id": str(uuid.uuid4()),
    "avatar_id": str(uuid.uuid4()),
    "webhook_id": str(uuid.uuid4()),
    "delivery_id": str(uuid.uuid4()),
}


def attempt(client: Api, method: str, path: str, things: dict[str, str]) -> Any:
    body = None if method in ("GET", "DELETE") else BODIES.get((method, path), {})
    return client.call(method, address(path, things), body)


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
    assert is_refused(attempt(charlie_api, method, path, things), 404)


@pytest.mark.parametrize(("method", "path"), about_objects())
def test_an_object_that_does_not_exist_looks_the_same(
    method: str, path: str, things: dict[str, str], charlie_api: Api
) -> None:
    theirs, none = (attempt(charlie_api, method, path, named) for named in (things, NOTHING))
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


@pytest.mark.parametrize(("method", "path"), [op for op in about_objects() if "{slug}" in op[1]])
def test_bob_in_the_room_is_no_host_of_it(
    method: str, path: str, things: dict[str, str], bob: User, bob_api: Api
) -> None:
    Participant.objects.create(room=Room.objects.get(), user=bob, name="bob", role="speaker")
    response = attempt(bob_api, method, path, things)
    if (method, path) in FOR_MEMBERS:
        assert response.status_code in (200, 204)
    else:
        assert is_refused(response, 403)


@pytest.mark.parametrize(("method", "path"), [op for op in about_objects() if "{slug}" in op[1]])
def test_a_seat_opens_its_own_room_only(
    method: str, path: str, things: dict[str, str], bob: User, nobody_api: Api
) -> None:
    """Who came by a link may do less than a member, and nothing in another room."""
    elsewhere = Room.objects.create(owner=bob, name="Another")
    own = Participant.objects.create(room=Room.objects.get(slug=things["slug"]), name="Gus")
    strange = Participant.objects.create(room=elsewhere, name="Tom")
    body = None if method in ("GET", "DELETE") else BODIES.get((method, path), {})
    answers = [
        nobody_api.call(method, address(path, things), body, X_Room_Seat=sign_seat(person)).status_code
        for person in (own, strange)
    ]
    assert answers in ([200, 404], [204, 404]) if (method, path) in FOR_MEMBERS else answers == [401, 401]


@pytest.mark.parametrize("path", ["/assets/{asset_id}/file", "/lipsyncs/{job_id}/video"])
def test_a_file_cannot_be_had_by_head_either(path: str, things: dict[str, str], charlie_api: Api) -> None:
    assert charlie_api.call("HEAD", address(path, things)).status_code == 404


@pytest.mark.parametrize("path", ["/assets", "/lipsyncs", "/me/keys", "/rooms"])
def test_lists_hold_only_ones_own(
    path: str, things: dict[str, str], alice_api: Api, charlie_api: Api
) -> None:
    assert charlie_api.call("GET", path).json()["items"] == []
    assert len(alice_api.call("GET", path).json()["items"]) == 1


def test_avatars_listed_are_ones_own_and_the_houses(
    things: dict[str, str], alice_api: Api, charlie_api: Api
) -> None:
    of_alice = [one["id"] for one in alice_api.call("GET", "/avatars").json()["items"]]
    of_charlie = [one["id"] for one in charlie_api.call("GET", "/avatars").json()["items"]]
    assert of_alice == [things["avatar_id"], *of_charlie]
    assert {"house:maya", "wave", "spectrum", "hue"} <= set(of_charlie)


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("avatars", {"avatar": "{avatar_id}"}),
        ("avatars", {"avatar": "file", "job": "{job_id}"}),
        ("avatars", {"avatar": "file", "face": "{asset_id}"}),
        ("say", {"job": "{job_id}"}),
        ("say", {"speech": "{asset_id}"}),
    ],
)
def test_a_room_shows_nothing_of_another_person(
    what: str, body: dict[str, str], things: dict[str, str], charlie: User, charlie_api: Api
) -> None:
    own = Room.objects.create(owner=charlie, name="Mine")
    asked = {name: value.format_map(things) for name, value in body.items()}
    assert is_refused(charlie_api.call("POST", f"/rooms/{own.slug}/{what}", asked), 404)
    assert not AvatarSession.objects.filter(room=own).exists()


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
