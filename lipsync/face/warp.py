"""Smooth displacement fields: thin-plate splines sampled on a coarse grid, summed, then inverted."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def _kernel(a: Array, b: Array) -> npt.NDArray[np.float64]:
    squared = np.square(a[:, None, :].astype(np.float64) - b[None, :, :]).sum(-1)
    result: npt.NDArray[np.float64] = 0.5 * squared * np.log(squared + 1e-12)
    return result


class ThinPlate:
    """A thin-plate spline through ``points`` (n, 2), for any number of value sets at once.

    ``smoothing`` keeps the field from folding where neighbouring points disagree; in the points' own units.
    """

    def __init__(self, points: Array, smoothing: float = 2e-2) -> None:
        self.points = points
        n = len(points)
        system = np.zeros((n + 3, n + 3))
        system[:n, :n] = _kernel(points, points) + smoothing * np.eye(n)
        system[:n, n:] = np.c_[np.ones(n), points]
        system[n:, :n] = system[:n, n:].T
        self._solve = np.linalg.inv(system)[:, :n]

    def matrix(self, at: Array) -> Array:
        """(m, n) matrix that takes values at the control points to values at ``at`` (m, 2)."""
        rows = np.c_[_kernel(at, self.points), np.ones(len(at)), at]
        return np.asarray(rows @ self._solve, dtype=np.float32)


@dataclass(frozen=True)
class Grid:
    """A coarse grid over a box of the picture; node (j, i) is the middle of a cell of ``step`` pixels."""

    left: int
    top: int
    columns: int
    rows: int
    step: int

    @classmethod
    def over(cls, box: tuple[float, float, float, float], step: int, size: tuple[int, int]) -> Grid:
        """The grid covering ``box`` (left, top, right, bottom) of a picture of ``size`` (width, height)."""
        left, top = max(0, int(box[0])), max(0, int(box[1]))
        right, bottom = min(size[0], int(box[2])), min(size[1], int(box[3]))
        columns, rows = -(-(right - left) // step), -(-(bottom - top) // step)
        return cls(left, top, max(2, columns), max(2, rows), step)

    @property
    def nodes(self) -> Array:
        """(rows, columns, 2) pixel positions."""
        x = self.left + (np.arange(self.columns) + 0.5) * self.step - 0.5
        y = self.top + (np.arange(self.rows) + 0.5) * self.step - 0.5
        return np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)

    def extent(self, size: tuple[int, int]) -> tuple[int, int]:
        """(width, height) in pixels of the part of the grid inside a picture of ``size``."""
        width = min(self.columns * self.step, size[0] - self.left)
        height = min(self.rows * self.step, size[1] - self.top)
        return width, height

    def to_index(self, points: Array) -> Array:
        """Pixel positions (..., 2) to fractional (column, row)."""
        corner = np.array([self.left, self.top], dtype=np.float32)
        return ((points - corner + 0.5) / self.step - 0.5).astype(np.float32)

    def sample(self, field: Array, points: Array) -> Array:
        """``field`` (rows, columns, 2) at pixel positions (n, 2), bilinear, held at the edges."""
        index = self.to_index(points).reshape(1, -1, 2)
        out = cv2.remap(field, index, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        return np.asarray(out, dtype=np.float32).reshape(points.shape)

    def upsample(self, field: Array, extent: tuple[int, int]) -> Array:
        """``field`` at every pixel of the grid's box: (height, width, 2)."""
        full = cv2.resize(
            field, (self.columns * self.step, self.rows * self.step), interpolation=cv2.INTER_LINEAR
        )
        return np.asarray(full[: extent[1], : extent[0]], dtype=np.float32)


class Unwarp:
    """Turns forward displacement fields on a part of a grid into maps for ``cv2.remap``.

    Its buffers are used again by every call, so one thread at a time, and a map holds until the next one.
    """

    def __init__(
        self, shape: tuple[int, int], step: int, zoom: int = 1, origin: tuple[int, int] = (0, 0)
    ) -> None:
        """For fields (rows, columns, 2) of nodes ``step`` pixels apart; maps count in 1 / ``zoom`` pixels.

        ``origin`` is the (column, row) of the part's first node in the picture the maps point into.
        """
        rows, columns = shape
        self._index = _numbers(columns, rows)
        # One node more on every side: nodes lie half a step inside the picture.
        padded = np.pad(self._index, ((1, 1), (1, 1), (0, 0)))
        padded[..., 0], padded[..., 1] = np.meshgrid(np.arange(-1, columns + 1), np.arange(-1, rows + 1))
        padded += origin
        self._unit = np.float32(step * zoom)
        self._still = ((padded + np.float32(0.5)) * self._unit - np.float32(0.5 * zoom)).astype(np.float32)
        self._size = ((columns + 2) * step, (rows + 2) * step)
        self._full = np.empty((self._size[1], self._size[0], 2), np.float32)
        self.map = self._full[step:-step, step:-step]

    def fill(self, field: Array, rounds: int = 4) -> Array:
        """``map`` (rows * step, columns * step, 2) for a forward ``field`` given in steps."""
        where, inverse = np.empty_like(field), field
        for _ in range(rounds):
            np.subtract(self._index, inverse, out=where)
            inverse = cv2.remap(field, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        around = cv2.copyMakeBorder(inverse, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        padded = np.asarray(around, np.float32) * -self._unit
        padded += self._still
        cv2.resize(padded, self._size, dst=self._full, interpolation=cv2.INTER_LINEAR)
        return self.map


def _numbers(columns: int, rows: int) -> Array:
    """(rows, columns, 2) of (column, row)."""
    return np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).astype(np.float32)


def invert(field: Array, index: Array, step: int, rounds: int = 4) -> Array:
    """The inverse of a forward displacement ``field`` (rows, columns, 2), in pixels, by fixed-point steps.

    Subtracting the result from an output position gives the source position. ``index`` is the grid of
    (column, row) numbers, float32.
    """
    inverse = field
    for _ in range(rounds):
        where = index - inverse / step
        inverse = cv2.remap(field, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return inverse
