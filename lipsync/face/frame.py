"""The face's own axes. Rigs are designed in them, so that a turned head foreshortens by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lipsync.face import topology
from lipsync.face.rigid import Similarity

Points = npt.NDArray[np.float32]

_UPPER, _LOWER = list(topology.UPPER_INNER[4:7]), list(topology.LOWER_INNER[4:7])


@dataclass(frozen=True)
class FaceFrame:
    """Coordinates (u, v) of a face: u to the picture's right, v down, origin between the mouth corners.

    The unit, D, is the 3-D distance between the outer eye corners; ``basis`` holds one D along u and along v
    as columns, in pixels of the mesh's space, and ``axes`` their projection on the picture.
    """

    origin: Points  # (2,)
    basis: Points  # (3, 2)
    unit: float  # D in pixels

    @property
    def axes(self) -> Points:
        """(2, 2)"""
        return self.basis[:2]

    @classmethod
    def of(cls, landmarks: Points) -> FaceFrame:
        """The frame of a face with ``landmarks`` (468, 3), pixels."""
        across = landmarks[topology.EYE_OUTER_RIGHT] - landmarks[topology.EYE_OUTER_LEFT]
        unit = float(np.linalg.norm(across))
        ex = across / unit
        down = landmarks[topology.CHIN] - landmarks[topology.FOREHEAD]
        down = down - ex * float(down @ ex)
        ey = down / np.linalg.norm(down)
        origin = (landmarks[topology.MOUTH_LEFT, :2] + landmarks[topology.MOUTH_RIGHT, :2]) / 2
        basis = np.stack([ex, ey], axis=1) * unit
        return cls(origin.astype(np.float32), basis.astype(np.float32), unit)

    def carried(self, motion: Similarity, origin: Points) -> FaceFrame:
        """This frame after the head has moved by ``motion``, with its origin at ``origin`` (2,)."""
        basis = motion.scale * motion.rotation @ self.basis
        return FaceFrame(origin, basis.astype(np.float32), self.unit * motion.scale)

    def to_uv(self, points: Points) -> Points:
        """Pixels (..., 2) to face coordinates (..., 2)."""
        inverse = np.linalg.inv(self.axes)
        return np.asarray((points - self.origin) @ inverse.T, dtype=np.float32)

    def to_pixels(self, uv: Points) -> Points:
        """Face coordinates (..., 2) to pixels (..., 2)."""
        return np.asarray(uv @ self.axes.T + self.origin, dtype=np.float32)

    def vectors_to_pixels(self, uv: Points) -> Points:
        """Displacements (..., 2) in D to displacements in pixels."""
        return np.asarray(uv @ self.axes.T, dtype=np.float32)


def lip_gap(landmarks: Points) -> float:
    """Distance between the lips in the middle of the mouth, in D, the distance of the eyes' outer corners."""
    points = FaceFrame.of(landmarks).to_uv(landmarks[:, :2])
    return float((points[_LOWER, 1] - points[_UPPER, 1]).mean())
