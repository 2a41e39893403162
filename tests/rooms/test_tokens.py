"""What each role may, asserted against the real server."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import jwt
import numpy as np
import pytest
from django.core import signing
from livekit import api, rtc

from avsite.accounts.models import User
from rooms import sfu, tokens
from rooms.models import Participant, Room
from rooms.reconcile import reconcile
from tests.conftest import Api
from tests.rooms.conftest import Crowd, Sfu, enter, invite_to, until

pytestmark = pytest.mark.usefixtures("sfu_site")

SOURCES = {
    "camera": rtc.TrackSource.SOURCE_CAMERA,
    "microphone": rtc.TrackSource.SOURCE_MICROPHONE,
    "screen_share": rtc.TrackSource.SOURCE_SCREENSHARE,
}
MAY_PUBLISH = {
    "host": {"camera", "microphone", "screen_share"},
    "speaker": {"camera", "microphone", "screen_share"},
    "guest": {"camera", "microphone"},
    "viewer": set(),
}


def way_in(role: str, room: Room, alice_api: Api, nobody_api: Api) -> dict[str, Any]:
    if role == "host":
        return enter(alice_api, room)
    return enter(nobody_api, room, invite=invite_to(room, alice_api, role=role), name="Gus")


async def publish(room: rtc.Room, source: str) -> None:
    if source == "microphone":
        voice = rtc.AudioSource(48_000, 1)
        track: Any = rtc.LocalAudioTrack.create_audio_track(source, voice)
    else:
        picture = rtc.VideoSource(64, 64)
        track = rtc.LocalVideoTrack.create_video_track(source, picture)
        black = np.zeros((64, 64, 4), np.uint8).tobytes()
        picture.capture_frame(rtc.VideoFrame(64, 64, rtc.VideoBufferType.RGBA, black))
    await room.local_participant.publish_track(track, rtc.TrackPublishOptions(source=SOURCES[source]))


def try_all(crowd: Crowd, joined: rtc.Room, allowed: set[str]) -> set[str]:
    """Publish from every source, those that must not be first; what the server then has of them.

    What the server refuses it does not answer, so the client would wait for ten seconds.
    """

    async def attempt() -> None:
        refused = [asyncio.create_task(publish(joined, source)) for source in set(SOURCES) - allowed]
        await asyncio.gather(*(publish(joined, source) for source in sorted(allowed)))
        await asyncio.wait(refused, timeout=1.0) if refused else None
        for task in refused:
            task.cancel()

    crowd.run(attempt())
    who = joined.name, joined.local_participant.identity
    until(lambda: published(*who) >= allowed)  # listed once the first media has come
    return published(*who)


def published(slug: str, identity: str) -> set[str]:
    people = sfu.call(lambda livekit: sfu.list_people(livekit, slug)) or []
    tracks = next(person for person in people if person.identity == identity).tracks
    return {api.TrackSource.Name(track.source).lower() for track in tracks}


@pytest.mark.parametrize("role", sorted(MAY_PUBLISH))
def test_what_a_role_may_publish(
    role: str, room: Room, alice_api: Api, nobody_api: Api, crowd: Crowd
) -> None:
    made = way_in(role, room, alice_api, nobody_api)
    assert made["role"] == role
    assert set(made["sources"]) & set(SOURCES) == MAY_PUBLISH[role]
    joined = crowd.join(made["url"], made["token"])
    assert joined.local_participant.attributes["avsite.role"] == role
    assert try_all(crowd, joined, MAY_PUBLISH[role]) == MAY_PUBLISH[role]


@pytest.mark.parametrize("role", sorted(MAY_PUBLISH))
def test_no_token_administers(role: str, room: Room, alice_api: Api, nobody_api: Api) -> None:
    token = way_in(role, room, alice_api, nobody_api)["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    granted = {name for name, value in claims["video"].items() if value is True}
    assert granted <= {"roomJoin", "canSubscribe", "canPublish", "canPublishData"}
    assert claims["video"]["room"] == room.slug
    assert claims["video"].get("canUpdateOwnMetadata", False) is False
    assert claims["exp"] - claims["nbf"] <= 600
    assert claims.get("kind", "standard") == "standard"
    assert "roomConfig" not in claims


def test_a_viewer_cannot_write_to_the_room(room: Room, alice_api: Api, nobody_api: Api, crowd: Crowd) -> None:
    heard: list[bytes] = []
    host = enter(alice_api, room)
    listening = crowd.join(host["url"], host["token"])
    listening.on("data_received", lambda packet: heard.append(packet.data))
    for role in ("viewer", "guest"):
        made = way_in(role, room, alice_api, nobody_api)
        writer = crowd.join(made["url"], made["token"])
        crowd.run(writer.local_participant.publish_data(role.encode(), reliable=True))
    until(lambda: b"guest" in heard)
    assert heard == [b"guest"]


def test_nobody_can_pose_as_the_avatar(room: Room, alice_api: Api, nobody_api: Api, crowd: Crowd) -> None:
    made = way_in("speaker", room, alice_api, nobody_api)
    host = enter(alice_api, room)
    watching = crowd.join(host["url"], host["token"])
    joined = crowd.join(made["url"], made["token"])

    heard: list[bytes] = []
    watching.on("data_received", lambda packet: heard.append(packet.data))

    async def pose() -> None:
        with contextlib.suppress(Exception):  # the client may say that it may not, or nothing
            await joined.local_participant.set_attributes({"lk.publish_on_behalf": host["identity"]})
            await joined.local_participant.set_name("Maya")
        await joined.local_participant.publish_data(b"done", reliable=True)

    crowd.run(pose(), 30)
    until(lambda: b"done" in heard)
    seen = until(lambda: watching.remote_participants.get(made["identity"]))
    assert "lk.publish_on_behalf" not in seen.attributes
    assert seen.name == "Gus"
    people = sfu.call(lambda livekit: sfu.list_people(livekit, room.slug)) or []
    assert all("lk.publish_on_behalf" not in person.attributes for person in people)
    assert seen.kind == rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
    assert not made["identity"].startswith("avatar-")


def test_a_token_opens_one_room_only(
    room: Room, alice: User, alice_api: Api, nobody_api: Api, crowd: Crowd
) -> None:
    other = Room.objects.create(owner=alice, name="Another")
    guest = way_in("guest", room, alice_api, nobody_api)
    stolen = nobody_api.call("POST", f"/rooms/{other.slug}/token", {}, X_Room_Seat=guest["seat"])
    assert stolen.status_code == 404
    invite = invite_to(room, alice_api)
    wrong = nobody_api.call("POST", f"/rooms/{other.slug}/token", {"invite": invite, "name": "Gus"})
    assert wrong.status_code == 404
    joined = crowd.join(guest["url"], guest["token"])
    assert joined.name == room.slug


def test_only_the_server_makes_rooms(room: Room, alice: User, crowd: Crowd, sfu_site: Sfu) -> None:
    person = Participant.objects.create(room=room, user=alice, name="alice", role="host")
    with pytest.raises(rtc.ConnectError):
        crowd.join(sfu_site.url, tokens.join_token(person).token)


def test_a_closed_room_lets_nobody_in(room: Room, alice_api: Api, nobody_api: Api, crowd: Crowd) -> None:
    invite = invite_to(room, alice_api)
    made = enter(nobody_api, room, invite=invite, name="Gus")
    inside = crowd.join(made["url"], made["token"])
    assert alice_api.call("DELETE", f"/rooms/{room.slug}").status_code == 204
    until(lambda: not inside.isconnected())
    with pytest.raises(rtc.ConnectError):
        crowd.join(made["url"], made["token"])
    late = nobody_api.call("POST", f"/rooms/{room.slug}/token", {"invite": invite, "name": "Gus"})
    assert late.status_code == 410
    assert alice_api.call("POST", f"/rooms/{room.slug}/token", {}).status_code == 410
    assert alice_api.call("DELETE", f"/rooms/{room.slug}").status_code == 204


def test_who_was_removed_for_good_is_put_out_again(
    room: Room, alice_api: Api, nobody_api: Api, crowd: Crowd
) -> None:
    made = way_in("guest", room, alice_api, nobody_api)
    first = crowd.join(made["url"], made["token"])
    address = f"/rooms/{room.slug}/participants/{made['identity']}"
    assert alice_api.call("POST", f"{address}/remove", {"ban": True}).json()["state"] == "removed"
    until(lambda: not first.isconnected())
    seat = {"X_Room_Seat": made["seat"]}
    assert nobody_api.call("POST", f"/rooms/{room.slug}/token", {}, **seat).status_code == 403
    assert nobody_api.call("GET", f"/rooms/{room.slug}", **seat).status_code == 404
    again = crowd.join(made["url"], made["token"])  # the old token is still good for some minutes
    reconcile([room])
    until(lambda: not again.isconnected())
    assert alice_api.call("POST", f"{address}/admit").json()["state"] == "admitted"
    assert nobody_api.call("POST", f"/rooms/{room.slug}/token", {}, **seat).status_code == 200


def test_a_promotion_counts_at_once(room: Room, alice_api: Api, nobody_api: Api, crowd: Crowd) -> None:
    made = way_in("viewer", room, alice_api, nobody_api)
    joined = crowd.join(made["url"], made["token"])
    reconcile([room])
    assert try_all(crowd, joined, set()) == set()
    address = f"/rooms/{room.slug}/participants/{made['identity']}/role"
    assert alice_api.call("POST", address, {"role": "guest"}).json()["role"] == "guest"
    until(lambda: joined.local_participant.attributes.get("avsite.role") == "guest")
    assert try_all(crowd, joined, MAY_PUBLISH["guest"]) == MAY_PUBLISH["guest"]
    assert alice_api.call("POST", address, {"role": "host"}).status_code == 422  # has no account


def test_a_host_mutes_somebody(
    room: Room, alice_api: Api, nobody_api: Api, crowd: Crowd, livekit_server: Sfu
) -> None:
    made = way_in("guest", room, alice_api, nobody_api)
    joined = crowd.join(made["url"], made["token"])
    reconcile([room])
    crowd.run(publish(joined, "microphone"))
    # The client's call returns before its media has reached the server; a host mutes what can be heard.
    livekit_server.wait_for(room.slug, "track_published")
    address = f"/rooms/{room.slug}/participants/{made['identity']}/mute"
    assert alice_api.call("POST", address, {"source": "microphone"}).status_code == 200
    publication = next(iter(joined.local_participant.track_publications.values()))
    until(lambda: publication.muted)


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "nonsense",
        signing.dumps("p-0123456789ab", key="another key", salt="rooms.seat"),
        signing.dumps("p-0123456789ab", salt="rooms.invite"),
    ],
)
def test_seats_and_invites_cannot_be_made_up(forged: str, room: Room, nobody_api: Api) -> None:
    seat = nobody_api.call("POST", f"/rooms/{room.slug}/token", {}, X_Room_Seat=forged)
    assert seat.status_code == 401
    link = nobody_api.call("POST", f"/rooms/{room.slug}/token", {"invite": forged or "x", "name": "Gus"})
    assert link.status_code == 404
    assert not room.participants.exists()


def test_agents_are_known_by_the_secret_of_livekit(settings: Any) -> None:
    def signed(secret: str, **claims: Any) -> str:
        whole = {"iss": settings.LIVEKIT_API_KEY, "sub": "avsite-agent", "exp": 4_000_000_000, **claims}
        return jwt.encode(whole, secret, algorithm="HS256")

    secret = settings.LIVEKIT_API_SECRET
    assert tokens.is_agent(signed(secret))
    wrong = [signed("x" * 40), signed(secret, sub="p-1"), signed(secret, iss="other"), signed(secret, exp=1)]
    assert not any(map(tokens.is_agent, wrong))


def test_a_persons_token_is_no_agents(room: Room, alice_api: Api, nobody_api: Api) -> None:
    token = enter(alice_api, room)["token"]
    body = {"worker": "w", "places": 1, "busy": 0}
    answer = nobody_api.call("POST", "/agent/heartbeat", body, Authorization=f"Bearer {token}")
    assert answer.status_code == 401
    assert "secret" not in json.dumps(answer.json()).lower()
