"""The control plane on the real server: orders given out, queued, taken over, given up, ended.

The agent here is the test: it takes orders out of LiveKit's list, joins with a real client, and reports as
the real one does.
"""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.utils import timezone
from livekit import rtc

from avsite.accounts.models import User
from rooms import control, tokens
from rooms.agent.order import SessionOrder
from rooms.models import AgentWorker, AvatarSession, Participant, Room, RoomEvent
from rooms.reconcile import reconcile
from rooms.reports import note_heartbeat
from tests.conftest import Api
from tests.rooms.conftest import KEY, SECRET, Crowd, enter, until
from tests.rooms.scripted import Agent, requests_in

pytestmark = pytest.mark.usefixtures("sfu_site")


@pytest.fixture
def agent(crowd: Crowd, nobody_api: Api, room: Room) -> Agent:
    one = Agent(crowd, nobody_api, room)
    one.beat()
    return one


@pytest.fixture
def joined(room: Room, alice_api: Api, crowd: Crowd) -> rtc.Room:
    """Alice is in her room."""
    made = enter(alice_api, room)
    return crowd.join(made["url"], made["token"])


def wish(host: Api, room: Room, **more: Any) -> AvatarSession:
    answer = host.call("POST", f"/rooms/{room.slug}/avatars", {"avatar": "house:maya", **more})
    assert answer.status_code == 201, answer.content
    return AvatarSession.objects.get(uid=answer.json()["id"])


def later(session: AvatarSession, **times: float) -> None:
    """As if these had been so many seconds ago."""
    now = timezone.now()
    ago = {name: now - timedelta(seconds=seconds) for name, seconds in times.items()}
    AvatarSession.objects.filter(pk=session.pk).update(**ago)


def look(room: Room, session: AvatarSession) -> AvatarSession:
    reconcile([Room.objects.get(pk=room.pk)])
    session.refresh_from_db()
    return session


@pytest.fixture
def live(joined: rtc.Room, room: Room, alice_api: Api, agent: Agent, sfu_site: Any) -> AvatarSession:
    """Maya is in the room."""
    session = wish(alice_api, room)
    assert look(room, session).state == "starting"
    order = agent.take()
    assert order.session == str(session.uid)
    agent.join(sfu_site.url)
    assert agent.report("ready") == 204
    assert look(room, session).state == "live"
    return session


def test_an_order_says_what_is_wanted(live: AvatarSession, agent: Agent, room: Room) -> None:
    order = agent.order
    assert order is not None
    assert (order.room, order.avatar.kind, order.avatar.look, order.run) == (room.slug, "house", "maya", 1)
    assert order.voice is not None and order.voice.name == "en-us"
    assert order.chat
    assert SessionOrder.from_json(order.to_json()) == order


def test_it_says_what_it_is_told(live: AvatarSession, agent: Agent, room: Room, alice_api: Api) -> None:
    answer = alice_api.call("POST", f"/rooms/{room.slug}/say", {"text": "Hello there.", "voice_rate": 1.2})
    assert answer.status_code == 202
    command_id = answer.json()["id"]
    heard = until(lambda: agent.commands and agent.commands[-1])
    voice = {"name": "en-us", "language": "en-US", "speed": 1.2}
    assert heard == {"id": command_id, "type": "say", "text": "Hello there.", "voice": voice}
    for said, activity in (("speaking", "speaking"), ("finished", "idle")):
        assert agent.report(said, command=command_id) == 204
        live.refresh_from_db()
        assert (live.activity, live.utterance) == (activity, {"id": command_id, "state": said, "message": ""})
    assert alice_api.call("POST", f"/rooms/{room.slug}/interrupt", {}).status_code == 202
    assert until(lambda: agent.commands[-1]["type"] == "interrupt")


def test_a_person_cannot_command_it(
    live: AvatarSession, agent: Agent, joined: rtc.Room, crowd: Crowd, room: Room, alice_api: Api
) -> None:
    """What a browser sends on the topic says whom it is from, so that agents ignore it."""
    forged = json.dumps({"type": "say", "text": "x"}).encode()
    crowd.run(joined.local_participant.publish_data(forged, topic="avsite.command"))
    assert until(lambda: agent.from_people) == [joined.local_participant.identity]
    assert not agent.commands


