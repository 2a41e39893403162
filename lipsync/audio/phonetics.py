"""What the lips do for each speech sound, and how sounds run into one another.

Targets follow the articulatory descriptions of the IPA chart (International Phonetic Association, *Handbook*,
1999) and measured lip apertures: vowels by height, backness and rounding (Fromkin 1964, "Lip positions in
American English vowels"; Linker 1982, "Articulatory and acoustic correlates of labial activity in vowels");
bilabials close fully, labiodentals bring the lower lip to the teeth, postalveolars and English /r/ protrude.
Sounds blend by dominance: each pulls towards its target with a strength that falls off exponentially with the
distance in time (Löfqvist 1990, "Speech as audible gestures"; Cohen and Massaro 1993, "Modeling
coarticulation in synthetic visual speech"). Rounding starts early (Bell-Berti and Harris 1979, "Anticipatory
coarticulation"). Lips are no faster than about 25 cm/s (Löfqvist and Gracco 1997, "Lip and jaw kinematics in
bilabial stop consonant production").
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lipsync.audio.phones import Phone
from lipsync.audio.shape import MouthShape, MouthTrack

FloatArray = npt.NDArray[np.float32]

LEAD_SECONDS = 0.035
"""How far real lips run ahead of the sound."""
GRID_SECONDS = 0.005
SMOOTHING_SECONDS = 0.010
MAX_SPEED = 12.5
"""Openness per second: 25 cm/s where a wide /a/ parts the lips by 2 cm."""
REST_AFTER_SECONDS = 0.075
REST_WITHIN_SECONDS = 0.12
REACH_SECONDS = 0.35

CHANNELS = MouthShape._fields
OPENNESS, WIDTH, ROUNDING, TEETH, CLOSURE = range(5)
# Seconds over which a sound's pull fades, per channel, before and after the sound.
_FADE_BEFORE = np.array([0.030, 0.045, 0.080, 0.022, 0.015])
_FADE_AFTER = np.array([0.030, 0.045, 0.045, 0.022, 0.015])

# vowel: openness, width, rounding
_VOWELS: dict[str, tuple[float, float, float]] = {
    "a": (1.0, 0.45, 0.0), "ɑ": (1.0, 0.2, 0.0), "æ": (0.9, 0.65, 0.0), "ɐ": (0.75, 0.35, 0.0),
    "ʌ": (0.68, 0.3, 0.0), "ɒ": (0.75, 0.05, 0.35), "ɶ": (0.8, 0.1, 0.4),
    "ɛ": (0.65, 0.65, 0.0), "ɜ": (0.55, 0.35, 0.1), "ɝ": (0.45, 0.2, 0.35), "ɞ": (0.5, 0.1, 0.5),
    "œ": (0.52, 0.1, 0.6), "ɔ": (0.58, 0.0, 0.6), "ε": (0.65, 0.65, 0.0),
    "ə": (0.42, 0.35, 0.05), "ɚ": (0.38, 0.25, 0.3), "ɘ": (0.4, 0.45, 0.0), "ɵ": (0.36, 0.05, 0.65),
    "e": (0.5, 0.8, 0.0), "ø": (0.38, 0.05, 0.8), "o": (0.42, 0.0, 0.8), "ɤ": (0.45, 0.35, 0.0),
    "ɪ": (0.4, 0.75, 0.0), "ʏ": (0.28, 0.05, 0.8), "ʊ": (0.32, 0.05, 0.7),
    "i": (0.33, 1.0, 0.0), "y": (0.22, 0.0, 0.95), "u": (0.25, 0.0, 1.0), "ɯ": (0.3, 0.55, 0.0),
    "ɨ": (0.32, 0.6, 0.0), "ʉ": (0.25, 0.05, 0.9),
}  # fmt: skip


class Target(NamedTuple):
    """Where the mouth goes for a sound, and how strongly, per channel of MouthShape."""

    shape: tuple[float, float, float, float, float]
    strength: tuple[float, float, float, float, float]


def _consonant(
    openness: float,
    strength: float,
    width: float = 0.3,
    width_strength: float = 0.3,
    rounding: float = 0.0,
    rounding_strength: float = 0.25,
    teeth: float = 0.0,
) -> Target:
    return Target(
        (openness, width, rounding, teeth, 0.0),
        (strength, width_strength, rounding_strength, 4.0 if teeth else 1.0, 1.0),
    )


_BILABIAL = Target((0.0, 0.2, 0.0, 0.0, 1.0), (6.0, 0.5, 0.2, 1.0, 4.0))
_LABIODENTAL = _consonant(0.08, 3.5, 0.35, 0.8, 0.0, 0.4, teeth=1.0)
_FRICATIVE_BILABIAL = _consonant(0.07, 3.5, 0.2, 0.6, 0.15, 0.4)
_ROUNDED_GLIDE = _consonant(0.1, 2.5, 0.0, 2.0, 0.95, 2.5)
_SIBILANT = _consonant(0.18, 1.8, 0.5, 0.7)
_PROTRUDED = _consonant(0.22, 1.8, 0.1, 1.0, 0.6, 1.5)
_DENTAL = _consonant(0.26, 1.2)
_ALVEOLAR = _consonant(0.24, 1.0)
_LATERAL = _consonant(0.34, 0.9)
_RHOTIC = _consonant(0.28, 1.0, 0.15, 0.6, 0.35, 0.9)
_TRILL = _consonant(0.3, 0.9)
_PALATAL = _consonant(0.28, 1.0, 0.8, 0.8)
_VELAR = _consonant(0.35, 0.45, 0.3, 0.15, 0.0, 0.12)
_UVULAR = _consonant(0.42, 0.45, 0.3, 0.15, 0.0, 0.12)
_GLOTTAL = _consonant(0.45, 0.15, 0.3, 0.05, 0.0, 0.05)
_UNKNOWN = _consonant(0.35, 0.6)
_PAUSE = Target((0.0, 0.0, 0.0, 0.0, 0.0), (1.6, 1.2, 1.2, 1.0, 1.0))

_CONSONANTS: dict[str, Target] = {
    sound: target
    for sounds, target in (
        ("pbmɓʘ", _BILABIAL), ("fvɱⱱ", _LABIODENTAL), ("ɸβʙ", _FRICATIVE_BILABIAL), ("wʍɥ", _ROUNDED_GLIDE),
        ("szɬɮɧ", _SIBILANT), ("ʃʒɕʑʂʐ", _PROTRUDED), ("θðǀ", _DENTAL), ("tdnɾɗǃʈɖɳɽ", _ALVEOLAR),
        ("lɭɺɫǁ", _LATERAL),
        ("ɹɻ", _RHOTIC), ("r", _TRILL), ("jcɟçʝɲʎʄǂ", _PALATAL), ("kgɡxɣŋɰɠʟ", _VELAR), ("qɢχʁɴʀʛ", _UVULAR),
        ("hɦħʕʔʡʢʜ?", _GLOTTAL),
    )
    for sound in sounds
}  # fmt: skip
_CONSONANTS["ʲ"], _CONSONANTS["ʷ"] = _PALATAL, _ROUNDED_GLIDE  # where they stand alone
_CONSONANTS["ʋ"] = _consonant(0.16, 2.0, 0.3, 0.5, 0.1, 0.4, teeth=0.6)
BILABIALS = frozenset("pbmɓʘ")
_STOPS = frozenset("pbɓʘ")
_LABIODENTALS = frozenset("fvɱⱱ")
# Written by espeak-ng between or after sounds, with no shape of their own.
_UNSHAPED = frozenset("ːˑʰʱˀ-.\"'^`_|#!*+~;:0123456789()ˈˌ̩̯̃̊̈̽ˠˤʼ")


class Segment(NamedTuple):
    """One lip target with its place in time. ``hold_end_seconds`` is where a stop bursts open."""

    sound: str
    start_seconds: float
    end_seconds: float
    hold_end_seconds: float
    shape: tuple[float, float, float, float, float]
    strength: tuple[float, float, float, float, float]


def is_vowel(ipa: str) -> bool:
    """Whether the phone starts as a vowel."""
    bare = ipa.lstrip("ˈˌ")
    return bool(bare) and bare[0] in _VOWELS


def is_bilabial(ipa: str) -> bool:
    """Whether the phone starts by closing the lips."""
    bare = ipa.lstrip("ˈˌ")
    return bool(bare) and bare[0] in BILABIALS


@cache
def _targets_of(ipa: str) -> tuple[tuple[str, Target], ...]:
    """The lip targets a phone goes through: one for a plain sound, more for a diphthong or affricate."""
    scale = 1.05 if "ˈ" in ipa else 0.95 if "ˌ" in ipa else 0.85
    found: list[tuple[str, Target]] = []
    for sign in unicodedata.normalize("NFD", ipa):
        if sign == "ʲ" and found:
            found[-1] = (found[-1][0], _coloured(found[-1][1], WIDTH, 0.7))
        elif sign in "ʷᵝ̹" and found:
            found[-1] = (found[-1][0], _coloured(found[-1][1], ROUNDING, 0.7))
        elif sign == "˞" and found:
            found[-1] = (found[-1][0], _coloured(found[-1][1], ROUNDING, 0.3))
        elif sign in _VOWELS:
            openness, width, rounding = _VOWELS[sign]
            shape = (min(openness * scale, 1.0), width, rounding, 0.0, 0.0)
            found.append((sign, Target(shape, (1.0, 1.0, 1.2, 1.0, 1.0))))
        elif sign in _CONSONANTS:
            found.append((sign, _CONSONANTS[sign]))
        elif sign not in _UNSHAPED and not unicodedata.combining(sign) and sign.isalpha():
            found.append((sign, _CONSONANTS.get(sign.lower(), _UNKNOWN)))
    return tuple(found) or ((ipa, _GLOTTAL),)


def sounds_of(ipa: str) -> list[str]:
    """The plain sounds of a phone: one, or those of a diphthong or affricate; marks and stress left out."""
    return [sound[0] for sound, _ in _targets_of(ipa)] if ipa else []


def _coloured(target: Target, channel: int, value: float) -> Target:
    shape, strength = list(target.shape), list(target.strength)
    shape[channel] = max(shape[channel], value)
    strength[channel] = max(strength[channel], 1.0)
    return Target(tuple(shape), tuple(strength))  # type: ignore[arg-type]


def segment_phones(phones: Sequence[Phone]) -> list[Segment]:
    """Lip targets over time; diphthongs and affricates fall into their parts."""
    segments = []
    for phone in phones:
        start, end = phone.start_seconds, phone.end_seconds
        if end <= start:
            continue
        if not phone.ipa:
            # A breath between two sounds only begins to close the mouth.
            weight = min(1.0, (end - start) / 0.12)
            strength = tuple(value * weight for value in _PAUSE.strength)
            segments.append(Segment("", start, end, end, _PAUSE.shape, strength))  # type: ignore[arg-type]
            continue
        targets = _targets_of(phone.ipa)
        step = (end - start) / len(targets)
        for index, (sound, target) in enumerate(targets):
            first, last = start + index * step, start + (index + 1) * step
            hold = first + 0.65 * (last - first) if sound in _STOPS else last
            segments.append(Segment(sound, first, last, hold, target.shape, target.strength))
    return segments


def _blend(segments: Sequence[Segment], start_seconds: float, count: int) -> FloatArray:
    """The dominance-weighted mean of all targets on the grid; shape (count, 5)."""
    pull = np.zeros((count, 5), np.float32)
    # A faint pull to rest everywhere: it decides where no sound is near.
    total = np.full((count, 5), 1e-3, np.float32)
    for segment in segments:
        first = int((segment.start_seconds - REACH_SECONDS - start_seconds) / GRID_SECONDS)
        last = int((segment.end_seconds + REACH_SECONDS - start_seconds) / GRID_SECONDS) + 1
        first, last = max(first, 0), min(last, count)
        if last <= first:
            continue
        times = (start_seconds + GRID_SECONDS * np.arange(first, last))[:, None]
        # Rounding looks ahead to the next sound; nothing looks ahead to a pause.
        fade = _FADE_BEFORE if segment.sound else _FADE_AFTER
        before = np.maximum(segment.start_seconds - times, 0) / fade
        after = np.maximum(times - segment.hold_end_seconds, 0) / _FADE_AFTER
        dominance = np.asarray(segment.strength) * np.exp(-before - after)
        pull[first:last] += dominance * np.asarray(segment.shape)
        total[first:last] += dominance
    return pull / total


def _smoothed(values: FloatArray) -> FloatArray:
    sigma = SMOOTHING_SECONDS / GRID_SECONDS
    reach = int(3 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    columns = [np.convolve(padded[:, channel], kernel, mode="valid") for channel in range(values.shape[1])]
    return np.stack(columns, axis=1).astype(np.float32)


def _rest(segments: Sequence[Segment], times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How much of the mouth is left, 0..1, at each time: all of it near speech, none deep in a pause."""
    spoken = [(s.start_seconds, s.end_seconds) for s in segments if s.sound]
    if not spoken:
        return np.zeros(len(times))
    starts, ends = np.array(spoken).T
    following = np.searchsorted(starts, times, side="right")
    until = np.where(following < len(starts), starts[np.minimum(following, len(starts) - 1)] - times, np.inf)
    since = np.where(following > 0, times - ends[np.maximum(following - 1, 0)], np.inf)
    distance = np.maximum(np.minimum(until, since), 0)
    return np.asarray(
        1 - np.clip((distance - REST_AFTER_SECONDS) / (REST_WITHIN_SECONDS - REST_AFTER_SECONDS), 0, 1)
    )


