"""Who says what when: one voice for one face, or several people with a voice each."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lipsync.audio.load import FloatArray, stream_audio
from lipsync.audio.phones import Phone
from lipsync.engines.base import EngineError, OnProgress, RenderRequest, Speaker
from lipsync.face.people import NobodyThere, Person, find_person, has_several, meet_people
from lipsync.spoken import align, clean, speak
from lipsync.video.probe import probe
from lipsync.work import Part, Work

VOICE_SHARE = 0.04
"""Of the whole job."""
PAUSE_SECONDS = 0.35
"""Between a part and one that follows it by itself."""
FADE_SECONDS = 0.015
"""Where a part is cut off."""
SOUND_RATE = 48_000


class Speech:
    """One voice as a sound file. Phones and faces are looked for when an engine asks that uses them."""

    def __init__(self, work: Work, speech_dir: Path, on_progress: OnProgress) -> None:
        self._work, self._on_progress = work, on_progress
        on_progress("voice", 0.0)
        self.warnings: tuple[str, ...] = ()
        self.phones: tuple[Phone, ...] | None = None
        self._is_aligned = work.speech_path is None
        self._speakers: tuple[Speaker, ...] | None = None
        if work.speech_path is not None:
            self.path = _recording(work.speech_path, work, speech_dir)
        else:
            self.path, self.phones = speak(work, speech_dir, self._tell)

    def fill(self, request: RenderRequest) -> RenderRequest:
        """``request`` with what is known of sounds and faces. Raises EngineError where no face is meant."""
        if not self._is_aligned:
            self._is_aligned = True
            self.phones, self.warnings = align(self._work, self.path, self._tell)
        if self._speakers is None:
            self._speakers = self._cast()
        speakers = tuple(
            one if one.speech_path is None else replace(one, phones=self.phones) for one in self._speakers
        )
        return replace(request, phones=self.phones, speakers=speakers)

    def _cast(self) -> tuple[Speaker, ...]:
        work, pick = self._work, self._work.options.pick
        if work.face_path is None:
            return ()
        known = work.people
        if pick is None and (len(known) < 2 if known is not None else not has_several(work.face_path)):
            return ()
        people = _everyone(work, self._on_progress)
        if pick is None and len(people) < 2:
            return ()
        chosen = _find(people, work, 0)
        return (Speaker(chosen.path, self.path), *_silent(work, people, [chosen]))

    def _tell(self, fraction: float) -> None:
        self._on_progress("voice", VOICE_SHARE * fraction)


@dataclass
class _Placed:
    """A part as sound, with its place in the whole."""

    part: Part
    path: Path
    start: float
    end: float
    phones: tuple[Phone, ...] | None
    """From the start of the whole."""


class Dialogue:
    """Several parts as one sound file, and each face's own as another."""

    def __init__(self, work: Work, folder: Path, speech_dir: Path, on_progress: OnProgress) -> None:
        self._work, self._folder, self._on_progress = work, folder, on_progress
        on_progress("voice", 0.0)
        self.warnings: tuple[str, ...] = ()
        self._placed = self._place(speech_dir)
        self._seconds = max(one.end for one in self._placed)
        info = probe(work.face_path) if work.face_path else None
        if info is not None and info.media == "video":  # the film goes on when all is said
            self._seconds = max(self._seconds, info.duration_seconds)
        self.path = folder / "speech.wav"
        _write(self.path, self._placed, self._seconds, on_progress)
        self._speakers: tuple[Speaker, ...] | None = None

    @property
    def phones(self) -> tuple[Phone, ...]:
        """Of everyone whose text is known."""
        found = [phone for one in self._placed for phone in one.phones or ()]
        return tuple(sorted(found, key=lambda phone: phone.start_seconds))

    def fill(self, request: RenderRequest) -> RenderRequest:
        """As of ``Speech``."""
        if self._speakers is None:
            self._speakers = self._cast()
        return replace(request, speakers=self._speakers)

    def _place(self, speech_dir: Path) -> list[_Placed]:
        placed: list[_Placed] = []
        parts = self._work.segments
        for number, part in enumerate(parts):

            def tell(fraction: float, number: int = number) -> None:
                self._on_progress("voice", VOICE_SHARE * (number + fraction) / len(parts))

            if part.speech_path is not None:
                path = _recording(part.speech_path, self._work, speech_dir)
                phones, warnings = align(part, path, tell)
                self.warnings += warnings
            else:
                path, phones = speak(part, speech_dir, tell)
            start = part.start_seconds
            if start is None:
                start = placed[-1].end + PAUSE_SECONDS if placed else 0.0
            end = start + probe(path).duration_seconds
            if part.end_seconds is not None:
                end = min(end, part.end_seconds)
            shifted = None if phones is None else _shifted(phones, start, end)
            placed.append(_Placed(part, path, start, end, shifted))
        return placed

    def _cast(self) -> tuple[Speaker, ...]:
        people = _everyone(self._work, self._on_progress)
        own: dict[int, list[_Placed]] = {}
        for number, placed in enumerate(self._placed):
            own.setdefault(_find(people, self._work, number).track, []).append(placed)
        speakers = []
        for person in people:
            parts = own.get(person.track)
            if parts is None:
                continue
            path = self._folder / f"speaker-{person.track}.wav"
            _write(path, parts, self._seconds, self._on_progress)
            speakers.append(Speaker(person.path, path, _joined(parts)))
        chosen = [person for person in people if person.track in own]
        return (*speakers, *_silent(self._work, people, chosen))