def test_changes_in_mid_call(
    live: AvatarSession, agent: Agent, room: Room, alice_api: Api, joined: rtc.Room
) -> None:
    address = f"/rooms/{room.slug}/avatars/{live.uid}"
    alice_api.call("PATCH", address, {"expression": "happy", "expression_amount": 0.9})
    answer = alice_api.call("PATCH", address, {"listen_to": "me"}).json()
    me = joined.local_participant.identity
    assert (answer["expression"], answer["listen_to"]) == ("happy", me)
    until(lambda: len(agent.commands) == 2)
    by_kind = {command["type"]: command for command in agent.commands}
    assert by_kind["expression"]["amount"] == 0.9
    assert by_kind["listen"]["identity"] == me
    assert alice_api.call("PATCH", address, {"listen_to": None}).json()["listen_to"] is None
    until(lambda: agent.commands[-1].get("identity", "") is None)
    assert alice_api.call("PATCH", address, {"listen_to": "p-stranger"}).status_code == 404
    new = alice_api.call("PATCH", address, {"avatar": "wave"}).json()
    assert (new["state"], new["avatar"]["kind"]) == ("waiting", "wave")
    assert new["id"] != str(live.uid)
    until(lambda: agent.commands[-1]["type"] == "stop")
    live.refresh_from_db()
    assert (live.state, live.message) == ("ended", "Another avatar took its place.")


def test_one_avatar_at_a_time(live: AvatarSession, room: Room, alice_api: Api) -> None:
    second = alice_api.call("POST", f"/rooms/{room.slug}/avatars", {"avatar": "hue"})
    assert second.status_code == 409
    voice_agent = {"avatar": "house:maya", "protocol": {"agent_identity": "agent-7"}}
    assert alice_api.call("POST", f"/rooms/{room.slug}/avatars", voice_agent).status_code == 201


def test_at_capacity_it_waits_with_a_reason_and_is_then_served(
    joined: rtc.Room, room: Room, alice_api: Api, agent: Agent
) -> None:
    agent.beat(2, 2)
    session = wish(alice_api, room)
    assert look(room, session).state == "waiting"
    assert session.message == control.BUSY
    said = alice_api.call("POST", f"/rooms/{room.slug}/say", {"text": "Hello."})
    assert said.status_code == 409
    assert "busy" in said.json()["error"]["message"]
    agent.beat(2, 1)
    later(session, retry_at=0)
    assert look(room, session).state == "starting"
    agent.take()
    assert agent.report("refused", message="The machine is too slow for another one.") == 204
    session.refresh_from_db()
    assert (session.state, session.message) == ("waiting", "The machine is too slow for another one.")
    assert session.attempts == 0


def test_an_agent_that_comes_serves_at_once_who_waits(
    joined: rtc.Room, room: Room, alice_api: Api, agent: Agent, nobody_api: Api
) -> None:
    def beat(**more: Any) -> None:
        claims = {"iss": KEY, "sub": "avsite-agent", "exp": int(time.time()) + 60}
        token = jwt.encode(claims, SECRET, algorithm="HS256")
        body = {"worker": "agent-2", "places": 2, "busy": 0, **more}
        answer = nobody_api.call("POST", "/agent/heartbeat", body, Authorization=f"Bearer {token}")
        assert answer.status_code == 204

    AgentWorker.objects.update(seen_at=timezone.now() - timedelta(seconds=7))
    session = wish(alice_api, room)
    beat(connected=False)
    assert look(room, session).message == control.NO_AGENT, "it has started, but not yet reached LiveKit"
    waits_until = session.retry_at
    beat(busy=2)
    session.refresh_from_db()
    assert session.retry_at == waits_until is not None
    AgentWorker.objects.filter(name="agent-2").delete()
    beat()
    assert look(room, session).state == "starting", "without waiting for its next try"


def test_without_an_agent_it_says_so(joined: rtc.Room, room: Room, alice_api: Api) -> None:
    session = wish(alice_api, room)
    assert look(room, session).state == "starting"  # there may be one that sends no heartbeat
    later(session, dispatched_at=5)
    assert look(room, session).state == "waiting"
    assert session.message == control.NO_AGENT
    assert not requests_in(room), "the request is withdrawn"
    later(session, waiting_since=601, retry_at=0)
    assert look(room, session).state == "failed"
    assert "10 minutes" in session.message
    assert RoomEvent.objects.filter(room=room, kind="avatar_failed").exists()


