"""A video that speaks: its own mouth motion taken out, a reference mouth carried along and drawn speaking.

Each frame's lips and jaw are first warped to where they would be at rest on that head, plus what speech asks
for; over that the mouth of a reference frame is laid, drawn like a photo. The source's own teeth and tongue
never flash through. Several references, by the head's turn, keep the mouth right on a turning head.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.shape import MouthShape
from lipsync.face import topology
from lipsync.face.face import Image
from lipsync.face.frame import FaceFrame
from lipsync.face.mesh import head_pose
from lipsync.face.occlusion import Shield
from lipsync.face.own_teeth import OwnTeeth
from lipsync.face.reference_mouth import LOWER_LIP, MOVING, UPPER_LIP, ReferenceMouth, Region, bounds
from lipsync.face.rig import BROWS, CHEEKS, STILL, UPPER_OVAL, oval_distance
from lipsync.face.rigid import follow_head
from lipsync.face.warp import ThinPlate, invert

Array = npt.NDArray[np.float32]
Box = tuple[slice, slice]  # rows, columns

REGION = (-1.15, -0.60, 1.15, 1.35)  # D; what changes in a frame
FADE = 0.22  # D; the change dies out this far inside the region's edge
NECK, SHOULDERS = 1.12, 1.45  # of the face's oval: up to there all follows the jaw, from there on nothing
STEP = 0.06  # D; grid of the frame's own warp
SMOOTHING = 1e-3  # stiffer than a rig: what a frame shows of its own mouth has to go
CHEEK_SHARE = 0.6  # cheeks are brought only this far to rest: their folds belong to the light
TURN_BLEND = 0.10  # radians of yaw over which one reference gives way to the next
UNMOVED = 0.04  # pixels; what the warp moves less keeps its values

HELD = tuple(dict.fromkeys(i for i in UPPER_OVAL + STILL + BROWS if i not in MOVING))
ANCHORS = (2, 97, 326, 164, 167, 393, 165, 391, 37, 267, 0, 39, 269)
CORNERS = tuple(set(UPPER_LIP) & set(LOWER_LIP))
ONLY_UPPER = tuple(i for i in UPPER_LIP if i not in CORNERS)
ONLY_LOWER = tuple(i for i in LOWER_LIP if i not in CORNERS)
_SHARE = np.array([CHEEK_SHARE if i in CHEEKS else 1.0 for i in MOVING], np.float32)[:, None]


def closed_mouth_score(landmarks: Array) -> float:
    """How good a reference mouth a frame has: larger for lips together, no broad smile, a frontal view."""
    turned = 1 - float(np.linalg.norm(FaceFrame.of(landmarks).axes[:, 0])) / FaceFrame.of(landmarks).unit
    return closed_score(landmarks) - 3 * turned


def closed_score(landmarks: Array) -> float:
    """Larger for lips together and no broad smile, whichever way the head is turned."""
    frame = FaceFrame.of(landmarks)
    uv = frame.to_uv(landmarks[:, :2])
    gap = float((uv[list(topology.LOWER_INNER), 1] - uv[list(topology.UPPER_INNER), 1]).max())
    width = float(uv[topology.MOUTH_RIGHT, 0] - uv[topology.MOUTH_LEFT, 0])
    return -8 * max(gap, 0.0) - 0.8 * max(width - 0.62, 0.0)


class VideoFace:
    """Draws speech onto the frames of one person's video.

    image, landmarks  the reference frame: (H, W, 3) RGB and its mesh (468, 3) in pixels
    others            more of them, which show the closed mouth on a head turned another way
    teeth             of this person, where a frame shows them
    """

    def __init__(
        self,
        image: Image,
        landmarks: Array,
        others: Sequence[tuple[Image, Array]] = (),
        teeth: OwnTeeth | None = None,
    ) -> None:
        mouths = [ReferenceMouth(*frame, teeth) for frame in ((image, landmarks), *others)]
        self._main = mouths[0]
        self._by_yaw = sorted(mouths, key=lambda mouth: mouth.yaw)
        self._lattice = _lattice()
        self._nodes = self._lattice * STEP + np.array(REGION[:2], np.float32)
        self._sheets = (self._spread_moves(ONLY_LOWER), self._spread_moves(ONLY_UPPER))

    def _spread_moves(self, without: tuple[int, ...]) -> Array:
        """(lattice cells, len(MOVING)) matrix from displacements of landmarks to a field over REGION.

        One lip is left out, as in a rig's sheets: where lips meet, the two of them move apart.
        """
        uv = self._main.rig.frame.to_uv(self._main.rest[:, :2])
        oval = uv[list(topology.OVAL)]
        ring = oval.mean(0) + 1.5 * (oval - oval.mean(0))
        used = [n for n, index in enumerate(MOVING) if index not in without]
        points = np.concatenate([uv[list(MOVING)][used], uv[list(HELD)], ring])
        nodes = self._nodes.reshape(-1, 2)
        matrix = np.zeros((len(nodes), len(MOVING)), np.float32)
        matrix[:, used] = ThinPlate(points, SMOOTHING).matrix(nodes)[:, : len(used)]
        beyond = np.clip((SHOULDERS - oval_distance(uv, nodes)) / (SHOULDERS - NECK), 0, 1)
        return matrix * (_window(nodes) * _smooth(beyond))[:, None]

    def draw(
        self,
        image: Image,
        landmarks: Array,
        mouth: MouthShape,
        amount: float = 1.0,
        shield: Shield | None = None,
    ) -> Image:
        """``image`` with the face at ``landmarks`` (468, 3) speaking; changed in place and returned.

        ``amount`` 0..1 fades the change in and out, for a face that turns away or is lost; what ``shield``
        covers stays as it is.
        """
        if amount <= 0:
            return image
        shares = self._shares(head_pose(landmarks).yaw)
        at_rest = self._at_rest(landmarks, shares)
        frame = self._frame(landmarks, at_rest)
        left, top, right, bottom = bounds(REGION, frame)
        size = (image.shape[1], image.shape[0])
        if right < 8 or bottom < 8 or left > size[0] - 8 or top > size[1] - 8:
            return image
        region = Region.within((left, top, right, bottom), size)
        part = image[region.top : region.bottom, region.left : region.right]
        wanted = at_rest[list(MOVING)] + self._frame_moves(self._main.weights(mouth), frame)
        delta = np.float32(amount) * _SHARE * (wanted - landmarks[list(MOVING), :2])
        kept = None
        if shield is not None:
            kept = shield.over(landmarks, (region.left, region.top, region.right, region.bottom))
            shown = part.copy()
        self._warp(part, region, frame, delta, self._lip_line(frame, wanted))
        for reference, share in shares:
            reference.lay(part, region, at_rest, mouth, amount * share)
        if kept is not None:
            part[...] = cv2.blendLinear(shown, np.ascontiguousarray(part), kept, 1 - kept)
        return image

    def _shares(self, yaw: float) -> list[tuple[ReferenceMouth, float]]:
        """The references to lay one over the other for a head turned by ``yaw``, and how strongly each."""
        above = sum(mouth.yaw <= yaw for mouth in self._by_yaw)
        if above in (0, len(self._by_yaw)):
            return [(self._by_yaw[above and -1], 1.0)]
        lower, upper = self._by_yaw[above - 1 : above + 1]
        half = (lower.yaw + upper.yaw) / 2
        share = float(np.clip((yaw - half) / TURN_BLEND + 0.5, 0, 1))
        if share in (0.0, 1.0):
            return [(upper if share else lower, 1.0)]
        return [(lower, 1.0), (upper, share)]

    def _at_rest(self, landmarks: Array, shares: list[tuple[ReferenceMouth, float]]) -> Array:
        """(468, 2) where the landmarks would be on this head with the mouth closed, in pixels."""
        total = np.zeros((len(landmarks), 2), np.float32)
        for reference, share in shares:
            placed = follow_head(reference.rest, landmarks).apply(reference.rest)[:, :2]
            total += np.float32(share) * (placed - total)
        # A mesh is not quite rigid; the skin above the lip hardly speaks: it shows where the mouth is.
        total += (landmarks[list(ANCHORS), :2] - total[list(ANCHORS)]).mean(0)
        return total

    def _frame(self, landmarks: Array, at_rest: Array) -> FaceFrame:
        head = follow_head(self._main.rest, landmarks)
        origin = at_rest[[topology.MOUTH_LEFT, topology.MOUTH_RIGHT]].mean(0)
        return self._main.rig.frame.carried(head, origin)

    def _frame_moves(self, weights: dict[str, float], frame: FaceFrame) -> Array:
        """Speech's displacement of the moving landmarks on the head as it is now, in pixels."""
        speech = {name: weight for name, weight in weights.items() if name != "close"}
        in_face = self._main.speech_moves(speech) @ np.linalg.inv(self._main.rig.frame.axes).T
        return frame.vectors_to_pixels(in_face.astype(np.float32))

    def _lip_line(self, frame: FaceFrame, moved: Array) -> Array:
        """(lattice columns,) v of the middle between the lips, with the moving landmarks at ``moved``."""
        uv = frame.to_uv(moved)
        upper, lower = (
            uv[[MOVING.index(i) for i in ring]] for ring in (topology.UPPER_INNER, topology.LOWER_INNER)
        )
        middle = (upper + lower) / 2
        return np.asarray(np.interp(self._nodes[0, :, 0], middle[:, 0], middle[:, 1]), dtype=np.float32)

    def _warp(self, part: Image, region: Region, frame: FaceFrame, delta: Array, line: Array) -> None:
        """Displace the moving landmarks of ``part`` by ``delta`` (len(MOVING), 2), pixels, in place.

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
        box = self._moving_box(inverse, region, frame)
        if box is None:
            return
        # Pixel to lattice cell is affine; so one warp brings the field to every pixel.
        to_cell = np.linalg.inv(frame.axes.astype(np.float64)) / STEP
        corner = np.array([region.left + box[1].start, region.top + box[0].start]) - frame.origin
        offset = to_cell @ corner - np.array(REGION[:2]) / STEP
        size = (box[1].stop - box[1].start, box[0].stop - box[0].start)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        where: Array = np.asarray(
            cv2.warpAffine(-inverse, np.c_[to_cell, offset], size, flags=flags), np.float32
        )
        where[..., 0] += np.arange(box[1].start, box[1].stop, dtype=np.float32)
        where[..., 1] += np.arange(box[0].start, box[0].stop, dtype=np.float32)[:, None]
        part[box] = cv2.remap(part, where, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]

    def _moving_box(self, inverse: Array, region: Region, frame: FaceFrame) -> Box | None:
        """Rows and columns of ``region`` that a field over the lattice moves at all."""
        moving = np.abs(inverse).max(2) > UNMOVED
        if not moving.any():
            return None
        grown = cv2.dilate(moving.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        pixels = frame.to_pixels(self._nodes[grown]) - np.array([region.left, region.top], np.float32)
        low = np.maximum(np.floor(pixels.min(0)).astype(int), 0)
        high = np.minimum(
            np.ceil(pixels.max(0)).astype(int) + 1, (region.right - region.left, region.bottom - region.top)
        )
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
    return _smooth(np.clip(inside / FADE, 0, 1))


def _smooth(t: Array) -> Array:
    """0..1 to 0..1 without corners."""
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
