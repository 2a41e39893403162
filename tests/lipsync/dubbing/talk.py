"""A film of somebody who says sentences with pauses between them, over a hum."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lipsync.audio.loudness import RATE
from lipsync.speech.synthesize import synthesize
from tests import media

SAID = ("Good morning, everybody.", "We are going to the river.", "Thank you very much.")
HUM_HERTZ, HUM_LEVEL = 60.0, 0.01
PAUSE_SECONDS = 1.3


def talk_sound(said: tuple[str, ...] = SAID) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Mono at RATE, and from when to when each sentence is said."""
    pieces, spans, at = [np.zeros(RATE // 2, np.float32)], [], 0.5
    for text in said:
        speech = synthesize(text, "en-us")
        wanted = round(len(speech.samples) * RATE / speech.sample_rate)
        sound = np.interp(
            np.arange(wanted) * speech.sample_rate / RATE, np.arange(len(speech.samples)), speech.samples
        )
        pieces += [sound.astype(np.float32), np.zeros(round(PAUSE_SECONDS * RATE), np.float32)]
        spans.append((at + 0.1, at + wanted / RATE - 0.25))
        at += wanted / RATE + PAUSE_SECONDS
    whole = np.concatenate(pieces)
    hum = HUM_LEVEL * np.sin(2 * np.pi * HUM_HERTZ * np.arange(len(whole)) / RATE)
    return (whole + hum).astype(np.float32), spans


def write_talk(path: Path, *, face: bool = False, said: tuple[str, ...] = SAID) -> Path:
    """The film: the moving portrait where a face is wanted, else small numbered pictures."""
    sound, _ = talk_sound(said)
    seconds = len(sound) / RATE
    if face:
        return media.write_moving_portrait(path, seconds, speech=sound)
    return media.write_video(path, round(seconds * 25), size=(64, 48), sound=sound)
