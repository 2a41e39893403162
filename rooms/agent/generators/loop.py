"""A filmed person driven live: a short video back and forth, its mouth motion replaced by the speech's."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from livekit.agents.voice.avatar import AvatarOptions

from lipsync.audio.shape import CLOSED
from lipsync.face.mesh import eye_distance
from lipsync.face.perform import Candidate
from lipsync.face.track import FaceTracker
from lipsync.face.video_face import VideoFace, closed_mouth_score
from lipsync.video.read import FrameReader
from rooms.agent.generators.base import FrameGenerator, Image, Moment
from rooms.agent.generators.faces import NO_FACE, FaceError, content_hash, crop_box

Array = npt.NDArray[np.float32]

LONGEST_SECONDS = 6.0
"""Of the video; it runs back and forth, and a longer one would only fill memory."""
SMOOTHING = (0.25, 0.5, 0.25)
FADE_FRAMES = 4


@dataclass(frozen=True)
class LoopFrame:
    """One picture of the loop: (height, width, 3) RGB; the face's mesh (468, 3) in pixels, if it is seen."""

    image: Image
    landmarks: Array | None
    amount: float


class Loop:
    """A video prepared: cut to size, its face followed, shared by every avatar that shows it.

    Raises FaceError when no face is seen in it, MediaError when it cannot be read.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        reader = FrameReader(path, fps=fps)
        frames = [frame.image for frame in reader.frames(0, round(LONGEST_SECONDS * fps))]
        tracker = FaceTracker()
        meshes = [self._largest(tracker, image) for image in frames]
        seen = [mesh for mesh in meshes if mesh is not None]
        if not seen:
            raise FaceError(NO_FACE)
        box = crop_box((reader.width, reader.height), np.median(np.stack(seen), axis=0), size)
        self.reference = self._reference(frames, meshes, box, size)
        cut = [_cut(image, mesh, box, size) for image, mesh in zip(frames, meshes, strict=True)]
        self.frames = _smoothed(cut)

    @staticmethod
    def _largest(tracker: FaceTracker, image: Image) -> Array | None:
        faces = tracker.update(image)
        return max((face.landmarks for face in faces), key=eye_distance, default=None)

    @staticmethod
    def _reference(
        frames: list[Image],
        meshes: list[Array | None],
        box: tuple[float, float, float, float],
        size: tuple[int, int],
    ) -> Candidate:
        """The frame with the best closed mouth."""
        faces = [(image, mesh) for image, mesh in zip(frames, meshes, strict=True) if mesh is not None]
        image, mesh = max(faces, key=lambda face: closed_mouth_score(face[1]))
        frame, landmarks = _cut(image, mesh, box, size)
        assert landmarks is not None  # noqa: S101 -- it went in
        return Candidate.cut(frame, landmarks)


def _cut(
    image: Image, mesh: Array | None, box: tuple[float, float, float, float], size: tuple[int, int]
) -> tuple[Image, Array | None]:
    left, top, width, height = (int(value) for value in box)
    part = image[top : top + height, left : left + width]
    how = cv2.INTER_AREA if size[0] < width else cv2.INTER_CUBIC
    picture = np.asarray(cv2.resize(part, size, interpolation=how), np.uint8)
    if mesh is None:
        return picture, None
    scale = np.array([size[0] / part.shape[1], size[1] / part.shape[0], size[0] / part.shape[1]], np.float32)
    return picture, ((mesh - np.array([left, top, 0], np.float32)) * scale).astype(np.float32)


def _smoothed(frames: list[tuple[Image, Array | None]]) -> list[LoopFrame]:
    """Meshes averaged with their neighbours, and the change faded where the face is lost."""
    result = []
    for number, (image, mesh) in enumerate(frames):
        lost = [n for n in range(number - FADE_FRAMES, number + FADE_FRAMES + 1) if 0 <= n < len(frames)]
        gaps = [abs(n - number) for n in lost if frames[n][1] is None]
        amount = min(1.0, min(gaps) / (FADE_FRAMES + 1)) if gaps else 1.0
        if mesh is not None and 0 < number < len(frames) - 1:
            before, after = frames[number - 1][1], frames[number + 1][1]
            if before is not None and after is not None:
                stack = np.stack([before, mesh, after])
                mesh = np.asarray(np.tensordot(SMOOTHING, stack, axes=1), np.float32)
        result.append(LoopFrame(image, mesh, amount))
    return result


class LoopGenerator(FrameGenerator):
    """The person of a ``Loop``, at rest while silent, speaking otherwise."""

    needs_mouth = True

    def __init__(self, options: AvatarOptions, loop: Loop) -> None:
        super().__init__(options)
        self._loop = loop
        self._face = VideoFace(loop.reference.image, loop.reference.landmarks)
        self._number = 0
        self._position, self._step = 0, 1
        self._resting: OrderedDict[int, Image] = OrderedDict()

    def paint(self, moment: Moment) -> Image:
        number = self._advance()
        frame = self._loop.frames[number]
        if frame.landmarks is None:
            return frame.image
        if moment.mouth == CLOSED and number in self._resting:
            return self._resting[number]
        image = self._face.draw(frame.image.copy(), frame.landmarks, moment.mouth, frame.amount)
        if moment.mouth == CLOSED:
            self._resting[number] = image
            if len(self._resting) > 50:
                self._resting.popitem(last=False)
        return image

    def _advance(self) -> int:
        """The next frame's number: back and forth, no frame doubled at the turns."""
        number, last = self._position, len(self._loop.frames) - 1
        if last > 0:
            if not 0 <= number + self._step <= last:
                self._step = -self._step
            self._position += self._step
        return number


class LoopShelf:
    """Loops by content and size: following a face takes seconds, so it is done once."""

    def __init__(self, kept: int = 2) -> None:
        self._lock = threading.Lock()
        self._kept = kept
        self._loops: OrderedDict[tuple[str, tuple[int, int], float], Loop] = OrderedDict()

    def take(self, path: Path, size: tuple[int, int], fps: float) -> Loop:
        """The loop of the video at ``path``. Raises FaceError or MediaError."""
        key = (content_hash(path), size, fps)
        with self._lock:
            if key not in self._loops:
                self._loops[key] = Loop(path, size, fps)
                while len(self._loops) > self._kept:
                    self._loops.popitem(last=False)
            self._loops.move_to_end(key)
            return self._loops[key]


LOOPS = LoopShelf()
"""The process's own."""
