"""The control plane: brings what is about an avatar session to what is wanted of it.

LiveKit hands a job to an agent once and forgets it: it neither queues nor retries, nor notices when the agent
dies. So this looks at every session again and again, and does the next thing that brings it closer.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from rooms import sfu
from rooms.bell import ring
from rooms.models import AgentWorker, AvatarSession, Room, RoomEvent
from rooms.orders import write_order
from rooms.sessions import ENDED, FAILED, LIVE, STARTING, WAITING

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 2
WORKER_SECONDS = 6
"""An agent process that was silent for this long is gone; it says so every other second."""
LOST_SECONDS = 6
LOST_WITHOUT_HEARTBEAT_SECONDS = 12
ABSENT_SECONDS = 4
"""Missing from LiveKit's room for longer than it takes to reconnect."""
TAKE_SECONDS = 4
"""An order that no agent has taken by then will not be, when none is known to be there."""
TAKE_SLOWLY_SECONDS = 12
"""The same when one is there, which says no by itself if it must."""
READY_SECONDS = 25
REST_SECONDS = 20
"""An avatar stays for this long after the last person, who may only be reloading the page."""
AWAKE_SECONDS = 60
STEADY_SECONDS = 60
RETRY_SECONDS = 2

BUSY = "Every avatar agent is busy; it joins as soon as one is free."
NO_AGENT = "No avatar agent is running; it joins as soon as one is (manage.py run_agent)."
NOBODY_HERE = "It joins when someone is in the room."
LIVEKIT_AWAY = "The LiveKit server does not answer; it joins as soon as it does."
TAKEN_OVER = "The avatar's agent stopped answering; another one takes over."
TOO_SLOW = "The avatar's agent did not get ready in time; another one takes over."
WAITED_LONG = "No avatar agent was free for {minutes} minutes, so it was given up; add it again later."
CLOSED = "The room was closed."
STOPPED = "It was stopped."


def wake(room: Room) -> None:
    """Somebody is about to be in the room: its avatars get ready."""
    room.awake_until = timezone.now() + timedelta(seconds=AWAKE_SECONDS)
    Room.objects.filter(pk=room.pk).update(awake_until=room.awake_until)


def note(room: Room, kind: str, message: str) -> None:
    """One line for the host."""
    RoomEvent.objects.create(room=room, kind=kind, message=message)
    ring(room.pk)


def free_places(now: datetime | None = None) -> int | None:
    """Avatars that the agents can take on just now; None while no agent has been heard of."""
    since = (now or timezone.now()) - timedelta(seconds=WORKER_SECONDS)
    workers = AgentWorker.objects.filter(seen_at__gt=since, draining=False, places__gt=0)
    if not workers.exists():
        return None
    free = sum(max(0, worker.places - worker.busy) for worker in workers)
    on_their_way = AvatarSession.objects.filter(state=STARTING, seen_at=None).count()
    return max(0, free - on_their_way)


def steer(room: Room, there: Collection[str] | None) -> None:
    """One step for each of the room's sessions. ``there``: identities in LiveKit's room, None without one."""
    now = timezone.now()
    expected = is_expected(room, now)
    for session in room.sessions.unfinished().select_related("room", "avatar", "face", "job"):
        if not room.is_open:
            stop(session, CLOSED)
        elif session.state == WAITING:
            _start_if_due(session, expected, now)
        elif session.state == STARTING:
            _watch_start(session, there or (), now)
        elif session.state == LIVE:
            _watch_live(session, there or (), expected, now)


def is_expected(room: Room, now: datetime) -> bool:
    """Whether an avatar is wanted in it: somebody is there, or about to be."""
    is_awake = room.awake_until is not None and room.awake_until > now
    return is_awake or room.participants.filter(state="present").exists()


def stop(session: AvatarSession, message: str = STOPPED) -> None:
    """The avatar is no longer wanted. Its agent is told, and put out of the room should it not hear."""
    was_running = session.state in (STARTING, LIVE)
    if not AvatarSession.objects.finish(session.pk, ENDED, message):
        return
    ring(session.room_id)
    if was_running:
        _let_go(session, {"type": "stop", "reason": message})


def send(session: AvatarSession, command: dict[str, Any]) -> str:
    """A command to the session's agent; its id. Raises LiveKitAway and LiveKitRefused."""
    command_id = str(uuid.uuid4())
    body = json.dumps({"id": command_id, **command}).encode()
    sfu.call(lambda livekit: sfu.send_command(livekit, session.room.slug, session.identity, body))
    return command_id


