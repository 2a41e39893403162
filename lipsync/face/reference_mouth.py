"""The mouth of one good frame, drawn speaking and laid over other frames of the same video."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.shape import MouthShape
from lipsync.face import topology
from lipsync.face.draw import PhotoFace
from lipsync.face.drive import control_weights
from lipsync.face.enlarge import enlarge
from lipsync.face.face import NEUTRAL, Image
from lipsync.face.frame import FaceFrame
from lipsync.face.mesh import head_pose
from lipsync.face.own_teeth import OwnTeeth
from lipsync.face.rig import CHEEKS, CONTROLS, JAW, Rig, build_rig
from lipsync.face.rigid import fit_affine

Array = npt.NDArray[np.float32]
Box = tuple[slice, slice]  # rows, columns

PATCH_BOX = (-0.62, -0.42, 0.62, 0.75)  # D; what is drawn of the reference picture
RIG_BOX = (-0.92, -0.55, 0.92, 1.10)  # D; what speech moves, chin and cheeks included
RIM_GROW = 0.030  # D beyond the lips that the reference mouth brings along
CORNER_GROW = 0.030  # D more of it beyond the corners: an old grin reaches further out
PATCH_FEATHER = 0.045  # D
CARRIED_CRISPNESS = 1.45  # of what keeps a photo sharp: a mouth is sampled twice, drawn and then carried
GAIN_RANGE = (0.6, 1.6)
SLOPE_RANGE = 0.35  # per D; of the light's slope across the mouth
CALM_GAIN = 0.2  # share of the light's change followed in a frame, when it flickers
QUICK_GAIN = 4.0  # more of it, per unit of change, when the light really changes

UPPER_LIP = tuple(dict.fromkeys(topology.UPPER_OUTER + topology.UPPER_MIDDLE + topology.UPPER_INNER))
LOWER_LIP = tuple(dict.fromkeys(topology.LOWER_OUTER + topology.LOWER_MIDDLE + topology.LOWER_INNER))
MOVING = tuple(dict.fromkeys(UPPER_LIP + LOWER_LIP + tuple(JAW) + CHEEKS))
AROUND_MOUTH = (*UPPER_LIP, *LOWER_LIP, 164, 167, 393, 18, 57, 287, 43, 273)
_IS_UPPER = np.array([i in UPPER_LIP for i in MOVING])


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


class _Light:
    """How a frame's light differs from the reference's: log gain of each colour, and a slope across."""

    def __init__(self) -> None:
        self._value: Array | None = None  # (5,): red, green, blue, along u, along v

    def follow(self, below: Image, above: Array, ring: npt.NDArray[np.bool_], uv: Array) -> Array:
        """(5,) the light after a frame; ``uv`` (n, 2) are the places of the ring's pixels, D."""
        ratio = np.log((below[ring].astype(np.float32) + 4) / (above[ring] + 4))
        tint = np.clip(ratio.mean(0), *np.log(GAIN_RANGE))
        rest = np.clip((ratio - tint).mean(1), -0.5, 0.5)
        places = uv - uv.mean(0)
        pull = 0.02 * len(places) * np.eye(2)  # a slope must be seen all around to be believed
        slope = np.linalg.solve(places.T @ places + pull, places.T @ rest)
        wanted = np.concatenate([tint, np.clip(slope, -SLOPE_RANGE, SLOPE_RANGE)]).astype(np.float32)
        if self._value is None:
            self._value = wanted
        change = wanted - self._value
        quick = float(np.abs(change[:3]).max())
        self._value = self._value + min(1.0, CALM_GAIN + QUICK_GAIN * quick) * change
        return self._value


