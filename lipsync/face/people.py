"""Everyone in a photo or a video: where each face is over time, what it looks like, and who speaks most."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from lipsync.face.detect import FaceDetector, box_iou
from lipsync.face.face import Image
from lipsync.face.frame import lip_gap
from lipsync.face.likeness import face_likeness, face_patch
from lipsync.face.mesh import eye_distance, head_pose, landmarks_box
from lipsync.face.place import Box, FacePath, FacePick, corners
from lipsync.face.track import FaceTracker, TrackedFace
from lipsync.face.weights import FloatArray
from lipsync.video.probe import probe
from lipsync.video.read import FrameReader, read_image
from lipsync.video.search import sample_frames

LOOK_FPS = 8
"""Often enough to follow heads and to see lips move."""
MOST_PEOPLE = 8
LEAST_SECONDS = 0.5
"""A face seen for less is no choice, where there are others."""
SAME_PERSON = 0.8
"""Correlation of two faces' patches that were never seen together."""
SPEAKS = 0.05
"""D a second; lips that move less are at rest, or only smile."""
JITTER = 4.3
"""Of lips at rest as a mesh sees them, D a second times the pixels between the eyes."""
SHARP_EYES = 110.0
"""Pixels between the eyes from which on a mesh sees no more."""
REACH = 0.35
"""Of a face's box, beyond which a point is not meant for it."""
LEAST_OVERLAP = 0.1
THUMBNAIL_SIDE = 128
THUMBNAIL_REACH = 1.5
QUICK_LOOKS = 6


@dataclass(frozen=True)
class Person:
    """One face of a photo or a video."""

    track: int
    """From 1, in the order in which they are seen, from left to right."""
    path: FacePath
    shown_at_seconds: float
    """A moment at which the face is seen well: the thumbnail is of then."""
    thumbnail: bytes
    """JPEG, 128 pixels square."""
    seconds: float
    """How long it is seen; 0 in a photo."""
    motion: float
    """How much its lips move while it is seen, in D a second, beyond what jitter may be."""

    @property
    def box(self) -> Box:
        """Where it is at ``shown_at_seconds``."""
        return self.path.at(self.shown_at_seconds) or self.path.boxes[0]

    @property
    def speaks(self) -> bool:
        """Whether its lips move as those of somebody who speaks."""
        return self.motion >= SPEAKS

    @property
    def size(self) -> float:
        return median(width * height for _, _, width, height in self.path.boxes)


class NobodyThere(LookupError):
    """There is no such face; says in a sentence what to do."""


def meet_people(path: Path, tell: Callable[[], None] = lambda: None) -> list[Person]:
    """Everyone in the photo or video at ``path``; looks through all of a video. Raises MediaError.

    ``tell`` is called on the way, and may stop it by raising.
    """
    return watch_people(_looks(path, tell))


def has_several(path: Path) -> bool:
    """Whether more than one face is seen in a few frames; far cheaper than ``meet_people``."""
    info = probe(path)
    detector = FaceDetector()
    if info.media == "image":
        return len(detector.detect(read_image(path))) > 1
    frames = sample_frames(path, info.duration_seconds, QUICK_LOOKS)
    return any(len(detector.detect(image, thorough=False)) > 1 for image in frames)


def _looks(path: Path, tell: Callable[[], None]) -> Iterator[tuple[Image, float]]:
    if probe(path).media == "image":
        yield read_image(path), 0.0
        return
    for frame in FrameReader(path, fps=LOOK_FPS):
        tell()
        yield frame.image, frame.seconds


@dataclass
class _Seen:
    """What was gathered about one face."""

    seconds: list[float] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    eyes: list[float] = field(default_factory=list)  # pixels between them
    best: float = -np.inf
    best_at: float = 0.0
    picture: Image | None = None
    look: FloatArray | None = None

    def add(self, image: Image, seconds: float, landmarks: FloatArray) -> None:
        height, width = image.shape[:2]
        left, top, right, bottom = landmarks_box(landmarks)
        box = (left / width, top / height, (right - left) / width, (bottom - top) / height)
        self.seconds.append(round(seconds, 3))
        self.boxes.append((round(box[0], 4), round(box[1], 4), round(box[2], 4), round(box[3], 4)))
        self.gaps.append(lip_gap(landmarks))
        self.eyes.append(eye_distance(landmarks))
        # A large frontal view with its mouth closed; the first of equals.
        quality = self.eyes[-1] / width - 0.3 * abs(head_pose(landmarks).yaw) - 0.2 * self.gaps[-1]
        if quality > self.best + 0.01:
            self.best, self.best_at = quality, self.seconds[-1]
            self.picture = _cut(image, (left, top, right, bottom))
            self.look = face_patch(image, landmarks)

    def motion(self) -> float:
        """Of the lips, D a second."""
        times, gaps = np.array(self.seconds), np.array(self.gaps)
        steps = np.diff(times)
        near = (steps > 0) & (steps < 2.5 / LOOK_FPS)
        if not near.any():
            return 0.0
        moved = float(np.abs(np.diff(gaps))[near].sum() / steps[near].sum())
        jitter = JITTER / min(median(self.eyes), SHARP_EYES)
        return float(np.sqrt(max(0.0, moved**2 - jitter**2)))

    def join(self, other: _Seen) -> None:
        """The same person, seen again later."""
        self.seconds += other.seconds
        self.boxes += other.boxes
        self.gaps += other.gaps
        self.eyes += other.eyes
        if other.best > self.best:
            self.best, self.best_at = other.best, other.best_at
            self.picture, self.look = other.picture, other.look

    def is_earlier_of(self, other: _Seen) -> bool:
        """Whether ``other`` begins when this one is gone, and looks the same."""
        if self.look is None or other.look is None or self.seconds[-1] >= other.seconds[0]:
            return False
        return face_likeness(self.look, other.look) >= SAME_PERSON


