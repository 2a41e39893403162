"""``/assets``: uploads, what was found in them, and the files."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from ninja import Field, File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile

from avsite.auth import caller
from avsite.errors import not_found
from avsite.files import serve_file
from avsite.idempotency import once
from avsite.limits import count_request
from lipsync import tasks
from lipsync.assets import Kind, delete_asset, find_asset, store_upload, visible_assets
from lipsync.face.outline import FACE_LINES, mesh_faces
from lipsync.face.people import main_person
from lipsync.media_types import content_type
from lipsync.models import Asset
from lipsync.paging import take_page
from lipsync.people import people_of
from lipsync.schemas import API_ROOT, AssetOut, describe_asset
from lipsync.video.read import read_image

router = Router()

MESHES_PER_MINUTE = 60


class AssetPage(Schema):
    items: list[AssetOut]
    next_cursor: str | None


class MeshOut(Schema):
    """The points of a face, 0..1 of the thumbnail."""

    points: list[tuple[float, float]]


class LandmarksOut(Schema):
    """What moves a face: its points, and which of them to join by lines to see lips, lids and brows."""

    lines: list[list[int]]
    faces: list[MeshOut]


@router.post("", response={201: AssetOut})
def upload_asset(
    request: HttpRequest, kind: Annotated[Kind, Form()], file: Annotated[UploadedFile, File()]
) -> HttpResponseBase:
    """Keeps a face or speech file. The same file uploaded again is the same asset."""
    with once(request) as answer:
        if answer.replay is not None:
            return answer.replay
        return answer.keep(201, describe_asset(store_upload(caller(request), kind, file)))


@router.get("", response=AssetPage)
def list_assets(
    request: HttpRequest,
    kind: Kind | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> AssetPage:
    assets = visible_assets(caller(request))
    if kind:
        assets = assets.filter(kind=kind)
    page, next_cursor = take_page(assets, cursor, limit)
    return AssetPage(items=[describe_asset(asset) for asset in page], next_cursor=next_cursor)


@router.get("/{uuid:asset_id}", response=AssetOut)
def get_asset(request: HttpRequest, asset_id: uuid.UUID) -> AssetOut:
    return describe_asset(find_asset(caller(request), asset_id))


@router.delete("/{uuid:asset_id}", response={204: None})
def remove_asset(request: HttpRequest, asset_id: uuid.UUID) -> Status[None]:
    """Refused with 409 while an unfinished job uses it."""
    delete_asset(find_asset(caller(request), asset_id))
    return Status(204, None)


def _own(request: HttpRequest, asset_id: uuid.UUID) -> Asset:
    """Hidden assets too: the jobs that were made with them still show them."""
    asset = Asset.objects.filter(owner=caller(request), uid=asset_id).first()
    if asset is None:
        raise not_found("file")
    return asset


@router.api_operation(["GET", "HEAD"], "/{uuid:asset_id}/file")
def get_asset_file(request: HttpRequest, asset_id: uuid.UUID, download: bool = False) -> HttpResponseBase:
    """The file as it was uploaded; ranges work."""
    asset = _own(request, asset_id)
    kind = content_type(str(asset.file.name))
    return serve_file(request, Path(asset.file.path), kind, asset.name, download=download)


@router.api_operation(["GET", "HEAD"], "/{uuid:asset_id}/thumbnail")
def get_asset_thumbnail(request: HttpRequest, asset_id: uuid.UUID) -> HttpResponseBase:
    asset = _own(request, asset_id)
    if not asset.thumbnail:
        raise not_found("thumbnail")
    return serve_file(request, Path(asset.thumbnail.path), "image/jpeg", f"{Path(asset.name).stem}.jpg")


@router.get("/{uuid:asset_id}/landmarks", response=LandmarksOut)
def get_landmarks(request: HttpRequest, asset_id: uuid.UUID) -> LandmarksOut:
    """The mesh of each face in the thumbnail; none for a recording."""
    asset = _own(request, asset_id)
    count_request(f"landmarks:{caller(request).pk}", MESHES_PER_MINUTE)
    meshes = mesh_faces(read_image(Path(asset.thumbnail.path))) if asset.thumbnail else []
    return LandmarksOut(
        lines=[list(line) for line in FACE_LINES], faces=[MeshOut(points=points) for points in meshes]
    )


class SeenFaceOut(Schema):
    """One face of a photo or a video. ``track`` is its number, from 1."""

    track: int
    box: list[float] = Field(description="left, top, width, height at ``at_seconds``, 0..1 of the picture.")
    at_seconds: float = Field(description="A moment at which it is seen well.")
    seconds: float = Field(description="How long it is seen; 0 in a photo.")
    motion: float = Field(description="How much its lips move; 0 for one at rest.")
    speaks: bool = Field(description="Whether its lips move as those of somebody who speaks.")
    is_main: bool = Field(description="It is the one that speaks where none is picked.")
    thumbnail_url: str


class SeenFacesOut(Schema):
    """``looking``: a worker goes through the video; ask again in a second."""

    state: Literal["ready", "looking"]
    items: list[SeenFaceOut]


@router.get("/{uuid:asset_id}/faces", response=SeenFacesOut)
def get_faces(request: HttpRequest, asset_id: uuid.UUID) -> SeenFacesOut:
    """Everyone in a photo or a video, to pick from; found once and kept."""
    asset = _own(request, asset_id)
    if asset.kind != Asset.Kind.FACE:
        return SeenFacesOut(state="ready", items=[])
    people = people_of(asset)
    if people is None:
        tasks.look_for_people(asset)
        return SeenFacesOut(state="looking", items=[])
    root = f"{API_ROOT}/assets/{asset.uid}/faces"
    main = main_person(people) if people else None
    return SeenFacesOut(
        state="ready",
        items=[
            SeenFaceOut(
                track=one.track,
                box=list(one.box),
                at_seconds=one.shown_at_seconds,
                seconds=one.seconds,
                motion=one.motion,
                speaks=one.speaks,
                is_main=one is main,
                thumbnail_url=f"{root}/{one.track}/thumbnail",
            )
            for one in people
        ],
    )


@router.get("/{uuid:asset_id}/faces/{int:track}/thumbnail")
def get_face_thumbnail(request: HttpRequest, asset_id: uuid.UUID, track: int) -> HttpResponse:
    """A small square picture of one face."""
    people = people_of(_own(request, asset_id)) or []
    found = next((one for one in people if one.track == track), None)
    if found is None:
        raise not_found("face")
    response = HttpResponse(found.thumbnail, content_type="image/jpeg")
    response["Cache-Control"] = "private, max-age=86400"
    return response
