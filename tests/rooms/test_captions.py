"""Captions of rooms: switched by hosts, given to a process that hears, kept, and read by who was let in."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.utils import timezone

from avsite.accounts.models import User
from rooms import captions
from rooms.models import AvatarSession, CaptionLine, CaptionWorker, Participant, Room
from rooms.reconcile import _settle
from rooms.tokens import AGENT_SUBJECT, sign_seat
from tests.conftest import Api

pytestmark = pytest.mark.django_db(transaction=True)
START = 1_800_000_000.0
Beat = Callable[..., list[str]]


@pytest.fixture
def beat(nobody_api: Api) -> Beat:
    """A captions process says that it lives; the rooms it is to be in."""

    def send(worker: str = "one", **body: Any) -> list[str]:
        claims = {"iss": settings.LIVEKIT_API_KEY, "sub": AGENT_SUBJECT, "exp": int(time.time()) + 60}
        token = jwt.encode(claims, settings.LIVEKIT_API_SECRET, algorithm="HS256")
        answer = nobody_api.call(
            "POST",
            "/agent/captions",
            {"worker": worker, "model": "pocketsphinx", "languages": ["en"], "note": "It is rough.", **body},
            Authorization=f"Bearer {token}",
        )
        assert answer.status_code == 200, answer.content
        return [one["slug"] for one in answer.json()["rooms"]]

    return send


@pytest.fixture
def gus(room: Room) -> Participant:
    return Participant.objects.create(room=room, name="Gus", state="present")


def line(room: Room, text: str, at: float = 0.0, **more: Any) -> dict[str, Any]:
    segment = more.pop("segment", f"SG_{text[:20]}")
    times = {"start": START + at, "end": START + at + 2.0}
    return {"room": room.slug, "segment": segment, "text": text, "identity": "x", "name": "", **times, **more}


def told(api: Api, room: Room) -> dict[str, Any]:
    return dict(api.call("GET", f"/rooms/{room.slug}").json()["captions"])


def switch(api: Api, room: Room, *, on: bool) -> Any:
    return api.call("PATCH", f"/rooms/{room.slug}", {"captions": on})


def test_a_host_switches_and_everybody_is_told_how_it_stands(
    alice_api: Api, bob_api: Api, bob: User, room: Room, beat: Beat
) -> None:
    seat = Participant.objects.create(room=room, user=bob, name="Bob", role="guest")
    assert told(alice_api, room)["state"] == "off"
    assert switch(bob_api, room, on=True).status_code == 403
    assert switch(alice_api, room, on=True).json()["captions"]["wanted"] is True
    assert "run_captions" in told(bob_api, room)["message"], "what to do where nothing hears"
    assert told(bob_api, room)["state"] == "unavailable"
    assert beat() == [], "nobody is there to be heard"
    assert told(bob_api, room)["state"] == "waiting"
    Participant.objects.filter(pk=seat.pk).update(state="present", role="host")
    assert told(bob_api, room)["state"] == "starting"
    assert beat() == [room.slug]
    assert beat(rooms=[room.slug]) == [room.slug]
    now = told(bob_api, room)
    assert (now["state"], now["message"], now["model"]) == ("on", "It is rough.", "pocketsphinx")
    assert switch(bob_api, room, on=False).json()["captions"]["state"] == "off"
    assert beat(rooms=[room.slug]) == [], "and it leaves"


def test_a_process_that_falls_silent_loses_its_rooms_to_another(
    alice_api: Api, room: Room, gus: Participant, beat: Beat
) -> None:
    switch(alice_api, room, on=True)
    assert beat("one") == [room.slug]
    assert beat("two") == [], "one is enough"
    CaptionWorker.objects.filter(name="one").update(seen_at=timezone.now() - timedelta(seconds=60))
    captions.look_after(Room.objects.get(pk=room.pk))
    assert told(alice_api, room)["state"] == "starting"
    assert beat("two") == [room.slug]
    assert beat("one") == [], "one that comes back does not take it again"
    assert beat("two", leaving=True) == []
    assert beat("one") == [room.slug], "who leaves in peace hands on at once"


def test_rooms_are_shared_among_the_processes(alice: User, beat: Beat) -> None:
    beat("one")
    beat("two")
    for number in range(4):
        room = Room.objects.create(owner=alice, name=f"Room {number}", captions=True)
        Participant.objects.create(room=room, name="Gus", state="present")
    for _ in range(3):
        shares = [len(beat("one")), len(beat("two"))]
    assert shares == [2, 2]


def test_what_was_said_is_kept_with_names_once(
    alice_api: Api, room: Room, gus: Participant, beat: Beat
) -> None:
    maya = AvatarSession.objects.create(room=room, name="Maya", kind="house")
    lines = [
        line(room, "Good  morning", identity=gus.identity, name="somebody else"),
        line(room, "Hello Gus.", 3.0, identity=maya.identity),
        line(room, "From far away", 5.0, identity="agent-x", name="Voice agent"),
        line(room, "   ", 7.0),
    ]
    assert alice_api.call("GET", f"/rooms/{room.slug}").json()["has_transcript"] is False
    beat(lines=lines)
    beat(lines=[{**lines[0], "text": "another text"}, line(Room(slug="no-such-room"), "lost")])
    answer = alice_api.call("GET", f"/rooms/{room.slug}/captions").json()
    assert [(one["name"], one["text"]) for one in answer["items"]] == [
        ("Voice agent", "From far away"),
        ("Maya", "Hello Gus."),
        ("Gus", "Good morning"),
    ], "and what is final never changes"
    assert answer["next_cursor"] is None
    assert alice_api.call("GET", "/rooms").json()["items"][0]["has_transcript"] is True
    first = alice_api.call("GET", f"/rooms/{room.slug}/captions?limit=2").json()
    rest = alice_api.call("GET", f"/rooms/{room.slug}/captions?limit=2&cursor={first['next_cursor']}").json()
    assert [one["text"] for one in rest["items"]] == ["Good morning"]


def test_the_files_of_a_transcript(alice_api: Api, room: Room, gus: Participant, beat: Beat) -> None:
    beat(
        lines=[
            line(room, "Is 1 < 2 & 3 > 2?", identity=gus.identity),
            line(room, "It is --> so", 62.5, identity=gus.identity),
        ]
    )
    vtt = alice_api.call("GET", f"/rooms/{room.slug}/captions.vtt")
    assert vtt.headers["Content-Type"] == "text/vtt; charset=utf-8"
    assert f'filename="captions-{room.slug}.vtt"' in vtt.headers["Content-Disposition"]
    said = vtt.content.decode()
    assert said.startswith("WEBVTT\n\nNOTE 00:00 is 2027-01-15 08:00:00 UTC\n\n")
    assert "00:00:00.000 --> 00:00:02.000\n<v Gus>Is 1 &lt; 2 &amp; 3 &gt; 2?\n" in said
    assert "00:01:02.500 --> 00:01:04.500\n<v Gus>It is --&gt; so\n" in said
    text = alice_api.call("GET", f"/rooms/{room.slug}/captions.txt").content.decode()
    assert text.splitlines()[0] == "[2027-01-15 08:00:00] Gus: Is 1 < 2 & 3 > 2?"


def test_an_empty_transcript_is_a_file_all_the_same(alice_api: Api, room: Room) -> None:
    assert alice_api.call("GET", f"/rooms/{room.slug}/captions.vtt").content == b"WEBVTT\n"
    assert alice_api.call("GET", f"/rooms/{room.slug}/captions.txt").content == b""


@pytest.mark.parametrize("path", ["captions", "captions.vtt", "captions.txt"])
def test_who_may_read_what_was_said(
    path: str,
    alice_api: Api,
    bob_api: Api,
    charlie_api: Api,
    nobody_api: Api,
    bob: User,
    room: Room,
    gus: Participant,
    beat: Beat,
) -> None:
    beat(lines=[line(room, "Between us")])
    bobs = Participant.objects.create(room=room, user=bob, name="Bob", state="waiting")
    address = f"/rooms/{room.slug}/{path}"
    assert alice_api.call("GET", address).status_code == 200
    assert bob_api.call("GET", address).status_code == 403, "who waits has not been let in"
    Participant.objects.filter(pk=bobs.pk).update(state="left")
    assert b"Between us" in bob_api.call("GET", address).content
    Participant.objects.filter(pk=bobs.pk).update(state="removed")
    assert bob_api.call("GET", address).status_code == 404
    assert charlie_api.call("GET", address).status_code == 404
    assert nobody_api.call("GET", address).status_code == 401
    by_link = {"X-Room-Seat": sign_seat(gus)}
    assert b"Between us" in nobody_api.call("GET", address, **by_link).content


def test_it_is_forgotten_by_a_host_and_with_the_room(
    alice_api: Api, bob_api: Api, bob: User, room: Room, beat: Beat
) -> None:
    Participant.objects.create(room=room, user=bob, name="Bob", state="present")
    beat(lines=[line(room, "Between us")])
    assert bob_api.call("DELETE", f"/rooms/{room.slug}/captions").status_code == 403
    assert alice_api.call("DELETE", f"/rooms/{room.slug}/captions").status_code == 204
    assert not CaptionLine.objects.exists()
    beat(lines=[line(room, "And again")])
    room.delete()
    assert not CaptionLine.objects.exists()


def test_only_a_process_of_ours_may_tell_what_was_said(nobody_api: Api, room: Room) -> None:
    body = {"worker": "one", "model": "x", "lines": [line(room, "A lie")]}
    assert nobody_api.call("POST", "/agent/captions", body).status_code == 401
    forged = jwt.encode(
        {"iss": settings.LIVEKIT_API_KEY, "sub": AGENT_SUBJECT, "exp": int(time.time()) + 60}, "x" * 40
    )
    answer = nobody_api.call("POST", "/agent/captions", body, Authorization=f"Bearer {forged}")
    assert answer.status_code == 401 and not CaptionLine.objects.exists()


def test_a_look_at_the_room_notices_a_process_that_is_gone(alice_api: Api, room: Room, beat: Beat) -> None:
    Participant.objects.create(room=room, name="Gus", state="present")
    switch(alice_api, room, on=True)
    assert beat() == [room.slug]
    CaptionWorker.objects.update(seen_at=timezone.now() - timedelta(seconds=60))
    _settle(Room.objects.get(pk=room.pk), None)
    assert Room.objects.get(pk=room.pk).captioner == ""


def test_no_words_in_the_log(
    room: Room, gus: Participant, beat: Beat, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        beat(lines=[line(room, "Swordfish", identity=gus.identity)])
    assert CaptionLine.objects.get().text == "Swordfish"
    assert "Swordfish" not in caplog.text
