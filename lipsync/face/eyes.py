"""Eyes of a still picture: painted lids that come down over them, and a gaze that wanders.

Both are painted into the source picture, so that they ride on whatever the face does afterwards.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face import topology
from lipsync.face.face import Image, Pose
from lipsync.face.frame import FaceFrame
from lipsync.face.iris import LOWER_LID, UPPER_LID, Eye, IrisModel
from lipsync.face.lids import LidPaint, paint_lid

Array = npt.NDArray[np.float32]
Box = tuple[slice, slice]  # rows, columns

MIN_OPENING = 0.02  # D; a narrower eye is shut already and does not blink
SHUT = 0.92  # of the eye's opening, where the lids meet
GAZE = 0.022  # D
LID_WITH_GAZE = 0.35  # of the eye's opening; the lid follows a look down
LID_STEPS, GAZE_STEPS = 24, 12  # states are rounded to such parts of their range: finer is not seen
KEPT = 24  # painted states kept for when they come again
CORNER = 0.020  # D
UPWARDS = 0.5  # of a gaze; what lies below an iris that rises is not known
REFINE_REACH = 0.05  # D; how far from the model the real edge of a lid is looked for
REFINE_GAIN = 1.35  # how much clearer an edge must be there than where the model says
_SMOOTH = np.hanning(15) / np.hanning(15).sum()

State = tuple[int, int, int]  # lid, gaze x, gaze y, in their steps
AWAKE: State = (0, 0, 0)


@dataclass(frozen=True)
class _Eye:
    """One eye in face coordinates over a box of pixels; (h, w) maps hold a value for each pixel's u."""

    box: Box
    crop: Image  # (h, w, 3)
    u: Array
    v: Array
    lid: Array  # the upper lid's edge
    floor: Array  # the lower lid's edge
    edge_fade: Array  # 1 within the eye, 0 from its corners on
    opening: Array  # 0..1, soft mask of the open eye
    drawn_along: Array  # 0..1, how much of the gaze each column of the eye follows
    paint: LidPaint
    pixel: float  # D


