"""What someone asks for, and every reason to refuse it before anything is queued."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.conf import settings

from lipsync.audio.denoise import DenoiserMissing, can_denoise
from lipsync.casting import PAUSE_SECONDS
from lipsync.cost import estimate_speech_seconds
from lipsync.engines.base import ENGINES, FaceKind, RenderOptions
from lipsync.engines.clip import clip_seconds
from lipsync.face.house.look import HOUSE_LOOKS
from lipsync.face.people import NobodyThere, Person, find_person
from lipsync.face.place import FacePick
from lipsync.models import Asset
from lipsync.people import people_of
from lipsync.policy import Wish
from lipsync.speech.errors import UnknownLanguage, UnknownVoice
from lipsync.speech.languages import find_language
from lipsync.speech.synthesize import FASTEST_RATE, SLOWEST_RATE
from lipsync.speech.text import clean_text, has_speech
from lipsync.speech.voices import DEFAULT_VOICE, find_voice

DEFAULT_LANGUAGE = "en-US"
MOST_SEGMENTS = 60
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
class Segment:
    """What one of several people says: a speech asset or a text, from when to when."""

    speech: Asset | None = None
    text: str = ""
    transcript: str = ""
    transcript_language: str = ""
    voice: str = ""
    voice_rate: float = 1.0
    start_seconds: float | None = None
    """None: after the one before it, with a short pause."""
    end_seconds: float | None = None
    """Where it is cut off; None: when all is said."""
    pick: FacePick | None = None


@dataclass(frozen=True)
class Order:
    """One job to make: a face asset or a drawn look, and a speech asset, a text, or segments of both."""

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
    segments: tuple[Segment, ...] = ()
    music: Asset | None = None
    max_cost_usd: Decimal | None = None
    """The most it may cost; None: what the site allows."""

    @property
    def face_kind(self) -> FaceKind:
        if self.face is None:
            return "drawn"
        return "video" if self.face.media == Asset.Media.VIDEO else "image"

    @property
    def wish(self) -> Wish | None:
        """What not every engine can do."""
        if self.segments:
            return "segments"
        return "pick" if self.options.pick else None

    @property
    def seconds(self) -> float:
        """Length of the result; estimated when the speech is still a text."""
        face_seconds = self.film_seconds
        if self.segments:
            speech_seconds = max(face_seconds or 0.0, *(end for _, end in spans(self.segments)))
        else:
            speech_seconds = _said_seconds(self)
        return clip_seconds(speech_seconds, face_seconds, self.options.sync_mode)

    @property
    def film_seconds(self) -> float | None:
        """Of the video the face is in; None for a photo or a drawn face."""
        if self.face is None or self.face.media != Asset.Media.VIDEO:
            return None
        return _duration(self.face)


def spans(segments: Sequence[Segment]) -> list[tuple[float, float]]:
    """From when to when each lasts; estimated where it is still a text."""
    found: list[tuple[float, float]] = []
    for one in segments:
        start = one.start_seconds
        if start is None:
            start = found[-1][1] + PAUSE_SECONDS if found else 0.0
        end = start + _said_seconds(one)
        found.append((start, end if one.end_seconds is None else min(end, one.end_seconds)))
    return found


def _said_seconds(said: Order | Segment) -> float:
    if said.speech is not None:
        return _duration(said.speech)
    return estimate_speech_seconds(said.text, said.voice_rate)


def _duration(asset: Asset) -> float:
    return float(asset.info.get("duration_seconds") or 0.0)


def check_order(order: Order) -> Order:
    """``order`` with its defaults filled in. Raises Refused, naming the field at fault."""
    _check_face(order)
    people = people_of(order.face) if order.face and order.wish else None
    _check_pick(order.options.pick, order, people, "options.pick")
    order = _checked_segments(order, people) if order.segments else _checked_speech(order)
    _check_sound(order)
    if order.engine != "auto":
        _require_known("engine", order.engine, ENGINES, "engine")
    return order


def _check_sound(order: Order) -> None:
    if order.music is not None and order.music.kind != Asset.Kind.MUSIC:
        raise Refused(
            "invalid", f"This file was uploaded as {_kind_words(order.music)}; choose a music file.", "music"
        )
    said = order.segments or (order,)
    if order.options.clean_speech and any(one.speech for one in said) and not can_denoise():
        raise Refused("unavailable", str(DenoiserMissing()), "options.clean_speech")


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
            "invalid",
            f"This file was uploaded as {order.face.kind}; choose a photo or video of a face.",
            "face",
        )
    if not order.face.faces:
        raise Refused(
            "no_face",
            "No face was found in this picture; choose one where a face is seen from the front.",
            "face",
        )


def _check_pick(pick: FacePick | None, order: Order, people: Sequence[Person] | None, param: str) -> None:
    """``people`` None: nobody has looked yet."""
    if pick is None:
        return
    if order.face is None:
        raise Refused("invalid", "A drawn face is one person; leave the pick out.", param)
    if sum(value is not None for value in (pick.track, pick.point, pick.box)) != 1:
        raise Refused("invalid", "Pick a face by one of track, point and box.", param)
    seconds = order.film_seconds or 0.0
    if pick.at_seconds > seconds:
        raise Refused(
            "invalid", f"The pick is at {pick.at_seconds:g} s and the video has {seconds:g} s.", param
        )
    if people is None:
        if pick.track is not None:
            raise Refused(
                "invalid",
                "The faces of this video have no numbers yet; ask for its faces first, or pick by a point.",
                param,
            )
        return
    try:
        find_person(people, pick)
    except NobodyThere as error:
        raise Refused("invalid", str(error), param) from None


def _checked_segments(order: Order, people: Sequence[Person] | None) -> Order:
    if order.face is None:
        raise Refused("invalid", "Segments are for photos and videos; a drawn face is one person.", "face")
    if order.speech is not None or order.text.strip() or order.transcript.strip():
        raise Refused("invalid", "There are segments and a speech; put it into a segment.", "segments")
    if order.options.pick is not None:
        raise Refused("invalid", "With segments, each has a pick of its own.", "options.pick")
    if order.options.sync_mode == "remap":
        raise Refused(
            "invalid",
            "With segments the video keeps its pace, as their times are those of the video; "
            "choose another sync_mode than remap.",
            "options.sync_mode",
        )
    if len(order.segments) > MOST_SEGMENTS:
        raise Refused(
            "invalid", f"There are {len(order.segments)} segments; give at most {MOST_SEGMENTS}.", "segments"
        )
    checked = tuple(_checked_segment(one, order, people, number) for number, one in enumerate(order.segments))
    _check_spans(replace(order, segments=checked), people)
    return replace(order, segments=checked, voice="", voice_rate=1.0)


def _checked_segment(one: Segment, order: Order, people: Sequence[Person] | None, number: int) -> Segment:
    where = f"segments.{number}"
    start, end = one.start_seconds, one.end_seconds
    if end is not None and end <= (start or 0.0):
        raise Refused(
            "invalid",
            f"Segment {number + 1} ends at {end:g} s, before it starts; give an end after its start.",
            f"{where}.end_seconds",
        )
    _check_pick(one.pick, order, people, f"{where}.pick")
    try:
        said = _checked_speech(
            Order(
                speech=one.speech,
                text=one.text,
                transcript=one.transcript,
                transcript_language=one.transcript_language,
                voice=one.voice,
                voice_rate=one.voice_rate,
            )
        )
    except Refused as refused:
        message = f"Segment {number + 1}: {refused.message}"
        raise Refused(refused.code, message, f"{where}.{refused.param}") from None
    return replace(
        one,
        text=said.text,
        transcript=said.transcript,
        transcript_language=said.transcript_language,
        voice=said.voice,
        voice_rate=said.voice_rate,
    )


def _check_spans(order: Order, people: Sequence[Person] | None) -> None:
    """Nothing outside the clip, and nobody says two things at once."""
    film, mode = order.film_seconds, order.options.sync_mode
    last: dict[object, tuple[int, float]] = {}
    in_time = sorted((span, number) for number, span in enumerate(spans(order.segments)))
    for (start, end), number in in_time:
        one = order.segments[number]
        what, param = f"Segment {number + 1}", f"segments.{number}"
        limit = settings.SPEECH_SECONDS_LIMIT
        if end > limit:
            raise Refused("invalid", f"{what} ends after {limit:g} s, the longest clip made here.", param)
        if film is not None and start >= film and one.start_seconds is not None:
            raise Refused(
                "invalid",
                f"{what} starts at {start:g} s, after the end of the video at {film:.4g} s; start earlier.",
                f"{param}.start_seconds",
            )
        is_exact = one.end_seconds is not None or one.speech is not None
        if film is not None and mode == "cut_off" and is_exact and end > film + 0.05:
            raise Refused(
                "invalid",
                f"{what} ends at {end:.4g} s, after the end of the video at {film:.4g} s; "
                "end it earlier, or choose a sync_mode that makes the video longer.",
                f"{param}.end_seconds",
            )
        face = one.pick if people is None else find_person(people, one.pick).track
        before, until = last.get(face, (0, 0.0))
        if start < until - 0.005:
            raise Refused(
                "invalid",
                f"{what} starts at {start:.4g} s while the same face still says segment {before + 1}, "
                f"until {until:.4g} s; start it later or end the other earlier.",
                f"{param}.start_seconds",
            )
        last[face] = (number, end)


def _checked_speech(order: Order) -> Order:
    if order.speech is None:
        return _checked_text(order)
    if order.text.strip():
        raise Refused("invalid", "There is a recording and a text; give one of them.", "text")
    if order.speech.kind != Asset.Kind.SPEECH:
        raise Refused(
            "invalid",
            f"This file was uploaded as {_kind_words(order.speech)}; choose a recording of speech.",
            "speech",
        )
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


def _kind_words(asset: Asset) -> str:
    return "a face" if asset.kind == Asset.Kind.FACE else str(asset.kind)


def _require_known(param: str, name: str, known: Collection[str], what: str) -> None:
    if name not in known:
        choices = ", ".join(sorted(known))
        raise Refused("invalid", f"There is no {what} called {name[:80]!r}; choose one of: {choices}.", param)
