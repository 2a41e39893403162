"""A house avatar that speaks: still layers painted once, moved and finished for every frame."""

import threading
from collections.abc import Callable, Hashable
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.shape import CLOSED, MouthShape
from lipsync.face.face import NEUTRAL, STILL, Expression, Image, Pose
from lipsync.face.house.body import draw_background, draw_body
from lipsync.face.house.canvas import Box, Canvas, FloatArray
from lipsync.face.house.eyes import EYES_BOX, draw_eyes
from lipsync.face.house.hair import draw_front, draw_rear
from lipsync.face.house.head import draw_skin, skin_tones
from lipsync.face.house.look import BROADEN, Look, find_look
from lipsync.face.house.mouth import MOUTH_BOX, draw_mouth, jaw_drop

DEFAULT_SIZE = (720, 720)

HEAD_BOX = Box(206, 92, 794, 912)
NECK = (500.0, 700.0)  # the head tilts about this point
_FINER = 2.0  # layers are painted at this many texels a pixel: moved by parts of a pixel they stay crisp
_FINEST = 1.9  # texels a unit, whatever the picture's size
CELL = 12  # pixels between the points at which the head's motion is worked out
JAW_FALL = 21.0  # units the chin falls when the mouth is wide open
_ROLL_STEP = 0.0015  # radians
TURN = 225.0  # units the nearest part of the face moves per radian
_NOSE_DEPTH = 0.26  # further out than the face, whose own depth is 1
_KEPT_BYTES = 12_000_000  # of painted mouths, and of painted eyes, kept for states that come again
_KEPT = (24, 512)  # of them, at least and at most
_EYE_STEPS = 25  # states are rounded to such parts of their range: finer is not seen
# How far each value of a mouth moves its outline, in units; half a pixel is not seen.
_MOUTH_TRAVEL = MouthShape(openness=48, width=14, rounding=22, teeth=10, closure=10)
_SEEN_PIXELS = 0.5
_MIN_SIDE, _MAX_SIDE = 32, 4096


