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
HEADS = ["source", "phones known", "listening", "loudness alone", "closed in silence", "same, listening"]


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
        target = track_from_phones(phones, FPS, count).openness
        level = loudness(load_audio(speech, 48_000), 48_000, count)
        silent = silent_frames(list(phones), count)
        figures = [
            correlation(known[:count], target),
            correlation(heard[:count], target),
            correlation(level, target),
            float(np.mean(known[:count][silent] < CLOSED_BELOW)),
            float(np.mean(heard[:count][silent] < CLOSED_BELOW)),
        ]
        table.append([label, *map(show, figures)])
    return table


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
