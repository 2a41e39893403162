"""The mouth in finished videos, found again by landmarks, against the phones that were spoken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from lipsync.audio.load import load_audio, save_wav
from lipsync.audio.mouth import speech_mouth
from lipsync.audio.phones import Phone
from lipsync.audio.phonetics import track_from_phones
from lipsync.audio.shape import MouthTrack
from lipsync.engines.base import RenderRequest, get_engine
from lipsync.face.draw import PhotoFace
from lipsync.face.face import Image
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
MOVING_SIZE = (960, 720)
CLOSED_BELOW = 0.05
"""D between the lips, as the mesh reads them; it takes the shut lips of a smile for .03 to .04 apart."""
CROPS = 3
"""One look at a moving face is off by .01 D and more, and reads a sixth of truly shut mouths as open."""
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
    """The portrait, it moving through a video, and what reading a moving face allows at best."""
    speech = folder / "rendered.wav"
    phones = speak_with_pauses(speech)
    photo = folder / "portrait.png"
    cv2.imwrite(str(photo), media.portrait()[:, :, ::-1])
    video = media.write_moving_portrait(
        folder / "moving.mp4", 4.0, width=MOVING_SIZE[0], height=MOVING_SIZE[1]
    )
    known, heard = (speech_mouth(speech, FPS, phones=given) for given in (phones, None))
    tables = [
        ("portrait", [_rendered(folder, photo, speech, given) for given in (phones, None)]),
        ("moving, turning portrait", [_rendered(folder, video, speech, given) for given in (phones, None)]),
        (
            "drawing moved, not driven: the most to be had",
            [_drawn_and_moved(track) for track in (known, heard)],
        ),
    ]
    level = load_audio(speech, 48_000)
    return [[label, *_figures(*films, phones, level)] for label, films in tables]


def _figures(
    known: Iterable[Image], heard: Iterable[Image], phones: tuple[Phone, ...], sound: np.ndarray
) -> list[str]:
    """What HEADS names, of the film that speaks by ``phones`` and of the one that listens to ``sound``."""
    gaps = [_gaps(film) for film in (known, heard)]
    count = min(map(len, gaps))
    tracks = [track[:count] for track in gaps]
    target = track_from_phones(phones, FPS, count).openness
    silent = silent_frames(list(phones), count)
    shares = [
        *(correlation(track, target) for track in (*tracks, loudness(sound, 48_000, count))),
        *(float(np.mean(track[silent] < CLOSED_BELOW)) for track in tracks),
        *(share_of_closures(track, phones) for track in tracks),
    ]
    return [*map(show, shares), *(f"{lag(track, target):+d}" for track in tracks)]


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


def _rendered(folder: Path, face: Path, speech: Path, phones: tuple[Phone, ...] | None) -> Iterator[Image]:
    request = RenderRequest(speech, folder / "rendered.mp4", folder, face_path=face, phones=phones)
    result = get_engine("builtin").render(request, lambda stage, fraction: None)
    for frame in FrameReader(result.output_path):
        yield frame.image


def _drawn_and_moved(track: MouthTrack) -> Iterator[Image]:
    """The portrait's own drawing on the way of the moving portrait: what is left is the reading's fault."""
    photo = media.portrait()
    face = PhotoFace(photo, Reader(5).landmarks(photo))
    for number in range(len(track)):
        picture, way = face.draw(track[number]), media.portrait_way(number, *MOVING_SIZE)
        yield np.asarray(
            cv2.warpAffine(picture, way, MOVING_SIZE, borderMode=cv2.BORDER_REFLECT_101), np.uint8
        )


def _gaps(film: Iterable[Image]) -> np.ndarray:
    reader = Reader(CROPS)
    return np.array([reader.gap(image) for image in film])
