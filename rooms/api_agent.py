"""What avatar agents call: their heartbeat, what happens in a session, and the files it needs.

An agent process shows a token signed with LiveKit's secret; about one session, the token of its order.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from ninja import Field, Router, Schema, Status
from ninja.security import HttpBearer

from avsite.errors import ApiError, not_found
from avsite.files import serve_file
from lipsync.media_types import content_type
from rooms import orders, reports, tasks, tokens
from rooms.models import AvatarSession

router = Router()


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