def limit_speed(openness: FloatArray, fps: float) -> FloatArray:
    """``openness``, shape (frames,), lowered where lips could not keep up; closed frames stay closed."""
    step = MAX_SPEED / fps
    limited = openness.astype(np.float32).copy()
    for index in range(1, len(limited)):
        limited[index] = min(limited[index], limited[index - 1] + step)
    for index in range(len(limited) - 2, -1, -1):
        limited[index] = min(limited[index], limited[index + 1] + step)
    return limited


def _press(values: FloatArray, segments: Sequence[Segment], fps: float, lead_seconds: float) -> None:
    """Give every bilabial and labiodental, however brief, at least one frame of its own."""
    frames = len(values)
    for segment in segments:
        is_bilabial = segment.sound in BILABIALS
        if not is_bilabial and segment.sound not in _LABIODENTALS:
            continue
        hold = segment.hold_end_seconds - segment.start_seconds
        middle = segment.start_seconds + 0.5 * hold
        first = int(np.ceil((middle - 0.35 * hold - lead_seconds) * fps))
        last = int(np.floor((middle + 0.35 * hold - lead_seconds) * fps))
        if last < first:
            first = last = round((middle - lead_seconds) * fps)
        if first < 0 <= last or (first == last < 0 and middle >= 0):
            first, last = max(first, 0), max(last, 0)
        held = values[max(first, 0) : min(last, frames - 1) + 1]
        if is_bilabial:
            held[:, OPENNESS], held[:, CLOSURE], held[:, TEETH] = 0.0, 1.0, 0.0
        else:
            held[:, OPENNESS] = np.minimum(held[:, OPENNESS], 0.1)
            held[:, TEETH] = np.maximum(held[:, TEETH], 0.9)
            held[:, CLOSURE] = 0.0