def test_another_agent_takes_over_from_a_dead_one(
    live: AvatarSession, room: Room, agent: Agent, alice_api: Api, sfu_site: Any
) -> None:
    old = agent.order
    agent.die()
    later(live, seen_at=7)
    agent.beat()
    assert look(room, live).state == "starting"
    assert live.run == 2
    new = agent.take()
    assert old is not None and new.session == old.session and new.identity == old.identity
    agent.join(sfu_site.url)
    assert agent.report("ready") == 204
    assert look(room, live).state == "live"
    agent.order = old
    assert agent.report("stats", fps=25.0) == 410, "the dead one comes to life and is told to go"
    told = alice_api.call("GET", f"/rooms/{room.slug}/events").json()["items"]
    assert [one["message"] for one in told] == [control.TAKEN_OVER]


def test_an_agent_that_is_alive_keeps_its_session(live: AvatarSession, room: Room, agent: Agent) -> None:
    later(live, seen_at=5)
    agent.beat(3, 1, str(live.uid))
    later(live, dispatched_at=600)
    assert look(room, live).state == "live"
    assert live.run == 1
    assert (timezone.now() - live.seen_at).total_seconds() < 3


def test_an_agent_that_fell_out_of_livekit_is_replaced(live: AvatarSession, room: Room, agent: Agent) -> None:
    agent.die()
    agent.beat(3, 1, str(live.uid))
    assert look(room, live).state == "live", "it may be coming back"
    later(live, absent_since=5)
    assert look(room, live).state == "starting"


def test_a_draining_agent_counts_as_no_failure(live: AvatarSession, room: Room, agent: Agent) -> None:
    assert agent.report("ended", reason="draining") == 204
    live.refresh_from_db()
    assert (live.state, live.attempts) == ("waiting", 0)
    assert look(room, live).state == "starting"


def test_too_many_deaths_and_it_is_given_up(live: AvatarSession, room: Room, agent: Agent) -> None:
    for _ in range(5):
        AvatarSession.objects.filter(pk=live.pk).update(state="live")
        live.refresh_from_db()
        later(live, seen_at=20)
        look(room, live)
    assert live.state == "failed"
    assert "given up" in live.message


def test_an_agent_that_cannot_is_believed_the_second_time(
    live: AvatarSession, room: Room, agent: Agent
) -> None:
    agent.report("error", message="The photo cannot be read.", fatal=True)
    live.refresh_from_db()
    assert (live.state, live.message) == ("waiting", "The photo cannot be read.")
    later(live, retry_at=0)
    assert look(room, live).state == "starting"
    agent.take()
    agent.report("error", message="The photo cannot be read.", fatal=True)
    live.refresh_from_db()
    assert (live.state, live.message) == ("failed", "The photo cannot be read.")
    assert agent.report("stats") == 410


def test_it_rests_when_the_last_person_leaves_and_returns_with_them(
    live: AvatarSession,
    room: Room,
    agent: Agent,
    joined: rtc.Room,
    crowd: Crowd,
    alice_api: Api,
    sfu_site: Any,
) -> None:
    crowd.leave(joined)
    sfu_site.wait_for(room.slug, "participant_left")
    Room.objects.filter(pk=room.pk).update(awake_until=None)
    assert look(room, live).state == "live", "they may only be reloading the page"
    later(live, empty_since=21)
    assert look(room, live).state == "waiting"
    assert live.message == control.NOBODY_HERE
    until(lambda: agent.commands and agent.commands[-1]["type"] == "stop")
    agent.die()
    assert look(room, live).state == "waiting"
    made = enter(alice_api, room)
    assert look(room, live).state == "starting", "it gets ready while she is on her way"
    crowd.join(made["url"], made["token"])
    agent.take()
    agent.join(sfu_site.url)
    agent.report("ready")
    assert look(room, live).state == "live"


