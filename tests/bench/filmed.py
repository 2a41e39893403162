"""What a filmed face looks like once its mouth is driven, before any encoding."""

from __future__ import annotations

import time
from collections.abc import Iterator

import cv2
import numpy as np

from lipsync.audio.shape import CLOSED, MouthShape, MouthTrack
from lipsync.face.draw import PhotoFace
from lipsync.face.face import Image
from lipsync.face.frame import FaceFrame
from lipsync.face.perform import Candidate, VideoPerformance
from lipsync.face.video_face import REGION
from tests import media
from tests.lipsync.face.measured import Reader

FRAMES = 12
SIZES = ((640, 480), (1280, 720), (3840, 2160))
HEADS = ["source", "flicker, talking", "rendered", "sharpness kept", "pixels changed outside", "ms a frame"]


def rows() -> list[list[str]]:
    """One row for each size of the moving portrait."""
    portrait = media.portrait()
    face = PhotoFace(portrait, Reader().landmarks(portrait))
    table = []
    for width, height in SIZES:
        talking = list(
            _film(
                face, [MouthShape(openness=0.5 + 0.5 * np.sin(n / 1.7)) for n in range(FRAMES)], width, height
            )
        )
        quiet = list(_film(face, [CLOSED] * FRAMES, width, height))
        ways = [media.portrait_way(n, width, height) for n in range(FRAMES)]
        drawn, _ = _perform(talking, quiet[::5])
        rested, milliseconds = _perform(quiet, quiet[::5])
        reader = Reader()
        meshes = [reader.landmarks(frame) for frame in quiet]
        kept = np.median(
            [_sharpness(a, m) / _sharpness(b, m) for a, b, m in zip(rested, quiet, meshes, strict=True)]
        )
        outside = max(_changed_outside(a, b, m) for a, b, m in zip(rested, quiet, meshes, strict=True))
        table.append(
            [
                f"{width}x{height}",
                f"{_flicker(talking, ways, face.landmarks):.2f}",
                f"{_flicker(drawn, ways, face.landmarks):.2f}",
                f"{kept:.2f}",
                f"{outside}",
                f"{milliseconds:.0f}",
            ]
        )
    return table


def _film(face: PhotoFace, mouths: list[MouthShape], width: int, height: int) -> Iterator[Image]:
    """The portrait on its way, sharpened again where it is enlarged."""
    for number, mouth in enumerate(mouths):
        matrix = media.portrait_way(number, width, height)
        frame = cv2.warpAffine(
            face.draw(mouth),
            matrix,
            (width, height),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        if height > 512:
            soft = cv2.GaussianBlur(frame, (0, 0), 0.6 * height / 512)
            frame = cv2.addWeighted(frame, 2.2, soft, -1.2, 0)
        yield np.asarray(frame, dtype=np.uint8)


def _perform(frames: list[Image], looks: list[Image]) -> tuple[list[Image], float]:
    """The frames in silence, and what each cost in milliseconds of one core."""
    reader = Reader()
    candidates = [Candidate.cut(look, reader.landmarks(look)) for look in looks]
    still = np.zeros(len(frames), np.float32)
    track = MouthTrack(25.0, still, still, still, still, still)
    performance = VideoPerformance([frame.copy() for frame in frames], track, candidates)
    began = time.thread_time()
    drawn = list(performance)
    return drawn, (time.thread_time() - began) / len(frames) * 1e3


def _flicker(frames: list[Image], ways: list[np.ndarray], at: np.ndarray) -> float:
    """Mean grey levels by which the mouth, brought back to one place, differs from frame to frame."""
    x, y = at[[61, 291], :2].mean(0).astype(int)
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    mouths = [
        cv2.warpAffine(frame, way, (512, 260), flags=flags)[y - 28 : y + 34, x - 40 : x + 40].astype(float)
        for frame, way in zip(frames, ways, strict=True)
    ]
    return float(np.abs(np.diff(np.stack(mouths), axis=0)).mean())


def _sharpness(frame: Image, mesh: np.ndarray) -> float:
    """Variance of the Laplacian around the mouth."""
    unit = FaceFrame.of(mesh).unit
    x, y = mesh[[61, 291], :2].mean(0)
    rows, columns = (
        slice(int(y - 0.35 * unit), int(y + 0.42 * unit)),
        slice(int(x - 0.5 * unit), int(x + 0.5 * unit)),
    )
    return float(cv2.Laplacian(frame[rows, columns], cv2.CV_64F).var())


def _changed_outside(drawn: Image, source: Image, mesh: np.ndarray) -> int:
    """Pixels that differ beyond the region a filmed face changes, with a tenth of D to spare."""
    frame = FaceFrame.of(mesh)
    left, top, right, bottom = np.array(REGION) + np.array([-0.1, -0.1, 0.1, 0.1])
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    inside = np.zeros(source.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, frame.to_pixels(corners).round().astype(np.int32), 1)
    return int(((drawn != source).any(2) & (inside == 0)).sum())