def track_from_phones(
    phones: Sequence[Phone], fps: float, frame_count: int, lead_seconds: float = LEAD_SECONDS
) -> MouthTrack:
    """The mouth that speaks ``phones``: ``frame_count`` frames, frame n at n / fps, lips early by the lead.

    Frames without speech are exactly closed; /p b m/ reach a full closure for at least one frame each.
    """
    segments = segment_phones(phones)
    times = np.arange(frame_count) / fps + lead_seconds
    margin = 0.05
    count = int((frame_count / fps + 2 * margin) / GRID_SECONDS) + 2
    grid = _smoothed(_blend(segments, lead_seconds - margin, count))
    grid_times = lead_seconds - margin + GRID_SECONDS * np.arange(count)
    columns = [np.interp(times, grid_times, grid[:, channel]) for channel in range(5)]
    values: FloatArray = (np.stack(columns, axis=1) * _rest(segments, times)[:, None]).astype(np.float32)
    _press(values, segments, fps, lead_seconds)
    values[:, OPENNESS] = limit_speed(values[:, OPENNESS], fps)
    return track_of(values, fps)


def track_of(values: FloatArray, fps: float) -> MouthTrack:
    """A track from ``values``, shape (frames, 5) in the order of MouthShape; traces of motion become rest."""
    values = np.clip(values, 0, 1).astype(np.float32)
    # Lips that are apart press on nothing.
    values[:, CLOSURE] *= np.clip(1 - values[:, OPENNESS] / 0.08, 0, 1)
    values[values < 0.02] = 0.0
    return MouthTrack(fps, *(np.ascontiguousarray(values[:, channel]) for channel in range(5)))
