"""A photo in which several people speak: each drawn by itself, put together where they meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from lipsync.audio.shape import MouthTrack
from lipsync.face.draw import PhotoFace
from lipsync.face.face import NEUTRAL, STILL, Expression, Image
from lipsync.face.life import Life
from lipsync.face.mesh import eye_distance

Array = npt.NDArray[np.float32]

BLEND = 0.35  # of the way from one face to the next; over which what one changes fades out


class PhotoGroup:
    """Faces of one picture (H, W, 3), whose meshes are (468, 3) pixels each, drawn speaking."""

    def __init__(self, image: Image, meshes: Sequence[Array]) -> None:
        self.image = image
        self.size = (image.shape[1], image.shape[0])
        self.faces = [PhotoFace(image, mesh) for mesh in meshes]
        self._areas = [_area(face) for face in self.faces]
        self._shares = [
            _share(area, mesh, [other for other in meshes if other is not mesh])
            for area, mesh in zip(self._areas, meshes, strict=True)
        ]

    def perform(
        self,
        tracks: Sequence[MouthTrack],
        frame_count: int,
        *,
        expression: Expression = NEUTRAL,
        motion: float = 1.0,
    ) -> Iterator[Image]:
        """Pictures in which each face speaks its own of ``tracks``, each with a life of its own."""
        lives = [Life(track.fps, seed=seed, amount=motion) for seed, track in enumerate(tracks)]
        for number in range(frame_count):
            canvas = self.image.copy()
            for face, area, share, track, life in zip(
                self.faces, self._areas, self._shares, tracks, lives, strict=True
            ):
                mouth = track[number]
                heard = max((other[number].openness for other in tracks if other is not track), default=0.0)
                pose = life.step(min(1.0, mouth.openness), heard=heard) if motion > 0 else STILL
                part = canvas[area]
                drawn = face.draw_region(mouth, expression, pose).astype(np.float32)
                part[...] = np.rint(part + share * (drawn - part))
            yield canvas


def _area(face: PhotoFace) -> tuple[slice, slice]:
    """Rows and columns of the picture that ``draw_region`` draws."""
    grid = face.rig.grid
    width, height = grid.extent(face.size)
    return slice(grid.top, grid.top + height), slice(grid.left, grid.left + width)


def _share(area: tuple[slice, slice], mesh: Array, others: Sequence[Array]) -> Array:
    """(rows, columns, 1): 1 around a face, 0 from half the way to another one on, by their sizes."""
    rows, columns = (np.arange(part.start, part.stop, dtype=np.float32) for part in area)
    own = _distance(rows, columns, mesh)
    share = np.ones(own.shape, np.float32)
    for other in others:
        nearer = _distance(rows, columns, other) - own
        between = float(np.linalg.norm(_middle(mesh) - _middle(other)))
        unit = (eye_distance(mesh) + eye_distance(other)) / 2
        share *= np.clip(nearer / max(2 * BLEND * between / unit, 1e-3), 0, 1)
    return share[..., None]


def _distance(rows: Array, columns: Array, mesh: Array) -> Array:
    """From the middle of a face, in its own size."""
    x, y = _middle(mesh)
    away = np.hypot(rows[:, None] - y, columns[None] - x) / eye_distance(mesh)
    return np.asarray(away, np.float32)


def _middle(mesh: Array) -> Array:
    return np.asarray(mesh[:, :2].mean(0), np.float32)
