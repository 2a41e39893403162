"""Following a head: the similarity that carries one face's mesh onto another's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lipsync.face import topology

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Similarity:
    """points -> scale * points @ rotation.T + offset, in three dimensions."""

    scale: float
    rotation: Array  # (3, 3)
    offset: Array  # (3,)

    def apply(self, points: Array) -> Array:
        """Carry ``points`` (n, 3)."""
        return np.asarray(self.scale * points @ self.rotation.T + self.offset, dtype=np.float32)


def fit_similarity(source: Array, target: Array) -> Similarity:
    """Best similarity from ``source`` to ``target`` (n, 3), least squares (Umeyama 1991)."""
    mean_source, mean_target = source.mean(0), target.mean(0)
    a, b = source - mean_source, target - mean_target
    u, sizes, vt = np.linalg.svd(b.T @ a / len(a))
    sign = np.array([1, 1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = (u * sign) @ vt
    scale = float((sizes * sign).sum() / np.square(a).sum(1).mean())
    offset = mean_target - scale * rotation @ mean_source
    return Similarity(scale, rotation.astype(np.float32), offset.astype(np.float32))


def follow_head(source: Array, target: Array) -> Similarity:
    """The head motion between two meshes (468, 3), from the parts that speech leaves still."""
    still = list(topology.RIGID)
    return fit_similarity(source[still], target[still])


def fit_affine(source: Array, target: Array) -> npt.NDArray[np.float64]:
    """(2, 3) affine from ``source`` to ``target`` (n, 2), least squares."""
    padded = np.c_[source, np.ones(len(source))].astype(np.float64)
    solution, *_ = np.linalg.lstsq(padded, target.astype(np.float64), rcond=None)
    return np.ascontiguousarray(solution.T)
