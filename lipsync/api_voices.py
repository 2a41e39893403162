"""``/voices``, ``/engines`` and ``/looks``: what there is to choose from."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from ninja import Router, Schema

from avsite.errors import ApiError, not_found
from avsite.files import serve_file
from lipsync.engines.base import ENGINES, get_engine
from lipsync.schemas import API_ROOT

router = Router()


class VoiceOut(Schema):
    id: str
    name: str
    language: str
    language_name: str
    gender: str
    provider: str
    sample_url: str


class VoiceList(Schema):
    items: list[VoiceOut]
    default: str


class EngineOut(Schema):
    name: str
    label: str
    available: bool
    why_not: str | None
    usd_per_second: float
    needs_gpu: bool
    remote: bool


class EngineList(Schema):
    items: list[EngineOut]


class LookOut(Schema):
    """A drawn face; ``id`` is what a job's ``face`` takes."""

    id: str
    name: str
    thumbnail_url: str


class LookList(Schema):
    items: list[LookOut]


@router.get("/voices", response=VoiceList)
def list_voices(request: HttpRequest) -> VoiceList:
    from lipsync.speech import voices

    items = [
        VoiceOut(
            id=voice.id,
            name=voice.name,
            language=voice.language,
            language_name=voice.language_name,
            gender=voice.gender,
            provider=voice.provider,
            sample_url=f"{API_ROOT}/voices/{voice.id}/sample",
        )
        for voice in voices.list_voices()
    ]
    return VoiceList(items=items, default=voices.DEFAULT_VOICE)


@router.api_operation(["GET", "HEAD"], "/voices/{voice_id}/sample")
def get_voice_sample(request: HttpRequest, voice_id: str) -> HttpResponseBase:
    """A sentence in the voice's own language, audio/wav."""
    from lipsync.samples import voice_sample
    from lipsync.speech.errors import SpeechError, UnknownVoice

    try:
        path = voice_sample(voice_id)
    except UnknownVoice as error:
        raise ApiError("not_found", str(error)) from None
    except SpeechError as error:
        raise ApiError("unavailable", str(error)) from error
    return serve_file(request, path, "audio/wav", f"{voice_id}.wav")


@router.get("/engines", response=EngineList)
def list_engines(request: HttpRequest) -> EngineList:
    """Every engine, with the reason and the fix where one cannot run here."""
    return EngineList(items=[_describe_engine(name) for name in ENGINES])


def _describe_engine(name: str) -> EngineOut:
    engine = get_engine(name)
    why_not = engine.check()
    return EngineOut(
        name=name,
        label=engine.label,
        available=why_not is None,
        why_not=why_not,
        usd_per_second=engine.usd_per_second,
        needs_gpu=engine.needs_gpu,
        remote=engine.remote,
    )


@router.get("/looks", response=LookList)
def list_looks(request: HttpRequest) -> LookList:
    """The drawn faces of the house."""
    from lipsync.face.house.look import HOUSE_LOOKS

    items = [
        LookOut(id=f"house:{name}", name=name.title(), thumbnail_url=f"{API_ROOT}/looks/{name}/thumbnail")
        for name in HOUSE_LOOKS
    ]
    return LookList(items=items)


@router.api_operation(["GET", "HEAD"], "/looks/{look}/thumbnail")
def get_look_thumbnail(request: HttpRequest, look: str) -> HttpResponseBase:
    from lipsync.samples import look_picture

    try:
        path = look_picture(look)
    except KeyError:
        raise not_found("drawn face") from None
    return serve_file(request, path, "image/jpeg", f"{look}.jpg")
