"""Following faces through a video: landmarks lead to landmarks, detection only where they lose the way."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from lipsync.face.detect import Detection, FaceDetector, box_iou, check_image
from lipsync.face.face import Image
from lipsync.face.mesh import (
    FaceMesh,
    Landmarks,
    cut_square,
    eye_distance,
    landmarks_box,
    roi_from_landmarks,
)
from lipsync.face.weights import FloatArray

_LOOK_FOR_NEWCOMERS_EVERY = 12  # frames, while somebody is followed
_LOOK_WHILE_MISSING_EVERY = 2
_LOOK_HARD_EVERY = 50  # a thorough search takes up to a second
_TRAIL = 10  # frames whose places give the velocity
_FORGET_AFTER = 75  # frames a lost face keeps its id
_SAME_FACE_IOU = 0.45
_LONGEST_STEP = 0.8  # of the face's height, in one frame, before a jump counts as losing the face
_SCENE_CUT = 45.0  # mean grey difference of two frames
_SMALL_SIDE = 48  # samples across the thumbnail that cuts are seen on
_LOOK_SIDE = 24  # pixels of the aligned patch that tells people apart
_SAME_LOOK = 0.55  # correlation under which a face at the right place is somebody else


class TrackedFace(NamedTuple):
    """One face in one frame; ``landmarks`` is (468, 3) float32 in image pixels, ``score`` 0..1."""

    track_id: int
    landmarks: FloatArray
    score: float


@dataclass
class _Track:
    track_id: int
    landmarks: FloatArray
    score: float
    look: FloatArray  # aligned patch, zero mean and unit length
    trail: deque[FloatArray] = field(default_factory=lambda: deque(maxlen=_TRAIL))  # middles, pixels
    missing: int = 0

    def __post_init__(self) -> None:
        self.trail.append(_middle(self.landmarks))

    @property
    def velocity(self) -> FloatArray:
        """Pixels per frame."""
        return (self.trail[-1] - self.trail[0]) / np.float32(max(len(self.trail) - 1, 1))

    @property
    def expected(self) -> FloatArray:
        """Where the middle of the face should be in the coming frame."""
        return self.trail[-1] + self.velocity * (self.missing + 1)

    @property
    def height(self) -> float:
        _, top, _, bottom = landmarks_box(self.landmarks)
        return max(bottom - top, 2 * eye_distance(self.landmarks), 1.0)

    def accept(self, found: Landmarks, look: FloatArray) -> None:
        if self.missing:
            self.trail.clear()
        self.trail.append(_middle(found.points))
        # A slow mean outlives blinks and speech but follows a change of light.
        self.look = _normalised(0.95 * self.look + 0.05 * look)
        self.landmarks, self.score, self.missing = found.points, found.score, 0

    def give_up_merged(self) -> None:
        """Goes missing with the momentum it had before it began to slip on to another face."""
        while len(self.trail) > _TRAIL // 2:
            self.trail.pop()
            self.missing += 1
        self.missing = max(self.missing, 1)


class FaceTracker:
    """Gives the same face the same id from frame to frame of one video.

    Follows up to ``max_faces``; while it follows any, it looks for more ``newcomers_every`` so many frames.
    """

    def __init__(
        self,
        max_faces: int = 4,
        detector: FaceDetector | None = None,
        mesh: FaceMesh | None = None,
        newcomers_every: int = _LOOK_FOR_NEWCOMERS_EVERY,
    ) -> None:
        if max_faces < 1:
            raise ValueError(f"max_faces is {max_faces}; follow at least one face.")
        self._max_faces = max_faces
        self._newcomers_every = newcomers_every
        self._detector = detector or FaceDetector()
        self._mesh = mesh or FaceMesh()
        self._tracks: list[_Track] = []
        self._next_id = 0
        self._frame = -1
        self._thumbnail: FloatArray | None = None

    def update(self, image: Image) -> list[TrackedFace]:
        """The faces in the next frame, by id; an empty list when there is none.

        Ids count from 0 and are not used again. Raises ValueError for something that is not a picture.
        """
        check_image(image)
        self._frame += 1
        cut = self._saw_cut(image)
        for track in self._tracks:
            if cut or track.missing or not self._follow(image, track):
                track.missing += 1
        self._part_merged(image)
        if self._should_detect(cut):
            self._detect(image, cut)
        self._tracks = [track for track in self._tracks if track.missing <= _FORGET_AFTER]
        present = sorted((t for t in self._tracks if not t.missing), key=lambda t: t.track_id)
        return [TrackedFace(t.track_id, t.landmarks.copy(), t.score) for t in present]

    def _saw_cut(self, image: Image) -> bool:
        rows = np.linspace(0, image.shape[0] - 1, _SMALL_SIDE).astype(int)
        columns = np.linspace(0, image.shape[1] - 1, _SMALL_SIDE).astype(int)
        small = image[rows[:, None], columns].mean(axis=2, dtype=np.float32)
        last, self._thumbnail = self._thumbnail, small
        return last is not None and float(np.abs(small - last).mean()) > _SCENE_CUT

    def _follow(self, image: Image, track: _Track) -> bool:
        roi = roi_from_landmarks(track.landmarks)
        dx, dy = (float(v) for v in track.velocity)
        found = self._mesh.fit(image, roi._replace(x=roi.x + dx, y=roi.y + dy))
        if found is None or not _is_plausible(track, found):
            return False
        look = _look_of(image, found.points)
        if float((look * track.look).sum()) < _SAME_LOOK - 0.25:
            return False
        track.accept(found, look)
        return True

    def _part_merged(self, image: Image) -> None:
        """Of two tracks that ended on one face, the one it suits less goes missing, with its momentum."""
        here = [track for track in self._tracks if not track.missing]
        for i, first in enumerate(here):
            for second in here[i + 1 :]:
                boxes = landmarks_box(first.landmarks), landmarks_box(second.landmarks)
                if first.missing or second.missing or box_iou(*boxes) < _SAME_FACE_IOU:
                    continue
                look = _look_of(image, first.landmarks)
                suits_first = float((look * (first.look - second.look)).sum()) >= 0
                (second if suits_first else first).give_up_merged()

    def _should_detect(self, cut: bool) -> bool:
        here = sum(not track.missing for track in self._tracks)
        if cut or self._frame == 0:
            return True
        if here >= self._max_faces:
            return False
        lately = [track for track in self._tracks if 0 < track.missing <= _FORGET_AFTER]
        if lately or not here:
            return any(t.missing < _TRAIL for t in lately) or self._frame % _LOOK_WHILE_MISSING_EVERY == 0
        return self._frame % self._newcomers_every == 0

    def _detect(self, image: Image, cut: bool) -> None:
        here = [track for track in self._tracks if not track.missing]
        hard = not here and (cut or self._frame % _LOOK_HARD_EVERY == 0)
        found: list[tuple[Landmarks, FloatArray]] = []
        # Where not all can be followed, the largest are.
        for face in sorted(self._detector.detect(image, thorough=hard), key=_area, reverse=True):
            if len(here) + len(found) >= self._max_faces:
                break
            if not self._is_followed(face, [t.landmarks for t in here] + [f.points for f, _ in found]):
                landmarks = self._mesh.fit_detection(image, face)
                if landmarks is not None:
                    found.append((landmarks, _look_of(image, landmarks.points)))
        self._hand_out(found)

    @staticmethod
    def _is_followed(face: Detection, meshes: list[FloatArray]) -> bool:
        return any(box_iou(face.box, landmarks_box(points)) > _SAME_FACE_IOU - 0.15 for points in meshes)

    def _hand_out(self, found: list[tuple[Landmarks, FloatArray]]) -> None:
        """Gives each found face the lost id it suits best, or a new one."""
        lost = [track for track in self._tracks if track.missing]
        suits = sorted(
            (cost, i, j)
            for i, (landmarks, look) in enumerate(found)
            for j, track in enumerate(lost)
            if (cost := _mismatch(track, landmarks, look)) is not None
        )
        faces, tracks = set(range(len(found))), set(range(len(lost)))
        for _, i, j in suits:
            if i in faces and j in tracks:
                lost[j].accept(*found[i])
                faces.discard(i)
                tracks.discard(j)
        for i in sorted(faces):
            landmarks, look = found[i]
            self._tracks.append(_Track(self._next_id, landmarks.points, landmarks.score, look))
            self._next_id += 1


def follow_largest(frames: Iterable[Image]) -> Iterator[tuple[Image, FloatArray | None]]:
    """Each frame with the mesh (468, 3) of one face, None where it is not seen.

    It is the largest of the first frame that has any.
    """
    tracker = FaceTracker(max_faces=3)
    main: int | None = None
    for image in frames:
        faces = tracker.update(image)
        if main is None and faces:
            main = max(faces, key=lambda face: eye_distance(face.landmarks)).track_id
        yield image, next((face.landmarks for face in faces if face.track_id == main), None)


def _area(face: Detection) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)


def _middle(points: FloatArray) -> FloatArray:
    middle: FloatArray = points[:, :2].mean(axis=0)
    return middle


def _is_plausible(track: _Track, found: Landmarks) -> bool:
    """False when the mesh jumped, shrank or grew as no face does within one frame."""
    step = float(np.linalg.norm(_middle(found.points) - track.expected))
    grown = eye_distance(found.points) / max(eye_distance(track.landmarks), 1e-3)
    return step < _LONGEST_STEP * track.height and 0.6 < grown < 1.6


def _mismatch(track: _Track, found: Landmarks, look: FloatArray) -> float | None:
    """How badly a found face suits a lost track, or None when it cannot be that face."""
    alike = float((look * track.look).sum())
    away = float(np.linalg.norm(_middle(found.points) - track.expected)) / track.height
    # The prediction blurs with time, so the reach grows; a sure likeness reaches across a cut.
    reach = min(0.8 + 0.06 * track.missing, 2.5)
    if alike < _SAME_LOOK or (away > reach and alike < 0.9):
        return None
    return min(away, 3.0) + 2 * (1 - alike)


def _look_of(image: Image, points: FloatArray) -> FloatArray:
    """The face as a small upright patch, zero mean and unit length, so that dot products correlate."""
    patch = cut_square(image, roi_from_landmarks(points), _LOOK_SIDE)
    return _normalised(cv2.GaussianBlur(patch, (0, 0), 1.0).astype(np.float32))


def _normalised(patch: FloatArray) -> FloatArray:
    patch = patch - patch.mean(axis=(0, 1))
    return (patch / (np.linalg.norm(patch) + 1e-6)).astype(np.float32)
