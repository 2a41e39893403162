"""Faces made ready for the live picture: photos cropped to it, house avatars at its size, kept for reuse."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face.detect import FaceDetector
from lipsync.face.draw import PhotoFace
from lipsync.face.face import Face
from lipsync.face.house import HOUSE_LOOKS
from lipsync.face.house.live import LiveHouse
from lipsync.face.mesh import FaceMesh, eye_distance
from lipsync.video.read import read_image
from rooms.agent.generators.base import Image

Array = npt.NDArray[np.float32]
Key = tuple[str, str, tuple[int, int]]

FACE_SHARE = 0.34
"""Least height of a face in the picture; of a photo that shows a smaller one only a part is used."""
NO_FACE = "No face was found in this picture; choose one that shows a face from the front."
KEPT = 8


class FaceError(Exception):
    """Why there is no face to show, in one sentence with the fix."""


class FaceShelf:
    """Faces by what they are. A face is used by one avatar at a time and comes back when that has left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._models: tuple[FaceDetector, FaceMesh] | None = None
        self._free: OrderedDict[Key, list[Face]] = OrderedDict()
        self._houses: OrderedDict[Key, LiveHouse] = OrderedDict()
        self._landmarks: OrderedDict[str, tuple[Image, Array]] = OrderedDict()

    @staticmethod
    def key(kind: str, name: str, size: tuple[int, int]) -> Key:
        """What a face is kept under."""
        return kind, name, size

    def models(self) -> tuple[FaceDetector, FaceMesh]:
        """The face models, loaded once."""
        with self._lock:
            if self._models is None:
                self._models = FaceDetector(), FaceMesh()
            return self._models

    def take_house(self, look: str | None, size: tuple[int, int]) -> Face:
        """The house avatar ``look``, or the first one. Raises FaceError for a look that is not there."""
        name = house_name(look)
        key = self.key("house", name, size)
        kept = self._take(key)
        if kept is not None:
            return kept
        with self._lock:
            known = self._houses.get(key)
        if known is not None:
            return known.twin()
        try:
            made = LiveHouse(name, size)
        except KeyError as error:
            raise FaceError(str(error.args[0])) from None
        with self._lock:
            self._houses[key] = made
            while len(self._houses) > KEPT:
                self._houses.popitem(last=False)
        return made

    def take_photo(self, path: Path, size: tuple[int, int]) -> Face:
        """The photo at ``path``, cropped around its largest face. Raises FaceError or MediaError."""
        name = content_hash(path)
        kept = self._take(self.key("photo", name, size))
        if kept is not None:
            return kept
        image, landmarks = framed(*self._look_at(path, name), size)
        return PhotoFace(image, landmarks)

    def give_back(self, key: Key, face: Face) -> None:
        """Keep ``face`` for the next avatar; the longest unused are let go."""
        with self._lock:
            self._free.setdefault(key, []).append(face)
            self._free.move_to_end(key)
            while sum(map(len, self._free.values())) > KEPT:
                oldest = next(iter(self._free))
                self._free[oldest].pop()
                if not self._free[oldest]:
                    del self._free[oldest]

    def _take(self, key: Key) -> Face | None:
        with self._lock:
            faces = self._free.get(key)
            face = faces.pop() if faces else None
            if faces is not None and not faces:
                del self._free[key]
            return face

    def _look_at(self, path: Path, name: str) -> tuple[Image, Array]:
        with self._lock:
            found = self._landmarks.get(name)
        if found is None:
            image = read_image(path)
            found = image, self.find_face(image)
            with self._lock:
                self._landmarks[name] = found
                while len(self._landmarks) > KEPT:
                    self._landmarks.popitem(last=False)
        return found

    def find_face(self, image: Image) -> Array:
        """Landmarks (468, 3) of the largest face, pixels. Raises FaceError without one."""
        detector, mesh = self.models()
        with self._lock:
            fits = [mesh.fit_detection(image, found, 5) for found in detector.detect(image)]
        points = [fit.points for fit in fits if fit is not None]
        if not points:
            raise FaceError(NO_FACE)
        return np.asarray(max(points, key=eye_distance), np.float32)


def house_name(look: str | None) -> str:
    """The name of a house avatar, with or without its prefix; the first one by default."""
    return (look or next(iter(HOUSE_LOOKS))).removeprefix("house:")


def content_hash(path: Path) -> str:
    """Of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def crop_box(
    image_size: tuple[int, int], landmarks: Array, size: tuple[int, int]
) -> tuple[float, float, float, float]:
    """(left, top, width, height) of the part to show: of the shape of ``size``, around the face."""
    width, height = image_size
    aspect = size[0] / size[1]
    top, bottom = float(landmarks[:, 1].min()), float(landmarks[:, 1].max())
    crop_height = min(float(height), width / aspect, (bottom - top) / FACE_SHARE)
    crop_width = crop_height * aspect
    centre_x = float(landmarks[:, 0].mean())
    # Eyes a little above the middle, as portraits are cut.
    centre_y = (top + bottom) / 2 + 0.04 * crop_height
    left = min(max(0.0, centre_x - crop_width / 2), width - crop_width)
    upper = min(max(0.0, centre_y - crop_height / 2), height - crop_height)
    return left, upper, crop_width, crop_height


def framed(image: Image, landmarks: Array, size: tuple[int, int]) -> tuple[Image, Array]:
    """The part of a picture around its face at ``size`` (width, height), and the landmarks there."""
    left, top, width, height = crop_box((image.shape[1], image.shape[0]), landmarks, size)
    scale = size[0] / width
    shrunk = image[int(top) : int(np.ceil(top + height)), int(left) : int(np.ceil(left + width))]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = np.asarray(cv2.resize(shrunk, size, interpolation=how), np.uint8)
    moved = landmarks.astype(np.float32).copy()
    moved[:, 0] -= int(left)
    moved[:, 1] -= int(top)
    moved[:, 0] *= size[0] / shrunk.shape[1]
    moved[:, 1] *= size[1] / shrunk.shape[0]
    moved[:, 2] *= scale
    return np.ascontiguousarray(picture), moved


SHELF = FaceShelf()
"""The process's own."""
