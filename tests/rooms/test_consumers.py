"""A room over WebSocket: a snapshot, then what changed, to each what they may see; nothing to strangers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser

from avsite import live
from avsite.accounts.models import User
from rooms import bell, consumers, tokens
from rooms.models import AvatarSession, Participant, Room, RoomEvent
from rooms.routing import websocket_urlpatterns

pytestmark = pytest.mark.django_db(transaction=True)


@contextlib.asynccontextmanager
async def socket(room: Room, user: Any = None, seat: str = "") -> AsyncIterator[WebsocketCommunicator]:
    path = f"/ws/rooms/{room.slug}/" + (f"?seat={seat}" if seat else "")
    one = WebsocketCommunicator(URLRouter(websocket_urlpatterns), path)
    one.scope["user"] = user or AnonymousUser()
    accepted, _ = await one.connect(timeout=5)
    assert accepted
    try:
        yield one
    finally:
        await one.disconnect()


async def heard(one: WebsocketCommunicator, kind: str, seconds: float = 5) -> dict[str, Any]:
    message: dict[str, Any] = await one.receive_json_from(timeout=seconds)
    assert message["type"] == kind, message
    return message


async def closed(one: WebsocketCommunicator) -> int:
    return int((await one.receive_output(timeout=5))["code"])


def ring(room: Room) -> None:
    bell.ring(room.pk)


@sync_to_async
def change(room: Room, **values: Any) -> None:
    Room.objects.filter(pk=room.pk).update(**values)
    ring(room)


@sync_to_async
def place(room: Room, name: str, user: User | None = None, **values: Any) -> Participant:
    person = Participant.objects.create(room=room, name=name, user=user, **values)
    ring(room)
    return person


@sync_to_async
def move(person: Participant, **values: Any) -> None:
    Participant.objects.filter(pk=person.pk).update(**values)
    ring(person.room)


async def test_a_host_sees_the_room_move(room: Room, alice: User) -> None:
    await place(room, "alice", alice, role="host", state="present")
    async with socket(room, alice) as one:
        first = await heard(one, "snapshot")
        assert first["room"]["slug"] == room.slug
        assert [(each["name"], each["is_me"]) for each in first["participants"]] == [("alice", True)]
        assert first["avatars"] == []
        gus = await place(room, "Gus", state="waiting")
        assert (await heard(one, "participant"))["participant"]["state"] == "waiting"
        assert (await heard(one, "room"))["changes"] == {"waiting": 1}
        await move(gus, state="present")
        assert (await heard(one, "participant"))["participant"]["state"] == "present"
        assert (await heard(one, "room"))["changes"] == {"people": 2, "waiting": 0}
        await change(room, state="closed")
        assert (await heard(one, "room"))["changes"]["state"] == "closed"


async def test_an_avatar_is_followed_to_its_end(room: Room, alice: User) -> None:
    session = await AvatarSession.objects.acreate(room=room, name="Maya", kind="house", look="maya")
    async with socket(room, alice) as one:
        assert (await heard(one, "snapshot"))["avatars"][0]["id"] == str(session.uid)

        @sync_to_async
        def live_then_over(state: str) -> None:
            AvatarSession.objects.filter(pk=session.pk).update(state=state)
            RoomEvent.objects.create(room=room, kind="avatar_lost", message=f"It is {state}.")
            RoomEvent.objects.create(room=room, kind="webhook.x", webhook_id=state)
            ring(room)

        for state in ("live", "ended"):
            await live_then_over(state)
            assert (await heard(one, "avatar"))["avatar"]["state"] == state
            assert (await heard(one, "event"))["event"]["message"] == f"It is {state}."
    async with socket(room, alice) as later:
        assert (await heard(later, "snapshot"))["avatars"] == []


async def test_a_member_sees_who_is_there_and_no_more(room: Room, bob: User) -> None:
    await place(room, "bob", bob, role="speaker", state="present")
    await place(room, "Gus", state="waiting")
    async with socket(room, bob) as one:
        first = await heard(one, "snapshot")
        assert [each["name"] for each in first["participants"]] == ["bob"]
        assert first["room"]["role"] == "speaker"
        await RoomEvent.objects.acreate(room=room, kind="avatar_lost", message="For hosts.")
        await place(room, "Tom", state="waiting")
        assert (await heard(one, "room"))["changes"] == {"waiting": 2}
        person = await Participant.objects.aget(user=bob)
        await move(person, role="host")
        again = await heard(one, "snapshot")
        assert again["room"]["role"] == "host"
        assert {each["name"] for each in again["participants"]} == {"bob", "Gus", "Tom"}


async def test_who_waits_is_called_in(room: Room) -> None:
    gus = await place(room, "Gus", state="waiting")
    await place(room, "Ann", state="present")
    async with socket(room, seat=tokens.sign_seat(gus)) as one:
        first = await heard(one, "snapshot")
        assert [each["name"] for each in first["participants"]] == ["Gus"]
        assert (await Participant.objects.aget(pk=gus.pk)).seen_at is not None
        await move(gus, state="admitted")
        told = [await one.receive_json_from(timeout=5) for _ in range(2)]
        mine = next(each["participant"] for each in told if each["participant"]["is_me"])
        assert mine["state"] == "admitted"


@pytest.mark.parametrize("state", ["refused", "removed"])
async def test_who_is_put_out_is_told(state: str, room: Room) -> None:
    gus = await place(room, "Gus", state="waiting")
    async with socket(room, seat=tokens.sign_seat(gus)) as one:
        await heard(one, "snapshot")
        await move(gus, state=state)
        assert (await heard(one, "participant"))["participant"]["state"] == state
        assert await closed(one) == consumers.STRANGER


async def test_what_is_not_rung_for_is_seen_all_the_same(
    room: Room, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.05)
    async with socket(room, alice) as one:
        await heard(one, "snapshot")
        await Room.objects.filter(pk=room.pk).aupdate(locked=True)
        assert (await heard(one, "room"))["changes"] == {"locked": True}


async def test_strangers_are_refused(room: Room, charlie: User, bob: User) -> None:
    other = await Room.objects.acreate(owner=bob, name="Another")
    stranger = await place(other, "Tom", state="present")
    for user, seat, code in (
        (charlie, "", consumers.STRANGER),
        (None, tokens.sign_seat(stranger), consumers.STRANGER),
        (None, "", consumers.UNSIGNED),
        (None, "made-up", consumers.UNSIGNED),
    ):
        async with socket(room, user, seat) as one:
            assert await closed(one) == code
    missing = Room(slug="aaa-bbbb-ccc")
    async with socket(missing, charlie) as one:
        assert await closed(one) == consumers.STRANGER
