"""What the API and the WebSockets say about assets and jobs: one shape for both."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, cast

from ninja import Field, Schema

from lipsync import results
from lipsync.engines.base import Background, ExpressionName, Others, SyncMode
from lipsync.models import Asset, Attempt, Job, Segment
from lipsync.progress import seconds_left, stage_label
from lipsync.schemas_people import WHO, PickIn, SegmentIn
from lipsync.service import Estimate

API_ROOT = "/api/v1"
State = Literal["queued", "running", "done", "failed", "cancelled"]
EXPIRED_NOTICE = "The video was deleted when its time was up; use retry to make it again."


class FaceOutlineOut(Schema):
    """A face in the thumbnail; coordinates 0..1 of its width and height."""

    box: list[float]
    outline: list[list[float]]


class MediaInfoOut(Schema):
    """What a file is. Sizes are as displayed; what it does not have is 0 or null."""

    container: str = ""
    duration_seconds: float = 0.0
    width: int = 0
    height: int = 0
    fps: float = 0.0
    video_codec: str | None = None
    has_alpha: bool = False
    is_hdr: bool = False
    rotation_degrees: int = 0
    audio_codec: str | None = None
    sample_rate: int | None = None
    channels: int | None = None


class AssetOut(Schema):
    id: str
    kind: Literal["face", "speech", "music"]
    media: Literal["image", "video", "audio"]
    name: str
    size_bytes: int
    info: MediaInfoOut
    faces: list[FaceOutlineOut]
    peaks: list[float]
    notices: list[str]
    thumbnail_url: str | None
    file_url: str
    created_at: datetime
    expires_at: datetime | None


class OptionsOut(Schema):
    sync_mode: SyncMode
    mouth_strength: float
    head_motion: float
    expression: ExpressionName
    expression_amount: float
    background: Background
    pick: PickIn | None
    others: Others
    clean_speech: bool
    music_below_lu: float


class QualityOut(Schema):
    """Each 0..1. From 0.85, 0.90 and 0.85 on very good; below 0.70, 0.80 and 0.75 poor."""

    sync_score: float
    audio_quality: float
    video_quality: float
    method: str
    offset_ms: float | None = None


class JobErrorOut(Schema):
    code: str
    message: str


class AttemptOut(Schema):
    engine: str
    reason: str
    outcome: str
    error_message: str
    started_at: datetime
    finished_at: datetime | None
    cost_usd: float
    quality: QualityOut | None


class SegmentOut(Schema):
    """``speech`` is null for a text, and for a recording that was deleted."""

    start_seconds: float | None
    end_seconds: float | None
    pick: PickIn | None
    speech: AssetOut | None
    text: str
    transcript: str
    transcript_language: str
    voice: str
    voice_rate: float


class JobOut(Schema):
    """A job as its owner sees it. ``revision`` grows with every change."""

    id: str
    state: State
    stage: str
    stage_label: str
    percent: int
    revision: int
    seconds_left: float | None
    face: AssetOut | None
    house_look: str
    speech: AssetOut | None
    text: str
    transcript: str
    transcript_language: str
    voice: str
    voice_rate: float
    segments: list[SegmentOut]
    music: AssetOut | None
    engine: str
    engine_used: str
    options: OptionsOut
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    duration_seconds: float | None
    cost_usd: float
    max_cost_usd: float | None
    batch_id: str | None
    quality: QualityOut | None
    warnings: list[str]
    error: JobErrorOut | None
    from_cache: bool
    attempts: list[AttemptOut]
    video_url: str | None
    poster_url: str | None
    mouth_url: str | None
    source_url: str | None
    share_url: str | None


class JobPage(Schema):
    items: list[JobOut]
    next_cursor: str | None


class OptionsIn(Schema):
    sync_mode: SyncMode = "bounce"
    mouth_strength: Annotated[float, Field(ge=0.3, le=1.5)] = 1.0
    head_motion: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    expression: ExpressionName = "neutral"
    expression_amount: Annotated[float, Field(ge=0.0, le=1.0)] = 0.6
    background: Background = "keep"
    pick: Annotated[PickIn | None, Field(description="Which of several faces speaks; null: " + WHO)] = None
    others: Annotated[
        Others,
        Field(description="Mouths of others in a video: at rest where they spoke when filmed, or as filmed."),
    ] = "still"
    clean_speech: Annotated[bool, Field(description="Take noise out of recordings first.")] = False
    music_below_lu: Annotated[
        float, Field(ge=0, le=30, description="LU by which music is softer than speech in its pauses.")
    ] = 10.0

    model_config = {"extra": "forbid"}


class JobIn(Schema):
    """A job to make. Give ``speech`` (an asset's id), ``text`` or ``segments``, one of them."""

    face: str = Field(description='A face asset\'s id, or "house:<look>" for a drawn face.')
    speech: str | None = None
    text: str | None = None
    transcript: str | None = Field(
        None, description="What is said in ``speech``: its sounds then lead the lips, exactly."
    )
    transcript_language: str | None = Field(
        None, description="BCP 47 tag of the transcript, as voices have; en-US unless told."
    )
    voice: str | None = None
    voice_rate: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    engine: str = "auto"
    options: OptionsIn = Field(default_factory=lambda: OptionsIn())
    segments: list[SegmentIn] = Field(
        default_factory=list, description="Different speech for different faces, over time."
    )
    music: str | None = Field(None, description="The id of a music asset, to put under the speech.")
    max_cost_usd: Annotated[float, Field(ge=0, le=100_000)] | None = Field(
        None, description="US dollars it may cost at most; null: what the site allows."
    )


class CandidateOut(Schema):
    """One engine as it stands to this job; ``place`` is when it is tried, from 1."""

    engine: str
    label: str
    cost_usd: float
    why_not: str | None
    place: int | None


class EstimateOut(Schema):
    engine: str
    reason: str
    seconds: float
    cost_usd: float
    most_usd: float = Field(description="What it comes to at most, should other engines have to step in.")
    render_seconds: float | None
    from_cache: bool
    engines: list[CandidateOut]


class LogOut(Schema):
    at: datetime
    level: str
    message: str


class LogPage(Schema):
    items: list[LogOut]


class PhoneOut(Schema):
    """One speech sound; ``ipa`` is empty for a pause."""

    ipa: str
    start_seconds: float
    end_seconds: float


class MouthOut(Schema):
    """What the mouth did: one value for every frame of the video, 0 at rest."""

    fps: float
    openness: list[float]
    width: list[float]
    rounding: list[float]
    closure: list[float]
    phones: list[PhoneOut] = Field(
        description="The sounds of the text; none for a recording without a transcript."
    )


class ShareOut(Schema):
    url: str


class SharedOut(Schema):
    """What anyone with the link may know."""

    duration_seconds: float | None
    created_at: datetime
    video_url: str
    poster_url: str | None


def describe_asset(asset: Asset) -> AssetOut:
    root = f"{API_ROOT}/assets/{asset.uid}"
    return AssetOut(
        id=str(asset.uid),
        kind=cast(Literal["face", "speech", "music"], asset.kind),
        media=cast(Literal["image", "video", "audio"], asset.media),
        name=asset.name,
        size_bytes=asset.size_bytes,
        faces=asset.faces,
        peaks=asset.peaks,
        notices=asset.notices,
        info=MediaInfoOut(**asset.info),
        thumbnail_url=f"{root}/thumbnail" if asset.thumbnail else None,
        file_url=f"{root}/file",
        created_at=asset.created_at,
        expires_at=asset.expires_at,
    )


def describe_estimate(estimate: Estimate) -> EstimateOut:
    places = {choice.engine: place for place, choice in enumerate(estimate.choices, start=1)}
    return EstimateOut(
        engine=estimate.engine,
        reason=estimate.reason,
        seconds=estimate.seconds,
        cost_usd=float(estimate.cost_usd),
        most_usd=float(estimate.most_usd),
        render_seconds=estimate.render_seconds,
        from_cache=estimate.from_cache,
        engines=[
            CandidateOut(
                engine=one.engine,
                label=one.label,
                cost_usd=float(one.cost_usd),
                why_not=one.why_not,
                place=places.get(one.engine),
            )
            for one in estimate.candidates
        ],
    )


def describe_attempt(attempt: Attempt) -> AttemptOut:
    return AttemptOut(
        engine=attempt.engine,
        reason=attempt.reason,
        outcome=attempt.outcome,
        error_message=attempt.error_message,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        cost_usd=float(attempt.cost_usd),
        quality=QualityOut(**attempt.quality) if attempt.quality else None,
    )


def describe_segment(segment: Segment) -> SegmentOut:
    return SegmentOut(
        start_seconds=segment.start_seconds,
        end_seconds=segment.end_seconds,
        pick=PickIn(**segment.pick) if segment.pick else None,
        speech=describe_asset(segment.speech) if segment.speech else None,
        text=segment.text,
        transcript=segment.transcript,
        transcript_language=segment.transcript_language,
        voice=segment.voice,
        voice_rate=segment.voice_rate,
    )


def describe_job(job: Job) -> JobOut:
    """``job`` as its owner sees it.

    Wants ``face``, ``speech``, ``music``, ``attempts``, and ``segments`` with their speech, fetched with it.
    """
    root = f"{API_ROOT}/lipsyncs/{job.uid}"
    expired = job.state == Job.State.DONE and not job.result
    return JobOut(
        id=str(job.uid),
        state=cast(State, job.state),
        stage=job.stage,
        stage_label=stage_label(job),
        percent=job.percent,
        revision=job.revision,
        seconds_left=seconds_left(job),
        face=describe_asset(job.face) if job.face else None,
        house_look=job.house_look,
        speech=describe_asset(job.speech) if job.speech else None,
        text=job.text,
        transcript=job.transcript,
        transcript_language=job.transcript_language,
        voice=job.voice,
        voice_rate=job.voice_rate,
        segments=[describe_segment(segment) for segment in job.segments.all()],
        music=describe_asset(job.music) if job.music else None,
        engine=job.engine,
        engine_used=job.engine_used,
        options=OptionsOut(**{**OptionsIn().dict(), **job.options}),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        expires_at=job.expires_at,
        duration_seconds=job.duration_seconds,
        cost_usd=float(job.cost_usd),
        max_cost_usd=None if job.max_cost_usd is None else float(job.max_cost_usd),
        batch_id=str(job.batch.uid) if job.batch else None,
        quality=QualityOut(**job.quality) if job.quality else None,
        warnings=[*job.warnings, EXPIRED_NOTICE] if expired else job.warnings,
        error=JobErrorOut(code=job.error_code, message=job.error_message) if job.error_code else None,
        from_cache=job.from_cache,
        attempts=[describe_attempt(attempt) for attempt in job.attempts.all()],
        video_url=f"{root}/video" if job.result else None,
        poster_url=f"{root}/poster" if job.poster else None,
        mouth_url=f"{root}/mouth" if results.has_mouth(job) else None,
        source_url=f"{root}/source" if job.face_id else None,
        share_url=f"/s/{job.share_token}" if job.share_token else None,
    )