class ReferenceMouth:
    """A frame whose mouth is carried over others.

    image, landmarks  (H, W, 3) RGB and its mesh (468, 3) in pixels
    teeth             of this person, where a frame shows them
    """

    def __init__(self, image: Image, landmarks: Array, teeth: OwnTeeth | None = None) -> None:
        self.photo = PhotoFace(image, landmarks, box=bounds(PATCH_BOX, FaceFrame.of(landmarks)))
        self.yaw = head_pose(landmarks).yaw
        self.moves = self._measure_moves(landmarks)
        self.rest = self._close(landmarks)
        self._light = _Light()
        if teeth is not None:
            self.photo.wear(teeth, self.rest)

    @property
    def rig(self) -> Rig:
        return self.photo.rig

    def _close(self, landmarks: Array) -> Array:
        """The reference mesh with its lips together."""
        rest = landmarks.copy()
        if self.rig.lips.is_open:
            rest[list(MOVING), :2] += self.speech_moves({"close": 1.0})
        return rest

    def _measure_moves(self, landmarks: Array) -> Array:
        """(controls, len(MOVING), 2) displacement of the moving landmarks under each control, in pixels."""
        frame, points = self.rig.frame, landmarks[list(MOVING), :2]
        rig = build_rig(landmarks, self.rig.lips, frame, self.photo.size, bounds(RIG_BOX, frame))
        moves = np.zeros((len(CONTROLS), *points.shape), np.float32)
        for fields, part in ((rig.upper, _IS_UPPER), (rig.lower, ~_IS_UPPER)):
            for control, field in enumerate(fields):
                moves[control, part] = rig.grid.sample(field, points[part])
        return moves

    def speech_moves(self, weights: dict[str, float]) -> Array:
        """(len(MOVING), 2) displacement of the moving landmarks in the reference picture, in pixels."""
        total = np.zeros(self.moves.shape[1:], np.float32)
        for name, weight in weights.items():
            total += np.float32(weight) * self.moves[CONTROLS.index(name)]
        return total

    def weights(self, mouth: MouthShape) -> dict[str, float]:
        """Controls of this picture's rig for a mouth shape."""
        return control_weights(mouth, NEUTRAL, self.rig.lips)

    def lay(self, part: Image, region: Region, at_rest: Array, mouth: MouthShape, amount: float) -> None:
        """Lay this mouth, drawn speaking, over ``part``, the ``region`` of a frame.

        ``at_rest`` (468, 2) is where the landmarks of the closed mouth are in that frame.
        """
        source = self.rig.grid
        drawn = self.photo.draw_region(mouth)
        mask, (rows, columns) = self._mask(self.weights(mouth), drawn.shape[:2])
        # Lips stand out from the cheeks: an affine through both would miss the lips of a turned head.
        carry = fit_affine(self.rest[list(AROUND_MOUTH), :2], at_rest[list(AROUND_MOUTH)])
        corner = (source.left + columns.start, source.top + rows.start)
        carry[:, 2] += carry[:, :2] @ corner - (region.left, region.top)
        box = _carried_box(carry, mask.shape, part.shape)
        if box is None:
            return
        carry[:, 2] -= (box[1].start, box[0].start)
        size = (box[1].stop - box[1].start, box[0].stop - box[0].start)
        # Twice the size first, or carrying would blur it.
        fine = enlarge(drawn[rows, columns], CARRIED_CRISPNESS * self.photo.crispness)
        twice = np.c_[carry[:, :2] / 2, carry[:, 2]]
        above = cv2.warpAffine(fine, twice, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        share = np.asarray(cv2.warpAffine(mask, carry, size, flags=cv2.INTER_LINEAR), dtype=np.float32)
        below = part[box]
        lit = self._relight(below, above.astype(np.float32), share, carry)
        share = np.asarray(share * np.float32(amount), dtype=np.float32)
        below[...] = cv2.blendLinear(lit, below.astype(np.float32), share, 1 - share) + np.float32(0.5)

    def _mask(self, weights: dict[str, float], shape: tuple[int, int]) -> tuple[Array, Box]:
        """(h, w) float32, 1 on the lips as drawn, and the part of the reference picture's box it lies in."""
        rig = self.rig
        outline = []
        for outer, moves in ((rig.lips.upper_outer, rig.upper_rim), (rig.lips.lower_outer, rig.lower_rim)):
            edge = np.stack([rig.lips.u, outer], axis=-1)
            for name, weight in weights.items():
                edge = edge + np.float32(weight) * moves[CONTROLS.index(name)]
            outline.append(edge)
        ring = np.concatenate([outline[0], outline[1][::-1]]).astype(np.float32)
        across = (ring[:, 0] - ring[:, 0].mean()) / max(float(np.ptp(ring[:, 0])) / 2, 1e-3)
        ring[:, 0] += CORNER_GROW * np.sign(across) * np.abs(across) ** 3
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
        return np.asarray(soft / np.float32(255), dtype=np.float32), box

    def _relight(self, below: Image, above: Array, share: Array, carry: npt.NDArray[np.float64]) -> Array:
        """``above`` in the light of ``below``, judged on the ring where both are seen."""
        ring = (share > 0.08) & (share < 0.55)
        if int(ring.sum()) < 12:
            return above
        height, width = share.shape
        to_uv = (np.linalg.inv(carry[:, :2] @ self.rig.frame.axes)).astype(np.float32)
        rows, columns = np.nonzero(ring)
        middle = np.array([width / 2, height / 2], np.float32)
        light = self._light.follow(below, above, ring, (np.c_[columns, rows] - middle) @ to_uv.T)
        slope = light[3:] @ to_uv
        tilt = np.exp(
            slope[0] * (np.arange(width, dtype=np.float32) - middle[0])[None]
            + slope[1] * (np.arange(height, dtype=np.float32) - middle[1])[:, None]
        )
        lit = above * (np.clip(tilt, *GAIN_RANGE)[..., None] * np.exp(light[:3]))
        return np.asarray(np.minimum(lit, 255), dtype=np.float32)


def bounds(box: tuple[float, float, float, float], frame: FaceFrame) -> tuple[float, float, float, float]:
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
