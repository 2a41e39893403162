"""A video that speaks: its own mouth motion taken out, one reference mouth carried along and drawn speaking.

Each frame's lips and jaw are first warped to where they would be at rest on that head, plus what speech asks
for; over that the mouth of the one reference frame is laid, drawn like a photo. The source's own teeth and
tongue never flash through.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.shape import MouthShape
from lipsync.face import topology
from lipsync.face.draw import PhotoFace
from lipsync.face.drive import control_weights
from lipsync.face.face import NEUTRAL, Image
from lipsync.face.frame import FaceFrame
from lipsync.face.rig import BROWS, CHEEKS, CONTROLS, JAW, STILL, UPPER_OVAL, Rig, build_rig
from lipsync.face.rigid import fit_affine, follow_head
from lipsync.face.warp import ThinPlate, invert

Array = npt.NDArray[np.float32]
Box = tuple[slice, slice]  # rows, columns

PATCH_BOX = (-0.62, -0.42, 0.62, 0.75)  # D; what is drawn of the reference picture
RIG_BOX = (-0.92, -0.55, 0.92, 1.10)  # D; what speech moves, chin and cheeks included
REGION = (-1.15, -0.60, 1.15, 1.35)  # D; what changes in a frame
FADE = 0.22  # D; the change dies out this far inside the region's edge
STEP = 0.06  # D; grid of the frame's own warp
SMOOTHING = 5e-3  # stiffer than a rig: what a frame shows of its own mouth has to go
CHEEK_SHARE = 0.6  # cheeks are brought only this far to rest: their folds belong to the light
RIM_GROW = 0.015  # D beyond the lips that the reference mouth brings along
PATCH_FEATHER = 0.040  # D
GAIN_RANGE = (0.6, 1.6)
GAIN_MEMORY = 0.8

UPPER_LIP = tuple(dict.fromkeys(topology.UPPER_OUTER + topology.UPPER_MIDDLE + topology.UPPER_INNER))
LOWER_LIP = tuple(dict.fromkeys(topology.LOWER_OUTER + topology.LOWER_MIDDLE + topology.LOWER_INNER))
MOVING = tuple(dict.fromkeys(UPPER_LIP + LOWER_LIP + tuple(JAW) + CHEEKS))
HELD = tuple(dict.fromkeys(i for i in UPPER_OVAL + STILL + BROWS if i not in MOVING))
ANCHORS = (2, 97, 326, 164, 167, 393, 165, 391, 37, 267, 0, 39, 269)
AROUND_MOUTH = (*UPPER_LIP, *LOWER_LIP, 164, 167, 393, 18, 57, 287, 43, 273)
CORNERS = tuple(set(UPPER_LIP) & set(LOWER_LIP))
ONLY_UPPER = tuple(i for i in UPPER_LIP if i not in CORNERS)
ONLY_LOWER = tuple(i for i in LOWER_LIP if i not in CORNERS)
_IS_UPPER = np.array([i in UPPER_LIP for i in MOVING])
_SHARE = np.array([CHEEK_SHARE if i in CHEEKS else 1.0 for i in MOVING], np.float32)[:, None]


def closed_mouth_score(landmarks: Array) -> float:
    """How good a reference mouth a frame has: larger for lips together, no broad smile, a frontal view."""
    frame = FaceFrame.of(landmarks)
    uv = frame.to_uv(landmarks[:, :2])
    gap = float((uv[list(topology.LOWER_INNER), 1] - uv[list(topology.UPPER_INNER), 1]).max())
    width = float(uv[topology.MOUTH_RIGHT, 0] - uv[topology.MOUTH_LEFT, 0])
    turned = 1 - float(np.linalg.norm(frame.axes[:, 0])) / frame.unit
    return -8 * max(gap, 0.0) - 0.8 * max(width - 0.62, 0.0) - 3 * turned


@dataclass(frozen=True)
class Region:
    """A box of pixels within a picture."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def within(cls, box: tuple[float, float, float, float], size: tuple[int, int]) -> Region:
        """``box`` cut to a picture of ``size`` (width, height)."""
        left, top, right, bottom = box
        return cls(max(0, int(left)), max(0, int(top)), min(size[0], int(right)), min(size[1], int(bottom)))


