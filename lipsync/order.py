"""What someone asks for, and every reason to refuse it before anything is queued."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from django.conf import settings

from lipsync.cost import clip_seconds, estimate_speech_seconds
from lipsync.engines.base import ENGINES, RenderOptions
from lipsync.face.house.look import HOUSE_LOOKS
from lipsync.models import Asset
from lipsync.speech.errors import UnknownVoice
from lipsync.speech.synthesize import FASTEST_RATE, SLOWEST_RATE
from lipsync.speech.text import clean_text, has_speech
from lipsync.speech.voices import DEFAULT_VOICE, find_voice


class Refused(Exception):  # noqa: N818 -- reads as what it is
    """Why a job was not accepted, in one sentence with the fix. ``param`` is the field at fault."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


@dataclass(frozen=True)
class Order:
    """One job to make: a face asset or a drawn look, and a speech asset or a text."""

    face: Asset | None = None
    house_look: str = ""
    speech: Asset | None = None
    text: str = ""
    voice: str = ""
    voice_rate: float = 1.0
    engine: str = "auto"
    options: RenderOptions = field(default_factory=RenderOptions)

    @property
    def seconds(self) -> float:
        """Length of the result; estimated when the speech is still a text."""
        if self.speech is not None:
            speech_seconds = _duration(self.speech)
        else:
            speech_seconds = estimate_speech_seconds(self.text, self.voice_rate)
        is_video = self.face is not None and self.face.media == Asset.Media.VIDEO
        face_seconds = _duration(self.face) if is_video and self.face else None
        return clip_seconds(speech_seconds, face_seconds, self.options.sync_mode)


def _duration(asset: Asset) -> float:
    return float(asset.info.get("duration_seconds") or 0.0)


def check_order(order: Order) -> Order:
    """``order`` with its defaults filled in. Raises Refused, naming the field at fault."""
    _check_face(order)
    order = _checked_speech(order)
    if order.engine != "auto":
        _require_known("engine", order.engine, ENGINES, "engine")
    return order


def _check_face(order: Order) -> None:
    if order.face is None:
        if not order.house_look:
            raise Refused("invalid", "There is no face; upload one or choose a drawn one.", "face")
        _require_known("face", order.house_look, HOUSE_LOOKS, "drawn face")
        return
    if order.house_look:
        raise Refused("invalid", "There are two faces; give an uploaded or a drawn one, not both.", "face")
    if order.face.kind != Asset.Kind.FACE:
        raise Refused(
            "invalid", "This file was uploaded as speech; choose a photo or video of a face.", "face"
        )
    if not order.face.faces:
        raise Refused(
            "no_face",
            "No face was found in this picture; choose one where a face is seen from the front.",
            "face",
        )


def _checked_speech(order: Order) -> Order:
    if order.speech is None:
        return _checked_text(order)
    if order.text.strip():
        raise Refused("invalid", "There is a recording and a text; give one of them.", "text")
    if order.speech.kind != Asset.Kind.SPEECH:
        raise Refused("invalid", "This file was uploaded as a face; choose a recording of speech.", "speech")
    return replace(order, text="", voice="", voice_rate=1.0)


def _checked_text(order: Order) -> Order:
    text, limit = order.text.strip(), settings.TEXT_CHARACTER_LIMIT
    if not text:
        raise Refused("invalid", "There is nothing to say; type a text or add a recording.", "text")
    if len(text) > limit:
        raise Refused(
            "invalid",
            f"The text has {len(text):,} characters and at most {limit:,} are allowed; shorten it.",
            "text",
        )
    if not has_speech(clean_text(text)):
        raise Refused("invalid", "The text has no words to speak; add some letters or numbers.", "text")
    if not SLOWEST_RATE <= order.voice_rate <= FASTEST_RATE:
        raise Refused(
            "invalid",
            f"The speed must be from {SLOWEST_RATE:g} to {FASTEST_RATE:g}; choose one in between.",
            "voice_rate",
        )
    voice = order.voice or DEFAULT_VOICE
    try:
        find_voice(voice)
    except UnknownVoice as error:
        raise Refused("invalid", str(error), "voice") from None
    return replace(order, text=text, voice=voice)


def _require_known(param: str, name: str, known: Collection[str], what: str) -> None:
    if name not in known:
        choices = ", ".join(sorted(known))
        raise Refused("invalid", f"There is no {what} called {name[:80]!r}; choose one of: {choices}.", param)
