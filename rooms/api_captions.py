"""``/rooms/{slug}/captions``: what was said in a room, for those who may be in it."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from avsite.errors import ApiError
from lipsync.paging import take_page
from rooms import captions
from rooms.access import ROOM_AUTH, Visit, host_visit, visit
from rooms.bell import ring
from rooms.models import CaptionLine, Participant
from rooms.schemas import CaptionLineOut, CaptionLinePage

router = Router()


@router.get("/{slug}/captions", response=CaptionLinePage, auth=ROOM_AUTH)
def list_captions(
    request: HttpRequest,
    slug: str,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> CaptionLinePage:
    """The lines that are final, newest first."""
    room = _reader(request, slug).room
    page, next_cursor = take_page(CaptionLine.objects.filter(room=room), cursor, limit)
    return CaptionLinePage(items=[_describe(line) for line in page], next_cursor=next_cursor)


@router.get("/{slug}/captions.vtt", auth=ROOM_AUTH, response={200: None})
def download_captions(request: HttpRequest, slug: str) -> HttpResponse:
    """All of them as WebVTT, whose clock begins with the first line."""
    room = _reader(request, slug).room
    return _file(captions.as_vtt(room), "text/vtt", f"captions-{room.slug}.vtt")


@router.get("/{slug}/captions.txt", auth=ROOM_AUTH, response={200: None})
def download_transcript(request: HttpRequest, slug: str) -> HttpResponse:
    """All of them as text: time (UTC), name, words."""
    room = _reader(request, slug).room
    return _file("".join(captions.as_text(room)), "text/plain", f"transcript-{room.slug}.txt")


@router.delete("/{slug}/captions", response={204: None})
def forget_captions(request: HttpRequest, slug: str) -> Status[None]:
    """Forget all that was said so far. For hosts; forgetting twice is no error."""
    room = host_visit(request, slug, in_open_room=False).room
    room.lines.all().delete()
    ring(room.pk)
    return Status(204, None)


def _reader(request: HttpRequest, slug: str) -> Visit:
    """The caller, who must have been let in."""
    found = visit(request, slug)
    if found.person is not None and not found.is_host and found.person.state == Participant.State.WAITING:
        raise ApiError("forbidden", "You can read what was said once a host has let you in.")
    return found


def _describe(line: CaptionLine) -> CaptionLineOut:
    return CaptionLineOut(
        id=line.segment,
        identity=line.identity,
        name=line.name,
        start=line.started_at,
        end=line.ended_at,
        text=line.text,
    )


def _file(content: str, kind: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=f"{kind}; charset=utf-8", headers=headers)
