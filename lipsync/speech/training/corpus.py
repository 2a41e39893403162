"""The training set: features of augmented synthetic speech, and the mouth its phones ask for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lipsync.audio.features import HOP, HOP_OFFSET, HOP_SECONDS, SAMPLE_RATE, LogMel, Normaliser
from lipsync.audio.network import OUTPUTS, REST
from lipsync.audio.phones import Phone
from lipsync.audio.phonetics import LEAD_SECONDS, track_from_phones
from lipsync.audio.resample import Resampler
from lipsync.speech.errors import SpeechError
from lipsync.speech.espeak_process import EspeakProcess
from lipsync.speech.timing import phones_of_sound
from lipsync.speech.training.augment import background, change_speed, record
from lipsync.speech.training.texts import (
    HELD_OUT_LANGUAGES,
    HELD_OUT_VARIANTS,
    TRAINING_LANGUAGES,
    TRAINING_VARIANTS,
    make_text,
)

FloatArray = npt.NDArray[np.float32]


class Clip(NamedTuple):
    """``samples`` at SAMPLE_RATE with the times of what is said in them."""

    samples: FloatArray
    phones: list[Phone]


def spectrum_of(samples: FloatArray) -> FloatArray:
    """Normalised log-mel of ``samples`` at SAMPLE_RATE, shape (hops, BANDS), as the model hears them."""
    front, normaliser = LogMel(), Normaliser()
    hops = []
    for start in range(0, len(samples) - HOP + 1, HOP):
        spectrum = front.push(samples[start : start + HOP])
        if spectrum is not None:
            hops.append(normaliser.push(spectrum))
    return np.array(hops, np.float32)


def targets_of(phones: list[Phone], hops: int) -> FloatArray:
    """The mouth at each hop, and rest: shape (hops, OUTPUTS)."""
    track = track_from_phones(phones, 1 / HOP_SECONDS, hops, LEAD_SECONDS + HOP_OFFSET * HOP_SECONDS)
    values = np.zeros((hops, OUTPUTS), np.float32)
    for channel, name in enumerate(("openness", "width", "rounding", "teeth", "closure")):
        values[:, channel] = getattr(track, name)
    moving = values[:, :REST].max(axis=1) > 0
    values[:, REST] = ~moving
    return values


def speak_clip(process: EspeakProcess, random: np.random.Generator, is_held_out: bool) -> Clip | None:
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
    factor = 1.0 if is_held_out else float(random.uniform(0.86, 1.16))
    lead = int(random.uniform(0, 0.8) * spoken.sample_rate)
    tail = int(random.uniform(0.1, 0.8) * spoken.sample_rate)
    length = last - first
    sound = np.concatenate([np.zeros(lead, np.float32), sound[first:last], np.zeros(tail + 4000, np.float32)])
    bounds = [start for _, start in starts[1:]] + [length]
    scale = 1 / spoken.sample_rate / factor
    phones = [
        Phone(ipa, (lead + start) * scale, (lead + stop) * scale)
        for (ipa, start), stop in zip(starts, bounds, strict=True)
    ]
    changed = change_speed(sound, factor)
    blocks = Resampler(spoken.sample_rate, SAMPLE_RATE, HOP).push(changed)
    return Clip(np.concatenate(blocks), phones) if blocks else None


def make_set(
    process: EspeakProcess, seconds: float, seed: int, is_held_out: bool = False, is_clean: bool = False
) -> list[tuple[FloatArray, FloatArray]]:
    """(spectrum, targets) per clip, about ``seconds`` of sound in all, the same for the same ``seed``."""
    random = np.random.default_rng(seed)
    made: list[tuple[FloatArray, FloatArray]] = []
    total = 0.0
    while total < seconds:
        if not is_held_out and random.random() < 0.15:
            count = int(random.uniform(1, 5) * SAMPLE_RATE)
            clip = Clip(10 ** (random.uniform(-60, -20) / 20) * background(count, random), [])
        else:
            spoken = speak_clip(process, random, is_held_out)
            if spoken is None:
                continue
            clip = spoken if is_clean else Clip(record(spoken.samples, random), spoken.phones)
        spectrum = spectrum_of(clip.samples)
        made.append((spectrum, targets_of(clip.phones, len(spectrum))))
        total += len(clip.samples) / SAMPLE_RATE
    return made
