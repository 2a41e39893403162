"""``/batches``: many jobs at once, by JSON rows or a ZIP. A row that is no job does not stop the rest."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePosixPath
from tempfile import TemporaryFile
from typing import IO, Annotated, Any, Literal, cast
from uuid import UUID

import pydantic
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from ninja import Field, File, Form, Query, Router, Schema, Status
from ninja import UploadedFile as NinjaFile

from avsite.accounts.models import User
from avsite.auth import caller
from avsite.errors import ApiError, not_found
from avsite.uploads import too_large
from lipsync import tasks
from lipsync.api import read_order
from lipsync.models import Batch, Job
from lipsync.order import Refused
from lipsync.paging import take_page
from lipsync.progress import publish
from lipsync.schemas import JobErrorOut, JobIn, State
from lipsync.service import Place, get_lipsync_service

router = Router()
MANIFEST = "rows.json"
SOUNDS = {".wav", ".mp3", ".m4a", ".ogg", ".oga", ".opus", ".flac", ".aac", ".wma"}
BLOCK = 1024 * 1024

Row = dict[str, Any]
ZippedRow = tuple[Row, dict[str, IO[bytes]]]
"""A row, and the files it came with."""


class BatchIn(Schema):
    """Each row is what ``POST /lipsyncs`` takes, and a ``name``; ``engine`` is for rows without one."""

    name: Annotated[str, Field(max_length=80)] = ""
    engine: str = "auto"
    rows: list[dict[str, Any]]


class BatchItemOut(Schema):
    """``state`` is a job's, or ``refused`` for a row that could not become one."""

    index: int
    name: str
    state: State | Literal["refused"]
    job_id: str | None
    percent: int
    cost_usd: float
    duration_seconds: float | None
    error: JobErrorOut | None


class SummaryOut(Schema):
    total: int
    success: int
    failed: int
    unfinished: int
    total_duration: float
    total_cost_usd: float


class BatchOut(Schema):
    id: str
    name: str
    status: Literal["processing", "completed"]
    created_at: datetime
    summary: SummaryOut


class BatchWhole(BatchOut):
    items: list[BatchItemOut]


class BatchPage(Schema):
    items: list[BatchOut]
    next_cursor: str | None


@router.post("", response={201: BatchWhole})
def create_batch(request: HttpRequest, payload: BatchIn) -> Status[BatchWhole]:
    """Make many videos: cost goes before quality, and each row ends by itself."""
    rows: list[ZippedRow] = [({"engine": payload.engine} | row, {}) for row in payload.rows]
    return Status(201, _take_in(caller(request), payload.name, rows))


@router.post("/zip", response={201: BatchWhole})
def create_batch_of_zip(
    request: HttpRequest,
    file: Annotated[NinjaFile, File()],
    name: Annotated[str, Form()] = "",
    engine: Annotated[str, Form()] = "auto",
) -> Status[BatchWhole]:
    """The same of a ZIP: files of one name belong together, as ``a.mp4`` and ``a.wav``.

    A ``rows.json`` in it is the list of rows instead; their ``face`` and ``speech`` name files in it.
    """
    owner = caller(request)
    try:
        with zipfile.ZipFile(cast(IO[bytes], file.file)) as archive:
            return Status(201, _take_in(owner, name[:80], list(_zipped_rows(archive, engine))))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ApiError(
            "unsupported_media",
            "This is not a ZIP that can be read here; pack it anew, without a password.",
            "file",
        ) from error


