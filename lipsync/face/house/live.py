"""House avatars for live pictures: one flat picture in planes of light and colour, bent as a whole.

The layers of ``HouseFace`` lie flat in it: hair behind the neck and the body bend along where the head moves.
Nothing is done twice: strips that did not move keep what they show, and a mouth or a pair of eyes that was
painted before stands for one that looks the same.
"""

from __future__ import annotations

import copy
import threading

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
    as_bytes,
    face_depth,
    fade,
    jaw_share,
)
from lipsync.face.house.eyes import draw_eyes
from lipsync.face.house.hair import draw_rear
from lipsync.face.house.look import BROADEN
from lipsync.face.house.mouth import draw_mouth, jaw_drop
from lipsync.face.house.patches import Finish, Plane, Planes

_SIDES = (60.0, 940.0)  # units; all that moves lies between
_STRIP_CELLS = 6
_STILL_PIXELS = 0.15  # a strip that has moved less keeps what it shows
_REST = 0.01  # a place with a smaller share in every motion is still
# Units by which each value moves an outline: of mouth and expression; of expression, gaze and blink.
_MOUTH_TRAVEL = np.array([48, 14, 22, 10, 10, 11, 11, 5, 0], np.float32)
_EYES_TRAVEL = np.array([6, 13, 15, 12, 10, 8, 27], np.float32)


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

    def twin(self) -> LiveHouse:
        """Another of the same look and size, at once: what either paints, both know."""
        with self._lock:
            other = copy.copy(self)
            other._lock = threading.Lock()
            other._picture = self._picture.copy()
            other._flat = Planes(*(plane.copy() for plane in self._flat))
        other._live_eyes, other._live_mouth = (
            finish.twin(other._flat) for finish in (self._live_eyes, self._live_mouth)
        )
        shown = Planes.over(other._picture)
        other._strips = [Strip(strip.nodes, strip.area, shown) for strip in self._strips]
        return other

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
        return Strip(nodes, (rows, across), Planes.over(self._picture))

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

    def __init__(self, nodes: tuple[slice, slice], area: tuple[slice, slice], picture: Planes) -> None:
        self.nodes, self.area = nodes, area
        self._target = target = picture.part(*area)
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
