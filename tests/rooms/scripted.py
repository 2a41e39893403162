"""An avatar's agent that does what a test says, over the real wire."""

from __future__ import annotations

import json
from typing import Any

from livekit import api, rtc

from rooms import sfu
from rooms.agent.order import SessionOrder
from rooms.models import Room
from rooms.reports import note_heartbeat
from tests.conftest import Api
from tests.rooms.conftest import KEY, SECRET, Crowd


def requests_in(room: Room) -> list[Any]:
    """For avatars; LiveKit itself asks for nameless agents in every room."""
    found = sfu.call(lambda livekit: livekit.agent_dispatch.list_dispatch(room.slug))
    return [one for one in found if one.agent_name == sfu.AGENT_NAME]


class Agent:
    """Scripted: does what the test says, over the real wire."""

    def __init__(self, crowd: Crowd, client: Api, room: Room) -> None:
        self.crowd, self.client, self.room = crowd, client, room
        self.commands: list[dict[str, Any]] = []
        self.from_people: list[str] = []
        self.order: SessionOrder | None = None
        self.place: rtc.Room | None = None

    def take(self) -> SessionOrder:
        """The newest order in the room."""
        found = requests_in(self.room)
        assert found, "no agent was asked for"
        self.order = SessionOrder.from_json(found[-1].metadata)
        return self.order

    def join(self, url: str) -> None:
        assert self.order is not None
        token = api.AccessToken(KEY, SECRET).with_identity(self.order.identity).with_kind("agent")
        grants = api.VideoGrants(room_join=True, room=self.room.slug)
        self.place = self.crowd.join(url, token.with_grants(grants).to_jwt())
        self.place.on("data_received", self._hear)

    def _hear(self, packet: rtc.DataPacket) -> None:
        assert packet.topic == "avsite.command"
        if packet.participant is None:
            self.commands.append(json.loads(packet.data))
        else:
            self.from_people.append(packet.participant.identity)

    def report(self, kind: str, **detail: Any) -> int:
        assert self.order is not None and self.order.callback_url is not None
        path = self.order.callback_url.partition("/api/v1")[2] + "/events"
        body = {"type": kind, "run": self.order.run, **detail}
        answer = self.client.call("POST", path, body, Authorization=f"Bearer {self.order.token}")
        return int(answer.status_code)

    def beat(self, places: int = 3, busy: int = 0, *sessions: str) -> None:
        note_heartbeat("agent-1", places, busy, 0.1, False, sessions)

    def die(self) -> None:
        if self.place is not None:
            self.crowd.leave(self.place)
