"""When each sound of a text is said in a recording of it, in every language that espeak-ng speaks.

The text is spoken here, by some voices, with known phone times. Each phone becomes a few states that sound as
it did, set to the recording's level, colour and noise; the likeliest way through these states, with pauses
wherever the recording has them, says when each phone was said. It is looked for again with what it taught of
how this speaker makes each sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain as joined
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lipsync.audio.load import stream_audio
from lipsync.audio.phones import Phone
from lipsync.speech.cepstra import HOP_SECONDS, Room, log_mel
from lipsync.speech.chain import (
    PAUSE,
    Chain,
    IntArray,
    find_path,
    nearest_voices,
    path_cost,
)
from lipsync.speech.errors import TextMismatch
from lipsync.speech.languages import Language
from lipsync.speech.synthesize import stream_speech
from lipsync.speech.voices import Voice

FloatArray = npt.NDArray[np.float32]
OnProgress = Callable[[float], None]

SAMPLE_RATE = 16000
VARIANTS = ("", "Annie", "f2", "m3")
"""espeak-ng's voices that speak the text: two men and two women come close to most people."""
CLOSE_VOICES = 2
"""How many of them are kept once the recording was heard."""
PASSES = 4
SHRINK = 2.0
"""Hops of a sound that weigh as much as how all sounds differ."""
JUDGED_PHONES = 60
"""Phones, about five seconds of speech, that are held against themselves in other orders."""
JUDGED_ORDERS = 6
"""In how many, over a short recording; over a longer one there are more pieces instead."""
LARGEST_SHARE = 0.91
"""What a text that fits costs at most, where the same sounds jumbled cost 1."""
PAUSE_ENTER, PAUSE_STAY, PAUSE_LEAVE = 6.0, 0.02, 2.0
SHORTEST_PAUSE_SECONDS = 0.05
FEWEST_HOPS = 2.0
"""A state of a shorter sound is as ready to be stayed in as to be left."""
_PARTS = ((0.03, 1), (0.05, 2), (0.08, 3), (0.12, 4), (np.inf, 5))
"""States of a phone up to so many seconds long. Each takes at least a hop."""
MISMATCH = (
    "The text does not seem to be what is said in the recording, so the lips follow the sound alone; "
    "correct the text or its language for more exact lips."
)


class Spoken(NamedTuple):
    """The text as one voice says it; ``spectra`` (hops, bands) of ``log_mel``."""

    phones: list[Phone]
    spectra: FloatArray


def align_recording(
    path: Path, text: str, language: Language, on_progress: OnProgress = lambda fraction: None
) -> list[Phone]:
    """The phones of ``text`` with their times in the recording at ``path``, pauses between them.

    Memory is for the spectra, not for the sound: about 30 MB for ten minutes. ``on_progress`` may raise to
    stop. Raises TextMismatch when something else is said, SpeechError when the text cannot be
    spoken, and MediaError.
    """

    def heard() -> Iterator[FloatArray]:
        for block in stream_audio(path, SAMPLE_RATE):
            on_progress(0.0)
            yield block

    spectra = log_mel(heard(), SAMPLE_RATE)
    spoken = []
    for variant in VARIANTS:
        spoken.append(_speak(text, language, variant, lambda: on_progress(0.1)))
    return align_spectra(spectra, spoken, on_progress)


def align_spectra(
    spectra: FloatArray, spoken: Sequence[Spoken], on_progress: OnProgress = lambda fraction: None
) -> list[Phone]:
    """As ``align_recording``, of ``log_mel`` of the recording and the text as voices say it."""
    phones = [phone for phone in spoken[0].phones if phone.ipa]
    if len(spectra) < 2 * len(phones) + 10:
        raise TextMismatch(MISMATCH)
    room = Room(spectra)
    features = room.cepstra(spectra, room.mean)
    spread = np.maximum(features.var(axis=0), 1e-3)
    scale = (0.8 / spread).astype(np.float32)
    chain = _chain_of(spoken, room)
    done = 0

    def find(through: Chain) -> IntArray:
        nonlocal done
        found = find_path(features, through, scale, lambda: on_progress(0.1 + 0.9 * done / PASSES))
        done += 1
        return found

    path = find(chain)
    if _share(features, chain, path, scale, lambda: on_progress(0.3)) > LARGEST_SHARE:
        raise TextMismatch(MISMATCH)
    for _ in range(PASSES - 1):
        chain, scale = _taught(chain, features, path, scale)
        path = find(chain)
    return _phones_on(path, chain, phones)


