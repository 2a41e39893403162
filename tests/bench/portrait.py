"""Still faces at work: what a frame costs, how sharp and steady it is, how soon the first one is there."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from lipsync.audio.mouth import MouthModel, mouth_track
from lipsync.audio.shape import CLOSED, MouthShape
from lipsync.face import topology
from lipsync.face.draw import PhotoFace
from lipsync.face.enlarge import sharpness
from lipsync.face.face import NEUTRAL, Face, Image, Pose
from lipsync.face.house import HouseFace
from lipsync.face.life import Life
from lipsync.face.mesh import FaceMesh, roi_from_landmarks
from lipsync.speech.synthesize import synthesize
from lipsync.video.read import FrameReader
from lipsync.video.write import VideoWriter
from tests import media
from tests.bench.measure import STORY
from tests.lipsync.face.measured import Reader

FPS = 25
SIDE = 512
LARGE_SIDE = 3840
GRAIN = 6.0  # grey levels, put on an enlarged photo: else there is nothing at its size to keep
PIECE_SECONDS = 0.01
SHAPES = (
    CLOSED,
    MouthShape(openness=0.3),
    MouthShape(openness=0.6, width=0.3),
    MouthShape(openness=0.2, width=0.8),
    MouthShape(openness=0.3, rounding=0.8),
    MouthShape(closure=1.0),
)
SWAYED = Pose(yaw=0.013, pitch=0.007, roll=0.004, breath=0.3)
HEADS = [
    "",
    "draw ms",
    "p95",
    "sharpness",
    "swaying",
    "lips px",
    "outside",
    "first sound ms",
    "first work ms",
]


def rows(folder: Path) -> list[list[str]]:
    """The portrait close up at 512x512, the same photo at 4K, and a drawn avatar."""
    cv2.setNumThreads(1)
    photo = media.portrait()
    near = cv2.resize(photo[20:220, 125:325], (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    whole = cv2.resize(photo, (LARGE_SIDE, LARGE_SIDE), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(0).normal(0, GRAIN, (LARGE_SIDE, LARGE_SIDE, 1))
    large = np.clip(whole + grain, 0, 255).astype(np.uint8)
    table = []
    for label, image in ((f"close portrait, {SIDE} px", near), (f"portrait, {LARGE_SIDE} px", large)):
        landmarks = Reader().landmarks(image)
        face = PhotoFace(image, landmarks)
        kept = [*keep_sharp(face, landmarks), f"{outside_changed(face, landmarks)}"]
        steady = lip_jitter(folder, face) if image is near else float("nan")
        table.append([label, *draw_cost(face), *kept[:2], show(steady), kept[2], *first_frame(face)])
    house = HouseFace("maya", (SIDE, SIDE))
    table.append([f"drawn avatar, {SIDE} px", *draw_cost(house), "-", "-", "-", "-", *first_frame(house)])
    return table


def draw_cost(face: Face) -> list[str]:
    """Median and 95th percentile of the processor's time for a frame of living speech, in ms."""
    speech = synthesize(STORY, "en-us")
    track = mouth_track(speech.samples, speech.sample_rate, FPS, speech.phones)
    life, spent = Life(FPS), []
    for number in range(len(track) if max(face.size) <= SIDE else 25):
        mouth = track[number]
        pose = life.step(mouth.openness)
        began = time.thread_time_ns()
        face.draw(mouth, NEUTRAL, pose)
        spent.append((time.thread_time_ns() - began) / 1e6)
    return [f"{np.median(spent):.2f}", f"{np.percentile(spent, 95):.2f}"]


def keep_sharp(face: PhotoFace, landmarks: np.ndarray) -> list[str]:
    """Sharpness of the mouth's surroundings over the photo's own, head still and swaying."""
    x, y = landmarks[[topology.MOUTH_LEFT, topology.MOUTH_RIGHT], :2].mean(0)
    unit = face.rig.frame.unit
    part = np.s_[int(y - 0.25 * unit) : int(y + 0.45 * unit), int(x - 0.45 * unit) : int(x + 0.45 * unit)]
    own = sharpness(face.image[part])
    found = []
    for pose in (Pose(), SWAYED):
        found.append(statistics.mean(sharpness(face.draw(m, NEUTRAL, pose)[part]) / own for m in SHAPES))
    return [f"{value:.2f}" for value in found]


def outside_changed(face: PhotoFace, landmarks: np.ndarray) -> int:
    """Pixels outside the face, its oval scaled by 1.75, that any shape changes with life off."""
    oval = landmarks[list(topology.OVAL), :2]
    ring = oval.mean(0) + 1.75 * (oval - oval.mean(0))
    mask = np.zeros(face.image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [cv2.convexHull(ring.round().astype(np.int32))], 1)
    return sum(int(((face.draw(m) != face.image).any(2) & (mask == 0)).sum()) for m in SHAPES)


def lip_jitter(folder: Path, face: Face) -> float:
    """Tremble, pixels, of the lips found again in a coded silent video with life off; see ``lips_spread``."""
    target = folder / "silent.mp4"
    with VideoWriter(target, *face.size, FPS) as writer:
        for _ in range(2 * FPS):
            writer.write(face.draw(CLOSED))
    return lips_spread(frame.image for frame in FrameReader(target))


def lips_spread(frames: Iterable[Image]) -> float:
    """Largest standard deviation, pixels, of any landmark of the lips over ``frames``."""
    pictures = list(frames)
    # Looked for in one square: a square that follows the face wobbles even on frames that are all the same.
    mesh, square = FaceMesh(), roi_from_landmarks(Reader().landmarks(pictures[0]))
    rings = (topology.UPPER_OUTER, topology.UPPER_INNER, topology.LOWER_INNER, topology.LOWER_OUTER)
    lips = list(dict.fromkeys(index for ring in rings for index in ring))
    found = np.stack([mesh.fit(picture, square).points[lips, :2] for picture in pictures])
    return float(found.std(0).max())


def first_frame(face: Face) -> list[str]:
    """How much sound a stream hears before its first frame, and what that last step costs; both in ms."""
    speech = synthesize("Papa", "en-us")
    model = MouthModel(speech.sample_rate, FPS)
    size = round(PIECE_SECONDS * speech.sample_rate)
    for number in range(len(speech.samples) // size):
        began = time.thread_time_ns()
        shapes = model.push(speech.samples[number * size : (number + 1) * size])
        if shapes:
            face.draw(shapes[0])
            spent = (time.thread_time_ns() - began) / 1e6
            return [f"{(number + 1) * PIECE_SECONDS * 1e3:.0f}", f"{spent:.1f}"]
    raise AssertionError("the speech was too short for a frame")


def show(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"
