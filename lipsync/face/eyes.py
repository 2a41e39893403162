"""Eyes of a still picture: lids that slide over the eye to blink, and a slight gaze."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face import topology
from lipsync.face.face import Image, Pose
from lipsync.face.frame import FaceFrame
from lipsync.face.iris import LOWER_LID, UPPER_LID, IrisModel

Array = npt.NDArray[np.float32]

LASHES = 0.016  # D; the rim of the lid keeps its thickness
SHUT = 0.88  # of the eye's opening; the rest is covered by the lower lid
STRETCH = 0.75  # of the way to the brow is stretched to make the lid
STRETCH_CAP = 0.20  # D
GAZE = 0.025  # D
_SMOOTH = np.hanning(15) / np.hanning(15).sum()
MIN_OPENING = 0.02  # D; a narrower eye is shut already and does not blink


@dataclass(frozen=True)
class _Eye:
    """One eye in face coordinates over a pixel box; tables run over the box's columns of u."""

    box: tuple[slice, slice]
    v: Array  # (h, w)
    lid: Array  # (h, w) upper lid's edge at each pixel's u
    floor: Array  # (h, w) lower lid's edge
    ceiling: Array  # (h, w) where the stretch of the lid begins
    within: Array  # (h, w) 0..1, fades at the corners of the eye
    inside: Array  # (h, w) 0..1, how far inside the open eye, for the gaze
    pixel: float  # D


class Eyes:
    """Moves source positions around the eyes."""

    def __init__(self, image: Image, landmarks: Array, frame: FaceFrame) -> None:
        size = (image.shape[1], image.shape[0])
        uv = frame.to_uv(landmarks[:, :2])
        self._frame = frame
        found = []
        # The mesh's lids are off by up to .06 D; the iris model's are not.
        fine = IrisModel().refine(image, landmarks)
        for eye, brow in zip(fine, (topology.BROW_LEFT, topology.BROW_RIGHT), strict=True):
            lids = frame.to_uv(eye.contour[:, :2])
            corners = lids[[LOWER_LID[0], LOWER_LID[-1]]]
            upper = np.concatenate([corners[:1], lids[list(UPPER_LID)], corners[1:]])
            found.append(_measure(upper, lids[list(LOWER_LID)], uv[list(brow)], frame, size))
        self._eyes = [eye for eye in found if eye is not None]

    def move(self, where: Array, pose: Pose, expression: dict[str, float], corner: tuple[int, int]) -> None:
        """Change ``where`` (h, w, 2), source positions relative to ``corner``, for blink, gaze and lids."""
        lid = min(1.0, max(0.0, pose.blink + 0.12 * expression.get("smile", 0.0)))
        if not self._eyes or (lid <= 0.01 and not pose.gaze_x and not pose.gaze_y):
            return
        for eye in self._eyes:
            self._move_one(eye, where, lid, pose, corner)

    def _move_one(self, eye: _Eye, where: Array, lid: float, pose: Pose, corner: tuple[int, int]) -> None:
        rows, columns = eye.box
        top, left = rows.start - corner[1], columns.start - corner[0]
        height, width = eye.v.shape
        if top < 0 or left < 0 or top + height > where.shape[0] or left + width > where.shape[1]:
            return
        piece = where[top : top + height, left : left + width]
        shift_v = np.zeros_like(eye.v)
        if lid > 0.01:
            shift_v = _lid_shift(eye, lid)
        gaze = np.array([pose.gaze_x, pose.gaze_y], np.float32) * GAZE
        open_part = eye.inside * (shift_v == 0)
        shift = np.stack([-gaze[0] * open_part, shift_v - gaze[1] * open_part], axis=-1)
        piece += self._frame.vectors_to_pixels(shift.astype(np.float32))


def _lid_shift(eye: _Eye, lid: float) -> Array:
    """What to add to each pixel's v to find its source, with the upper lid down by ``lid`` (0..1)."""
    opening = np.maximum(eye.floor - eye.lid, 0)
    edge = eye.lid + lid * SHUT * opening * eye.within
    lashes = np.minimum(LASHES, np.maximum(eye.lid - eye.ceiling, 0.001))
    # Skin between the brow and the lashes stretches; the lashes' band moves as it is; the eye below stays.
    stretched = eye.ceiling + (eye.v - eye.ceiling) * (eye.lid - lashes - eye.ceiling) / np.maximum(
        edge - lashes - eye.ceiling, 1e-4
    )
    rigid = eye.v - (edge - eye.lid)
    source = np.where(eye.v < edge - lashes, stretched, rigid)
    # One pixel of transition at the lid's edge, or it would be jagged.
    covers = np.clip((edge - eye.v) / eye.pixel + 0.5, 0, 1) * (eye.v > eye.ceiling)
    return np.asarray((source - eye.v) * covers, dtype=np.float32)


def _measure(upper: Array, lower: Array, brow: Array, frame: FaceFrame, size: tuple[int, int]) -> _Eye | None:
    """The geometry of an eye from its rings in face coordinates; None when shut or out of the picture."""
    if float((lower[3:6, 1] - upper[3:6, 1]).max()) < MIN_OPENING:
        return None
    left, right = float(upper[:, 0].min()), float(upper[:, 0].max())
    top = float(brow[:, 1].min())
    bottom = float(lower[:, 1].max()) + 0.05
    corners = frame.to_pixels(
        np.array([(u, v) for u in (left - 0.04, right + 0.04) for v in (top, bottom)], np.float32)
    )
    low, high = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int) + 1
    low, high = np.maximum(low, 0), np.minimum(high, size)
    if (high - low < 4).any():
        return None
    x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    uv = frame.to_uv(np.stack([x, y], axis=-1).astype(np.float32))
    u, v = uv[..., 0], uv[..., 1]

    def over(points: Array) -> Array:
        """The curve through ``points`` at every pixel's u, without the corners linear pieces would have."""
        order = np.argsort(points[:, 0])
        fine = np.linspace(points[:, 0].min(), points[:, 0].max(), 96)
        curve = np.interp(fine, points[order, 0], points[order, 1])
        smooth = np.convolve(np.pad(curve, 9, mode="reflect", reflect_type="odd"), _SMOOTH, mode="same")[9:-9]
        return np.interp(u, fine, smooth).astype(np.float32)

    lid, floor = over(upper), over(lower)
    reach = np.minimum(STRETCH * np.maximum(lid - over(brow), 0.02), STRETCH_CAP)
    within = np.clip((u - left) / 0.03, 0, 1) * np.clip((right - u) / 0.03, 0, 1)
    inside = np.clip((v - lid) / 0.02, 0, 1) * np.clip((floor - v) / 0.02, 0, 1) * within
    inside = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), max(0.6, 0.012 * frame.unit))
    return _Eye(
        box=(slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))),
        v=np.ascontiguousarray(v),
        lid=lid,
        floor=floor,
        ceiling=(lid - reach).astype(np.float32),
        within=within.astype(np.float32),
        inside=inside,
        pixel=1 / frame.unit,
    )
