"""House avatars for live pictures: one flat picture in planes of light and colour, bent as a whole.

The layers of ``HouseFace`` lie flat in it: hair behind the neck and the body bend along where the head moves.
Nothing is done twice: strips that did not move keep what they show, and a mouth or a pair of eyes that was
painted before stands for one that looks the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.shape import CLOSED, MouthShape
from lipsync.face.face import NEUTRAL, STILL, Expression, Image, Pose
from lipsync.face.house.body import draw_body
from lipsync.face.house.canvas import Box, Canvas, FloatArray
from lipsync.face.house.drawn import (
    CELL,
    HEAD_BOX,
    JAW_FALL,
    NECK,
    TURN,
    HouseFace,
    Patch,
    as_bytes,
    face_depth,
    fade,
    jaw_share,
)
from lipsync.face.house.eyes import draw_eyes
from lipsync.face.house.hair import draw_rear
from lipsync.face.house.look import BROADEN
from lipsync.face.house.mouth import draw_mouth, jaw_drop

Plane = npt.NDArray[np.uint8]

_TO_YUV = np.array(  # ITU-R BT.601, 16..235 and 16..240, as WebRTC takes it
    [[0.257, 0.504, 0.098, 16], [-0.148, -0.291, 0.439, 128], [0.439, -0.368, -0.071, 128]], np.float32
)
_SIDES = (60.0, 940.0)  # units; all that moves lies between
_STRIP_CELLS = 6
_STILL_PIXELS = 0.15  # a strip that has moved less keeps what it shows
_REST = 0.01  # a place with a smaller share in every motion is still
# Units by which each value moves an outline: of mouth and expression; of expression, gaze and blink.
_MOUTH_TRAVEL = np.array([48, 14, 22, 10, 10, 11, 11, 5, 0], np.float32)
_EYES_TRAVEL = np.array([6, 13, 15, 12, 10, 8, 27], np.float32)
_SAME_PIXELS = 0.6  # states that differ by less look the same; so do those that differ by
_SAME_SHARE = 0.4  # less than this share of the way since the picture before, but by no more than
_SAME_MOST_PIXELS = 2.0
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


class LiveHouse(HouseFace):
    """A ``HouseFace`` that draws straight into what a video encoder takes. Sides must be even."""

    def _compose(self) -> None:
        if self._size[0] % 2 or self._size[1] % 2:
            raise ValueError(f"the sides of a live picture are even, {self._size[0]}x{self._size[1]} are not")
        self._paint_head()
        background = self._paint_background()
        self._picture = np.asarray(cv2.cvtColor(background, cv2.COLOR_RGB2YUV_I420), np.uint8)
        head_cover, body_cover = self._flatten(background)
        self._lay_nodes(head_cover, body_cover)

    def draw(self, mouth: MouthShape = CLOSED, expression: Expression = NEUTRAL, pose: Pose = STILL) -> Image:
        """A fresh (H, W, 3) picture; as ``draw_i420``."""
        i420 = self.draw_i420(mouth, expression, pose)
        return np.asarray(cv2.cvtColor(i420, cv2.COLOR_YUV2RGB_I420), np.uint8)

    def draw_i420(
        self, mouth: MouthShape = CLOSED, expression: Expression = NEUTRAL, pose: Pose = STILL
    ) -> Plane:
        """A fresh picture, (H * 3 / 2, W), as WebRTC takes it.

        Where outlines lie may differ by parts of a pixel with what was drawn before.
        """
        seen = Pose(gaze_x=pose.gaze_x, gaze_y=pose.gaze_y, blink=pose.blink)
        with self._lock:
            eyes = self._live_eyes.show(
                (*expression, seen.gaze_x, seen.gaze_y, seen.blink),
                lambda canvas: draw_eyes(canvas, self.look, expression, seen),
            )
            lips = self._live_mouth.show(
                (*mouth, *expression), lambda canvas: draw_mouth(canvas, self.look, mouth, expression)
            )
            painted = [rows for rows in (eyes, lips) if rows is not None]
            self._bend(pose, jaw_drop(mouth, expression), painted)
            return self._picture.copy()

    def _flatten(self, background: Image) -> tuple[FloatArray, FloatArray]:
        """Lay all layers into one picture of texels like the head's; returns what head and body cover."""
        visible, fine = self._visible(), self._fine
        left = 2 * int((HEAD_BOX.x0 - max(visible.x0, _SIDES[0])) * fine / 2) + 2
        top = 2 * int((HEAD_BOX.y0 - visible.y0) * fine / 2) + 2
        x0, y0 = HEAD_BOX.x0 - left / fine, HEAD_BOX.y0 - top / fine
        width = 2 * int((min(_SIDES[1], visible.x1) - x0) * fine / 2) + 2
        height = 2 * int((visible.y1 - y0) * fine / 2) + 2
        self._box = Box(x0, y0, x0 + width / fine, y0 + height / fine)
        flat = self._background_at(background, (width, height))
        covers = []
        for paint, broaden in ((draw_rear, BROADEN), (draw_body, 1.0)):
            canvas = Canvas(self._box, fine, broaden=broaden)
            paint(canvas, self.look)
            flat *= 1 - canvas.pixels[..., 3:] / np.float32(255)
            flat += canvas.pixels[..., :3]
            covers.append(canvas.pixels[..., 3].copy())
        head = np.s_[top : top + self._head.shape[0], left : left + self._head.shape[1]]
        below = flat[head].copy()
        flat[head] = below * (1 - self._head[..., 3:] / np.float32(255)) + self._head[..., :3]
        np.maximum(covers[0][head], self._head[..., 3], out=covers[0][head])
        picture = as_bytes(flat)
        self._flat = Planes.of(picture)
        self._live_eyes, self._live_mouth = (
            Finish(patch, (left, top), picture, below, self._flat, travel * np.float32(self._scale), fine)
            for patch, travel in ((self._eyes, _EYES_TRAVEL), (self._mouth, _MOUTH_TRAVEL))
        )
        return covers[0], covers[1]

    def _background_at(self, background: Image, size: tuple[int, int]) -> FloatArray:
        """The background at the texels of ``_box``, of ``size`` (width, height), float32."""
        (ox, oy), step = self._origin, self._scale / self._fine
        matrix = np.array(
            [
                [step, 0, ox + self._box.x0 * self._scale + (step - 1) / 2],
                [0, step, oy + self._box.y0 * self._scale + (step - 1) / 2],
            ]
        )
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(background, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.float32)

    def _lay_nodes(self, head_cover: FloatArray, body_cover: FloatArray) -> None:
        """Work out, once, how each part of the picture moves, and in which strips anything does."""
        (ox, oy), s = self._origin, self._scale
        columns, rows = (-(-side // CELL) + 2 for side in self._size)
        x, y = np.meshgrid((np.arange(columns) - 0.5) * CELL, (np.arange(rows) - 0.5) * CELL)
        units = ((x - ox) / s).astype(np.float32), ((y - oy) / s).astype(np.float32)
        texels = [(u - first) * self._fine - 0.5 for u, first in zip(units, self._box, strict=False)]
        self._texels = np.stack(texels, axis=-1).astype(np.float32)
        head, body = (self._near(cover) for cover in (head_cover, body_cover))
        upright = fade((units[1] - 640) / 240)
        deep, held, below = face_depth(*units) * head, upright * head, (1 - upright) * body
        u, v, still = units[0] - NECK[0], units[1] - NECK[1], np.zeros_like(held)
        # Texels by which the place that a node shows moves with one of each: yaw, pitch, jaw, breath, and
        # 1 - cosine and sine of roll.
        motions = [
            (-(TURN * deep + 10 * held + 6 * below), still),
            (still, -(TURN * 0.8 * deep + 8 * held)),
            (still, -JAW_FALL * jaw_share(*units) * head),
            (still, 1.2 * held + 2.6 * below),
            (-u * held, -v * held),
            (v * held, -u * held),
        ]
        stacked = np.stack([np.stack(motion, axis=-1) for motion in motions]) * self._fine
        self._motions = np.ascontiguousarray(stacked.reshape(len(motions), -1), np.float32)
        moving = np.maximum.reduce([deep, held, below]) > _REST
        made = [self._strip(moving, first) for first in range(0, rows - 2, _STRIP_CELLS)]
        self._strips = [strip for strip in made if strip is not None]

    def _near(self, cover: FloatArray) -> FloatArray:
        """For each node: 1 on what ``cover`` shows and close by, 0 far away."""
        texels_a_cell = round(CELL * self._fine / self._scale)
        spread = cv2.blur((cover > 5).astype(np.float32), (texels_a_cell, texels_a_cell))
        at_nodes = cv2.remap(spread, self._texels, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        around = cv2.dilate((np.asarray(at_nodes) > _REST).astype(np.float32), np.ones((5, 5), np.uint8))
        return np.asarray(cv2.GaussianBlur(around, (0, 0), 1.0), np.float32)

    def _strip(self, moving: npt.NDArray[np.bool_], first: int) -> Strip | None:
        """The strip that begins at row ``first`` of the cells; None when nothing moves there."""
        last = min(first + _STRIP_CELLS, moving.shape[0] - 2)
        columns = np.flatnonzero(moving[first : last + 2].any(axis=0))
        if not len(columns):
            return None
        left, right = max(0, int(columns[0]) - 1), min(int(columns[-1]) + 1, moving.shape[1] - 2)
        width, height = self._size
        rows = slice(first * CELL, min(last * CELL, height))
        across = slice(left * CELL, min(right * CELL, width))
        nodes = slice(first, last + 2), slice(left, right + 2)
        target = Planes.over(self._picture).part(rows, across)
        return Strip(nodes, target)

    def _bend(self, pose: Pose, jaw: float, painted: list[slice]) -> None:
        """Bring every strip up to date in which something moved, or that shows rows that were painted."""
        cos, sin = np.cos(pose.roll), np.sin(pose.roll)
        state = np.array([pose.yaw, pose.pitch, jaw, pose.breath, 1 - cos, sin], np.float32)
        places = (state @ self._motions).reshape(self._texels.shape)
        places += self._texels
        still = _STILL_PIXELS * self._fine / self._scale
        for strip in self._strips:
            strip.show(self._flat, places[strip.nodes], still, painted)


class Strip:
    """A part of the picture across, drawn as a whole or not at all."""

    def __init__(self, nodes: tuple[slice, slice], target: Planes) -> None:
        self.nodes = nodes
        self._target = target
        rows, columns = (part.stop - part.start for part in nodes)
        self._shown = np.full((rows, columns, 2), np.inf, np.float32)
        self._maps = []
        for plane, cell in ((target.light, CELL), (target.blue, CELL // 2)):
            height, width = plane.shape
            whole = np.empty((rows * cell, columns * cell, 2), np.float32)
            self._maps.append((whole, whole[cell : cell + height, cell : cell + width]))

    def show(self, flat: Planes, places: FloatArray, still: float, painted: list[slice]) -> None:
        """Draw ``flat`` at ``places`` (rows, columns, 2), texels.

        Unless none of them moved as far as ``still``, and none lies in the rows that were ``painted``.
        """
        if float(cv2.norm(places, self._shown, cv2.NORM_INF)) < still and not self._shows(places, painted):
            return
        self._shown[...] = places
        # Colour lies in the middle of four texels.
        for (whole, _), at in zip(
            self._maps, (places, places * np.float32(0.5) - np.float32(0.25)), strict=True
        ):
            cv2.resize(at, whole.shape[1::-1], dst=whole, interpolation=cv2.INTER_LINEAR)
        light, colour = (where for _, where in self._maps)
        for source, target, where in zip(flat, self._target, (light, colour, colour), strict=True):
            cv2.remap(source, where, None, cv2.INTER_LINEAR, target, cv2.BORDER_REPLICATE)  # type: ignore[call-overload]

    @staticmethod
    def _shows(places: FloatArray, painted: list[slice]) -> bool:
        if not painted:
            return False
        top, bottom = float(places[0, :, 1].min()), float(places[-1, :, 1].max())
        return any(rows.start < bottom and rows.stop > top for rows in painted)


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
        self._states = np.empty((_KEPT, len(travel)), np.float32)
        self._used = np.zeros(_KEPT, np.int64)
        self._painted: list[tuple[slice, slice, Planes]] = []
        self._clock = 0
        self._shown = -1
        self._wanted: FloatArray | None = None

    def show(self, state: tuple[float, ...], paint: Callable[[Canvas], None]) -> slice | None:
        """Show ``state``; returns the rows of texels that look different now, None if none does."""
        wanted = np.asarray(state, np.float32) * self._travel
        before = wanted if self._wanted is None else self._wanted
        moved = float(np.abs(wanted - before).sum())
        self._wanted = wanted
        same = min(max(_SAME_PIXELS, _SAME_SHARE * moved), _SAME_MOST_PIXELS)
        apart = np.abs(self._states[: len(self._painted)] - wanted).sum(axis=1)
        number = int(apart.argmin()) if len(apart) else -1
        if number < 0 or apart[number] > same:
            number = self._paint(wanted, paint)
        self._clock += 1
        self._used[number] = self._clock
        if number == self._shown:
            return None
        rows, columns, planes = self._painted[number]
        first, last = rows.start, rows.stop
        if self._shown >= 0:
            bare_rows, bare_columns, _ = self._painted[self._shown]
            self._target.part(bare_rows, bare_columns).put(self._bare.part(bare_rows, bare_columns))
            first, last = min(first, bare_rows.start), max(last, bare_rows.stop)
        self._target.part(rows, columns).put(planes)
        self._shown = number
        return slice(self._rows.start + first, self._rows.start + last)

    def _paint(self, wanted: FloatArray, paint: Callable[[Canvas], None]) -> int:
        """Paint a state; returns its number, that of the longest unused one when there are many."""
        patch = self._patch
        canvas = Canvas(patch.box, self._fine, patch.skin.copy(), BROADEN)
        paint(canvas)
        pixels = canvas.pixels
        if patch.over_alpha is not None:
            pixels *= 1 - patch.over_alpha
            pixels += patch.over
        if self._below is not None:
            pixels += self._below
        picture = self._bare_picture.copy()
        picture[self._inner] = as_bytes(pixels)
        changed = (picture != self._bare_picture).any(axis=2)
        rows, columns = _even_part(changed.any(axis=1)), _even_part(changed.any(axis=0))
        ready = rows, columns, Planes.of(picture[rows, columns])
        number = len(self._painted)
        if number < _KEPT:
            self._painted.append(ready)
        else:
            self._used[self._shown] = self._clock
            number = int(self._used.argmin())
            self._painted[number] = ready
        self._states[number] = wanted
        return number


def _even_part(changed: npt.NDArray[np.bool_]) -> slice:
    """Where anything has changed, with even edges; something even where nothing has."""
    places = np.flatnonzero(changed)
    if not len(places):
        return slice(0, 2)
    return slice(int(places[0]) // 2 * 2, int(places[-1]) // 2 * 2 + 2)