class HouseFace:
    """Draws one of ``HOUSE_LOOKS``; keeps the ``Face`` contract.

    ``look`` is a name or a Look; ``size`` is (width, height) in pixels. Building one takes about a
    second. Raises KeyError for an unknown name and ValueError for a size outside 32..4096.
    Calls of ``draw`` from several threads take turns.
    """

    def __init__(self, look: str | Look, size: tuple[int, int] = DEFAULT_SIZE) -> None:
        self.look = find_look(look) if isinstance(look, str) else look
        width, height = size
        if not (min(size) >= _MIN_SIDE and max(size) <= _MAX_SIDE):
            raise ValueError(
                f"A house avatar cannot be {width}x{height}; sides go from {_MIN_SIDE} to {_MAX_SIDE} pixels."
            )
        self._size = (int(width), int(height))
        self._scale = min(width / 760, height / 1000)  # pixels per unit
        # A tall picture shows more of the body than of the air above the head.
        self._origin = (width / 2 - 500 * self._scale, max(height - 1000 * self._scale, 0) * 0.42)
        self._fine = max(min(self._scale * _FINER, _FINEST), self._scale)  # texels per unit
        self._lock = threading.Lock()
        self._compose()

    def _compose(self) -> None:
        """Paint all that stays as it is."""
        self._background = self._paint_background()
        self._rear = _Layer(self._paint(Box(220, 100, 780, 890), draw_rear), self)
        self._body = _Layer(self._paint(self._body_box(), draw_body), self)
        self._plate: tuple[tuple[int, ...], Image] | None = None
        self._paint_head()
        self._place_head()

    @property
    def size(self) -> tuple[int, int]:
        return self._size

    def draw(self, mouth: MouthShape = CLOSED, expression: Expression = NEUTRAL, pose: Pose = STILL) -> Image:
        """A fresh (H, W, 3) picture with this mouth, expression and pose."""
        with self._lock:
            frame = self._behind(pose).copy()
            self._finish_eyes(_rounded(expression, _EYE_STEPS), _rounded(pose, _EYE_STEPS))
            self._finish_mouth(self._rounded_mouth(mouth), _rounded(expression, _EYE_STEPS))
            self._blend_head(frame, pose, jaw_drop(mouth, expression))
            return frame

    def _rounded_mouth(self, mouth: MouthShape) -> MouthShape:
        steps = (max(4, round(travel * self._scale / _SEEN_PIXELS)) for travel in _MOUTH_TRAVEL)
        return MouthShape(*(round(v * n) / n for v, n in zip(mouth, steps, strict=True)))

    def _behind(self, pose: Pose) -> Image:
        """All that lies behind the head; kept, as it changes by parts of a pixel over several frames."""
        step = 0.25 / self._scale  # units: moves finer than a quarter of a pixel are not seen
        moves = (-26 * pose.yaw, -14 * pose.pitch - pose.breath, 6 * pose.yaw, -2.6 * pose.breath)
        state = (*(round(move / step) for move in moves), round(pose.roll / _ROLL_STEP))
        if self._plate is None or self._plate[0] != state:
            plate = self._background.copy()
            self._rear.blend(plate, (state[0] * step, state[1] * step), state[4] * _ROLL_STEP)
            self._body.blend(plate, (state[2] * step, state[3] * step), 0.0)
            self._plate = state, plate
        return self._plate[1]

    def _visible(self) -> Box:
        (x, y), s = self._origin, self._scale
        return Box(-x / s, -y / s, (self._size[0] - x) / s, (self._size[1] - y) / s)

    def _body_box(self) -> Box:
        return Box(80, 540, 920, min(self._visible().y1 + 8, 2500))

    def _paint_background(self) -> Image:
        pixels = np.zeros((self._size[1], self._size[0], 3), np.float32)
        draw_background(Canvas(self._visible(), self._scale, pixels), self.look)
        # Half a step of fixed noise keeps the gradients from banding in 8 bits and in video.
        noise = np.random.default_rng(1).uniform(-0.8, 0.8, (*pixels.shape[:2], 1)).astype(np.float32)
        return as_bytes(pixels + noise)

    def _paint(self, box: Box, paint: Callable[[Canvas, Look], None]) -> Canvas:
        canvas = Canvas(box, self._fine, broaden=BROADEN if paint is draw_rear else 1.0)
        paint(canvas, self.look)
        return canvas

    def _paint_head(self) -> None:
        skin, over = (Canvas(HEAD_BOX, self._fine, broaden=BROADEN) for _ in range(2))
        face = draw_skin(skin, self.look)
        draw_front(over, self.look)
        _throw_shadow(skin, over, face, self.look)
        self._eyes, self._mouth = (Patch(box, skin, over) for box in (EYES_BOX, MOUTH_BOX))
        alpha = over.pixels[..., 3:] * np.float32(1 / 255)
        self._head = as_bytes(skin.pixels * (1 - alpha) + over.pixels)

    def _finish_eyes(self, expression: Expression, pose: Pose) -> None:
        seen = Pose(gaze_x=pose.gaze_x, gaze_y=pose.gaze_y, blink=pose.blink)
        self._finish(
            self._eyes, (expression, seen), lambda canvas: draw_eyes(canvas, self.look, expression, seen)
        )

    def _finish_mouth(self, mouth: MouthShape, expression: Expression) -> None:
        self._finish(
            self._mouth, (mouth, expression), lambda canvas: draw_mouth(canvas, self.look, mouth, expression)
        )

    def _finish(self, patch: "Patch", state: Hashable, paint: Callable[[Canvas], None]) -> None:
        if patch.shown == state:
            return
        patch.shown = state
        ready = patch.painted.pop(state, None)
        if ready is None:
            pixels = patch.paint(paint, self._fine)
            pixels += np.float32(0.5)
            ready = patch.keep(pixels)
        patch.painted[state] = ready  # the latest used goes last
        if len(patch.painted) > patch.kept:
            del patch.painted[next(iter(patch.painted))]
        head = self._head[patch.where]
        head[...] = patch.bare
        where, picture = ready
        head[where] = picture

    def _place_head(self) -> None:
        """Works out, once, where the head lands in the picture and how each part of it moves."""
        (ox, oy), s = self._origin, self._scale
        margin = 30
        x0 = max(int(ox + (HEAD_BOX.x0 - margin) * s), 0)
        y0 = max(int(oy + (HEAD_BOX.y0 - margin) * s), 0)
        x1 = min(int(np.ceil(ox + (HEAD_BOX.x1 + margin) * s)), self._size[0])
        y1 = min(int(np.ceil(oy + (HEAD_BOX.y1 + margin) * s)), self._size[1])
        self._area = np.s_[y0:y1, x0:x1]
        # Nodes reach one cell beyond the area, or its rim would be drawn from half a cell further in.
        columns, rows = (-(-n // CELL) + 2 for n in (x1 - x0, y1 - y0))
        cx, cy = ((np.arange(n) - 0.5) * CELL + first for n, first in ((columns, x0), (rows, y0)))
        units = np.meshgrid((cx - ox) / s, (cy - oy) / s)
        self._units_x, self._units_y = (a.astype(np.float32) for a in units)
        texels_x, texels_y = (
            (a - first) * self._fine - 0.5 for a, first in zip(units, HEAD_BOX, strict=False)
        )
        self._texels = np.stack([texels_x, texels_y], axis=-1).astype(np.float32)
        self._depth = face_depth(self._units_x, self._units_y)
        self._hang = jaw_share(self._units_x, self._units_y)
        self._with_head = fade((self._units_y - 640) / 240)
        self._positions = np.empty((rows * CELL, columns * CELL, 2), np.float32)
        self._map = self._positions[CELL : CELL + y1 - y0, CELL : CELL + x1 - x0]

    def _blend_head(self, frame: Image, pose: Pose, jaw: float) -> None:
        dx = -(TURN * self._depth + 10 * self._with_head) * np.float32(pose.yaw)
        dy = -(TURN * 0.8 * self._depth + 8 * self._with_head) * np.float32(pose.pitch)
        dy += self._hang * np.float32(-JAW_FALL * jaw) + self._with_head * np.float32(1.2 * pose.breath)
        cos, sin = np.float32(np.cos(pose.roll)), np.float32(np.sin(pose.roll))
        u, v = self._units_x - NECK[0], self._units_y - NECK[1]
        dx += (u * cos + v * sin - u) * self._with_head
        dy += (v * cos - u * sin - v) * self._with_head
        places = np.stack([dx, dy], axis=-1)
        places *= np.float32(self._fine)
        places += self._texels
        size = self._positions.shape[1::-1]
        cv2.resize(places, size, dst=self._positions, interpolation=cv2.INTER_LINEAR)
        moved = cv2.remap(self._head, self._map, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)  # type: ignore[call-overload]
        _blend(frame, self._area, moved)


class Patch:
    """A box of the head that is painted anew for every frame: bare skin below, hair and glasses above."""

    def __init__(self, box: Box, skin: Canvas, over: Canvas) -> None:
        scale, whole = skin.scale, skin.box
        x0, y0 = round((box.x0 - whole.x0) * scale), round((box.y0 - whole.y0) * scale)
        x1, y1 = round((box.x1 - whole.x0) * scale), round((box.y1 - whole.y0) * scale)
        self.where = np.s_[y0:y1, x0:x1]
        # The box the texels really cover, so that the paint lands where the skin expects it.
        self.box = Box(
            *(whole.x0 + x0 / scale, whole.y0 + y0 / scale, whole.x0 + x1 / scale, whole.y0 + y1 / scale)
        )
        self.painted: dict[Hashable, tuple[tuple[slice, slice], npt.NDArray[np.uint8]]] = {}
        self.kept = int(np.clip(3 * _KEPT_BYTES // (3 * (y1 - y0) * (x1 - x0)), *_KEPT))
        self.skin: FloatArray = np.ascontiguousarray(skin.pixels[self.where][..., :3])
        alpha = over.pixels[self.where][..., 3:] / np.float32(255)
        self.over: FloatArray = np.ascontiguousarray(over.pixels[self.where][..., :3])
        self.over_alpha: FloatArray | None = np.ascontiguousarray(alpha) if alpha.any() else None
        self.bare = as_bytes(skin.pixels[self.where] * (1 - alpha) + over.pixels[self.where])
        self.shown: Hashable = None

    def paint(self, paint: Callable[[Canvas], None], scale: float) -> FloatArray:
        """Colours (h, w, 3) of the box once ``paint`` has been over its skin, below what lies over it."""
        canvas = Canvas(self.box, scale, self.skin.copy(), BROADEN)
        paint(canvas)
        pixels = canvas.pixels
        if self.over_alpha is not None:
            pixels *= 1 - self.over_alpha
            pixels += self.over
        return pixels

    def keep(self, pixels: FloatArray) -> tuple[tuple[slice, slice], npt.NDArray[np.uint8]]:
        """The part of the box painted with ``pixels`` (h, w, 3) that differs from bare skin, and where."""
        picture = self.bare.copy()
        cv2.mixChannels([pixels.astype(np.uint8)], [picture], [0, 0, 1, 1, 2, 2])
        changed = picture != self.bare
        rows = np.flatnonzero(changed.reshape(len(changed), -1).any(axis=1))
        columns = np.flatnonzero(changed.any(axis=0).any(axis=1))
        if not len(rows):
            return (slice(0, 0), slice(0, 0)), picture[:0, :0]
        where = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
        return where, picture[where].copy()


class _Layer:
    """A painted layer that moves as a whole."""

    def __init__(self, canvas: Canvas, face: HouseFace) -> None:
        self._texture = as_bytes(canvas.pixels)
        self._empty = not self._texture[..., 3].any()
        self._fine, self._scale, self._origin = face._fine, face._scale, face._origin
        box = canvas.box
        self._corner = (box.x0, box.y0)
        left, top = (o + (c - 12) * face._scale for o, c in zip(face._origin, self._corner, strict=True))
        right, bottom = (
            o + (c + 12) * face._scale for o, c in zip(face._origin, (box.x1, box.y1), strict=True)
        )
        x0, y0 = max(int(left), 0), max(int(top), 0)
        x1, y1 = min(int(right) + 1, face.size[0]), min(int(bottom) + 1, face.size[1])
        self._area = np.s_[y0:y1, x0:x1]
        self._place = (x0, y0, x1, y1)

    def blend(self, frame: Image, shift: tuple[float, float], roll: float) -> None:
        """Lays the layer over ``frame``, moved by ``shift`` units and turned about the neck."""
        x0, y0, x1, y1 = self._place
        if self._empty or x1 <= x0 or y1 <= y0:
            return
        cos, sin = np.cos(roll), np.sin(roll)
        # From pixels of the area to texels: to units, back by the shift and the turn, to the texture.
        to_units = np.eye(3)
        to_units[:2, :2] /= self._scale
        for axis, first in enumerate((x0, y0)):
            place = (first + 0.5 - self._origin[axis]) / self._scale
            to_units[axis, 2] = place - shift[axis] - NECK[axis]
        turn = np.array([[cos, sin, NECK[0] - self._corner[0]], [-sin, cos, NECK[1] - self._corner[1]]])
        matrix = turn @ to_units * self._fine
        matrix[:, 2] -= 0.5
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        _blend(frame, self._area, cv2.warpAffine(self._texture, matrix, (x1 - x0, y1 - y0), flags=flags))


State = TypeVar("State", MouthShape, Expression, Pose)


def _rounded(state: State, steps: int) -> State:
    return type(state)(*(round(float(value) * steps) / steps for value in state))


def house_thumbnail(look: str | Look, size: int = 256) -> Image:
    """A (size, size, 3) picture of a look at rest. Raises as ``HouseFace`` does."""
    larger = max(size * 2, 512)
    face = HouseFace(look, (larger, larger)).draw(CLOSED, Expression(happy=0.35), Pose())
    return cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _throw_shadow(skin: Canvas, over: Canvas, face: FloatArray, look: Look) -> None:
    """Darkens the skin beside what lies over it."""
    scale = skin.scale
    solid = over.pixels[..., 3] / np.float32(255)
    matrix = np.array([[1, 0, 3 * scale], [0, 1, 13 * scale]])
    moved = cv2.warpAffine(solid, matrix, solid.shape[::-1])
    soft = cv2.GaussianBlur(moved, (0, 0), max(7 * scale, 0.5)) * face * np.float32(0.62)
    _, _, shade, _ = skin_tones(look)
    tone = np.array([*shade, 255], np.float32)
    skin.pixels += (tone - skin.pixels) * soft[..., None]


def face_depth(x: FloatArray, y: FloatArray) -> FloatArray:
    """How far out the face is at each point, 0..1 and beyond 1 on the nose."""
    # It levels out at the rim, so that outlines bend nowhere as they move.
    round_face = fade(np.sqrt(((x - 500) / 265) ** 2 + ((y - 440) / 390) ** 2))
    nose = np.exp(-(((x - 500) / 34) ** 2) - ((y - 500) / 44) ** 2)
    depth: FloatArray = (round_face + _NOSE_DEPTH * nose).astype(np.float32)
    return depth


def jaw_share(x: FloatArray, y: FloatArray) -> FloatArray:
    """How much each point follows the jaw, 0..1."""
    chin = 1 - fade((y - 574) / 78)
    hang: FloatArray = chin * fade((y - 690) / 130) * fade((np.abs(x - 500) - 60) / 110)
    return hang


def fade(part: npt.NDArray[np.floating]) -> FloatArray:
    """1 below 0, 0 above 1, smooth between."""
    t = np.clip(part, 0, 1)
    faded: FloatArray = (1 - t * t * (3 - 2 * t)).astype(np.float32)
    return faded


def as_bytes(pixels: FloatArray) -> npt.NDArray[np.uint8]:
    whole: npt.NDArray[np.uint8] = np.clip(pixels + 0.5, 0, 255).astype(np.uint8)
    return whole


def _blend(frame: Image, area: tuple[slice, slice], layer: cv2.typing.MatLike) -> None:
    """Lays a picture with alpha (colours multiplied by it) over a part of ``frame``."""
    left = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(layer, 3)), cv2.COLOR_GRAY2RGB)
    below = cv2.multiply(frame[area], left, scale=1 / 255)
    frame[area] = cv2.add(below, cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB))