class Eyes:
    """Paints lids and gaze into pictures of one face.

    image, landmarks  the source, (H, W, 3) RGB, and its mesh (468, 3) in pixels
    """

    def __init__(self, image: Image, landmarks: Array, frame: FaceFrame) -> None:
        self._frame = frame
        uv = frame.to_uv(landmarks[:, :2])
        # The mesh's lids are off by up to .06 D; the iris model's are not.
        fine = IrisModel().refine(image, landmarks)
        brows = (topology.BROW_LEFT, topology.BROW_RIGHT)
        found = [_measure(image, eye, uv[list(brow)], frame) for eye, brow in zip(fine, brows, strict=True)]
        self._eyes = [eye for eye in found if eye is not None]
        self._painted: OrderedDict[State, list[tuple[Box, Image]]] = OrderedDict()

    def state(self, pose: Pose, lowered: float = 0.0) -> State:
        """What ``pose`` asks of the eyes, as a key; ``lowered`` 0..1 is what an expression adds."""
        lid = min(1.0, max(0.0, pose.blink) + max(0.0, lowered) * (1 - max(0.0, min(1.0, pose.blink))))
        x, y = (round(float(np.clip(g, -1, 1)) * GAZE_STEPS) for g in (pose.gaze_x, pose.gaze_y))
        return round(lid * LID_STEPS), x, y

    def paint(self, state: State) -> list[tuple[Box, Image]]:
        """Boxes of the source picture, (rows, columns), and what to put there."""
        ready = self._painted.get(state)
        if ready is None:
            ready = [(eye.box, self._paint_one(eye, state)) for eye in self._eyes]
            self._painted[state] = ready
            if len(self._painted) > KEPT:
                self._painted.popitem(last=False)
        else:
            self._painted.move_to_end(state)
        return ready

    def _paint_one(self, eye: _Eye, state: State) -> Image:
        lid, x, y = state[0] / LID_STEPS, state[1] / GAZE_STEPS, state[2] / GAZE_STEPS
        picture = eye.crop
        if x or y:
            picture = self._look(eye, x, y)
            lid = lid + LID_WITH_GAZE * max(0.0, y) * (1 - lid)
        if lid <= 0:
            return picture
        edge = eye.lid + np.float32(lid * SHUT) * (eye.floor - eye.lid) * eye.edge_fade
        return paint_lid(picture, eye.paint, eye.v, edge, lid, eye.pixel)

    def _look(self, eye: _Eye, x: float, y: float) -> Image:
        """The eye looking aside: iris and white slide beneath the lids, the corners stay."""
        u = eye.u - np.float32(GAZE * x) * eye.drawn_along
        rise = GAZE * y * (UPWARDS if y < 0 else 1.0)
        v = eye.v - np.float32(rise) * eye.drawn_along
        # What the lids hide is not known: near them the eye's own rim is repeated.
        rim = np.minimum(np.float32(0.012), 0.25 * np.maximum(eye.floor - eye.lid, 0))
        v = np.where(
            eye.opening > 0, np.clip(v, eye.lid + rim, np.maximum(eye.floor - rim, eye.lid + rim)), v
        )
        corner = (eye.box[1].start, eye.box[0].start)
        where = self._frame.to_pixels(np.stack([u, v], axis=-1)) - np.array(corner, np.float32)
        moved = cv2.remap(eye.crop, where, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        mixed = eye.crop + eye.opening[..., None] * (moved.astype(np.float32) - eye.crop)
        return np.asarray(np.clip(mixed + 0.5, 0, 255), dtype=np.uint8)


def _measure(image: Image, eye: Eye, brow: Array, frame: FaceFrame) -> _Eye | None:
    """The geometry and paint of an eye; None when it is shut or out of the picture."""
    lids = frame.to_uv(eye.contour[:, :2])
    corners = lids[[LOWER_LID[0], LOWER_LID[-1]]]
    # The model's corners lie a little within the eye.
    outwards = corners - corners.mean(0)
    corners = corners + CORNER * outwards / np.linalg.norm(outwards, axis=1, keepdims=True)
    upper = np.concatenate([corners[:1], lids[list(UPPER_LID)], corners[1:]])
    lower = np.concatenate([corners[:1], lids[list(LOWER_LID[1:-1])], corners[1:]])
    if float((lower[3:6, 1] - upper[3:6, 1]).max()) < MIN_OPENING:
        return None
    upper, lower = _refine(image, frame, upper, -1), _refine(image, frame, lower, 1)
    left, right = float(corners[:, 0].min()), float(corners[:, 0].max())
    ends = np.array(
        [
            (u, v)
            for u in (left - 0.12, right + 0.12)
            for v in (float(upper[:, 1].min()) - 0.20, float(lower[:, 1].max()) + 0.14)
        ],
        np.float32,
    )
    pixels = frame.to_pixels(ends)
    low = np.maximum(np.floor(pixels.min(0)).astype(int), 0)
    high = np.minimum(np.ceil(pixels.max(0)).astype(int) + 1, (image.shape[1], image.shape[0]))
    if (high - low < 6).any():
        return None
    box = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
    x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    uv = frame.to_uv(np.stack([x, y], axis=-1).astype(np.float32))
    u, v = np.ascontiguousarray(uv[..., 0]), np.ascontiguousarray(uv[..., 1])
    lid, floor = _over(upper, u), _over(lower, u)
    edge_fade = np.clip((u - left) / 0.02, 0, 1) * np.clip((right - u) / 0.02, 0, 1)
    opening = np.clip((v - lid) / 0.014, 0, 1) * np.clip((floor - v) / 0.014, 0, 1) * edge_fade
    crop = np.ascontiguousarray(image[box])
    iris = frame.to_uv(eye.iris[:, :2])
    return _Eye(
        box=box,
        crop=crop,
        u=u,
        v=v,
        lid=lid,
        floor=floor,
        edge_fade=edge_fade.astype(np.float32),
        opening=opening.astype(np.float32),
        drawn_along=_drawn_along(u, iris, left, right),
        paint=LidPaint.measure(crop, u, v, lid, floor, (left, right), iris, frame.unit),
        pixel=1 / frame.unit,
    )


def _over(curve: Array, u: Array) -> Array:
    """The curve through points (n, 2) at every ``u``, without the corners linear pieces would have."""
    order = np.argsort(curve[:, 0])
    fine = np.linspace(curve[:, 0].min(), curve[:, 0].max(), 96)
    dense = np.interp(fine, curve[order, 0], curve[order, 1])
    smooth = np.convolve(np.pad(dense, 9, mode="reflect", reflect_type="odd"), _SMOOTH, mode="same")[9:-9]
    return np.interp(u, fine, smooth).astype(np.float32)


def _drawn_along(u: Array, iris: Array, left: float, right: float) -> Array:
    """1 over the iris, falling to 0 at the corners of the eye."""
    middle = float(iris[0, 0])
    radius = 1.1 * float(np.ptp(iris[1:, 0])) / 2
    beyond = np.maximum(np.abs(u - middle) - radius, 0)
    room = np.where(u < middle, middle - radius - left, right - middle - radius)
    t = np.clip(beyond / np.maximum(room, 0.02), 0, 1)
    return np.asarray(1 - t * t * (3 - 2 * t), dtype=np.float32)


def _refine(image: Image, frame: FaceFrame, curve: Array, outwards: int) -> Array:
    """A lid's points moved outwards to the clearest edge near by: wide and drawn eyes exceed the model's."""
    offsets = np.linspace(-0.01, REFINE_REACH, 25, dtype=np.float32)
    inner = curve[2:-2]
    places = np.stack(
        [
            np.repeat(inner[:, :1], len(offsets) + 4, axis=1),
            inner[:, 1:] + outwards * np.linspace(-0.03, REFINE_REACH + 0.02, len(offsets) + 4)[None],
        ],
        axis=-1,
    ).astype(np.float32)
    colours = cv2.remap(  # type: ignore[call-overload]
        cv2.GaussianBlur(image, (0, 0), max(0.5, 0.006 * frame.unit)) if image.size < 4_000_000 else image,
        frame.to_pixels(places),
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    steps = np.linalg.norm(colours[:, 4:] - colours[:, :-4], axis=2).mean(0)
    steps = steps * np.exp(-np.square(offsets / 0.06))
    best, here = int(steps.argmax()), int(np.abs(offsets).argmin())
    if steps[best] < REFINE_GAIN * steps[here] or offsets[best] <= 0:
        return curve
    k = 1 - np.square(np.linspace(-1, 1, len(curve)))
    moved = curve.copy()
    moved[:, 1] += outwards * offsets[best] * k
    return moved