def test_an_agent_that_ends_in_a_deserted_room_is_not_replaced(
    live: AvatarSession, room: Room, agent: Agent, joined: rtc.Room, crowd: Crowd, sfu_site: Any
) -> None:
    crowd.leave(joined)
    sfu_site.wait_for(room.slug, "participant_left")
    Room.objects.filter(pk=room.pk).update(awake_until=None)
    look(room, live)
    assert agent.report("ended", reason="disconnected") == 204
    live.refresh_from_db()
    assert (live.state, live.message, live.attempts) == ("waiting", control.NOBODY_HERE, 0)
    assert not room.events.filter(kind="avatar_lost").exists()


def test_stopped_it_leaves_and_stays_away(
    live: AvatarSession, room: Room, agent: Agent, alice_api: Api
) -> None:
    address = f"/rooms/{room.slug}/avatars/{live.uid}"
    assert [alice_api.call("DELETE", address).status_code for _ in range(2)] == [204, 204]
    until(lambda: agent.commands and agent.commands[-1]["type"] == "stop")
    assert agent.report("ended", reason="stopped") == 410
    assert look(room, live).state == "ended"
    later(live, ended_at=4)
    look(room, live)  # its agent did not hear, and is put out
    place = agent.place
    assert place is not None
    until(lambda: not place.isconnected())
    assert alice_api.call("GET", f"/rooms/{room.slug}/avatars").json()["items"] == []
    assert len(alice_api.call("GET", f"/rooms/{room.slug}/avatars?ended=1").json()["items"]) == 1


def test_closing_the_room_ends_it(live: AvatarSession, room: Room, alice_api: Api, joined: rtc.Room) -> None:
    assert alice_api.call("DELETE", f"/rooms/{room.slug}").status_code == 204
    live.refresh_from_db()
    assert (live.state, live.message) == ("ended", control.CLOSED)
    until(lambda: not joined.isconnected())
    assert set(Participant.objects.values_list("state", flat=True)) == {"left"}


def test_what_it_measures_is_kept(live: AvatarSession, agent: Agent, room: Room, alice_api: Api) -> None:
    offsets = {"mean": 3.14159, "p1": -20, "p99": 31, "more": 7}
    assert agent.report("stats", fps=25.01, frames_late=2, av_offset_ms=offsets, cpu=0.2, text="x") == 204
    shown = alice_api.call("GET", f"/rooms/{room.slug}/avatars").json()["items"][0]["stats"]
    assert shown == {
        "fps": 25.01,
        "frames_late": 2.0,
        "av_offset_ms": {"mean": 3.14, "p1": -20.0, "p99": 31.0},
        "cpu": 0.2,
        "first_sound_ms": None,
    }


def test_a_session_token_is_for_one_session(
    live: AvatarSession, agent: Agent, room: Room, alice: User, nobody_api: Api
) -> None:
    other = AvatarSession.objects.create(room=room, name="x", kind="hue", state="live", run=1)
    assert agent.order is not None
    path = f"/agent/sessions/{other.uid}/events"
    mine = f"Bearer {agent.order.token}"
    assert nobody_api.call("POST", path, {"type": "ready"}, Authorization=mine).status_code == 404
    assert nobody_api.call("POST", path, {"type": "ready"}).status_code == 401
    invite = f"Bearer {tokens.sign_seat(Participant.objects.first())}"
    assert nobody_api.call("POST", path, {"type": "ready"}, Authorization=invite).status_code == 401


def test_livekit_away_changes_nothing(live: AvatarSession, room: Room, settings: Any, alice_api: Api) -> None:
    here = settings.LIVEKIT_URL
    settings.LIVEKIT_URL = "ws://127.0.0.1:9"
    assert look(room, live).state == "live"
    assert Participant.objects.get().state == "present"
    answer = alice_api.call("POST", f"/rooms/{room.slug}/say", {"text": "Hello."})
    assert answer.status_code == 503
    settings.LIVEKIT_URL = here
    assert look(room, live).state == "live"


def test_heartbeats_say_how_many_places_there_are(agent: Agent, alice_api: Api) -> None:
    assert control.free_places() == 3
    note_heartbeat("agent-2", 2, 1, 0.5, False, ())
    note_heartbeat("agent-3", 4, 0, 0.0, True, ())  # draining: takes nobody on
    assert control.free_places() == 4
    shown = alice_api.call("GET", "/rooms/status").json()
    assert shown["agent"] == {"alive": True, "places": 5, "free": 4}
    AgentWorker.objects.update(seen_at=timezone.now() - timedelta(seconds=7))
    assert control.free_places() is None