def _share(
    features: FloatArray, chain: Chain, path: IntArray, scale: FloatArray, on_tick: Callable[[], None]
) -> float:
    """What the text costs along ``path`` if the same sounds jumbled cost 1: near 1 when it does not fit."""
    phones = int(chain.phone.max()) + 1
    number = np.maximum.accumulate(chain.phone[path])  # a pause goes with the phone before it
    said = jumbled = 0.0
    pieces = max(round(phones / JUDGED_PHONES), 1)
    for first, last in pairwise(np.linspace(0, phones, pieces + 1).astype(int).tolist()):
        inside = (number >= (first if first else PAUSE)) & (number < last)
        heard = features[inside]
        if len(heard) <= last - first:
            return 1.0
        said += path_cost(heard, chain, path[inside], scale)
        orders = _other_orders(first, last, max(1, JUDGED_ORDERS // pieces))
        for order in orders:
            other = chain.reordered(order)
            jumbled += path_cost(heard, other, find_path(heard, other, scale, on_tick), scale) / len(orders)
    return said / jumbled


def _other_orders(first: int, last: int, count: int) -> list[list[int]]:
    """Numbers ``first`` up to ``last`` backwards, and jumbled in other ways, always the same."""
    numbers = list(range(first, last))
    random = np.random.default_rng(last)
    return [numbers[::-1], *(random.permutation(numbers).tolist() for _ in range(count - 1))]


def _speak(text: str, language: Language, variant: str, on_tick: Callable[[], None]) -> Spoken:
    voice = Voice(
        "", "", language.tag, language.name, "male", espeak_language=language.id, espeak_variant=variant
    )
    phones: list[Phone] = []
    chunks = stream_speech(text, voice)
    first = next(chunks)

    def heard() -> Iterator[FloatArray]:
        for chunk in joined([first], chunks):
            on_tick()
            phones.extend(chunk.phones)
            yield chunk.samples

    spectra = log_mel(heard(), first.sample_rate)
    return Spoken(phones, spectra)


def _chain_of(spoken: Sequence[Spoken], room: Room) -> Chain:
    sounds = [[phone for phone in one.phones if phone.ipa] for one in spoken]
    # A voice that says it in other phones, as some do of some languages, has nothing to compare.
    kept = [at for at, phones in enumerate(sounds) if len(phones) == len(sounds[0])]
    sounds = [sounds[at] for at in kept]
    cepstra = [room.cepstra(spoken[at].spectra, room.mean_of(spoken[at].spectra)) for at in kept]
    silence = np.tile(room.cepstra(np.tile(room.floor, (9, 1)), room.mean)[4], (len(kept), 1))
    means: list[FloatArray] = []
    phone_of: list[int] = []
    names: list[str] = []
    costs: list[tuple[float, float, float]] = []  # to stay, to leave, to enter

    def add_pause(enter: float) -> None:
        means.append(silence)
        phone_of.append(PAUSE)
        names.append("")
        costs.append((PAUSE_STAY, PAUSE_LEAVE, enter))

    ended = -np.inf
    for number, phone in enumerate(sounds[0]):
        add_pause(0.0 if phone.start_seconds > ended + 0.01 else PAUSE_ENTER)
        ended = phone.end_seconds
        seconds = phone.end_seconds - phone.start_seconds
        parts = next(parts for limit, parts in _PARTS if seconds < limit)
        hops = max(seconds / parts / HOP_SECONDS, FEWEST_HOPS)
        for part in range(parts):
            sides = (part / parts, (part + 1) / parts)
            rows = [_part(voice, said[number], *sides) for voice, said in zip(cepstra, sounds, strict=True)]
            means.append(np.stack(rows))
            phone_of.append(number)
            names.append(f"{phone.ipa.lstrip('ˈˌ')} {part} {parts}")
            costs.append((-np.log(1 - 1 / hops), np.log(hops), 0.0))
    add_pause(0.0)
    _, kinds = np.unique(names, return_inverse=True)
    stay, leave, enter = np.array(costs, np.float32).T
    return Chain(np.stack(means), np.array(phone_of, np.int32), kinds.astype(np.int32), stay, leave, enter)


def _part(cepstra: FloatArray, phone: Phone, first: float, last: float) -> FloatArray:
    """The mean of a part of a phone, from ``first`` to ``last`` of it, 0..1; shape (features,)."""
    seconds = phone.end_seconds - phone.start_seconds
    low, high = (round((phone.start_seconds + side * seconds) / HOP_SECONDS) for side in (first, last))
    low = min(low, len(cepstra) - 1)
    return np.asarray(cepstra[low : max(high, low + 1)].mean(axis=0), np.float32)


def _taught(
    chain: Chain, features: FloatArray, path: IntArray, scale: FloatArray
) -> tuple[Chain, FloatArray]:
    """The chain as this speaker says it, by the voices closest to theirs, and what its features weigh."""
    nearest = nearest_voices(features, chain, path, scale)
    voices = chain.means.shape[1]
    if voices > CLOSE_VOICES:
        close = np.sort(np.argsort(-np.bincount(nearest, minlength=voices))[:CLOSE_VOICES])
        chain = replace(chain, means=chain.means[:, close])
        nearest = nearest_voices(features, chain, path, scale)
    apart = features - chain.means[path, nearest]
    is_sound = chain.phone[path] != PAUSE
    usual = apart[is_sound].mean(axis=0) if is_sound.any() else np.zeros(features.shape[1], np.float32)
    kind, kinds = chain.kind[path], int(chain.kind.max()) + 1
    count = np.bincount(kind, minlength=kinds)[:, None]
    total = np.zeros((kinds, features.shape[1]), np.float32)
    np.add.at(total, kind, apart)
    shift = (total + SHRINK * usual) / (count + SHRINK)
    means = (chain.means + shift[chain.kind][:, None]).astype(np.float32)
    left = features - means[path, nearest]
    return replace(chain, means=means), (0.5 / np.maximum((left**2).mean(axis=0), 1e-3)).astype(np.float32)


def _phones_on(path: IntArray, chain: Chain, phones: Sequence[Phone]) -> list[Phone]:
    """Phones and pauses, contiguous from the start of the recording to its end."""
    number = chain.phone[path]
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(number)]
    found: list[Phone] = []
    for first, last in pairwise(edges):
        # Hops are centred on their times, so a change lies half a hop before.
        start, end = max((first - 0.5) * HOP_SECONDS, 0.0), (last - 0.5) * HOP_SECONDS
        ipa = phones[number[first]].ipa if number[first] != PAUSE else ""
        if not ipa and found and end - start < SHORTEST_PAUSE_SECONDS:
            found[-1] = found[-1]._replace(end_seconds=end)
        else:
            found.append(Phone(ipa, start, end))
    return found
