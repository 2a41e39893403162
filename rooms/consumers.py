"""A room over WebSocket: a snapshot first, then what changed."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from django.utils import timezone

from avsite.accounts.models import User
from avsite.live import STRANGER, UNSIGNED, LiveConsumer
from rooms import tokens
from rooms.access import Visit, visit_of
from rooms.bell import room_group
from rooms.describe import describe_event, describe_room, describe_session, visible_people
from rooms.models import Participant, Room, RoomEvent

SEEN_SECONDS = 10
EVENTS_AT_ONCE = 20

Item = dict[str, Any]
Parts = dict[str, Any]


class RoomConsumer(LiveConsumer):
    """One page of one person in one room: ``/ws/rooms/<slug>/``."""

    async def connect(self) -> None:
        # Accepted even when refused: browsers only see a close code after the handshake.
        await self.accept()
        self.known: Parts | None = None
        self.last_event = 0
        self.user, self.identity = self._who()
        if self.user is None and self.identity is None:
            await self.close(UNSIGNED)
            return
        state = await self.read()
        if state is None:
            await self.close(STRANGER)
            return
        await self.follow(room_group(state["room_id"]))

    async def show_first(self) -> None:
        await self.look()

    async def look(self) -> None:
        await self.show(await self.read())

    async def room_changed(self, message: Item) -> None:
        """The channel layer rang for the room."""
        async with self.turn:
            await self.look()

    async def show(self, now: Parts | None) -> None:
        """Send what the page does not know yet; everything when its person's role has changed."""
        if now is None:
            await self.say_goodbye()
            return
        before, self.known = self.known, now
        if before is None or before["room"]["role"] != now["room"]["role"]:
            shown = {name: list(now[name].values()) for name in ("participants", "avatars")}
            await self.send_json({"type": "snapshot", "room": now["room"], **shown})
        else:
            await self._show_changes(before, now)
        self.last_event = max([self.last_event, *(number for number, _ in now["events"])])

    async def say_goodbye(self) -> None:
        """Turned away or put out: the page is told as what, and hears nothing more."""
        mine = [one for one in (self.known or {}).get("participants", {}).values() if one["is_me"]]
        for person in mine:
            row = await Participant.objects.filter(identity=person["identity"]).afirst()
            if row is not None:
                told = {**person, "state": row.state}
                await self.send_json({"type": "participant", "participant": told})
        await self.close(STRANGER)

    async def _show_changes(self, before: Parts, now: Parts) -> None:
        for identity, person in now["participants"].items():
            if before["participants"].get(identity) != person:
                await self.send_json({"type": "participant", "participant": person})
        for identity in before["participants"].keys() - now["participants"].keys():
            await self.send_json({"type": "participant_gone", "identity": identity})
        for uid, session in now["avatars"].items():
            if before["avatars"].get(uid) != session:
                await self.send_json({"type": "avatar", "avatar": session})
        for _, event in now["events"]:
            await self.send_json({"type": "event", "event": event})
        changes = {name: value for name, value in now["room"].items() if before["room"][name] != value}
        if changes:
            await self.send_json({"type": "room", "changes": changes})

    def _who(self) -> tuple[User | None, str | None]:
        """The account of the session cookie, or the identity of the seat in the address."""
        user = self.scope.get("user")
        if isinstance(user, User) and user.is_active:
            return user, None
        asked = parse_qs(self.scope.get("query_string", b"").decode("ascii", "replace"))
        return None, tokens.read_seat(asked.get("seat", [""])[0])

    @database_sync_to_async
    def read(self) -> Parts | None:
        """The room as this person may see it; None once they may not."""
        slug = str(self.scope["url_route"]["kwargs"]["slug"])[:24]
        room = Room.objects.filter(slug=slug).first()
        seat = Participant.objects.filter(identity=self.identity).first() if self.identity else None
        found = visit_of(room, self.user, seat) if room is not None else None
        return None if found is None else self._describe(found)

    def _describe(self, found: Visit) -> Parts:
        room, person = found.room, found.person
        if person is not None and person.state == Participant.State.WAITING:
            self._note_patience(person)
        known = list(self.known["avatars"]) if self.known else []
        sessions = room.sessions.select_related("avatar", "face", "job")
        shown = sessions.unfinished() | sessions.filter(uid__in=known)
        people = visible_people(room, found.role, found.identity)
        return {
            "room_id": room.pk,
            "room": describe_room(room, found.role, found.user.pk if found.user else None).model_dump(
                mode="json"
            ),
            "participants": {one.identity: one.model_dump(mode="json") for one in people},
            "avatars": {str(one.uid): describe_session(one).model_dump(mode="json") for one in shown},
            "events": self._new_events(room) if found.is_host else [],
        }

    def _new_events(self, room: Room) -> list[tuple[int, Item]]:
        """Those since the last look, oldest first; the first look only notes where to begin."""
        events = RoomEvent.objects.filter(room=room, webhook_id=None)
        if self.known is None:
            newest = events.values_list("pk", flat=True).first()
            self.last_event = newest or 0
            return []
        fresh = events.filter(pk__gt=self.last_event).order_by("pk")[:EVENTS_AT_ONCE]
        return [(event.pk, describe_event(event).model_dump(mode="json")) for event in fresh]

    def _note_patience(self, person: Participant) -> None:
        """Who waits is still there; said now and then, to spare the database."""
        now = timezone.now()
        if person.seen_at is None or (now - person.seen_at).total_seconds() > SEEN_SECONDS:
            Participant.objects.filter(pk=person.pk, state="waiting").update(seen_at=now)
