"""Calls of the LiveKit server's API from code that waits for the answer.

    people = sfu.call(lambda livekit: sfu.list_people(livekit, slug))

Exception
|-- LiveKitAway     it does not answer; worth trying again later
`-- LiveKitRefused  it answered no; ``code`` says why, such as "not_found"
"""

from __future__ import annotations

import asyncio
import logging
import urllib.request
from collections.abc import Awaitable, Callable
from typing import TypeVar

from django.conf import settings

from rooms import address, tokens
from rooms.sdk import api

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Operation = Callable[["api.LiveKitAPI"], Awaitable[Answer]]

TRIES = 3
ANSWER_SECONDS = 2.0
RETRY_SECONDS = 0.15
AGENT_NAME = "avsite-avatar"
EMPTY_SECONDS = 120
"""How long LiveKit keeps a room that nobody has joined yet."""
DEPARTURE_SECONDS = 120
"""The same once everybody has left: longer than the site keeps an avatar waiting for them, so that it, not
LiveKit, lets the avatar go."""
COMMAND_TOPIC = "avsite.command"


class LiveKitAway(Exception):  # noqa: N818 -- it is a state of affairs
    """LiveKit does not answer."""


class LiveKitRefused(Exception):  # noqa: N818
    """LiveKit said no, for the reason in ``code``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def call(operation: Operation[Answer], *, tries: int = TRIES) -> Answer:
    """What ``operation`` gives, tried again when LiveKit does not answer; every operation here may be.

    Has an event loop of its own, so it is for threads without one. Raises LiveKitAway and LiveKitRefused.
    """
    return asyncio.run(_call(operation, tries))


async def _call(operation: Operation[Answer], tries: int) -> Answer:
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with api.LiveKitAPI(
        settings.LIVEKIT_URL,
        settings.LIVEKIT_API_KEY,
        settings.LIVEKIT_API_SECRET,
        timeout=timeout,
        failover=False,
    ) as livekit:
        for attempt in range(1, tries + 1):
            try:
                return await operation(livekit)
            except api.ServerError as error:
                if error.status < 500 or error.code in {"not_found", "unimplemented"}:
                    raise LiveKitRefused(error.code, error.message) from None
                reason = error.code
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                reason = type(error).__name__
            if attempt < tries:
                await asyncio.sleep(RETRY_SECONDS * attempt)
    raise LiveKitAway(f"LiveKit does not answer ({reason}).")


def is_up() -> bool:
    """Whether the server answers at all."""
    try:
        with urllib.request.urlopen(address.http_url(), timeout=1.0) as answer:  # noqa: S310 -- our own setting
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


async def open_room(
    livekit: api.LiveKitAPI, slug: str, max_people: int, *, empty_seconds: int = EMPTY_SECONDS
) -> None:
    """Make the room, or find it made. Avatars and voice agents take places too."""
    await livekit.room.create_room(
        api.CreateRoomRequest(
            name=slug,
            empty_timeout=empty_seconds,
            departure_timeout=min(empty_seconds, DEPARTURE_SECONDS),
            max_participants=max_people + 10,
            sync_streams=True,
        )
    )


async def close_room(livekit: api.LiveKitAPI, slug: str) -> None:
    """Everyone out. A room that is not there is closed already."""
    try:
        await livekit.room.delete_room(api.DeleteRoomRequest(room=slug))
    except api.ServerError as error:
        if error.code != "not_found":
            raise


async def list_people(livekit: api.LiveKitAPI, slug: str) -> list[api.ParticipantInfo] | None:
    """Who is in the room; None when LiveKit has no such room just now."""
    try:
        answer = await livekit.room.list_participants(api.ListParticipantsRequest(room=slug))
    except api.ServerError as error:
        if error.code != "not_found":
            raise
        return None
    return list(answer.participants)


async def list_rooms(livekit: api.LiveKitAPI, slugs: list[str]) -> set[str]:
    answer = await livekit.room.list_rooms(api.ListRoomsRequest(names=slugs))
    return {room.name for room in answer.rooms}


async def look_into(livekit: api.LiveKitAPI, slugs: list[str]) -> dict[str, list[api.ParticipantInfo] | None]:
    """Who is in each of these rooms, None for those that LiveKit does not have."""
    there = await list_rooms(livekit, slugs)
    people = await asyncio.gather(*(list_people(livekit, slug) for slug in slugs if slug in there))
    return dict.fromkeys(slugs) | dict(zip([slug for slug in slugs if slug in there], people, strict=True))


async def remove(livekit: api.LiveKitAPI, slug: str, identity: str) -> None:
    """Out with ``identity``; nobody there is as good."""
    try:
        await livekit.room.remove_participant(api.RoomParticipantIdentity(room=slug, identity=identity))
    except api.ServerError as error:
        if error.code != "not_found":
            raise


async def mute(livekit: api.LiveKitAPI, slug: str, identity: str, source: str) -> int:
    """Mute what the person publishes from ``source`` (see ``rooms.tokens``); how many tracks that was."""
    wanted = api.TrackSource.Value(source.upper())
    info = await livekit.room.get_participant(api.RoomParticipantIdentity(room=slug, identity=identity))
    tracks = [track for track in info.tracks if track.source == wanted and not track.muted]
    for track in tracks:
        await livekit.room.mute_published_track(
            api.MuteRoomTrackRequest(room=slug, identity=identity, track_sid=track.sid, muted=True)
        )
    return len(tracks)


async def give_role(livekit: api.LiveKitAPI, slug: str, identity: str, role: str) -> None:
    """Change what somebody in the room may publish, at once."""
    allowed = tokens.can_publish(role)
    await livekit.room.update_participant(
        api.UpdateParticipantRequest(
            room=slug,
            identity=identity,
            attributes={"avsite.role": role},
            permission=api.ParticipantPermission(
                can_subscribe=True,
                can_publish=allowed,
                can_publish_data=allowed,
                can_publish_sources=[name.upper() for name in tokens.SOURCES[role]],
                can_update_metadata=False,
            ),
        )
    )


async def send_command(livekit: api.LiveKitAPI, slug: str, identity: str, body: bytes) -> None:
    """One command to the agent called ``identity``, and to nobody else."""
    await livekit.room.send_data(
        api.SendDataRequest(
            room=slug,
            data=body,
            kind=api.DataPacket.Kind.RELIABLE,
            destination_identities=[identity],
            topic=COMMAND_TOPIC,
        )
    )


async def dispatch(livekit: api.LiveKitAPI, slug: str, metadata: str) -> str:
    """Ask for an agent in the room; the id of the request."""
    request = api.CreateAgentDispatchRequest(agent_name=AGENT_NAME, room=slug, metadata=metadata)
    return str((await livekit.agent_dispatch.create_dispatch(request)).id)


async def withdraw(livekit: api.LiveKitAPI, slug: str, dispatch_id: str) -> None:
    """No agent is wanted any longer; one that has come stays until it is told to go."""
    if not dispatch_id:
        return
    try:
        await livekit.agent_dispatch.delete_dispatch(dispatch_id, slug)
    except api.ServerError as error:
        if error.code != "not_found":
            raise
