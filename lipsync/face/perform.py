"""Whole performances: a still face or a filmed one, frame by frame, speaking a mouth track."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from lipsync.audio.shape import MouthTrack
from lipsync.face.face import NEUTRAL, STILL, Expression, Face, Image
from lipsync.face.life import Life
from lipsync.face.likeness import face_likeness, face_patch
from lipsync.face.mesh import eye_distance, head_pose
from lipsync.face.rig import oval_box
from lipsync.face.rigid import follow_head
from lipsync.face.track import FaceTracker, TrackedFace
from lipsync.face.video_face import VideoFace, closed_mouth_score

Array = npt.NDArray[np.float32]

SMOOTHING = np.exp(-0.5 * np.square(np.arange(-2, 3) / 0.7))  # centred, so that nothing lags
RESTING = 0.008  # D; frames whose landmarks moved less than this show a head at rest
FADE_FRAMES = 4
TURNED = (0.62, 0.85)  # radians of yaw: from the first on the change fades, at the second it is gone
CUT_REACH = 2.0  # of the face's oval
SAME_PERSON = 0.6  # correlation of two faces' patches
MIN_EYE_DISTANCE = 12.0  # pixels; a smaller face shows no mouth to move


def strengthened(track: MouthTrack, strength: float) -> MouthTrack:
    """``track`` with its opening and its width scaled, closures kept."""
    return replace(
        track,
        openness=np.minimum(track.openness * np.float32(strength), np.float32(1.4)),
        width=np.minimum(track.width * np.float32(strength), np.float32(1.2)),
    )


def perform_still(
    face: Face, track: MouthTrack, frame_count: int, *, expression: Expression = NEUTRAL, motion: float = 1.0
) -> Iterator[Image]:
    """A photo or a drawn face speaking ``track``, alive by ``motion`` (0 still .. 1)."""
    life = Life(track.fps, amount=motion)
    for number in range(frame_count):
        mouth = track[number]
        pose = life.step(min(1.0, mouth.openness)) if motion > 0 else STILL
        yield face.draw(mouth, expression, pose)


@dataclass(frozen=True)
class Candidate:
    """A face whose mouth may be carried through the video: (H, W, 3) RGB and (468, 3) pixels."""

    image: Image
    landmarks: Array

    @classmethod
    def cut(cls, frame: Image, landmarks: Array) -> Candidate:
        """The face cut out of a frame, with room for its rig; whole frames would fill the memory."""
        left, top, right, bottom = (int(side) for side in oval_box(landmarks, CUT_REACH))
        left, top = max(0, left), max(0, top)
        shift = np.array([left, top, 0], np.float32)
        return cls(frame[top : max(top, bottom), left : max(left, right)].copy(), landmarks - shift)


@dataclass
class Presence:
    """What a video performance met, counted in frames."""

    total: int = 0
    faceless: int = 0
    turned: int = 0


@dataclass
class _Seen:
    """One frame in the window: its picture and the one face followed in it."""

    image: Image
    face: TrackedFace | None
    weight: float  # how much of the change its own pose allows


@dataclass
class VideoPerformance:
    """A filmed person speaking ``track``: iterate for the frames, then read ``presence``.

    Follows the largest face; frames without one pass through untouched.
    """

    frames: Iterable[Image]
    track: MouthTrack
    candidates: list[Candidate]
    presence: Presence = field(default_factory=Presence)
    _faces: dict[int, VideoFace] = field(default_factory=dict)
    _followed: int | None = None

    def __iter__(self) -> Iterator[Image]:
        tracker = FaceTracker()
        window: deque[_Seen] = deque()
        number = 0
        past: deque[_Seen] = deque(maxlen=FADE_FRAMES)
        for image in self.frames:
            window.append(self._see(image, tracker))
            if len(window) > FADE_FRAMES:
                yield self._speak(number, window, past)
                number += 1
        while window:
            yield self._speak(number, window, past)
            number += 1

    def _see(self, image: Image, tracker: FaceTracker) -> _Seen:
        faces = [f for f in tracker.update(image) if eye_distance(f.landmarks) >= MIN_EYE_DISTANCE]
        face = next((f for f in faces if f.track_id == self._followed), None)
        if face is None and faces:
            face = max(faces, key=lambda f: eye_distance(f.landmarks))
            self._followed = face.track_id
        self.presence.total += 1
        if face is None:
            self.presence.faceless += 1
            return _Seen(image, None, 0.0)
        yaw = abs(head_pose(face.landmarks).yaw)
        weight = float(np.clip((TURNED[1] - yaw) / (TURNED[1] - TURNED[0]), 0, 1))
        self.presence.turned += weight < 1
        return _Seen(image, face, weight)

    def _speak(self, number: int, window: deque[_Seen], past: deque[_Seen]) -> Image:
        """Draw the oldest frame of ``window``, which holds what comes after it; ``past`` what came before."""
        current = window.popleft()
        # The past keeps no pictures: only where the face was.
        past.append(_Seen(current.image[:0], current.face, current.weight))
        if current.face is None:
            return current.image
        before, after = list(past)[:-1], list(window)
        amount = _fade(current, before, after)
        landmarks = _smooth(current.face, before, after)
        face = self._faces.get(current.face.track_id)
        if face is None:
            face = self._faces[current.face.track_id] = self._cast(current.image, landmarks)
        return face.draw(current.image, landmarks, self.track[number], amount)

    def _cast(self, image: Image, landmarks: Array) -> VideoFace:
        """The reference mouth for a newly met face: the best candidate that is the same person."""
        patch = face_patch(image, landmarks)
        same = [
            c
            for c in self.candidates
            if face_likeness(patch, face_patch(c.image, c.landmarks)) >= SAME_PERSON
        ]
        same.append(Candidate.cut(image, landmarks))
        best = max(same, key=lambda c: closed_mouth_score(c.landmarks) + _size_bonus(c.landmarks, landmarks))
        return VideoFace(best.image, best.landmarks)


def _size_bonus(candidate: Array, met: Array) -> float:
    """A mouth much smaller than the face it is laid on would look soft."""
    return 0.5 * min(0.0, eye_distance(candidate) / eye_distance(met) - 0.8)


def _fade(current: _Seen, before: list[_Seen], after: list[_Seen]) -> float:
    """How much of the change to show: dying out towards frames where the face is lost or turned away."""
    amount = current.weight
    for side in (before[::-1], after):
        for distance, seen in enumerate(side, start=1):
            amount = min(amount, seen.weight + distance / (FADE_FRAMES + 1))
    return amount


def _smooth(face: TrackedFace, before: list[_Seen], after: list[_Seen]) -> Array:
    """Landmarks averaged over two frames either side of the same face, each brought to this frame's place."""
    total, weight = SMOOTHING[2] * face.landmarks, SMOOTHING[2]
    for side, step in ((before[::-1], -1), (after, 1)):
        for distance, seen in enumerate(side[:2], start=1):
            if seen.face is None or seen.face.track_id != face.track_id:
                break
            share = SMOOTHING[2 + step * distance]
            total = total + share * _brought(seen.face.landmarks, face.landmarks)
            weight = weight + share
    return np.asarray(total / weight, dtype=np.float32)


def _brought(neighbour: Array, here: Array) -> Array:
    """A neighbouring frame's mesh where the head is now; unmoved when the head rests, to steady it."""
    unit = eye_distance(here)
    moved = float(np.abs(here[:, :2] - neighbour[:, :2]).mean()) / max(unit, 1e-3)
    rest = float(np.exp(-np.square(moved / RESTING)))
    if rest > 0.99:
        return neighbour
    carried = follow_head(neighbour, here).apply(neighbour)
    return np.asarray(rest * neighbour + (1 - rest) * carried, dtype=np.float32)