def _start_if_due(session: AvatarSession, expected: bool, now: datetime) -> None:
    if not expected:
        _put_off(session, NOBODY_HERE, queued=False)
        return
    if session.retry_at is not None and session.retry_at > now and session.message != NOBODY_HERE:
        return
    if session.waiting_since and (now - session.waiting_since).total_seconds() > settings.AVATAR_WAIT_SECONDS:
        minutes = max(1, settings.AVATAR_WAIT_SECONDS // 60)
        _give_up(session, WAITED_LONG.format(minutes=minutes))
        return
    free = free_places(now)
    if free == 0 or (free is None and AgentWorker.objects.exists()):
        _put_off(session, NO_AGENT if free is None else BUSY)
        return
    started = AvatarSession.objects.start(session.pk)
    if started is not None:
        _dispatch(started)


def _put_off(session: AvatarSession, message: str, *, queued: bool = True) -> None:
    if AvatarSession.objects.put_off(session, message, RETRY_SECONDS, queued=queued):
        ring(session.room_id)


def _dispatch(session: AvatarSession) -> None:
    room = session.room

    async def ask(livekit: Any) -> str:
        await sfu.open_room(livekit, room.slug, room.max_people)
        return await sfu.dispatch(livekit, room.slug, write_order(session))

    try:
        dispatch_id = sfu.call(ask, tries=1)
    except (sfu.LiveKitAway, sfu.LiveKitRefused) as error:
        logger.warning("avatar session %s was not dispatched: %s", session.pk, error)
        AvatarSession.objects.wait(session.pk, session.run, LIVEKIT_AWAY, RETRY_SECONDS)
    else:
        AvatarSession.objects.note_dispatch(session.pk, session.run, dispatch_id)
    ring(room.pk)


def _watch_start(session: AvatarSession, there: Collection[str], now: datetime) -> None:
    waited = (now - (session.dispatched_at or now)).total_seconds()
    is_taken = session.seen_at is not None or session.identity in there
    if is_taken and _is_silent(session, now):
        _lose(session, TAKEN_OVER)
    elif is_taken and waited > READY_SECONDS:
        _lose(session, TOO_SLOW)
    elif not is_taken and waited > (TAKE_SECONDS if free_places(now) is None else TAKE_SLOWLY_SECONDS):
        message = NO_AGENT if free_places(now) is None else BUSY
        if AvatarSession.objects.wait(session.pk, session.run, message, RETRY_SECONDS):
            _let_go(session)
            ring(session.room_id)


def _watch_live(session: AvatarSession, there: Collection[str], expected: bool, now: datetime) -> None:
    def since(start: datetime | None) -> float:
        return (now - start).total_seconds() if start else 0.0

    is_absent = session.identity not in there
    if _is_silent(session, now) or (is_absent and since(session.absent_since) > ABSENT_SECONDS):
        _lose(session, TAKEN_OVER)
        return
    if not expected and since(session.empty_since) > REST_SECONDS:
        if AvatarSession.objects.rest(session.pk, session.run, NOBODY_HERE):
            _let_go(session, {"type": "stop", "reason": NOBODY_HERE})
            ring(session.room_id)
        return
    times: dict[str, datetime | None] = {}
    for name, is_so in (("absent_since", is_absent), ("empty_since", not expected)):
        if is_so != (getattr(session, name) is not None):
            times[name] = now if is_so else None
    if times:
        AvatarSession.objects.note_times(session.pk, session.run, **times)
    if session.attempts and since(session.dispatched_at) > STEADY_SECONDS:
        AvatarSession.objects.steady(session.pk)


def _is_silent(session: AvatarSession, now: datetime) -> bool:
    """Its agent has not been heard of for longer than it should be."""
    if session.seen_at is None:
        return False
    since = now - timedelta(seconds=AWAKE_SECONDS)
    has_heartbeat = AgentWorker.objects.filter(seen_at__gt=since).exists()
    limit = LOST_SECONDS if has_heartbeat else LOST_WITHOUT_HEARTBEAT_SECONDS
    return (now - session.seen_at).total_seconds() > limit


def _lose(session: AvatarSession, message: str) -> None:
    """Its agent is gone: another one takes over at once, unless too many went the same way."""
    if not AvatarSession.objects.wait(session.pk, session.run, message, 0, lost=True):
        return
    _let_go(session)
    session.refresh_from_db(fields=["state", "message", "run", "retry_at", "waiting_since", "attempts"])
    note(session.room, "avatar_lost" if session.state == WAITING else "avatar_failed", session.message)
    if session.state == WAITING:
        _start_if_due(session, expected=True, now=timezone.now())


def _give_up(session: AvatarSession, message: str) -> None:
    if AvatarSession.objects.finish(session.pk, FAILED, message, run=session.run):
        note(session.room, "avatar_failed", message)


def _let_go(session: AvatarSession, command: dict[str, Any] | None = None) -> None:
    """Part from the agent of this run, politely where there is a ``command`` to give it."""
    slug, identity = session.room.slug, session.identity

    async def part(livekit: Any) -> None:
        await sfu.withdraw(livekit, slug, session.dispatch_id)
        if command is not None:
            body = json.dumps({"id": str(uuid.uuid4()), **command}).encode()
            await sfu.send_command(livekit, slug, identity, body)
        else:
            await sfu.remove(livekit, slug, identity)

    try:
        sfu.call(part, tries=1)
    except (sfu.LiveKitAway, sfu.LiveKitRefused) as error:
        logger.info("avatar session %s: its agent could not be told: %s", session.pk, error)
