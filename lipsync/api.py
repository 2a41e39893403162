"""``/lipsyncs`` and ``/shared``: making videos, following them, and handing them on."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pydantic
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from ninja import Query, Router
from ninja.errors import ValidationError

from avsite.accounts.models import User
from avsite.auth import caller
from avsite.errors import ApiError, not_found
from avsite.files import serve_file
from avsite.idempotency import once
from avsite.limits import client_address, count_request
from lipsync import results, tasks
from lipsync.assets import Kind, find_asset, store_upload
from lipsync.engines.base import RenderOptions
from lipsync.face.place import FacePick
from lipsync.media_types import content_type
from lipsync.models import Asset, Job
from lipsync.order import Order, Refused, Segment
from lipsync.paging import take_page
from lipsync.progress import publish
from lipsync.queue import JobQuerySet
from lipsync.schemas import (
    API_ROOT,
    EstimateOut,
    JobIn,
    JobOut,
    JobPage,
    LogOut,
    LogPage,
    MouthOut,
    SharedOut,
    ShareOut,
    State,
    describe_estimate,
    describe_job,
)
from lipsync.schemas_people import SegmentIn
from lipsync.service import get_lipsync_service, require_room

router = Router()

HOUSE = "house:"
EITHER_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/JobIn"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["face"],
                    "properties": {
                        "face": {"description": "A file, an asset's id, or house:<look>.", "type": "string"},
                        "speech": {"description": "A file or an asset's id.", "type": "string"},
                        "music": {"description": "A file or an asset's id.", "type": "string"},
                        "text": {"type": "string"},
                        "transcript": {"description": "What is said in speech.", "type": "string"},
                        "transcript_language": {"description": "Such as en-US.", "type": "string"},
                        "voice": {"type": "string"},
                        "voice_rate": {"type": "number"},
                        "engine": {"type": "string"},
                        "max_cost_usd": {"type": "number"},
                        "options": {"description": "JSON", "type": "string"},
                        "segments": {"description": "JSON", "type": "string"},
                    },
                }
            },
        },
    }
}


@router.post("/lipsyncs", response={201: JobOut}, openapi_extra=EITHER_BODY)
def create_lipsync(request: HttpRequest) -> HttpResponseBase:
    """Make a video: JSON, or a form whose ``face``, ``speech`` and ``music`` may be files."""
    with once(request) as answer:
        if answer.replay is not None:
            return answer.replay
        owner = caller(request)
        payload, files = _read_body(request)
        order = read_order(owner, payload, files)
        with transaction.atomic(), _refusals():
            job = get_lipsync_service().submit(owner, order)
            response = answer.keep(201, describe_job(job))
            _tell(job)
            return response


@router.post("/lipsyncs/estimate", response=EstimateOut)
def estimate_lipsync(request: HttpRequest, payload: JobIn) -> EstimateOut:
    """What a job would take, without making it."""
    order = read_order(caller(request), payload, {})
    with _refusals():
        estimate = get_lipsync_service().estimate(caller(request), order)
    return describe_estimate(estimate)


@router.get("/lipsyncs", response=JobPage)
def list_lipsyncs(
    request: HttpRequest,
    state: Annotated[list[State], Query()] = [],  # noqa: B006 -- read only
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JobPage:
    """Newest first; ``state`` may be given more than once."""
    jobs = _whole(Job.objects.filter(owner=caller(request)))
    if state:
        jobs = jobs.filter(state__in=state)
    page, next_cursor = take_page(jobs, cursor, limit)
    return JobPage(items=[describe_job(job) for job in page], next_cursor=next_cursor)


@router.get("/lipsyncs/{uuid:job_id}", response=JobOut)
def get_lipsync(request: HttpRequest, job_id: UUID) -> JobOut:
    return describe_job(_own(request, job_id))


@router.post("/lipsyncs/{uuid:job_id}/cancel", response=JobOut)
def cancel_lipsync(request: HttpRequest, job_id: UUID) -> JobOut:
    """Stop a job; a running one stops within two seconds. Cancelling twice is no error."""
    job = _own(request, job_id)
    if not Job.objects.request_cancel(job.pk):
        job = _own(request, job_id)
        if job.state != Job.State.CANCELLED:
            raise ApiError("conflict", "This job has ended already; delete it if it is not wanted.")
    _tell(job)
    return describe_job(_own(request, job_id))


@router.post("/lipsyncs/{uuid:job_id}/retry", response=JobOut)
def retry_lipsync(request: HttpRequest, job_id: UUID) -> JobOut:
    """Queue a failed, cancelled or expired job again."""
    job = _own(request, job_id)
    said = job.segments.all() or [job]
    if not (job.face_id or job.house_look) or not all(one.speech_id or one.text for one in said):
        raise ApiError("conflict", "A file of this job was deleted; make a new job with another one.")
    with transaction.atomic(), _refusals():
        require_room(User.objects.select_for_update().get(pk=job.owner_id))
        if not Job.objects.retry(job.pk):
            raise ApiError("conflict", "Only a job that failed or was cancelled can be tried again.")
        _tell(job)
    return describe_job(_own(request, job_id))


@router.delete("/lipsyncs/{uuid:job_id}", response={204: None})
def delete_lipsync(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Delete a job and its video, stopping it first."""
    job = _own(request, job_id)
    Job.objects.request_cancel(job.pk)
    job.refresh_from_db()
    Job.objects.filter(pk=job.pk).delete()
    results.remove(job.result.name, job.poster.name, results.mouth_beside(job.result.name))
    _tell(job)
    return HttpResponse(status=204)