def watch_people(looks: Iterable[tuple[Image, float]]) -> list[Person]:
    """Everyone in the pictures (H, W, 3), each with its time in seconds."""
    tracker = FaceTracker(MOST_PEOPLE, newcomers_every=LOOK_FPS // 2)
    seen: dict[int, _Seen] = {}
    for image, seconds in looks:
        for face in tracker.update(image):
            seen.setdefault(face.track_id, _Seen()).add(image, seconds, face.landmarks)
    people = _joined(list(seen.values()))
    lasting = [one for one in people if len(one.seconds) >= LEAST_SECONDS * LOOK_FPS]
    # A photo, or nobody who stays: everyone counts.
    kept = sorted(lasting or people, key=lambda one: (round(one.seconds[0], 1), one.boxes[0][0]))
    return [_person(number, one) for number, one in enumerate(kept[:MOST_PEOPLE], start=1)]


def _joined(found: list[_Seen]) -> list[_Seen]:
    people: list[_Seen] = []
    for one in sorted(found, key=lambda one: one.seconds[0]):
        before = next((earlier for earlier in people if earlier.is_earlier_of(one)), None)
        if before is None:
            people.append(one)
        else:
            before.join(one)
    return people


def _person(number: int, seen: _Seen) -> Person:
    assert seen.picture is not None  # noqa: S101 -- the first look at a face is its best so far
    done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(seen.picture, cv2.COLOR_RGB2BGR))
    if not done:
        raise ValueError("a face could not be encoded as JPEG")
    return Person(
        track=number,
        path=FacePath(tuple(seen.seconds), tuple(seen.boxes)),
        shown_at_seconds=seen.best_at,
        thumbnail=jpeg.tobytes(),
        seconds=round(len(seen.seconds) / LOOK_FPS, 2) if len(seen.seconds) > 1 else 0.0,
        motion=round(seen.motion(), 3),
    )


def _cut(image: Image, box: tuple[float, float, float, float]) -> Image:
    """The head as a square picture; what is beyond the edge repeats it."""
    left, top, right, bottom = box
    side = THUMBNAIL_REACH * max(right - left, bottom - top)
    scale = THUMBNAIL_SIDE / side
    x, y = (left + right) / 2 - side / 2, (top + bottom) / 2 - 0.54 * side
    finer = max(1, int(1 / scale))  # averaged down, so that a large face does not alias
    matrix = np.array([[scale * finer, 0, -x * scale * finer], [0, scale * finer, -y * scale * finer]])
    large = (THUMBNAIL_SIDE * finer, THUMBNAIL_SIDE * finer)
    cut = cv2.warpAffine(image, matrix, large, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(
        cv2.resize(cut, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), interpolation=cv2.INTER_AREA), np.uint8
    )


def main_person(people: Sequence[Person]) -> Person:
    """Who moves their lips most in all, and where nobody does, the largest. Raises NobodyThere."""
    if not people:
        raise NobodyThere("No face was found; use a picture or video that shows one from the front.")
    speaking = [one for one in people if one.speaks]
    if speaking:
        return max(speaking, key=lambda one: one.motion * one.seconds)
    return max(people, key=lambda one: one.size * max(one.seconds, 1.0))


def find_person(people: Sequence[Person], pick: FacePick | None) -> Person:
    """Whom ``pick`` means; None: ``main_person``. Raises NobodyThere."""
    if pick is None:
        return main_person(people)
    if pick.track is not None:
        for one in people:
            if one.track == pick.track:
                return one
        numbers = ", ".join(str(one.track) for one in people) or "none"
        raise NobodyThere(f"There is no face {pick.track} here; the faces are: {numbers}.")
    here = [(one, box) for one in people if (box := one.path.at(pick.at_seconds))]
    fits = [(_fit(pick, box), one) for one, box in here]
    best, person = max(fits, key=lambda fit: fit[0], default=(0.0, None))
    if person is None or best <= 0:
        moment = f" at {pick.at_seconds:g} s" if pick.at_seconds else ""
        raise NobodyThere(f"There is no face in that place{moment}; pick one where a face is seen.")
    return person


def _fit(pick: FacePick, box: Box) -> float:
    """Over 0 where a face in ``box`` may be meant, the more the likelier."""
    if pick.box is not None:
        return box_iou(corners(pick.box), corners(box)) - LEAST_OVERLAP
    x, y = pick.point or (0.0, 0.0)
    left, top, width, height = box
    across, down = abs(x - left - width / 2) / width, abs(y - top - height / 2) / height
    return 0.5 + REACH - max(across, down)


def on_path(faces: Sequence[TrackedFace], path: FacePath, seconds: float, image: Image) -> TrackedFace | None:
    """Which of the ``faces`` of a frame is on ``path``; None when none is near it."""
    box = path.at(seconds)
    if box is None:
        return None
    height, width = image.shape[:2]
    left, top, right, bottom = corners(box)
    there = (left * width, top * height, right * width, bottom * height)
    overlaps = [(box_iou(landmarks_box(face.landmarks), there), face) for face in faces]
    best, face = max(overlaps, key=lambda one: one[0], default=(0.0, None))
    return face if best >= 3 * LEAST_OVERLAP else None
