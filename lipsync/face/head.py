"""Slight head motion of a still picture: parallax from the mesh's depth, fading out into the background."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lipsync.face import topology
from lipsync.face.face import Pose
from lipsync.face.frame import FaceFrame
from lipsync.face.rig import oval_distance
from lipsync.face.warp import Grid, ThinPlate

Array = npt.NDArray[np.float32]

HEAD_REACH = 2.3  # the picture beyond the oval scaled by this never moves
FADE = (1.15, 2.25)  # of the oval; the head turns as one up to the first, nothing moves beyond the second
LIMIT = 0.16  # radians; more tears hair from background
BORDER = 0.35  # D; motion dies out towards the picture's edges
MOTIONS = 4
BREATH = 0.006  # D; how far the head rises with a breath


class HeadField:
    """Forward displacement of a head under small rotations, on a rig's grid."""

    def __init__(self, landmarks: Array, frame: FaceFrame, grid: Grid, size: tuple[int, int]) -> None:
        nodes = grid.nodes.reshape(-1, 2)
        uv = frame.to_uv(landmarks[:, :2])
        distance = oval_distance(uv, frame.to_uv(nodes))
        depth = self._depth(landmarks, frame, nodes, distance)
        weight = _smooth((FADE[1] - distance) / (FADE[1] - FADE[0]))
        edge = np.minimum.reduce([nodes[:, 0], size[0] - 1 - nodes[:, 0], nodes[:, 1]])
        weight = weight * _smooth(edge / (BORDER * frame.unit))
        pivot = frame.to_pixels(np.array([uv[list(topology.OVAL), 0].mean(), 0.35], dtype=np.float32))
        offset = nodes - pivot
        shape = (grid.rows, grid.columns, 2)

        def field(x: Array, y: Array) -> Array:
            return np.stack([x * weight, y * weight], axis=-1).reshape(shape).astype(np.float32)

        nothing = np.zeros(len(nodes), np.float32)
        # Nearer points (smaller z) travel with the turn, the pivot's plane stays.
        rise = np.full(len(nodes), -BREATH * frame.unit, np.float32)
        self.fields = np.stack(
            [
                field(-depth, nothing),
                field(nothing, -depth),
                field(-offset[:, 1], offset[:, 0]),
                field(nothing, rise),
            ]
        )
        """(MOTIONS, rows, columns, 2) pixels for a unit of yaw, pitch, roll and breath."""

    @staticmethod
    def _depth(landmarks: Array, frame: FaceFrame, nodes: Array, distance: Array) -> Array:
        """Depth at each node in pixels, 0 at the pivot's plane, negative towards the viewer."""
        every = landmarks[::6]
        pivot = float(np.quantile(landmarks[list(topology.OVAL), 2], 0.8))
        spline = ThinPlate(frame.to_uv(every[:, :2]), smoothing=5e-2)
        uv = frame.to_uv(nodes)
        # Beyond the mesh the depth of its rim is carried on, easing to the pivot's plane.
        depth = spline.matrix(uv) @ (every[:, 2] - pivot)
        nearest = float(np.min(every[:, 2]) - pivot)
        keep = _smooth((1.5 - distance) / 0.5)
        return (np.clip(depth, nearest, 0.6 * frame.unit) * keep).astype(np.float32)


def head_weights(pose: Pose) -> tuple[float, float, float, float]:
    """How much of each of a head's fields ``pose`` asks for; all 0 when the head is still."""
    yaw, pitch, roll = (min(LIMIT, max(-LIMIT, angle)) for angle in (pose.yaw, pose.pitch, pose.roll))
    return yaw, pitch, roll, pose.breath


def _smooth(x: Array) -> Array:
    t = np.clip(x, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
