"""Recordings of people with the times of what they say: by PocketSphinx in English, else by the listener."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

from lipsync.audio.features import SAMPLE_RATE
from lipsync.audio.phones import Phone
from lipsync.speech.errors import SpeechError
from lipsync.speech.synthesize import synthesize
from lipsync.speech.training.corpus import Clip, Speech, clip_of, spectrum_of, varied
from lipsync.speech.training.listener import Listener, find_phones
from lipsync.speech.training.recordings import Recording
from lipsync.speech.training.sphinx import sphinx_phones
from lipsync.video.errors import MediaError

LEAST_SCORE = -1.35
"""Nats a hop: recordings that fit their text worse are left out."""
SHORTEST_PHONES = 2
BEFORE_SECONDS, AFTER_SECONDS = 0.5, 0.4
"""Silence kept around the speech."""


@lru_cache(maxsize=4096)
def _phones_of(text: str, language: str) -> tuple[Phone, ...]:
    """The phones of ``text``; none when espeak-ng has no such voice or the text no words."""
    try:
        return tuple(synthesize(text.lower() if text.isupper() else text, language).phones)
    except SpeechError:
        return ()


def time_recording(listener: Listener, recording: Recording) -> Speech | None:
    """``recording`` with its phones, cut to what is said; None when sound and text do not fit."""
    said = _phones_of(recording.text, recording.language)
    if not said:
        return None
    try:
        samples = recording.samples()
    except MediaError:
        return None
    found = find_phones(listener, spectrum_of(samples), said)
    if found is None or found[1] < LEAST_SCORE:
        return None
    times = sphinx_phones(samples, recording.text) if recording.language.startswith("en") else None
    times = times or found[0]
    spoken = [phone for phone in times if phone.ipa]
    if len(spoken) < SHORTEST_PHONES:
        return None
    start = max(spoken[0].start_seconds - BEFORE_SECONDS, 0.0)
    cut = samples[int(start * SAMPLE_RATE) : int((spoken[-1].end_seconds + AFTER_SECONDS) * SAMPLE_RATE)]
    phones = [
        Phone(phone.ipa, max(phone.start_seconds - start, 0.0), max(phone.end_seconds - start, 0.0))
        for phone in times
    ]
    return Speech(cut, phones)


def recorded_clips(
    listener: Listener, recordings: Iterable[Recording], random: np.random.Generator, seconds: float
) -> Iterator[Clip]:
    """Up to ``seconds`` of recordings that fit their texts, each changed at random."""
    total = 0.0
    for recording in recordings:
        speech = time_recording(listener, recording)
        if speech is None:
            continue
        total += len(speech.samples) / SAMPLE_RATE
        if total > seconds:
            return
        yield clip_of(varied(speech, random))