@router.get("", response=BatchPage)
def list_batches(
    request: HttpRequest, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> BatchPage:
    page, next_cursor = take_page(Batch.objects.filter(owner=caller(request)), cursor, limit)
    return BatchPage(items=[BatchOut(**_outline(one)) for one in page], next_cursor=next_cursor)


@router.get("/{uuid:batch_id}", response=BatchWhole)
def get_batch(request: HttpRequest, batch_id: UUID) -> BatchWhole:
    return _describe(_own(request, batch_id))


@router.post("/{uuid:batch_id}/cancel", response=BatchWhole)
def cancel_batch(request: HttpRequest, batch_id: UUID) -> BatchWhole:
    """Stop every job of it that has not ended."""
    batch = _own(request, batch_id)
    for job in batch.jobs.exclude(state__in=Job.ENDED):
        Job.objects.request_cancel(job.pk)
        publish(job)
    return _describe(batch)


def _own(request: HttpRequest, batch_id: UUID) -> Batch:
    batch = Batch.objects.filter(owner=caller(request), uid=batch_id).first()
    if batch is None:
        raise not_found("batch")
    return batch


def _take_in(owner: User, name: str, rows: list[ZippedRow]) -> BatchWhole:
    waiting = Job.objects.unfinished().filter(owner=owner).exclude(batch=None).count()
    if not rows:
        raise ApiError("invalid", "There are no rows; give at least one.", "rows")
    if len(rows) + waiting > settings.BATCH_LIMIT:
        raise ApiError(
            "limit_reached",
            f"A batch may have {settings.BATCH_LIMIT} rows with those still in work; give fewer or wait.",
            "rows",
        )
    batch = Batch.objects.create(owner=owner, name=name, total=len(rows))
    for index, (row, sources) in enumerate(rows):
        label = str(row.pop("name", "") or f"Row {index + 1}")[:200]
        try:
            with transaction.atomic():
                job = _make(owner, Place(batch, index, label), row, sources)
        except (ApiError, Refused) as error:
            batch.refused.append(
                {"index": index, "name": label, "code": error.code, "message": error.message}
            )
            batch.save(update_fields=["refused"])
        else:
            publish(job)
    tasks.ring(Q(owner=owner))
    return _describe(batch)


def _make(owner: User, place: Place, row: Row, sources: dict[str, IO[bytes]]) -> Job:
    files = {
        kind: UploadedFile(file=source, name=f"{place.name}-{kind}", size=source.seek(0, 2))
        for kind, source in sources.items()
    }
    for source in sources.values():
        source.seek(0)
    try:
        payload = JobIn.model_validate(row | dict.fromkeys(files, "file"))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ApiError("invalid", f"{where}: {first['msg']}.") from None
    return get_lipsync_service().submit(owner, read_order(owner, payload, files), place)


def _zipped_rows(archive: zipfile.ZipFile, engine: str) -> Iterator[ZippedRow]:
    names = [
        entry.filename
        for entry in archive.infolist()
        if not entry.is_dir() and not PurePosixPath(entry.filename).name.startswith((".", "__"))
    ]
    if MANIFEST in names:
        rows = _read_manifest(archive)
    else:
        rows = _pairs(name for name in names if "__MACOSX" not in name)
    for row in rows:
        files = {kind: row[kind] for kind in ("face", "speech") if row.get(kind) in names}
        yield {"engine": engine} | row, {kind: _unpack(archive, name) for kind, name in files.items()}


def _read_manifest(archive: zipfile.ZipFile) -> list[Row]:
    try:
        rows = json.loads(archive.read(MANIFEST))
    except ValueError:
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ApiError("invalid", f"{MANIFEST} must be a list of rows; see the guide.", "file")
    return rows


def _pairs(names: Iterator[str]) -> list[Row]:
    """Files of one stem: a sound is the speech, anything else the face."""
    rows: dict[str, Row] = {}
    for name in sorted(names):
        path = PurePosixPath(name)
        row = rows.setdefault(str(path.with_suffix("")), {"name": path.stem, "face": ""})
        row["speech" if path.suffix.lower() in SOUNDS else "face"] = name
    return list(rows.values())


def _unpack(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """The member on disk, gone when it is closed; at most as large as any upload, whatever it claims."""
    target = TemporaryFile(dir=settings.TEMP_DIR)  # noqa: SIM115 -- closed with the last that holds it
    with archive.open(name) as source:
        size = 0
        while block := source.read(BLOCK):
            size += len(block)
            if size > settings.UPLOAD_LIMIT_BYTES:
                raise too_large("file")
            target.write(block)
    return cast(IO[bytes], target)


def _outline(batch: Batch) -> dict[str, Any]:
    jobs = list(batch.jobs.all())
    done = [job for job in jobs if job.state == Job.State.DONE]
    unfinished = sum(job.state not in Job.ENDED for job in jobs)
    summary = SummaryOut(
        total=batch.total,
        success=len(done),
        failed=batch.total - len(done) - unfinished,
        unfinished=unfinished,
        total_duration=round(sum(job.duration_seconds or 0.0 for job in done), 3),
        total_cost_usd=float(sum(job.cost_usd for job in jobs)),
    )
    return {
        "id": str(batch.uid),
        "name": batch.name,
        "status": "processing" if unfinished else "completed",
        "created_at": batch.created_at,
        "summary": summary,
    }


def _describe(batch: Batch) -> BatchWhole:
    items = [
        BatchItemOut(
            index=job.batch_index or 0,
            name=job.batch_name,
            state=cast(State, job.state),
            job_id=str(job.uid),
            percent=job.percent,
            cost_usd=float(job.cost_usd),
            duration_seconds=job.duration_seconds,
            error=JobErrorOut(code=job.error_code, message=job.error_message) if job.error_code else None,
        )
        for job in batch.jobs.all()
    ]
    items += [
        BatchItemOut(
            index=row["index"],
            name=row["name"],
            state="refused",
            job_id=None,
            percent=0,
            cost_usd=0.0,
            duration_seconds=None,
            error=JobErrorOut(code=row["code"], message=row["message"]),
        )
        for row in batch.refused
    ]
    return BatchWhole(**_outline(batch), items=sorted(items, key=lambda item: item.index))