def _recording(path: Path, work: Work, speech_dir: Path) -> Path:
    return clean(path, speech_dir) if work.options.clean_speech else path


def _everyone(work: Work, on_progress: OnProgress) -> Sequence[Person]:
    if work.people is not None:
        return work.people
    if work.face_path is None:
        raise EngineError("A drawn face is one person; give a photo or a video.", fallback=False)
    return meet_people(work.face_path, lambda: on_progress("face", VOICE_SHARE))


def _find(people: Sequence[Person], work: Work, number: int) -> Person:
    """Whom the work, or the part of that number, means."""
    pick = work.segments[number].pick if work.segments else work.options.pick
    try:
        return find_person(people, pick)
    except NobodyThere as error:
        which = f"Segment {number + 1}: " if work.segments else ""
        raise EngineError(f"{which}{error}", fallback=False) from None


def _silent(work: Work, people: Sequence[Person], chosen: Sequence[Person]) -> list[Speaker]:
    """Those who were filmed speaking while it is somebody else's turn."""
    if work.options.others == "filmed":
        return []
    return [Speaker(one.path, None) for one in people if one.speaks and one not in chosen]


def _shifted(phones: Sequence[Phone], start: float, end: float) -> tuple[Phone, ...]:
    return tuple(
        Phone(ipa, start + first, min(start + last, end))
        for ipa, first, last in phones
        if start + first < end
    )


def _joined(parts: Sequence[_Placed]) -> tuple[Phone, ...] | None:
    """The phones of one face, where all are known and none are said at once."""
    in_order = sorted(parts, key=lambda one: one.start)
    overlaps = any(one.end > after.start for one, after in zip(in_order, in_order[1:], strict=False))
    if overlaps or any(one.phones is None for one in in_order):
        return None
    return tuple(phone for one in in_order for phone in one.phones or ())


def _write(path: Path, parts: Sequence[_Placed], seconds: float, on_progress: OnProgress) -> None:
    """All of ``parts`` in their places as a 16-bit WAV; on disk while it is mixed, however long it is."""
    count = max(1, round(seconds * SOUND_RATE))
    raw = path.with_suffix(".raw")
    mixed = np.memmap(raw, np.float32, "w+", shape=(count,))
    for one in parts:
        at, end = round(one.start * SOUND_RATE), min(round(one.end * SOUND_RATE), count)
        for block in stream_audio(one.path, SOUND_RATE):
            on_progress("voice", VOICE_SHARE)
            kept = block[: max(0, end - at)]
            mixed[at : at + len(kept)] += _faded(kept, end - at)
            at += len(kept)
            if at >= end:
                break
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOUND_RATE)
        for start in range(0, count, SOUND_RATE):
            block = np.clip(mixed[start : start + SOUND_RATE], -1.0, 1.0)
            file.writeframes(np.round(block * 32767.0).astype("<i2").tobytes())
    del mixed
    raw.unlink()


def _faded(block: FloatArray, left: int) -> FloatArray:
    """A block with ``left`` samples to its part's end, going out there without a click."""
    ramp = (left - np.arange(len(block))) / (FADE_SECONDS * SOUND_RATE)
    return np.asarray(block * np.minimum(ramp, 1.0), np.float32)
