"""What LiveKit tells by itself: believed when it signed it, done once, and not needed."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from livekit import api

from rooms import tasks
from rooms.models import Participant, Room, RoomEvent
from rooms.reconcile import reconcile, rooms_to_watch
from supervisor.livekit import WEBHOOK_PATH
from tests.conftest import Api
from tests.rooms.conftest import KEY, SECRET, Crowd, Delivery, Sfu, enter, invite_to


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Room]:
    """Rooms that a webhook had looked at, at once instead of in a task."""
    rooms: list[Room] = []

    def look(room: Room) -> None:
        rooms.append(room)
        reconcile([room])

    monkeypatch.setattr(tasks, "look_soon", look)
    return rooms


def deliver(client: Api, one: Delivery) -> int:
    response = client.generic(
        "POST",
        WEBHOOK_PATH,
        one.body,
        "application/webhook+json",
        headers={"Authorization": one.authorization},
    )
    return int(response.status_code)


def states(room: Room) -> dict[str, str]:
    return dict(Participant.objects.filter(room=room).values_list("name", "state"))


@pytest.fixture
def call_with_gus(room: Room, alice_api: Api, nobody_api: Api, crowd: Crowd, sfu_site: Sfu) -> dict[str, Any]:
    """Alice and Gus have come, and Gus has gone again; nobody has told the site of it yet."""
    host = enter(alice_api, room)
    guest = enter(nobody_api, room, invite=invite_to(room, alice_api), name="Gus")
    crowd.join(host["url"], host["token"])
    gus = crowd.join(guest["url"], guest["token"])
    sfu_site.wait_for(room.slug, "participant_joined", 2)
    crowd.leave(gus)
    sfu_site.wait_for(room.slug, "participant_left", 1)
    assert states(room) == {"alice": "admitted", "Gus": "admitted"}
    return {
        "joined": sfu_site.told(room.slug, "participant_joined"),
        "left": sfu_site.told(room.slug, "participant_left"),
        "all": [one for one in sfu_site.deliveries if one.event.get("room", {}).get("name") == room.slug],
    }


def test_real_ones_are_believed(
    call_with_gus: dict[str, Any], room: Room, nobody_api: Api, looked: list[Room]
) -> None:
    assert [deliver(nobody_api, one) for one in call_with_gus["all"]] == [204] * len(call_with_gus["all"])
    assert looked
    assert states(room)["alice"] == "present"


def test_out_of_order_they_say_the_same(
    call_with_gus: dict[str, Any], room: Room, nobody_api: Api, looked: list[Room]
) -> None:
    for one in [*call_with_gus["left"], *reversed(call_with_gus["joined"])]:
        deliver(nobody_api, one)
        assert states(room)["Gus"] != "present"
    assert states(room)["alice"] == "present"


def test_a_replayed_one_does_nothing(
    call_with_gus: dict[str, Any], room: Room, nobody_api: Api, looked: list[Room]
) -> None:
    one = call_with_gus["joined"][0]
    assert [deliver(nobody_api, one) for _ in range(3)] == [204] * 3
    assert len(looked) == 1
    assert RoomEvent.objects.filter(webhook_id=one.event["id"]).count() == 1


def test_lost_ones_are_made_good_by_looking(call_with_gus: dict[str, Any], room: Room) -> None:
    assert room in rooms_to_watch()
    tasks.reconcile_task()
    assert states(room)["alice"] == "present"
    assert states(room)["Gus"] != "present"


def test_forged_ones_are_refused(
    call_with_gus: dict[str, Any], room: Room, nobody_api: Api, looked: list[Room]
) -> None:
    real = call_with_gus["joined"][0]
    other_body = Delivery(real.body.replace(b"participant_joined", b"participant_left"), real.authorization)
    body_hash = base64.b64encode(hashlib.sha256(real.body).digest()).decode()
    stranger = api.AccessToken(KEY, "another secret of more than 32 characters").with_sha256(body_hash)
    unhashed = api.AccessToken(KEY, SECRET)
    forged = [
        other_body,
        Delivery(real.body, stranger.to_jwt()),
        Delivery(real.body, unhashed.to_jwt()),
        Delivery(real.body, ""),
        Delivery(real.body, f"Bearer {real.authorization}x"),
    ]
    assert [deliver(nobody_api, one) for one in forged] == [401] * len(forged)
    assert not looked
    assert not RoomEvent.objects.exists()


def test_other_peoples_rooms_are_nothing_to_us(nobody_api: Api, looked: list[Room], sfu_site: Sfu) -> None:
    body = json.dumps({"event": "room_started", "id": "EV_1", "room": {"name": "elsewhere"}}).encode()
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    signed = api.AccessToken(KEY, SECRET).with_sha256(digest).to_jwt()
    assert deliver(nobody_api, Delivery(body, signed)) == 204
    assert not looked


def test_who_left_without_a_word_is_seen_to_have_left(
    room: Room, alice_api: Api, crowd: Crowd, sfu_site: Sfu
) -> None:
    host = enter(alice_api, room)
    joined = crowd.join(host["url"], host["token"])
    reconcile([room])
    assert states(room) == {"alice": "present"}
    crowd.leave(joined)
    sfu_site.wait_for(room.slug, "participant_left")
    tasks.reconcile_task()
    assert states(room) == {"alice": "left"}


def test_a_restarted_livekit_gets_its_room_back(
    room: Room, alice_api: Api, crowd: Crowd, sfu_site: Sfu
) -> None:
    """The room is gone, and the people's own clients try to come back into it."""
    host = enter(alice_api, room)
    joined = crowd.join(host["url"], host["token"])
    reconcile([room])
    crowd.leave(joined)

    async def forget(livekit: api.LiveKitAPI) -> None:
        await livekit.room.delete_room(api.DeleteRoomRequest(room=room.slug))

    from rooms import sfu

    sfu.call(forget)
    assert states(room) == {"alice": "present"}  # as far as anyone has told us
    tasks.reconcile_task()
    assert crowd.join(host["url"], host["token"]).name == room.slug