@router.get("/lipsyncs/{uuid:job_id}/log", response=LogPage)
def get_lipsync_log(request: HttpRequest, job_id: UUID) -> LogPage:
    entries = _own(request, job_id).log.all()
    return LogPage(items=[LogOut(at=one.at, level=one.level, message=one.message) for one in entries])


@router.api_operation(["GET", "HEAD"], "/lipsyncs/{uuid:job_id}/video")
def get_lipsync_video(request: HttpRequest, job_id: UUID, download: bool = False) -> HttpResponseBase:
    """The finished video; ranges work."""
    return _video(request, _own(request, job_id), download=download)


@router.api_operation(["GET", "HEAD"], "/lipsyncs/{uuid:job_id}/poster")
def get_lipsync_poster(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    return _poster(request, _own(request, job_id))


@router.get("/lipsyncs/{uuid:job_id}/mouth", response=MouthOut)
def get_lipsync_mouth(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """What the mouth did in the video, frame by frame, and the sounds it spoke where they are known."""
    job = _own(request, job_id)
    _require_video(job)
    if not results.has_mouth(job):
        raise ApiError("not_found", "What the mouth did was not kept for this video; retry the job.")
    path = Path(default_storage.path(results.mouth_beside(job.result.name)))
    return serve_file(request, path, "application/json", f"{_file_stem(job)}.json")


@router.api_operation(["GET", "HEAD"], "/lipsyncs/{uuid:job_id}/source")
def get_lipsync_source(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """The photo or video the face came from."""
    face = _own(request, job_id).face
    if face is None:
        raise not_found("file")
    return serve_file(request, Path(face.file.path), content_type(str(face.file.name)), face.name)


@router.post("/lipsyncs/{uuid:job_id}/share", response=ShareOut)
def share_lipsync(request: HttpRequest, job_id: UUID) -> ShareOut:
    """A link with which anyone can see the video, until it is revoked."""
    job = _own(request, job_id)
    if Job.objects.share(job.pk, secrets.token_urlsafe(32)):
        publish(job)
    job.refresh_from_db()
    if job.share_token is None:
        raise ApiError("conflict", "There is no video to share yet; wait until the job is done.")
    return ShareOut(url=request.build_absolute_uri(f"/s/{job.share_token}"))


@router.delete("/lipsyncs/{uuid:job_id}/share", response={204: None})
def unshare_lipsync(request: HttpRequest, job_id: UUID) -> HttpResponse:
    job = _own(request, job_id)
    Job.objects.unshare(job.pk)
    publish(job)
    return HttpResponse(status=204)


@router.get("/shared/{token}", response=SharedOut, auth=None)
def get_shared(request: HttpRequest, token: str) -> SharedOut:
    job = _shared(request, token)
    root = f"{API_ROOT}/shared/{token}"
    return SharedOut(
        duration_seconds=job.duration_seconds,
        created_at=job.finished_at or job.created_at,
        video_url=f"{root}/video",
        poster_url=f"{root}/poster" if job.poster else None,
    )


@router.api_operation(["GET", "HEAD"], "/shared/{token}/video", auth=None)
def get_shared_video(request: HttpRequest, token: str, download: bool = False) -> HttpResponseBase:
    return _video(request, _shared(request, token), download=download)


@router.api_operation(["GET", "HEAD"], "/shared/{token}/poster", auth=None)
def get_shared_poster(request: HttpRequest, token: str) -> HttpResponseBase:
    return _poster(request, _shared(request, token))


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        raise ApiError(refused.code, refused.message, refused.param) from None


def _whole(jobs: JobQuerySet) -> JobQuerySet:
    return jobs.select_related("face", "speech", "music", "batch").prefetch_related(
        "attempts", "segments__speech"
    )


def _own(request: HttpRequest, job_id: UUID) -> Job:
    job = _whole(Job.objects.filter(owner=caller(request), uid=job_id)).first()
    if job is None:
        raise not_found("job")
    return job


def _shared(request: HttpRequest, token: str) -> Job:
    count_request(f"shared:{client_address(request)}", settings.REQUESTS_PER_MINUTE)
    job = Job.objects.filter(share_token=token[:43], state=Job.State.DONE).exclude(result="").first()
    if job is None or len(token) > 43:
        raise ApiError("not_found", "This link was revoked or never was; ask its sender for a new one.")
    return job


def _tell(job: Job) -> None:
    """Open pages look at ``job`` again, and whoever of its owner's is next in line is started."""
    transaction.on_commit(lambda: publish(job))
    tasks.enqueue(job)


def _video(request: HttpRequest, job: Job, *, download: bool) -> HttpResponseBase:
    _require_video(job)
    name = f"{_file_stem(job)}.mp4"
    return serve_file(request, Path(job.result.path), "video/mp4", name, download=download)


def _poster(request: HttpRequest, job: Job) -> HttpResponseBase:
    if not job.poster:
        raise not_found("picture")
    return serve_file(request, Path(job.poster.path), "image/jpeg", f"{_file_stem(job)}.jpg")


def _require_video(job: Job) -> None:
    if job.result:
        return
    if job.state == Job.State.DONE:
        raise ApiError("gone", "This video was deleted when its time was up; retry the job.")
    raise ApiError("not_found", "There is no video yet; wait until the job is done.")


def _file_stem(job: Job) -> str:
    return f"lipsync-{str(job.uid)[:8]}"


Files = dict[str, "UploadedFile[Any]"]


def _read_body(request: HttpRequest) -> tuple[JobIn, Files]:
    """The fields, and the files that stand for ``face``, ``speech`` and ``music``."""
    if (request.content_type or "").startswith("multipart/"):
        fields: Any = {name: value for name, value in request.POST.items() if value != ""}
        found = {name: request.FILES.get(name) for name in ("face", "speech", "music")}
        files = {name: file for name, file in found.items() if isinstance(file, UploadedFile)}
        for name in {"options", "segments"} & fields.keys():
            fields[name] = _read_json(fields[name], name)
        fields |= dict.fromkeys(files, "file")
    else:
        fields, files = _read_json(request.body, None), {}
    try:
        return JobIn.model_validate(fields), files
    except pydantic.ValidationError as error:
        raise ValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from None


def _read_json(text: str | bytes, param: str | None) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        what = f"The field {param}" if param else "The request's body"
        message = f"{what} is not valid JSON; check its quotes, commas and brackets."
        raise ApiError("bad_request", message, param) from None


def read_order(owner: User, payload: JobIn, files: Files) -> Order:
    """What ``payload`` asks for, with its assets found or stored. Raises ApiError."""
    house_look = ""
    face = None
    if "face" not in files and payload.face.startswith(HOUSE):
        house_look = payload.face.removeprefix(HOUSE)
        if not house_look:
            raise ApiError("invalid", "Name the drawn face after house: and try again.", "face")
    else:
        face = _asset(owner, "face", payload.face, files)
    speech = _asset(owner, "speech", payload.speech, files) if payload.speech else None
    music = _asset(owner, "music", payload.music, files) if payload.music else None
    return Order(
        face=face,
        house_look=house_look,
        speech=speech,
        text=payload.text or "",
        transcript=payload.transcript or "",
        transcript_language=payload.transcript_language or "",
        voice=payload.voice or "",
        voice_rate=payload.voice_rate,
        engine=payload.engine,
        options=RenderOptions.of(payload.options.dict()),
        segments=tuple(_read_segment(owner, one, n) for n, one in enumerate(payload.segments)),
        music=music,
        max_cost_usd=None if payload.max_cost_usd is None else Decimal(str(payload.max_cost_usd)),
    )


def _read_segment(owner: User, one: SegmentIn, number: int) -> Segment:
    where = f"segments.{number}.speech"
    return Segment(
        speech=find_asset(owner, one.speech, "speech", param=where) if one.speech else None,
        text=one.text or "",
        transcript=one.transcript or "",
        transcript_language=one.transcript_language or "",
        voice=one.voice or "",
        voice_rate=one.voice_rate,
        start_seconds=one.start_seconds,
        end_seconds=one.end_seconds,
        pick=FacePick.of(one.pick.dict()) if one.pick else None,
    )


def _asset(owner: User, kind: Kind, named: str, files: Files) -> Asset:
    if kind not in files:
        return find_asset(owner, named, param=kind)
    try:
        return store_upload(owner, kind, files[kind])
    except ApiError as error:
        error.param = kind
        raise
