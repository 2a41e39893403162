"""What someone asks for, and every reason to refuse it before anything is queued."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.conf import settings

from lipsync.cost import estimate_speech_seconds
from lipsync.engines.base import ENGINES, FaceKind, RenderOptions
from lipsync.engines.clip import clip_seconds
from lipsync.face.house.look import HOUSE_LOOKS
from lipsync.models import Asset
from lipsync.speech.errors import UnknownLanguage, UnknownVoice
from lipsync.speech.languages import find_language
from lipsync.speech.synthesize import FASTEST_RATE, SLOWEST_RATE
from lipsync.speech.text import clean_text, has_speech
from lipsync.speech.voices import DEFAULT_VOICE, find_voice

DEFAULT_LANGUAGE = "en-US"
FASTEST_CHARACTERS = 40.0
"""Written characters that can be said in a second, and more."""


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
    transcript: str = ""
    """What is said in ``speech``, where it is known."""
    transcript_language: str = ""
    voice: str = ""
    voice_rate: float = 1.0
    engine: str = "auto"
    options: RenderOptions = field(default_factory=RenderOptions)
    max_cost_usd: Decimal | None = None
    """The most it may cost; None: what the site allows."""

    @property
    def face_kind(self) -> FaceKind:
        if self.face is None:
            return "drawn"
        return "video" if self.face.media == Asset.Media.VIDEO else "image"

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
    return replace(_checked_transcript(order), text="", voice="", voice_rate=1.0)


def _checked_transcript(order: Order) -> Order:
    text = order.transcript.strip()
    if not text:
        return replace(order, transcript="", transcript_language="")
    limit = round(FASTEST_CHARACTERS * _duration(order.speech)) + 100 if order.speech else 0
    if len(text) > limit:
        raise Refused(
            "invalid",
            f"The text has {len(text):,} characters, more than can be said in this recording; "
            "give the text of this recording alone.",
            "transcript",
        )
    _check_words(text, "transcript")
    try:
        language = find_language(order.transcript_language or DEFAULT_LANGUAGE)
    except UnknownLanguage as error:
        raise Refused("invalid", str(error), "transcript_language") from None
    is_plainest = find_language(language.tag) == language
    return replace(order, transcript=text, transcript_language=language.tag if is_plainest else language.id)


def _checked_text(order: Order) -> Order:
    text = order.text.strip()
    if not text:
        raise Refused("invalid", "There is nothing to say; type a text or add a recording.", "text")
    if order.transcript.strip():
        raise Refused("invalid", "A transcript belongs to a recording; this job has none.", "transcript")
    limit = settings.TEXT_CHARACTER_LIMIT
    if len(text) > limit:
        raise Refused(
            "invalid",
            f"The text has {len(text):,} characters and at most {limit:,} are allowed; shorten it.",
            "text",
        )
    _check_words(text, "text")
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
    return replace(order, text=text, voice=voice, transcript_language="")


def _check_words(text: str, param: str) -> None:
    if not has_speech(clean_text(text)):
        raise Refused("invalid", "The text has no words to speak; add some letters or numbers.", param)


def _require_known(param: str, name: str, known: Collection[str], what: str) -> None:
    if name not in known:
        choices = ", ".join(sorted(known))
        raise Refused("invalid", f"There is no {what} called {name[:80]!r}; choose one of: {choices}.", param)