@dataclass
class _Gain:
    value: Array

    def follow(self, wanted: Array) -> Array:
        self.value = GAIN_MEMORY * self.value + (1 - GAIN_MEMORY) * wanted
        return self.value


class VideoFace:
    """Draws speech onto the frames of one person's video.

    image, landmarks  the reference frame: (H, W, 3) RGB and its mesh (468, 3) in pixels
    """

    def __init__(self, image: Image, landmarks: Array) -> None:
        frame = FaceFrame.of(landmarks)
        self._photo = PhotoFace(image, landmarks, box=_bounds(PATCH_BOX, frame))
        self._moves = self._measure_moves(landmarks)
        self._rest = self._close(landmarks)
        self._lattice = _lattice()
        self._nodes = self._lattice * STEP + np.array(REGION[:2], np.float32)
        self._sheets = (self._spread_moves(ONLY_LOWER), self._spread_moves(ONLY_UPPER))
        self._gain: _Gain | None = None

    def _close(self, landmarks: Array) -> Array:
        """The reference mesh with its lips together."""
        rest = landmarks.copy()
        if self._rig.lips.is_open:
            rest[list(MOVING), :2] += self._speech_moves({"close": 1.0})
        return rest

    def _spread_moves(self, without: tuple[int, ...]) -> Array:
        """(lattice cells, len(MOVING)) matrix from displacements of landmarks to a field over REGION.

        One lip is left out, as in a rig's sheets: where lips meet, the two of them move apart.
        """
        uv = self._rig.frame.to_uv(self._rest[:, :2])
        oval = uv[list(topology.OVAL)]
        ring = oval.mean(0) + 1.5 * (oval - oval.mean(0))
        used = [n for n, index in enumerate(MOVING) if index not in without]
        points = np.concatenate([uv[list(MOVING)][used], uv[list(HELD)], ring])
        nodes = self._nodes.reshape(-1, 2)
        matrix = np.zeros((len(nodes), len(MOVING)), np.float32)
        matrix[:, used] = ThinPlate(points, SMOOTHING).matrix(nodes)[:, : len(used)]
        return matrix * _window(nodes)[:, None]

    @property
    def _rig(self) -> Rig:
        return self._photo.rig

    def _measure_moves(self, landmarks: Array) -> Array:
        """(controls, len(MOVING), 2) displacement of the moving landmarks under each control, in pixels."""
        frame, points = self._rig.frame, landmarks[list(MOVING), :2]
        rig = build_rig(landmarks, self._rig.lips, frame, self._photo.size, _bounds(RIG_BOX, frame))
        moves = np.zeros((len(CONTROLS), *points.shape), np.float32)
        for fields, part in ((rig.upper, _IS_UPPER), (rig.lower, ~_IS_UPPER)):
            for control, field in enumerate(fields):
                moves[control, part] = rig.grid.sample(field, points[part])
        return moves

    def _speech_moves(self, weights: dict[str, float]) -> Array:
        """(len(MOVING), 2) displacement of the moving landmarks in the reference picture, in pixels."""
        total = np.zeros(self._moves.shape[1:], np.float32)
        for name, weight in weights.items():
            total += np.float32(weight) * self._moves[CONTROLS.index(name)]
        return total

    def draw(self, image: Image, landmarks: Array, mouth: MouthShape, amount: float = 1.0) -> Image:
        """``image`` with the face at ``landmarks`` (468, 3) speaking; changed in place and returned.

        ``amount`` 0..1 fades the change in and out, for a face that turns away or is lost.
        """
        if amount <= 0:
            return image
        head = follow_head(self._rest, landmarks)
        at_rest = head.apply(self._rest)[:, :2]
        # A mesh is not quite rigid; the skin above the lip hardly speaks: it shows where the mouth is.
        at_rest += (landmarks[list(ANCHORS), :2] - at_rest[list(ANCHORS)]).mean(0)
        origin = at_rest[[topology.MOUTH_LEFT, topology.MOUTH_RIGHT]].mean(0)
        frame = self._rig.frame.carried(head, origin)
        left, top, right, bottom = _bounds(REGION, frame)
        size = (image.shape[1], image.shape[0])
        if right < 8 or bottom < 8 or left > size[0] - 8 or top > size[1] - 8:
            return image
        region = Region.within((left, top, right, bottom), size)
        part = image[region.top : region.bottom, region.left : region.right]
        weights = control_weights(mouth, NEUTRAL, self._rig.lips)
        wanted = at_rest[list(MOVING)] + self._frame_moves(weights, frame)
        delta = np.float32(amount) * _SHARE * (wanted - landmarks[list(MOVING), :2])
        moved = self._warp(part, region, frame, delta, self._lip_line(frame, wanted))
        self._lay_mouth(moved, region, at_rest, mouth, weights, amount)
        part[...] = moved
        return image

    def _frame_moves(self, weights: dict[str, float], frame: FaceFrame) -> Array:
        """Speech's displacement of the moving landmarks on the head as it is now, in pixels."""
        speech = {name: weight for name, weight in weights.items() if name != "close"}
        in_face = self._speech_moves(speech) @ np.linalg.inv(self._rig.frame.axes).T
        return frame.vectors_to_pixels(in_face.astype(np.float32))

    def _lip_line(self, frame: FaceFrame, moved: Array) -> Array:
        """(lattice columns,) v of the middle between the lips, with the moving landmarks at ``moved``."""
        uv = frame.to_uv(moved)
        upper, lower = (
            uv[[MOVING.index(i) for i in ring]] for ring in (topology.UPPER_INNER, topology.LOWER_INNER)
        )
        middle = (upper + lower) / 2
        return np.asarray(np.interp(self._nodes[0, :, 0], middle[:, 0], middle[:, 1]), dtype=np.float32)

    def _warp(self, part: Image, region: Region, frame: FaceFrame, delta: Array, line: Array) -> Image:
        """``part`` with its moving landmarks displaced by ``delta`` (len(MOVING), 2), pixels.

        ``line`` (lattice columns,) is v of where the lips meet.
        """
        in_face = delta @ np.linalg.inv(frame.axes).T
        above, below = (
            invert(
                (spread @ in_face / STEP).reshape(self._lattice.shape).astype(np.float32), self._lattice, 1
            )
            for spread in self._sheets
        )
        # The sheets meet between the lips, where the reference mouth will lie over them.
        share = np.clip((self._nodes[..., 1] - line) / STEP + 0.5, 0, 1)[..., None]
        inverse = frame.vectors_to_pixels((above + share * (below - above)) * STEP)
        # Pixel to lattice cell is affine; so one warp brings the field to every pixel.
        to_cell = np.linalg.inv(frame.axes.astype(np.float64)) / STEP
        corner = np.array([region.left, region.top]) - frame.origin
        offset = to_cell @ corner - np.array(REGION[:2]) / STEP
        height, width = part.shape[:2]
        where = cv2.warpAffine(
            inverse, np.c_[to_cell, offset], (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        where = np.stack([x - where[..., 0], y - where[..., 1]], axis=-1)
        return np.asarray(cv2.remap(part, where, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))  # type: ignore[call-overload]

    def _lay_mouth(
        self,
        part: Image,
        region: Region,
        at_rest: Array,
        mouth: MouthShape,
        weights: dict[str, float],
        amount: float,
    ) -> None:
        """Lay the reference mouth, drawn speaking, over ``part``."""
        source = self._rig.grid
        drawn = self._photo.draw_region(mouth)
        mask, (rows, columns) = self._mouth_mask(weights, drawn.shape[:2])
        # Lips stand out from the cheeks: an affine through both would miss the lips of a turned head.
        carry = fit_affine(self._rest[list(AROUND_MOUTH), :2], at_rest[list(AROUND_MOUTH)])
        corner = (source.left + columns.start, source.top + rows.start)
        carry[:, 2] += carry[:, :2] @ corner - (region.left, region.top)
        box = _carried_box(carry, mask.shape, part.shape)
        if box is None:
            return
        carry[:, 2] -= (box[1].start, box[0].start)
        size = (box[1].stop - box[1].start, box[0].stop - box[0].start)
        # Twice the size first, or carrying would blur it.
        fine = cv2.resize(drawn[rows, columns], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        twice = np.c_[carry[:, :2] / 2, carry[:, 2] - carry[:, :2] @ (0.25, 0.25)]
        above = cv2.warpAffine(fine, twice, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        share = cv2.warpAffine(mask, carry, size, flags=cv2.INTER_LINEAR)[..., None] * np.float32(amount)
        below, lit = part[box], above.astype(np.float32)
        lit *= self._match_light(below, lit, share)
        below[...] = np.clip(below + share * (lit - below) + 0.5, 0, 255).astype(np.uint8)

    def _mouth_mask(self, weights: dict[str, float], shape: tuple[int, int]) -> tuple[Array, Box]:
        """(h, w) float32, 1 on the lips as drawn, and the part of the reference picture's box it lies in."""
        rig = self._rig
        outline = []
        for outer, moves in ((rig.lips.upper_outer, rig.upper_rim), (rig.lips.lower_outer, rig.lower_rim)):
            edge = np.stack([rig.lips.u, outer], axis=-1)
            for name, weight in weights.items():
                edge = edge + np.float32(weight) * moves[CONTROLS.index(name)]
            outline.append(edge)
        ring = np.concatenate([outline[0], outline[1][::-1]]).astype(np.float32)
        pixels = rig.frame.to_pixels(ring) - np.array([rig.grid.left, rig.grid.top], np.float32)
        grow = max(1, round(2 * RIM_GROW * rig.frame.unit)) | 1
        sigma = max(1.0, PATCH_FEATHER / 2 * rig.frame.unit)
        margin = grow + 3 * sigma + 2
        low = np.clip(np.floor(pixels.min(0) - margin), 0, None).astype(int)
        high = np.minimum(np.ceil(pixels.max(0) + margin).astype(int), (shape[1], shape[0]))
        mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        cv2.fillPoly(mask, [((pixels - low) * 16).round().astype(np.int32)], 255, cv2.LINE_AA, shift=4)
        grown = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (grow, grow)))
        soft = cv2.GaussianBlur(grown, (0, 0), sigma)
        box = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
        return np.asarray(soft / 255, dtype=np.float32), box

    def _match_light(self, below: Image, above: Array, share: Array) -> Array:
        """(3,) gain that gives the reference mouth this frame's light, from the ring where both are seen."""
        ring = (share[..., 0] > 0.08) & (share[..., 0] < 0.55)
        if int(ring.sum()) < 12:
            return np.ones(3, np.float32)
        wanted = (below[ring].mean(0) + 4) / (above[ring].mean(0) + 4)
        wanted = np.clip(wanted, *GAIN_RANGE).astype(np.float32)
        if self._gain is None:
            self._gain = _Gain(wanted)
        return self._gain.follow(wanted).astype(np.float32)


def _bounds(box: tuple[float, float, float, float], frame: FaceFrame) -> tuple[float, float, float, float]:
    """(left, top, right, bottom) in pixels around a box in face coordinates."""
    corners = frame.to_pixels(np.array([(box[i], box[j]) for i in (0, 2) for j in (1, 3)], np.float32))
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    return float(left), float(top), float(right), float(bottom)


def _carried_box(
    carry: npt.NDArray[np.float64], shape: tuple[int, ...], limit: tuple[int, ...]
) -> Box | None:
    """Where a picture of ``shape`` lands under an affine, within one of shape ``limit``."""
    corners = np.array([(x, y) for x in (0, shape[1]) for y in (0, shape[0])]) @ carry[:, :2].T + carry[:, 2]
    low = np.maximum(np.floor(corners.min(0)).astype(int), 0)
    high = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, (limit[1], limit[0]))
    if (high <= low).any():
        return None
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _lattice() -> Array:
    """(rows, columns, 2) cell numbers over REGION."""
    left, top, right, bottom = REGION
    columns, rows = round((right - left) / STEP) + 1, round((bottom - top) / STEP) + 1
    return np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).astype(np.float32)


def _window(uv: Array) -> Array:
    """1 inside REGION, falling to 0 at its edge."""
    left, top, right, bottom = REGION
    inside = np.minimum.reduce([uv[:, 0] - left, right - uv[:, 0], uv[:, 1] - top, bottom - uv[:, 1]])
    t = np.clip(inside / FADE, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
