"""A photo that speaks: the rig's fields summed, inverted and sampled; the inside of the mouth drawn in."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.shape import MouthShape
from lipsync.face import topology
from lipsync.face.drive import control_weights
from lipsync.face.enlarge import enlarge, fit_crispness
from lipsync.face.eyes import AWAKE, Eyes
from lipsync.face.face import NEUTRAL, STILL, Expression, Image, Pose
from lipsync.face.frame import FaceFrame
from lipsync.face.head import HEAD_REACH, MOTIONS, HeadField, head_weights
from lipsync.face.lips import find_lips
from lipsync.face.mouth_drawing import MouthDrawing, MouthState
from lipsync.face.own_teeth import OwnTeeth
from lipsync.face.rig import CONTROLS, Box, Rig, build_rig, lowered_lids, oval_box
from lipsync.face.warp import Unwarp

Array = npt.NDArray[np.float32]
Strip = tuple[slice, slice]  # rows, columns

STILL_PIXELS = 0.15  # a smaller displacement counts, by degrees, as none
NOTICED = 0.01  # pixels; a field that never moves a place further leaves it alone
STRIP_ROWS = 32  # pixels; the picture is sampled in strips as wide as what may move in them
ZOOM = 2  # the source is kept enlarged: sampled linearly, it stays sharp
RIM = 5  # pixels at the edge of a piece that enlarging it alone gets wrong


class PhotoFace:
    """A picture of a face, drawn speaking. Keeps ``Face``.

    image         (H, W, 3) RGB
    landmarks     (468, 3) pixels
    box           draw only within (left, top, right, bottom), pixels, and leave out what head and eyes need:
                  for one frame of a video, which moves by itself

    Calls from several threads take turns.
    """

    def __init__(self, image: Image, landmarks: Array, *, box: Box | None = None) -> None:
        self.image = image
        self.landmarks = landmarks
        self.size = (image.shape[1], image.shape[0])
        frame = FaceFrame.of(landmarks)
        lips = find_lips(image, landmarks, frame)
        self.rig: Rig = build_rig(landmarks, lips, frame, self.size, box or oval_box(landmarks, HEAD_REACH))
        grid = self.rig.grid
        width, height = self._extent = grid.extent(self.size)
        self._area = (slice(grid.top, grid.top + height), slice(grid.left, grid.left + width))
        self._lock = threading.Lock()
        self.crispness = fit_crispness(_around_mouth(image, landmarks, frame.unit))
        self._source = enlarge(image[self._area], self.crispness)
        head = HeadField(landmarks, frame, grid, self.size) if box is None else None
        self._eyes = Eyes(image, landmarks, frame) if box is None else None
        self._painted_eyes = AWAKE
        self._plain = image[self._area].copy()  # the source as it is, with the eyes as last painted
        self._still_x, self._still_y = ((np.arange(n) * ZOOM).astype(np.float32) for n in (width, height))
        self._mouth = MouthDrawing(image, landmarks, self.rig, self._extent)
        self._load_fields(head)

    def _load_fields(self, head: HeadField | None) -> None:
        """Lay out the fields of both sheets, head motion included, as matrices: one product a frame."""
        grid, cells = self.rig.grid, self._mouth.cells
        fields = []
        for sheet in (self.rig.upper, self.rig.lower):
            whole = sheet if head is None else np.concatenate([sheet, head.fields])
            fields.append(whole / np.float32(grid.step))
        upper, lower = fields[0], fields[0][:, cells[0], cells[1]]
        # The sheets differ around the lips only; towards the edge of that part they become one.
        lower = lower + self._mouth.window[..., None] * (fields[1][:, cells[0], cells[1]] - lower)
        self._shapes = (upper.shape[1:], lower.shape[1:])
        self._upper = np.ascontiguousarray(upper.reshape(len(upper), -1))
        self._lower = np.ascontiguousarray(lower.reshape(len(lower), -1))
        self._head = None if head is None else head.fields
        self._whole_map = Unwarp(upper.shape[1:3], grid.step, ZOOM)
        self._mouth_map = Unwarp(lower.shape[1:3], grid.step, ZOOM, (cells[1].start, cells[0].start))
        reach = np.abs(fields[0]).max((0, 3)) * grid.step
        speech = np.maximum(*(np.abs(f[: len(CONTROLS)]).max((0, 3)) * grid.step for f in fields))
        self._strips = self._lay_strips(np.maximum(reach, speech))
        self._speech_strips = self._lay_strips(speech)

    def _lay_strips(self, reach: Array) -> list[Strip]:
        """Where anything may move, given how far each node of the grid ever does (rows, columns), pixels."""
        step = self.rig.grid.step
        width, height = self._extent
        count = max(1, round(STRIP_ROWS / step))
        strips = []
        for row in range(0, reach.shape[0], count):
            near = reach[max(0, row - 1) : row + count + 1]
            columns = np.flatnonzero(near.max(0) > NOTICED)
            rows = slice(row * step, min((row + count) * step, height))
            if len(columns) and rows.stop > rows.start:
                left, right = max(0, int(columns[0]) - 1) * step, min((int(columns[-1]) + 2) * step, width)
                strips.append((rows, slice(left, right)))
        return strips

    def wear(self, teeth: OwnTeeth, rest: Array) -> None:
        """Show these teeth of the same person instead of those seen here; ``rest`` is the closed mesh."""
        uv = self._mouth.places
        upper, lower = teeth.seen_from(rest, self.rig.frame, self._mouth.skin, uv)
        self._mouth.wear(upper, lower)

    def draw(self, mouth: MouthShape, expression: Expression = NEUTRAL, pose: Pose = STILL) -> Image:
        """A fresh picture with this mouth, expression and pose; untouched outside the head."""
        canvas = self.image.copy()
        with self._lock:
            self._draw_into(canvas[self._area], mouth, expression, pose)
        return canvas

    def draw_region(self, mouth: MouthShape, expression: Expression = NEUTRAL, pose: Pose = STILL) -> Image:
        """What ``draw`` changes: the grid's box of the picture, (height, width, 3)."""
        region = self.image[self._area].copy()
        with self._lock:
            self._draw_into(region, mouth, expression, pose)
        return region

    def _draw_into(self, region: Image, mouth: MouthShape, expression: Expression, pose: Pose) -> None:
        controls = control_weights(mouth, expression, self.rig.lips)
        turn = head_weights(pose) if self._head is not None else (0.0,) * MOTIONS
        moving = any(turn)
        weights = np.array([*(controls.get(name, 0.0) for name in CONTROLS), *turn], np.float32)
        weights = weights[: len(self._upper)]
        head = np.tensordot(weights[-MOTIONS:], self._head, 1) if moving else None  # type: ignore[arg-type]
        state = MouthState.of(self.rig, controls, head)
        where = self._whole_map.fill((weights @ self._upper).reshape(self._shapes[0]))
        below = self._mouth_map.fill((weights @ self._lower).reshape(self._shapes[1]))
        self._mouth.part_lips(where, below, state)
        touched = self._paint_eyes(pose, expression)
        strips = self._strips if moving or touched else self._speech_strips
        still = None if moving else self._plain
        for strip in strips:
            self._sample(region, where, strip, still)
        self._mouth.fill(region, state)

    def _sample(self, region: Image, where: Array, strip: Strip, still: Image | None) -> None:
        """Sample the source into a strip of ``region``; what does not move keeps the values of ``still``."""
        target, positions = region[strip], where[strip]
        if still is None:
            cv2.remap(self._source, positions, None, cv2.INTER_LINEAR, target, cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
            return
        sampled = cv2.remap(self._source, positions, None, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        rows, columns = strip
        moved = np.maximum(
            np.abs(positions[..., 0] - self._still_x[columns]),
            np.abs(positions[..., 1] - self._still_y[rows, None]),
        )
        share = np.minimum(moved * np.float32(1 / (ZOOM * STILL_PIXELS)), 1)
        # Resampling in place would soften it.
        target[...] = cv2.blendLinear(sampled, np.ascontiguousarray(still[strip]), share, 1 - share)

    def _paint_eyes(self, pose: Pose, expression: Expression) -> bool:
        """Bring the eyes in the source up to date; whether they differ from the picture's own."""
        if self._eyes is None:
            return False
        state = self._eyes.state(pose, lowered_lids(expression))
        if state != self._painted_eyes:
            self._painted_eyes = state
            for (rows, columns), picture in self._eyes.paint(state):
                self._put(rows.start - self._area[0].start, columns.start - self._area[1].start, picture)
        return state != AWAKE

    def _put(self, top: int, left: int, picture: Image) -> None:
        """Put ``picture`` into the source; its rim is the source's own."""
        height, width = picture.shape[:2]
        self._plain[top : top + height, left : left + width] = picture
        fine = enlarge(picture, self.crispness)
        rim = RIM * ZOOM
        self._source[
            ZOOM * top + rim : ZOOM * (top + height) - rim, ZOOM * left + rim : ZOOM * (left + width) - rim
        ] = fine[rim:-rim, rim:-rim]


def _around_mouth(image: Image, landmarks: Array, unit: float) -> Image:
    """The part of the picture that speaks most, for measuring; ``unit`` is D in pixels."""
    x, y = landmarks[[topology.MOUTH_LEFT, topology.MOUTH_RIGHT], :2].mean(0)
    left, top = max(0, int(x - 0.45 * unit)), max(0, int(y - 0.25 * unit))
    right, bottom = int(x + 0.45 * unit) + 1, int(y + 0.45 * unit) + 1
    return image[top : max(bottom, top + 2), left : max(right, left + 2)]
