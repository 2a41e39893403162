"""Whole performances: a still face or a filmed one, frame by frame, speaking a mouth track."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.shape import MouthTrack
from lipsync.face import topology
from lipsync.face.face import NEUTRAL, STILL, Expression, Face, Image
from lipsync.face.life import Life
from lipsync.face.likeness import face_likeness, face_patch
from lipsync.face.mesh import eye_distance, head_pose
from lipsync.face.occlusion import Mask, Occlusion, Shield
from lipsync.face.own_teeth import find_teeth
from lipsync.face.people import on_path
from lipsync.face.place import FacePath
from lipsync.face.rig import oval_box
from lipsync.face.rigid import fit_similarity, follow_head
from lipsync.face.track import FaceTracker, TrackedFace
from lipsync.face.video_face import VideoFace, closed_mouth_score, closed_score

Array = npt.NDArray[np.float32]

SMOOTHING = np.exp(-0.5 * np.square(np.arange(-2, 3) / 0.7))  # centred, so that nothing lags
RESTING = 0.008  # D; frames whose landmarks moved less than this show a head at rest
STEADY = 0.012  # D; a head further than this from the middle of its way jerks
STEADY_FRAMES = 1.5  # spread of the frames that say where the head is
FADE_FRAMES = 4
TURNED = (0.62, 0.85)  # radians of yaw: from the first on the change fades, at the second it is gone
CUT_REACH = 2.0  # of the face's oval
SAME_PERSON = 0.6  # correlation of two faces' patches
FOLLOWED_FACES = 2  # the one that speaks, and one that may pass in front of it
NEWCOMERS_EVERY = 24  # frames
MIN_EYE_DISTANCE = 12.0  # pixels; a smaller face shows no mouth to move
WATCH_EVERY = 2  # frames; while nothing is in front of the mouth
COVERED = (0.30, 0.70)  # of the mouth; from the first share on the change fades, at the second it is gone
SHIELD = (1.0, 0.75, 0.4)  # strength of a thing in front, by frames away from where it was seen
SHIELD_EDGE = 1.2  # softness, in pixels of the flat face
TURN_APART = 0.16  # radians of yaw between references
WORSE = 0.25  # of a mouth's score; what a reference for a turned head may lack
ALIKE_WIDTH = 0.08  # D; how far the mouths of two references may differ
MOST_FACES = 4  # whose references are kept at a time


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
    hidden: int = 0


class Sight(NamedTuple):
    """A frame, its time in the source, and the faces in it."""

    image: Image
    seconds: float
    faces: list[TrackedFace]


def see_faces(
    frames: Iterable[tuple[Image, float]], max_faces: int, newcomers_every: int = NEWCOMERS_EVERY
) -> Iterator[Sight]:
    """Frames, each with its time in the source, and the faces in them."""
    tracker = FaceTracker(max_faces, newcomers_every=newcomers_every)
    for image, seconds in frames:
        yield Sight(image, seconds, tracker.update(image))


@dataclass
class _Seen:
    """One frame in the window: its picture and the one face followed in it."""

    image: Image
    sight: Sight  # holds no picture when it is past
    face: TrackedFace | None
    weight: float  # how much of the change its own pose and what is in front of it allow
    hidden: Mask | None = None  # flat map of what is in front of it


@dataclass(frozen=True)
class _Cast:
    """What is known about one person in the video."""

    face: VideoFace
    occlusion: Occlusion


@dataclass
class VideoPerformance:
    """A filmed person speaking ``track``: iterate for the frames, then read ``presence``.

    Follows the face on ``path``, without one the largest; frames without it pass through untouched.
    """

    frames: Iterable[Image]
    track: MouthTrack
    candidates: list[Candidate]
    path: FacePath | None = None
    presence: Presence = field(default_factory=Presence)
    _cast: dict[int, _Cast] = field(default_factory=dict)
    _followed: int | None = None
    _last_hidden: Mask | None = None

    def __iter__(self) -> Iterator[Image]:
        timed = ((image, number / self.track.fps) for number, image in enumerate(self.frames))
        for sight in self.speak(see_faces(timed, FOLLOWED_FACES)):
            yield sight.image

    def speak(self, sights: Iterable[Sight]) -> Iterator[Sight]:
        """The same frames with this person speaking; several take turns at them. Runs some frames behind."""
        window: deque[_Seen] = deque()
        number = 0
        past: deque[_Seen] = deque(maxlen=FADE_FRAMES)
        for sight in sights:
            window.append(self._see(sight))
            if len(window) > FADE_FRAMES:
                yield self._speak(number, window, past)
                number += 1
        while window:
            yield self._speak(number, window, past)
            number += 1

    def _see(self, sight: Sight) -> _Seen:
        faces = [f for f in sight.faces if eye_distance(f.landmarks) >= MIN_EYE_DISTANCE]
        face = self._find(sight, faces)
        number = self.presence.total
        self.presence.total += 1
        if face is None:
            # Of several people each may come and go; it matters while they have something to say.
            self.presence.faceless += self.path is None or self.track[number].openness > 0
            return _Seen(sight.image, sight, None, 0.0)
        return self._watch(sight, face)

    def _find(self, sight: Sight, faces: list[TrackedFace]) -> TrackedFace | None:
        if self.path is not None:
            return on_path(faces, self.path, sight.seconds, sight.image)
        face = next((f for f in faces if f.track_id == self._followed), None)
        if face is None and faces:
            face = max(faces, key=lambda f: eye_distance(f.landmarks))
            self._followed = face.track_id
        return face

    def _watch(self, sight: Sight, face: TrackedFace) -> _Seen:
        """What the pose of a face, and what is in front of it, leave to be changed."""
        image = sight.image
        cast = self._cast.get(face.track_id)
        if cast is None:
            cast = self._meet(image, face)
        yaw = abs(head_pose(face.landmarks).yaw)
        turned = float(np.clip((TURNED[1] - yaw) / (TURNED[1] - TURNED[0]), 0, 1))
        self.presence.turned += turned < 1
        if turned == 0:
            self._last_hidden = None
            return _Seen(image, sight, face, 0.0)
        if self._last_hidden is not None or self.presence.total % WATCH_EVERY == 1:
            self._last_hidden = cast.occlusion.find(image, face.landmarks)
        hidden = self._last_hidden
        share = 0.0 if hidden is None else cast.occlusion.share_hidden(hidden)
        self.presence.hidden += share > COVERED[0]
        bare = float(np.clip((COVERED[1] - share) / (COVERED[1] - COVERED[0]), 0, 1))
        return _Seen(image, sight, face, min(turned, bare), hidden)

    def _speak(self, number: int, window: deque[_Seen], past: deque[_Seen]) -> Sight:
        """Draw the oldest frame of ``window``, which holds what comes after it; ``past`` what came before."""
        current = window.popleft()
        # The past keeps no pictures: only where the face was.
        nothing = current.image[:0]
        past.append(replace(current, image=nothing, sight=current.sight._replace(image=nothing)))
        cast = None if current.face is None else self._cast.get(current.face.track_id)
        if current.face is None or cast is None:
            return current.sight
        before, after = list(past)[:-1], list(window)
        amount = _fade(current, before, after)
        landmarks = _smooth(current.face, before, after)
        hidden = _soften(current, before, after)
        shield = None if hidden is None else Shield(cast.occlusion.flat, hidden)
        drawn = cast.face.draw(current.image, landmarks, self.track[number], amount, shield)
        return current.sight._replace(image=drawn)

    def _meet(self, image: Image, face: TrackedFace) -> _Cast:
        """Choose the reference mouths for a newly met face among the candidates that show the same person."""
        patch = face_patch(image, face.landmarks)
        same = [
            c
            for c in self.candidates
            if face_likeness(patch, face_patch(c.image, c.landmarks)) >= SAME_PERSON
        ]
        same.append(Candidate.cut(image, face.landmarks))
        occlusion = Occlusion([(c.image, c.landmarks) for c in same])
        bare = [same[n] for n in occlusion.bare] or same
        main, *others = choose_references(bare, face.landmarks)
        teeth = find_teeth([(c.image, c.landmarks) for c in bare])
        drawn = VideoFace(main.image, main.landmarks, [(c.image, c.landmarks) for c in others], teeth)
        cast = _Cast(drawn, occlusion)
        while len(self._cast) >= MOST_FACES:
            self._cast.pop(next(iter(self._cast)))
        self._cast[face.track_id] = cast
        return cast


def choose_references(candidates: list[Candidate], met: Array) -> list[Candidate]:
    """The best closed mouth first, then those nearly as good on a head turned another way.

    ``met`` (468, 3) is the face they will be laid on.
    """

    def quality(candidate: Candidate) -> float:
        return closed_score(candidate.landmarks) + _size_bonus(candidate.landmarks, met)

    def yaw(candidate: Candidate) -> float:
        return head_pose(candidate.landmarks).yaw

    main = max(candidates, key=lambda c: closed_mouth_score(c.landmarks) + _size_bonus(c.landmarks, met))
    chosen = [main]
    for candidate in sorted(candidates, key=quality, reverse=True):
        is_apart = all(abs(yaw(candidate) - yaw(other)) >= TURN_APART for other in chosen)
        is_alike = abs(_mouth_width(candidate.landmarks) - _mouth_width(main.landmarks)) < ALIKE_WIDTH
        if is_apart and is_alike and quality(candidate) > quality(main) - WORSE:
            chosen.append(candidate)
    return chosen


def _mouth_width(landmarks: Array) -> float:
    return float(np.linalg.norm(landmarks[61] - landmarks[291])) / eye_distance(landmarks)


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


def _soften(current: _Seen, before: list[_Seen], after: list[_Seen]) -> Array | None:
    """What is in front of the face, 0..1, steadied over the frames around and soft at its edges."""
    total: Array | None = None
    for first, side in ((0, [current]), (1, before[::-1]), (1, after)):
        for distance, seen in enumerate(side[:2], start=first):
            if seen.hidden is not None:
                shown = seen.hidden * np.float32(SHIELD[distance])
                total = shown if total is None else np.maximum(total, shown)
    if total is None:
        return None
    return np.asarray(cv2.GaussianBlur(total, (0, 0), SHIELD_EDGE), dtype=np.float32)


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
    landmarks = np.asarray(total / weight, dtype=np.float32)
    return _steadied(landmarks, face.track_id, before[::-1], after)


def _steadied(landmarks: Array, track_id: int, back: list[_Seen], ahead: list[_Seen]) -> Array:
    """A mesh moved as a whole to where the frames around say the head is.

    Frames as far back as ahead have their middle where a steady motion has the head now; where they do not
    agree with the frame itself, the head jerks, and the frame knows better.
    """
    still = list(topology.RIGID)
    here = landmarks[still]
    total, weight = here.copy(), 1.0
    unit = max(eye_distance(landmarks), 1e-3)
    for distance, (past, coming) in enumerate(zip(back, ahead, strict=False), start=1):
        if past.face is None or coming.face is None:
            break
        if past.face.track_id != track_id or coming.face.track_id != track_id:
            break
        middle = (past.face.landmarks[still] + coming.face.landmarks[still]) / 2
        away = float(np.abs((middle - here)[:, :2]).mean()) / unit
        share = float(np.exp(-np.square(away / STEADY) - 0.5 * np.square(distance / STEADY_FRAMES)))
        total += np.float32(2 * share) * middle
        weight += 2 * share
    return fit_similarity(here, total / np.float32(weight)).apply(landmarks)


def _brought(neighbour: Array, here: Array) -> Array:
    """A neighbouring frame's mesh where the head is now; unmoved when the head rests, to steady it."""
    unit = eye_distance(here)
    moved = float(np.abs(here[:, :2] - neighbour[:, :2]).mean()) / max(unit, 1e-3)
    rest = float(np.exp(-np.square(moved / RESTING)))
    if rest > 0.99:
        return neighbour
    carried = follow_head(neighbour, here).apply(neighbour)
    return np.asarray(rest * neighbour + (1 - rest) * carried, dtype=np.float32)
