"""What the API and the WebSocket say about rooms: one shape for both. See docs/api-contract.md."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Field, Schema

from lipsync.engines.base import ExpressionName
from lipsync.schemas import AssetOut

RoleName = Literal["host", "speaker", "guest", "viewer"]
KindName = Literal["photo", "loop", "house", "wave", "spectrum", "hue", "file"]
SessionState = Literal["waiting", "starting", "live", "ended", "failed"]
PersonState = Literal["waiting", "admitted", "present", "left", "removed", "refused"]
Activity = Literal["starting", "idle", "speaking", "listening", "failed"]
SourceName = Literal["camera", "microphone", "screen_share"]
Rate = Annotated[float, Field(ge=0.5, le=2.0)]
Amount = Annotated[float, Field(ge=0.0, le=1.0)]


class CaptionsOut(Schema):
    """Live captions of a room. ``message`` says what they wait for, or how good they are."""

    wanted: bool
    state: Literal["off", "waiting", "starting", "on", "unavailable"]
    message: str
    model: str
    languages: list[str]


class RoomOut(Schema):
    """A room as the caller sees it."""

    slug: str
    name: str
    state: Literal["open", "closed"]
    locked: bool
    waiting_room: bool
    max_people: int
    captions: CaptionsOut
    has_transcript: bool
    role: RoleName
    is_owner: bool
    people: int
    waiting: int
    url: str
    created_at: datetime
    closed_at: datetime | None
    revision: int


class RoomPage(Schema):
    items: list[RoomOut]
    next_cursor: str | None


class RoomIn(Schema):
    name: str = Field(min_length=1, max_length=80)
    waiting_room: bool = False
    max_people: int = Field(12, ge=2)
    avatar: str | None = Field(None, description="An avatar that is to be there from the start.")


class RoomChanges(Schema):
    captions: bool | None = Field(None, description="Whether what is said is shown and kept.")
    name: str | None = Field(None, min_length=1, max_length=80)
    locked: bool | None = None
    waiting_room: bool | None = None
    max_people: int | None = Field(None, ge=2)


class CaptionLineOut(Schema):
    """Something that was said."""

    id: str
    identity: str
    name: str
    start: datetime
    end: datetime
    text: str


class CaptionLinePage(Schema):
    items: list[CaptionLineOut]
    next_cursor: str | None


class AgentPlacesOut(Schema):
    alive: bool
    places: int
    free: int


class RoomsStatusOut(Schema):
    """Whether rooms can be used just now."""

    state: Literal["ready", "preparing", "unavailable"]
    message: str
    agent: AgentPlacesOut


class TokenIn(Schema):
    invite: str | None = Field(None, max_length=200)
    name: str | None = Field(None, max_length=200)


class TokenOut(Schema):
    """The way in, or a place in the waiting list."""

    state: Literal["admitted", "waiting"]
    message: str
    url: str | None
    token: str | None
    identity: str
    name: str
    role: RoleName
    sources: list[str]
    can_chat: bool
    expires_at: datetime | None
    seat: str


class InvitePreviewOut(Schema):
    """What may be known before coming in."""

    slug: str
    name: str
    host_name: str
    role: RoleName
    state: Literal["open", "closed", "locked"]
    waiting_room: bool


class InviteIn(Schema):
    role: Literal["speaker", "guest", "viewer"] = "guest"
    label: str = Field("", max_length=80)
    max_uses: int | None = Field(None, ge=1, le=10_000)
    expires_in_hours: float | None = Field(None, gt=0, le=8760)


class InviteOut(Schema):
    id: str
    role: RoleName
    label: str
    url: str
    uses: int
    max_uses: int | None
    expires_at: datetime | None
    created_at: datetime


class InviteList(Schema):
    items: list[InviteOut]


class ParticipantOut(Schema):
    identity: str
    name: str
    role: RoleName
    state: PersonState
    is_me: bool
    has_account: bool
    joined_at: datetime | None
    left_at: datetime | None


class ParticipantList(Schema):
    items: list[ParticipantOut]


class MuteIn(Schema):
    source: SourceName


class RemoveIn(Schema):
    ban: bool = False


class RoleIn(Schema):
    role: RoleName


class PreviewOut(Schema):
    job_id: str
    state: str
    video_url: str | None
    poster_url: str | None


class AvatarOut(Schema):
    id: str
    name: str
    kind: KindName
    builtin: bool
    face: AssetOut | None
    look: str
    thumbnail_url: str | None
    voice: str
    voice_rate: float
    expression: ExpressionName
    expression_amount: float
    preview: PreviewOut | None
    created_at: datetime | None


class AvatarList(Schema):
    items: list[AvatarOut]
    default: str


class AvatarIn(Schema):
    name: str = Field(min_length=1, max_length=60)
    face: str = Field(description='A face asset\'s id, "house:<look>", "wave", "spectrum" or "hue".')
    kind: Literal["file"] | None = Field(None, description="A video that is played as it is.")
    voice: str | None = None
    voice_rate: Rate = 1.0
    expression: ExpressionName = "neutral"
    expression_amount: Amount = 0.6


class AvatarChanges(Schema):
    name: str | None = Field(None, min_length=1, max_length=60)
    face: str | None = None
    voice: str | None = None
    voice_rate: Rate | None = None
    expression: ExpressionName | None = None
    expression_amount: Amount | None = None


class PreviewIn(Schema):
    text: str | None = None


class FaceOut(Schema):
    """What a session shows."""

    id: str | None
    name: str
    kind: KindName
    look: str
    thumbnail_url: str | None


class UtteranceOut(Schema):
    id: str
    state: Literal["sent", "speaking", "finished", "interrupted", "failed"]
    message: str


class OffsetOut(Schema):
    """Sound minus picture in milliseconds; negative when the picture is late."""

    mean: float | None
    p1: float | None
    p99: float | None


class StatsOut(Schema):
    """As the agent measured last."""

    fps: float | None
    frames_late: float | None
    av_offset_ms: OffsetOut
    cpu: float | None
    first_sound_ms: float | None


class AvatarSessionOut(Schema):
    id: str
    identity: str
    state: SessionState
    message: str
    avatar: FaceOut
    activity: Activity
    utterance: UtteranceOut | None
    voice: str
    voice_rate: float
    expression: ExpressionName
    expression_amount: float
    listen_to: str | None
    stats: StatsOut | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    revision: int


class AvatarSessionList(Schema):
    items: list[AvatarSessionOut]


class ProtocolIn(Schema):
    agent_identity: str = Field(min_length=1, max_length=256)


class PresentIn(Schema):
    """An avatar to be put into a room; with ``file``, name the job or the face file to play."""

    avatar: str
    voice: str | None = None
    voice_rate: Rate | None = None
    expression: ExpressionName | None = None
    expression_amount: Amount | None = None
    listen_to: str | None = Field(None, description='Whose microphone drives its face; "me" for the caller.')
    job: str | None = None
    face: str | None = None
    protocol: ProtocolIn | None = None


class PresentChanges(Schema):
    """Only what is sent is changed; ``listen_to: null`` stops listening."""

    avatar: str | None = None
    voice: str | None = None
    voice_rate: Rate | None = None
    expression: ExpressionName | None = None
    expression_amount: Amount | None = None
    listen_to: str | None = None


class SayIn(Schema):
    """Give one of ``text``, ``speech`` (an asset's id) and ``job`` (a finished job's id)."""

    text: str | None = None
    speech: str | None = None
    job: str | None = None
    avatar: str | None = Field(None, description="Which session is to say it; the live one if left out.")
    voice: str | None = None
    voice_rate: Rate | None = None
    expression: ExpressionName | None = None
    expression_amount: Amount | None = None


class InterruptIn(Schema):
    avatar: str | None = None


class CommandOut(Schema):
    """A command that is on its way to the agent."""

    id: str
    avatar: AvatarSessionOut


class EventOut(Schema):
    at: datetime
    kind: str
    message: str


class EventPage(Schema):
    items: list[EventOut]
    next_cursor: str | None
