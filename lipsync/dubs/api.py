"""``/dubs``: a video in another language, stage by stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from ninja import Query, Router, Schema

from avsite.accounts.models import User
from avsite.ai.asr.choose import recognizer_names
from avsite.ai.asr.sphinx import SphinxRecognizer
from avsite.ai.errors import ModelUnavailable
from avsite.ai.registry import Registry
from avsite.ai.translate.base import bare_language
from avsite.ai.translate.choose import translator_name
from avsite.auth import caller
from avsite.errors import ApiError, not_found
from avsite.files import serve_file
from avsite.idempotency import once
from lipsync.assets import find_asset
from lipsync.dubs import tasks
from lipsync.dubs.bell import publish
from lipsync.dubs.models import Dub
from lipsync.dubs.queue import DubQuerySet
from lipsync.dubs.schemas import (
    FILES,
    DubIn,
    DubOptions,
    DubPage,
    DubWhole,
    RunIn,
    SentenceIn,
    SentencesIn,
    describe_dub,
    describe_whole,
)
from lipsync.engines.base import ENGINES
from lipsync.models import Asset
from lipsync.paging import take_page
from lipsync.speech.errors import UnknownLanguage, UnknownVoice
from lipsync.speech.languages import LANGUAGES, find_language
from lipsync.speech.voices import find_voice

router = Router()

BUSY = "A worker is at this dub; pause it first, then change it."
OPTIONS = ("glossary", "voices", "background", "duck_db", "lipsync", "engine")
LONGEST_TERM = 200
ALWAYS = SphinxRecognizer.name


class LanguageOut(Schema):
    tag: str
    name: str


class DubbingOut(Schema):
    """What can be dubbed here. ``translates``: whether a model does, else ``note`` says how to get one."""

    languages: list[LanguageOut]
    recognizer: str
    translates: bool
    note: str


@router.get("/languages", response=DubbingOut)
def list_dub_languages(request: HttpRequest) -> DubbingOut:
    """The languages that can be spoken, and who hears and translates here."""
    names: dict[str, str] = {}
    for language in LANGUAGES:
        names.setdefault(language.tag, language.name)
    registry = Registry(settings.MODELS_DIR)
    recognizer = next(name for name in recognizer_names() if name == ALWAYS or registry.installed(name))
    try:
        translator_name(registry, "xx", "yy")
        note = ""
    except ModelUnavailable as error:
        note = f"{error} Until then you type the translations yourself."
    found = [LanguageOut(tag=tag, name=name) for tag, name in names.items()]
    return DubbingOut(
        languages=found,
        recognizer=recognizer,
        translates=not note,
        note=note,
    )


@router.post("", response={201: DubWhole})
def create_dub(request: HttpRequest, payload: DubIn) -> HttpResponseBase:
    """Begin a dub of an uploaded video."""
    with once(request) as answer:
        if answer.replay is not None:
            return answer.replay
        owner = caller(request)
        video = find_asset(owner, payload.video, "face", param="video")
        _require_talk(video)
        changes = _checked(payload)
        with transaction.atomic():
            _require_room(User.objects.select_for_update().get(pk=owner.pk))
            dub = Dub.objects.create(
                owner=owner,
                source=video,
                name=payload.name or Path(video.name).stem or "Video",
                source_language=bare_language(payload.from_language) if payload.from_language else "",
                target_language=changes.pop("target_language"),
                options=changes.pop("options", {}),
                stop_before="voice" if payload.review else "",
            )
            _tell(dub)
            return answer.keep(201, describe_whole(dub))


@router.get("", response=DubPage)
def list_dubs(
    request: HttpRequest, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> DubPage:
    """Newest first, without stages and sentences."""
    page, next_cursor = take_page(_own_all(request), cursor, limit)
    return DubPage(items=[describe_dub(dub) for dub in page], next_cursor=next_cursor)


@router.get("/{uuid:dub_id}", response=DubWhole)
def get_dub(request: HttpRequest, dub_id: UUID) -> DubWhole:
    return describe_whole(_own(request, dub_id))


@router.patch("/{uuid:dub_id}", response=DubWhole)
def change_dub(request: HttpRequest, dub_id: UUID, payload: DubOptions) -> DubWhole:
    """Change what is wanted; the next run redoes what that changes."""
    dub = _own(request, dub_id)
    changes = _checked(payload)
    if "options" in changes:
        changes["options"] = dub.options | changes["options"]
    if changes and not Dub.objects.change(dub.pk, **changes):
        raise ApiError("conflict", BUSY)
    publish(dub)
    return describe_whole(_own(request, dub_id))


@router.put("/{uuid:dub_id}/sentences", response=DubWhole)
def edit_dub_sentences(request: HttpRequest, dub_id: UUID, payload: SentencesIn) -> DubWhole:
    """Change sentences; those that are not named stay as they are."""
    dub = _own(request, dub_id)
    kept = dub.store().read("sentences")
    known = {item["id"]: item for item in kept.made["items"]} if kept else {}
    with transaction.atomic():
        edits = dict(Dub.objects.select_for_update().get(pk=dub.pk).edits)
        for number, one in enumerate(payload.items):
            if one.id not in known:
                raise ApiError("invalid", "There is no such sentence in this dub.", f"items.{number}.id")
            edits[one.id] = _edit(one)
        if not Dub.objects.change(dub.pk, edits=edits):
            raise ApiError("conflict", BUSY)
    publish(dub)
    return describe_whole(_own(request, dub_id))


@router.post("/{uuid:dub_id}/run", response=DubWhole)
def run_dub(request: HttpRequest, dub_id: UUID, payload: RunIn) -> DubWhole:
    """Go on where it is, to the end or as far as ``stop_before``."""
    dub = _own(request, dub_id)
    with transaction.atomic():
        _require_room(User.objects.select_for_update().get(pk=dub.owner_id))
        if not Dub.objects.run(dub.pk, payload.stop_before or ""):
            raise ApiError("conflict", "This dub is being worked on already.")
        _tell(dub)
    return describe_whole(_own(request, dub_id))


@router.post("/{uuid:dub_id}/pause", response=DubWhole)
def pause_dub(request: HttpRequest, dub_id: UUID) -> DubWhole:
    """Stop; what was made stays. Pausing what stands still is no error."""
    dub = _own(request, dub_id)
    Dub.objects.pause(dub.pk)
    publish(dub)
    return describe_whole(_own(request, dub_id))


@router.delete("/{uuid:dub_id}", response={204: None})
def delete_dub(request: HttpRequest, dub_id: UUID) -> HttpResponse:
    """Delete a dub and all that its stages made. Its video in the library stays."""
    dub = _own(request, dub_id)
    if dub.state == Dub.State.RUNNING and Dub.objects.pause(dub.pk):
        dub.refresh_from_db()
        if dub.state == Dub.State.RUNNING:
            raise ApiError("conflict", "A worker is at this dub and stops now; delete it in a moment.")
    tasks.remove(dub)
    return HttpResponse(status=204)


@router.api_operation(["GET", "HEAD"], "/{uuid:dub_id}/files/{file_name}")
def get_dub_file(
    request: HttpRequest, dub_id: UUID, file_name: str, download: bool = False
) -> HttpResponseBase:
    """What a stage made: its JSON, sounds, captions, the video."""
    dub = _own(request, dub_id)
    path = dub.store().path(file_name) if file_name in FILES else None
    if path is None or not path.is_file():
        raise not_found("file")
    stem = f"{Path(dub.name).stem}.{dub.target_language}"
    return serve_file(request, path, FILES[file_name], f"{stem}{path.suffix}", download=download)


@router.api_operation(["GET", "HEAD"], "/{uuid:dub_id}/sentences/{sentence_id}/sound")
def get_dub_sentence_sound(request: HttpRequest, dub_id: UUID, sentence_id: str) -> HttpResponseBase:
    """One sentence as it is heard, audio/wav."""
    dub = _own(request, dub_id)
    fit = dub.store().read("fit")
    found = fit.made["items"].get(sentence_id) if fit else None
    if found is None or not dub.store().has(found["file"]):
        raise not_found("sound")
    return serve_file(request, dub.store().path(found["file"]), "audio/wav", f"{sentence_id}.wav")


def _own_all(request: HttpRequest) -> DubQuerySet:
    return Dub.objects.filter(owner=caller(request)).select_related("source", "job")


def _own(request: HttpRequest, dub_id: UUID) -> Dub:
    dub = _own_all(request).filter(uid=dub_id).first()
    if dub is None:
        raise not_found("dub")
    return dub


def _tell(dub: Dub) -> None:
    transaction.on_commit(lambda: publish(dub))
    tasks.enqueue()


def _require_talk(video: Asset) -> None:
    if video.media != Asset.Media.VIDEO:
        raise ApiError("invalid", "This is a photo; choose a video in which somebody speaks.", "video")
    if not video.info.get("audio_codec"):
        raise ApiError("no_audio", "This video has no sound; choose one in which somebody speaks.", "video")


def _require_room(owner: User) -> None:
    count = Dub.objects.unfinished().filter(owner=owner).count()
    limit = settings.JOB_LIMIT if owner.job_limit is None else owner.job_limit
    if count >= limit:
        raise ApiError(
            "limit_reached", f"You have {count} dubs in work and the limit is {limit}; wait for one."
        )


def _checked(payload: DubOptions) -> dict[str, Any]:
    """Columns to write. Raises ApiError, naming the field at fault."""
    changes: dict[str, Any] = {}
    if payload.name is not None:
        changes["name"] = payload.name
    if payload.to_language is not None:
        try:
            changes["target_language"] = find_language(payload.to_language).tag
        except UnknownLanguage as error:
            raise ApiError("invalid", str(error), "to_language") from None
    options = {name: value for name in OPTIONS if (value := getattr(payload, name)) is not None}
    for term in (payload.glossary or {}).items():
        if not term[0].strip() or max(map(len, term)) > LONGEST_TERM:
            raise ApiError(
                "invalid", f"A term of the glossary needs 1 to {LONGEST_TERM} characters.", "glossary"
            )
    for voice in (payload.voices or {}).values():
        try:
            find_voice(voice)
        except UnknownVoice as error:
            raise ApiError("invalid", str(error), "voices") from None
    if payload.engine and payload.engine != "auto" and payload.engine not in ENGINES:
        raise ApiError("invalid", f"There is no engine called {payload.engine[:80]!r}; use auto.", "engine")
    return changes | ({"options": options} if options else {})


def _edit(one: SentenceIn) -> dict[str, object]:
    def given(text: str | None) -> str | None:
        return text.strip() if text and text.strip() else None

    return {
        "text": given(one.text),
        "translation": given(one.translation),
        "speaker": given(one.speaker),
        "keep": one.keep,
    }
