"""Coming in: invites, the waiting list, locks and limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from rooms import tasks
from rooms.models import Invite, Participant, Room
from tests.conftest import Api
from tests.rooms.conftest import enter, invite_to

pytestmark = pytest.mark.usefixtures("sfu_site")


def knock(api: Api, room: Room, **body: Any) -> Any:
    headers = {"X_Room_Seat": body.pop("seat")} if "seat" in body else {}
    return api.call("POST", f"/rooms/{room.slug}/token", body, **headers)


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_the_owner_hosts(room: Room, alice_api: Api) -> None:
    first, again = enter(alice_api, room), enter(alice_api, room)
    assert first["role"] == "host"
    assert first["identity"] == again["identity"]
    assert Participant.objects.filter(room=room).count() == 1


def test_bob_comes_by_a_link_and_stays_a_member(room: Room, alice_api: Api, bob_api: Api) -> None:
    assert refusal(knock(bob_api, room)) == (404, "not_found")
    invite = invite_to(room, alice_api, role="speaker")
    assert enter(bob_api, room, invite=invite)["name"] == "bob"
    assert enter(bob_api, room)["role"] == "speaker"
    assert bob_api.call("GET", f"/rooms/{room.slug}").json()["role"] == "speaker"
    assert [one["slug"] for one in bob_api.call("GET", "/rooms").json()["items"]] == [room.slug]


def test_a_guest_is_known_by_the_seat(room: Room, alice_api: Api, nobody_api: Api) -> None:
    invite = invite_to(room, alice_api, max_uses=1)
    first = enter(nobody_api, room, invite=invite, name="  Gus\x00  the\tGreat ")
    assert first["name"] == "Gus the Great"
    assert first["state"] == "admitted"
    again = knock(nobody_api, room, seat=first["seat"]).json()
    assert again["identity"] == first["identity"]
    assert refusal(knock(nobody_api, room, invite=invite, name="Tom")) == (404, "not_found")  # used up
    shown = nobody_api.call("GET", f"/rooms/{room.slug}", X_Room_Seat=first["seat"]).json()
    assert (shown["role"], shown["is_owner"]) == ("guest", False)


@pytest.mark.parametrize("name", [None, "", "   ", "\u200b\u202e", "x" * 61])
def test_a_guest_must_say_a_name(name: Any, room: Room, alice_api: Api, nobody_api: Api) -> None:
    invite = invite_to(room, alice_api)
    answer = knock(nobody_api, room, invite=invite, name=name)
    assert refusal(answer) == (422, "invalid")
    assert answer.json()["error"]["param"] == "name"
    assert not Participant.objects.exists()
    assert Invite.objects.get().uses == 0


def test_an_invite_that_no_longer_holds(room: Room, alice_api: Api, nobody_api: Api) -> None:
    expired, deleted = invite_to(room, alice_api, expires_in_hours=1), invite_to(room, alice_api)
    assert nobody_api.call("GET", f"/invites/{expired}").json() == {
        "slug": room.slug, "name": "Morning call", "host_name": "alice", "role": "guest", "state": "open",
        "waiting_room": False,
    }  # fmt: skip
    Invite.objects.filter(expires_at__isnull=False).update(expires_at=timezone.now() - timedelta(seconds=1))
    uid = Invite.objects.get(expires_at=None).uid
    assert alice_api.call("DELETE", f"/rooms/{room.slug}/invites/{uid}").status_code == 204
    for link in (expired, deleted):
        assert refusal(knock(nobody_api, room, invite=link, name="Gus")) == (404, "not_found")
        assert refusal(nobody_api.call("GET", f"/invites/{link}")) == (404, "not_found")


def test_the_waiting_list(room: Room, alice_api: Api, nobody_api: Api) -> None:
    alice_api.call("PATCH", f"/rooms/{room.slug}", {"waiting_room": True})
    invite = invite_to(room, alice_api)
    waiting = enter(nobody_api, room, invite=invite, name="Gus")
    assert (waiting["state"], waiting["token"], waiting["url"]) == ("waiting", None, None)
    seat = waiting["seat"]
    assert knock(nobody_api, room, seat=seat).json()["state"] == "waiting"
    assert alice_api.call("GET", f"/rooms/{room.slug}").json()["waiting"] == 1
    people = nobody_api.call("GET", f"/rooms/{room.slug}/participants", X_Room_Seat=seat).json()["items"]
    assert [one["is_me"] for one in people] == [True]  # and nobody else
    address = f"/rooms/{room.slug}/participants/{waiting['identity']}"
    assert alice_api.call("POST", f"{address}/admit").json()["state"] == "admitted"
    assert knock(nobody_api, room, seat=seat).json()["token"]
    assert refusal(alice_api.call("POST", f"{address}/refuse")) == (409, "conflict")


def test_somebody_is_turned_away(room: Room, alice_api: Api, nobody_api: Api) -> None:
    alice_api.call("PATCH", f"/rooms/{room.slug}", {"waiting_room": True})
    waiting = enter(nobody_api, room, invite=invite_to(room, alice_api), name="Gus")
    address = f"/rooms/{room.slug}/participants/{waiting['identity']}"
    assert alice_api.call("POST", f"{address}/refuse").json()["state"] == "refused"
    assert refusal(knock(nobody_api, room, seat=waiting["seat"])) == (403, "forbidden")


def test_who_closes_the_page_waits_no_longer(room: Room, alice_api: Api, nobody_api: Api) -> None:
    alice_api.call("PATCH", f"/rooms/{room.slug}", {"waiting_room": True})
    waiting = enter(nobody_api, room, invite=invite_to(room, alice_api), name="Gus")
    tasks.reconcile_task()
    assert Participant.objects.get().state == "waiting"
    Participant.objects.update(seen_at=timezone.now() - timedelta(minutes=1))
    tasks.reconcile_task()
    assert Participant.objects.get().state == "left"
    assert knock(nobody_api, room, seat=waiting["seat"]).json()["state"] == "waiting"  # may ask again


def test_who_never_came_is_not_expected_for_ever(room: Room, alice_api: Api, nobody_api: Api) -> None:
    enter(nobody_api, room, invite=invite_to(room, alice_api), name="Gus")
    tasks.tidy_task()
    assert Participant.objects.get().state == "admitted"
    Participant.objects.update(seen_at=timezone.now() - timedelta(minutes=11))
    tasks.tidy_task()
    assert Participant.objects.get().state == "left"


def test_a_locked_room_takes_nobody_new(room: Room, alice_api: Api, bob_api: Api, nobody_api: Api) -> None:
    invite = invite_to(room, alice_api)
    inside = enter(nobody_api, room, invite=invite, name="Gus")
    Participant.objects.filter(identity=inside["identity"]).update(state="present")
    alice_api.call("PATCH", f"/rooms/{room.slug}", {"locked": True})
    assert refusal(knock(bob_api, room, invite=invite)) == (403, "forbidden")
    assert knock(nobody_api, room, seat=inside["seat"]).status_code == 200  # reloads the page
    assert knock(alice_api, room).status_code == 200
    assert nobody_api.call("GET", f"/invites/{invite}").json()["state"] == "locked"


def test_a_full_room(room: Room, alice_api: Api, bob_api: Api, nobody_api: Api) -> None:
    alice_api.call("PATCH", f"/rooms/{room.slug}", {"max_people": 2})
    invite = invite_to(room, alice_api)
    enter(alice_api, room)
    enter(nobody_api, room, invite=invite, name="Gus")
    assert refusal(knock(bob_api, room, invite=invite)) == (429, "limit_reached")
    assert Invite.objects.get().uses == 1
    long_ago = timezone.now() - timedelta(minutes=2)
    Participant.objects.filter(name="Gus").update(seen_at=long_ago)  # never came
    assert knock(bob_api, room, invite=invite).status_code == 200


def test_leaving(room: Room, alice_api: Api, nobody_api: Api) -> None:
    guest = enter(nobody_api, room, invite=invite_to(room, alice_api), name="Gus")
    seat = guest["seat"]
    for _ in range(2):
        left = nobody_api.call("POST", f"/rooms/{room.slug}/leave", X_Room_Seat=seat)
        assert left.status_code == 204
    assert Participant.objects.get().state == "left"
    assert knock(nobody_api, room, seat=seat).status_code == 200


def test_the_owner_stays_the_host(room: Room, alice_api: Api, bob_api: Api) -> None:
    owner = enter(alice_api, room)
    bob = enter(bob_api, room, invite=invite_to(room, alice_api))
    address = f"/rooms/{room.slug}/participants/{bob['identity']}/role"
    assert alice_api.call("POST", address, {"role": "host"}).json()["role"] == "host"
    demote = bob_api.call(
        "POST", f"/rooms/{room.slug}/participants/{owner['identity']}/role", {"role": "guest"}
    )
    assert refusal(demote) == (403, "forbidden")
    assert bob_api.call("PATCH", f"/rooms/{room.slug}", {"name": "Evening call"}).json()["revision"] == 2
    assert refusal(bob_api.call("DELETE", f"/rooms/{room.slug}")) == (403, "forbidden")


def test_without_livekit_the_way_in_says_so(room: Room, alice_api: Api, settings: Any) -> None:
    settings.LIVEKIT_URL = "ws://127.0.0.1:9"
    answer = knock(alice_api, room)
    assert refusal(answer) == (503, "unavailable")
    assert "Retry-After" in answer
    assert alice_api.call("GET", "/rooms/status").json()["state"] == "unavailable"
    status = settings.DATA_DIR / "livekit.status"
    status.write_text("Building the LiveKit server\n")
    settings.LIVEKIT_STATUS_FILE = status
    told = alice_api.call("GET", "/rooms/status").json()
    assert told["state"] == "preparing"
    assert "Building the LiveKit server" in told["message"]
    status.write_text("failed: It could not be had.\n")
    told = alice_api.call("GET", "/rooms/status").json()
    assert (told["state"], told["message"]) == ("unavailable", "It could not be had.")


def test_tries_are_counted(room: Room, nobody_api: Api, settings: Any) -> None:
    settings.ROOM_TOKENS_PER_MINUTE = 3
    answers = [knock(nobody_api, room, invite="x", name="Gus").status_code for _ in range(5)]
    assert answers == [404, 404, 404, 429, 429]
