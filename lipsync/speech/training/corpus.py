"""The training set: features of augmented speech, and the mouth its phones ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lipsync.audio.features import (
    BANDS,
    HOP,
    HOP_OFFSET,
    HOP_SECONDS,
    SAMPLE_RATE,
    TRANSFORM,
    WINDOW,
    Normaliser,
    mel_filters,
)
from lipsync.audio.network import PRESS, REST
from lipsync.audio.phones import Phone
from lipsync.audio.phonetics import LEAD_SECONDS, track_from_phones
from lipsync.audio.resample import Resampler
from lipsync.speech.errors import SpeechError
from lipsync.speech.espeak_process import EspeakProcess
from lipsync.speech.timing import phones_of_sound
from lipsync.speech.training.augment import background, change_speed, record
from lipsync.speech.training.classes import class_track
from lipsync.speech.training.texts import (
    HELD_OUT_LANGUAGES,
    HELD_OUT_VARIANTS,
    TRAINING_LANGUAGES,
    TRAINING_VARIANTS,
    make_text,
)

FloatArray = npt.NDArray[np.float32]

SLOWEST, FASTEST = 0.86, 1.16
BLANK_SHARE = 0.12
"""Clips in which nobody speaks."""
CHUNK_HOPS = 2000


class Speech(NamedTuple):
    """``samples`` at SAMPLE_RATE with the times of what is said in them."""

    samples: FloatArray
    phones: list[Phone]


class Clip(NamedTuple):
    """Arrays to learn from: ``spectrum`` (hops, BANDS), ``mouth`` (hops, PRESS), ``sounds`` (hops,)."""

    spectrum: FloatArray
    mouth: FloatArray
    sounds: npt.NDArray[np.uint8]


def spectrum_of(samples: FloatArray) -> FloatArray:
    """Normalised log-mel of ``samples`` at SAMPLE_RATE, shape (hops, BANDS), as the model hears them."""
    count = len(samples) // HOP
    if count < 2:
        return np.zeros((0, BANDS), np.float32)
    padded = np.concatenate([np.zeros(WINDOW, np.float32), samples[: count * HOP]])
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[2 * HOP :: HOP]
    filters, shape = mel_filters(), np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    normaliser = Normaliser()
    hops: list[FloatArray] = []
    for start in range(0, len(windows), CHUNK_HOPS):
        spectrum = np.fft.rfft(windows[start : start + CHUNK_HOPS] * shape, TRANSFORM)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        hops.append(normaliser.push(np.log(power @ filters + 1e-9).astype(np.float32)))
    return np.concatenate(hops)


def mouth_of(phones: Sequence[Phone], hops: int) -> FloatArray:
    """The mouth at each hop, and rest: shape (hops, PRESS)."""
    track = track_from_phones(phones, 1 / HOP_SECONDS, hops, LEAD_SECONDS + HOP_OFFSET * HOP_SECONDS)
    values = np.zeros((hops, PRESS), np.float32)
    for channel, name in enumerate(("openness", "width", "rounding", "teeth", "closure")):
        values[:, channel] = getattr(track, name)
    moving = values[:, :REST].max(axis=1) > 0
    values[:, REST] = ~moving
    return values


def clip_of(speech: Speech) -> Clip:
    """``speech`` as it is learnt from; in half precision, to keep hours of it in memory."""
    spectrum = spectrum_of(speech.samples)
    hops = len(spectrum)
    return Clip(spectrum.astype(np.float16), mouth_of(speech.phones, hops), class_track(speech.phones, hops))


def varied(speech: Speech, random: np.random.Generator) -> Speech:
    """``speech`` at another speed and pitch, through a random microphone, room and noise."""
    factor = float(random.uniform(SLOWEST, FASTEST))
    phones = [
        Phone(phone.ipa, phone.start_seconds / factor, phone.end_seconds / factor) for phone in speech.phones
    ]
    return Speech(record(change_speed(speech.samples, factor), random), phones)


def speak(process: EspeakProcess, random: np.random.Generator, is_held_out: bool) -> Speech | None:
    """A random voice saying a random text, silence around it; None when the voice cannot read it."""
    language = str(random.choice(HELD_OUT_LANGUAGES if is_held_out else TRAINING_LANGUAGES))
    variant = str(random.choice(HELD_OUT_VARIANTS if is_held_out else TRAINING_VARIANTS))
    if is_held_out and random.random() < 0.3:
        language = "en-us"
    try:
        spoken = process.speak(
            make_text(language, random),
            f"{language}+{variant}",
            words_per_minute=int(random.integers(120, 240)),
            pitch=int(random.integers(15, 86)),
            pitch_range=int(random.integers(20, 90)),
            word_gap=0,
        )
    except SpeechError:
        return None
    sound = np.frombuffer(spoken.pcm, "<i2").astype(np.float32) / np.float32(32768)
    starts, first, last = phones_of_sound(spoken.phones, sound, spoken.sample_rate)
    if not starts:
        return None
    lead = int(random.uniform(0, 0.8) * spoken.sample_rate)
    tail = int(random.uniform(0.1, 0.8) * spoken.sample_rate)
    sound = np.concatenate([np.zeros(lead, np.float32), sound[first:last], np.zeros(tail + 4000, np.float32)])
    bounds = [start for _, start in starts[1:]] + [last - first]
    phones = [
        Phone(ipa, (lead + start) / spoken.sample_rate, (lead + stop) / spoken.sample_rate)
        for (ipa, start), stop in zip(starts, bounds, strict=True)
    ]
    blocks = Resampler(spoken.sample_rate, SAMPLE_RATE, HOP).push(sound)
    return Speech(np.concatenate(blocks), phones) if blocks else None


def synthetic_clips(
    process: EspeakProcess,
    seconds: float,
    seed: int,
    on_seconds: Callable[[float], None] = lambda seconds: None,
) -> Iterator[Clip]:
    """About ``seconds`` of synthetic speech and of sound without any, the same for the same ``seed``."""
    random = np.random.default_rng(seed)
    total = 0.0
    while total < seconds:
        if random.random() < BLANK_SHARE:
            count = int(random.uniform(1, 5) * SAMPLE_RATE)
            speech = Speech(10 ** (random.uniform(-60, -20) / 20) * background(count, random), [])
        else:
            spoken = speak(process, random, is_held_out=False)
            if spoken is None:
                continue
            speech = varied(spoken, random)
        total += len(speech.samples) / SAMPLE_RATE
        on_seconds(total)
        yield clip_of(speech)
