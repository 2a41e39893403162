"""Eyes and mouths of live house avatars: painted once, kept, and shown again where they look the same."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face.face import Image
from lipsync.face.house.canvas import Canvas, FloatArray
from lipsync.face.house.drawn import Patch, as_bytes

Plane = npt.NDArray[np.uint8]

_TO_YUV = np.array(  # ITU-R BT.601, 16..235 and 16..240, as WebRTC takes it
    [[0.257, 0.504, 0.098, 16], [-0.148, -0.291, 0.439, 128], [0.439, -0.368, -0.071, 128]], np.float32
)
_SAME_PIXELS = 0.7  # states that differ by less look the same; so do those that differ by
_SAME_SHARE = 0.5  # less than this share of the way since the picture before, but by no more than
_SAME_MOST_PIXELS = 2.5
_KEPT = 600  # painted states, of mouths and of eyes


class Planes(NamedTuple):
    """Light at full and colour at half the size."""

    light: Plane
    blue: Plane
    red: Plane

    @classmethod
    def of(cls, picture: Image) -> Planes:
        """Of a picture (h, w, 3) RGB whose sides are even."""
        whole = np.asarray(cv2.transform(picture, _TO_YUV), np.uint8)
        size = (whole.shape[1] // 2, whole.shape[0] // 2)
        half = np.asarray(
            cv2.resize(np.ascontiguousarray(whole[..., 1:]), size, interpolation=cv2.INTER_AREA), np.uint8
        )
        return cls(*(np.ascontiguousarray(plane) for plane in (whole[..., 0], half[..., 0], half[..., 1])))

    @classmethod
    def over(cls, i420: Plane) -> Planes:
        """Onto the memory of an I420 picture, (h * 3 / 2, w)."""
        height, width = i420.shape[0] * 2 // 3, i420.shape[1]
        blue, red = i420[height:].reshape(2, height // 2, width // 2)
        return cls(i420[:height], blue, red)

    def part(self, rows: slice, columns: slice) -> Planes:
        """A part with even edges."""
        half = slice(rows.start // 2, rows.stop // 2), slice(columns.start // 2, columns.stop // 2)
        return Planes(self.light[rows, columns], self.blue[half], self.red[half])

    def put(self, other: Planes) -> None:
        """Take over ``other``, of the same size."""
        for mine, its in zip(self, other, strict=True):
            mine[...] = its


class Finish:
    """The eyes or the mouth in the flat picture, painted when they look like none that was painted before.

    travel  pixels by which each value of a state moves an outline
    """

    def __init__(
        self,
        patch: Patch,
        corner: tuple[int, int],
        picture: Image,
        below: FloatArray,
        flat: Planes,
        travel: FloatArray,
        fine: float,
    ) -> None:
        self._patch, self._travel, self._fine = patch, travel, fine
        rows, columns = patch.where
        edges = []
        for side, first in ((rows, corner[1]), (columns, corner[0])):
            start, stop = side.start + first, side.stop + first
            edges.append((slice(start // 2 * 2, -(-stop // 2) * 2), start % 2, stop - start))
        (self._rows, top, height), (self._columns, left, width) = edges
        self._inner = np.s_[top : top + height, left : left + width]
        self._bare_picture = picture[self._rows, self._columns].copy()
        self._bare = Planes.of(self._bare_picture)
        self._target = flat.part(self._rows, self._columns)
        seen_through = 1 - patch.bare[..., 3:] / np.float32(255)
        self._below = below[rows, columns] * seen_through if seen_through.any() else None
        self._album = Album(len(travel))
        self._shown: Painted | None = None
        self._wanted: FloatArray | None = None

    def twin(self, flat: Planes) -> Finish:
        """The same in another flat picture, with the same album."""
        other = copy.copy(self)
        other._target = flat.part(self._rows, self._columns)
        other._target.put(self._bare)
        other._shown = other._wanted = None
        return other

    def show(self, state: tuple[float, ...], paint: Callable[[Canvas], None]) -> slice | None:
        """Show ``state``; returns the rows of texels that look different now, None if none does."""
        wanted = np.asarray(state, np.float32) * self._travel
        before = wanted if self._wanted is None else self._wanted
        moved = float(np.abs(wanted - before).sum())
        self._wanted = wanted
        same = min(max(_SAME_PIXELS, _SAME_SHARE * moved), _SAME_MOST_PIXELS)
        ready = self._album.find(wanted, same)
        if ready is None:
            ready = self._paint(paint)
            self._album.keep(wanted, ready)
        before_it, self._shown = self._shown, ready
        if ready is before_it:
            return None
        first, last = ready.rows.start, ready.rows.stop
        if before_it is not None:
            rows, columns = before_it.rows, before_it.columns
            self._target.part(rows, columns).put(self._bare.part(rows, columns))
            first, last = min(first, rows.start), max(last, rows.stop)
        self._target.part(ready.rows, ready.columns).put(ready.planes)
        return slice(self._rows.start + first, self._rows.start + last)

    def _paint(self, paint: Callable[[Canvas], None]) -> Painted:
        pixels = self._patch.paint(paint, self._fine)
        if self._below is not None:
            pixels += self._below
        picture = self._bare_picture.copy()
        picture[self._inner] = as_bytes(pixels)
        changed = (picture != self._bare_picture).any(axis=2)
        rows, columns = _even_part(changed.any(axis=1)), _even_part(changed.any(axis=0))
        return Painted(rows, columns, Planes.of(picture[rows, columns]))


class Painted(NamedTuple):
    """A painted state: where it differs from the bare face, and how that looks."""

    rows: slice
    columns: slice
    planes: Planes


class Album:
    """Painted states; the longest unused give way. Safe in threads."""

    def __init__(self, values: int) -> None:
        self._lock = threading.Lock()
        self._states = np.empty((_KEPT, values), np.float32)
        self._used = np.zeros(_KEPT, np.int64)
        self._painted: list[Painted] = []
        self._clock = 0

    def find(self, wanted: FloatArray, same: float) -> Painted | None:
        """The state nearest to ``wanted``, if its outlines lie less than ``same`` pixels apart."""
        with self._lock:
            if not self._painted:
                return None
            apart = np.abs(self._states[: len(self._painted)] - wanted).sum(axis=1)
            number = int(apart.argmin())
            if apart[number] > same:
                return None
            self._use(number)
            return self._painted[number]

    def keep(self, state: FloatArray, painted: Painted) -> None:
        """Find ``painted`` from now on."""
        with self._lock:
            number = len(self._painted)
            if number < _KEPT:
                self._painted.append(painted)
            else:
                number = int(self._used.argmin())
                self._painted[number] = painted
            self._states[number] = state
            self._use(number)

    def _use(self, number: int) -> None:
        self._clock += 1
        self._used[number] = self._clock


def _even_part(changed: npt.NDArray[np.bool_]) -> slice:
    """Where anything has changed, with even edges; something even where nothing has."""
    places = np.flatnonzero(changed)
    if not len(places):
        return slice(0, 2)
    return slice(int(places[0]) // 2 * 2, int(places[-1]) // 2 * 2 + 2)
