"""The mouth in finished videos, found again by landmarks, against the phones that were spoken."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from lipsync.audio.load import load_audio, save_wav
from lipsync.audio.phones import Phone
from lipsync.audio.phonetics import track_from_phones
from lipsync.engines.base import RenderRequest, get_engine
from lipsync.speech.synthesize import synthesize
from lipsync.video.read import FrameReader
from tests import media
from tests.bench.mouth import FPS, correlation, loudness, show, silent_frames
from tests.lipsync.face.measured import Reader

SENTENCES = (
    "Mama, my boat is blue.",
    "Please open the window and let me out.",
    "Papa bought a big apple pie, and five brave pilots found a map.",
    "Nobody knows why.",
)
PAUSE_SECONDS = 1.0
CLOSED_BELOW = 0.05
"""D between the lips. On the moving portrait the mesh reads even a truly shut mouth as wider in a sixth of
the frames, so its share stays below 1 whatever is drawn."""
BILABIALS = ("p", "b", "m")
HEADS = [
    "source",
    "phones known",
    "listening",
    "loudness alone",
    "closed in silence",
    "same, listening",
    "p b m closed",
    "same, listening",
    "lag, frames",
    "same, listening",
]


def rows(folder: Path) -> list[list[str]]:
    """One row for the portrait and one for it moving through a video."""
    speech = folder / "rendered.wav"
    phones = speak_with_pauses(speech)
    photo = folder / "portrait.png"
    cv2.imwrite(str(photo), media.portrait()[:, :, ::-1])
    video = media.write_moving_portrait(folder / "moving.mp4", 4.0, width=960, height=720)
    table = []
    for label, face in (("portrait", photo), ("moving, turning portrait", video)):
        known = _gaps(folder, face, speech, phones)
        heard = _gaps(folder, face, speech, None)
        count = min(len(known), len(heard))
        tracks = known[:count], heard[:count]
        target = track_from_phones(phones, FPS, count).openness
        level = loudness(load_audio(speech, 48_000), 48_000, count)
        silent = silent_frames(list(phones), count)
        figures = [
            *(correlation(track, target) for track in (*tracks, level)),
            *(float(np.mean(track[silent] < CLOSED_BELOW)) for track in tracks),
            *(share_of_closures(track, phones) for track in tracks),
        ]
        table.append([label, *map(show, figures), *(f"{lag(track, target):+d}" for track in tracks)])
    return table


def share_of_closures(gaps: np.ndarray, phones: tuple[Phone, ...]) -> float:
    """How many of the sounds made with shut lips show shut lips, within one frame."""
    hits = []
    for phone in phones:
        if phone.ipa.rstrip("ːʰʲ") in BILABIALS:
            first, last = int(phone.start_seconds * FPS) - 1, int(np.ceil(phone.end_seconds * FPS)) + 1
            hits.append(bool((gaps[max(0, first) : last + 1] < CLOSED_BELOW).any()))
    return float(np.mean(hits))


def lag(gaps: np.ndarray, target: np.ndarray, reach: int = 5) -> int:
    """Frames by which the mouth comes late: the shift at which it fits the target best."""
    inner = slice(reach, len(gaps) - reach)
    fits = {
        shift: correlation(np.roll(gaps, -shift)[inner], target[inner]) for shift in range(-reach, reach + 1)
    }
    return max(fits, key=lambda shift: fits[shift])


def speak_with_pauses(path: Path) -> tuple[Phone, ...]:
    """Write the sentences with a second of silence after each; returns their phones."""
    pieces, phones, start = [], [], 0.0
    for sentence in SENTENCES:
        speech = synthesize(sentence, "en-us")
        seconds = len(speech.samples) / speech.sample_rate
        phones += [Phone(p.ipa, p.start_seconds + start, p.end_seconds + start) for p in speech.phones]
        phones.append(Phone("", start + seconds, start + seconds + PAUSE_SECONDS))
        pieces += [speech.samples, np.zeros(round(PAUSE_SECONDS * speech.sample_rate), np.float32)]
        start += seconds + PAUSE_SECONDS
    save_wav(path, np.concatenate(pieces), speech.sample_rate)
    return tuple(phones)


def _gaps(folder: Path, face: Path, speech: Path, phones: tuple[Phone, ...] | None) -> np.ndarray:
    request = RenderRequest(speech, folder / "rendered.mp4", folder, face_path=face, phones=phones)
    result = get_engine("builtin").render(request, lambda stage, fraction: None)
    reader = Reader()
    return np.array([reader.gap(frame.image) for frame in FrameReader(result.output_path)])
