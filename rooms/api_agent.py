"""What avatar agents call: their heartbeat, what happens in a session, and the files it needs.

An agent process shows a token signed with LiveKit's secret; about one session, the token of its order.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from ninja import Field, Router, Schema, Status
from ninja.security import HttpBearer

from avsite.errors import ApiError, not_found
from avsite.files import serve_file
from lipsync.media_types import content_type
from rooms import captions, orders, reports, tasks, tokens
from rooms.models import AvatarSession, CaptionLine, Room

router = Router()

LATEST = 32_503_680_000.0
"""The year 3000, in seconds since 1970."""


class AgentAuth(HttpBearer):
    """A process that knows LiveKit's secret."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return "agent" if tokens.is_agent(token) else None


class SessionTokenAuth(HttpBearer):
    """The bearer of one session's order."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return tokens.read_session(token)


class HeartbeatIn(Schema):
    worker: str = Field(min_length=1, max_length=120)
    places: Annotated[int, Field(ge=0, le=1000)]
    busy: Annotated[int, Field(ge=0, le=1000)]
    load: Annotated[float, Field(ge=0)] = 0.0
    draining: bool = False
    connected: bool = True
    sessions: list[UUID] = Field(default_factory=list, max_length=1000)


class AgentEventIn(Schema):
    """``type`` is ready, speaking, finished, interrupted, refused, error, stats or ended."""

    type: str = Field(max_length=40)
    run: int | None = None
    command: str | None = None
    message: str | None = None
    fatal: bool = False
    reason: str | None = None
    fps: float | None = None
    frames_late: float | None = None
    av_offset_ms: dict[str, float | None] | float | None = None
    cpu: float | None = None
    first_sound_ms: float | None = None


@router.post("/heartbeat", auth=AgentAuth(), response={204: None}, include_in_schema=False)
def heartbeat(request: HttpRequest, payload: HeartbeatIn) -> Status[None]:
    """An agent process is alive, has this many places, and these sessions in hand."""
    has_come = reports.note_heartbeat(
        payload.worker,
        payload.places if payload.connected else 0,
        payload.busy,
        payload.load,
        payload.draining,
        [str(uid) for uid in payload.sessions],
    )
    if has_come:
        tasks.serve_waiting()
    return Status(204, None)


class SaidIn(Schema):
    """A line that is final; times in seconds since 1970."""

    room: str = Field(max_length=24)
    segment: str = Field(min_length=1, max_length=64)
    identity: str = Field(max_length=256)
    name: str = Field("", max_length=256)
    text: str
    start: Annotated[float, Field(ge=0, le=LATEST)]
    end: Annotated[float, Field(ge=0, le=LATEST)]


class CaptionsBeatIn(Schema):
    worker: str = Field(min_length=1, max_length=120)
    model: str = Field(max_length=80)
    languages: list[str] = Field(default_factory=list, max_length=200)
    note: str = ""
    leaving: bool = False
    rooms: list[str] = Field(default_factory=list, max_length=1000)
    lines: list[SaidIn] = Field(default_factory=list, max_length=1000)


class CaptionedRoomOut(Schema):
    slug: str
    token: str


class CaptionsBeatOut(Schema):
    rooms: list[CaptionedRoomOut]


@router.post("/captions", auth=AgentAuth(), response=CaptionsBeatOut, include_in_schema=False)
def captions_beat(request: HttpRequest, payload: CaptionsBeatIn) -> CaptionsBeatOut:
    """A captions process is alive, brings what was said, and is told which rooms to be in."""
    said: dict[str, list[CaptionLine]] = {}
    for line in payload.lines:
        start, end = (datetime.fromtimestamp(at, UTC) for at in (line.start, max(line.start, line.end)))
        row = CaptionLine(segment=line.segment, identity=line.identity, name=line.name, text=line.text)
        row.started_at, row.ended_at = start, end
        said.setdefault(line.room, []).append(row)
    for room in Room.objects.filter(slug__in=said):
        captions.keep_lines(room, said[room.slug])
    wanted = captions.note_worker(
        payload.worker,
        payload.model,
        payload.languages,
        payload.note,
        payload.rooms,
        leaving=payload.leaving,
    )
    rooms = [CaptionedRoomOut(slug=room.slug, token=tokens.captioner_token(room.slug)) for room in wanted]
    return CaptionsBeatOut(rooms=rooms)


@router.post(
    "/sessions/{uuid:session_id}/events",
    auth=SessionTokenAuth(),
    response={204: None},
    include_in_schema=False,
)
def agent_event(request: HttpRequest, session_id: UUID, payload: AgentEventIn) -> Status[None]:
    """Something happened in a session. 410 when it is another agent's by now, or over."""
    session = _session(request, session_id)
    run = session.run if payload.run is None else payload.run
    if not reports.note_event(session, run, payload.type, payload.dict()):
        raise ApiError("gone", "This session is over, or was given to another agent; leave the room.")
    if payload.type in ("ready", "ended", "error"):
        tasks.look_soon(session.room)
    return Status(204, None)


@router.api_operation(
    ["GET", "HEAD"],
    "/sessions/{uuid:session_id}/media/{name}",
    auth=SessionTokenAuth(),
    include_in_schema=False,
)
def agent_media(request: HttpRequest, session_id: UUID, name: str) -> HttpResponseBase:
    """A file that the session was given; ranges work."""
    found = orders.granted_file(_session(request, session_id), name)
    if found is None:
        raise not_found("file")
    path, stored_name = found
    return serve_file(request, path, content_type(stored_name), path.name)


def _session(request: HttpRequest, session_id: UUID) -> AvatarSession:
    """The session of the token, which must be that of the address."""
    if request.auth != session_id:  # type: ignore[attr-defined]
        raise not_found("session")
    session = AvatarSession.objects.select_related("room").filter(uid=session_id).first()
    if session is None:
        raise not_found("session")
    return session
