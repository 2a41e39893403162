"""The person's own teeth from an open frame: the upper row held by the skull, the lower by the jaw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face import topology
from lipsync.face.face import Image
from lipsync.face.frame import FaceFrame
from lipsync.face.interior import LUMINANCE, measure_colours
from lipsync.face.lips import Lips, find_lips
from lipsync.face.mesh import head_pose
from lipsync.face.mouth_drawing import own_interior
from lipsync.face.rigid import follow_head
from lipsync.face.warp import Grid

Array = npt.NDArray[np.float32]

BOX = (-0.45, -0.30, 0.45, 0.50)  # D; of the open frame that is kept
LEAST_GAP = 0.055  # D; through a narrower opening teeth are not seen well enough
LEAST_TEETH = 0.010  # square D of teeth that must be seen
TOOTH_LIGHT = 0.55  # of the tooth colour's luminance, from which on a pixel is a tooth
MOST_TURNED = 0.45  # radians of yaw
ROWS_APART = 0.60  # of the upper row's light; what is darker is neither row
VALLEY = 0.92  # of the upper row's light: a dark line at most so bright parts the two rows
LOWER_ROW_GAP = 0.15  # D; lower teeth are looked for in a mouth at least as open
ROW_EDGE = 0.012  # D; softness of the end of the upper row
LOWER_FADE = 0.02  # D; over which a lower row's ends die out
SAMPLES = 96  # along a column through the mouth


@dataclass(frozen=True)
class OwnTeeth:
    """Teeth in the picture they were found in.

    upper, lower  (h, w, 4) RGBA float32, colours multiplied by alpha, at ``corner`` of that picture
    landmarks     (468, 3) of the face there, and ``skin`` its colour
    drop          how far the rows are apart there, D
    """

    upper: Array
    lower: Array | None
    corner: Array
    landmarks: Array
    skin: Array
    drop: float

    def seen_from(self, rest: Array, frame: FaceFrame, skin: Array, uv: Array) -> tuple[Array, Array | None]:
        """Both layers at places ``uv`` (h, w, 2) of another picture of the same face.

        ``rest`` (468, 3) is the mesh there with the mouth closed, ``frame`` its axes, ``skin`` its colour.
        The lower teeth come as they lie with the jaw up.
        """
        head = follow_head(rest, self.landmarks)
        placed = head.apply(rest)[:, :2]
        skull = list(_SKULL)
        placed += (self.landmarks[skull, :2] - placed[skull]).mean(0)
        origin = placed[[topology.MOUTH_LEFT, topology.MOUTH_RIGHT]].mean(0)
        there = frame.carried(head, origin.astype(np.float32))
        where = there.to_pixels(uv) - self.corner
        light = np.append(np.clip((skin + 4) / (self.skin + 4), 0.5, 2.0), 1).astype(np.float32)
        upper = _sample(self.upper, where) * light
        if self.lower is None:
            return upper, None
        return upper, _sample(self.lower, where + there.axes[:, 1] * np.float32(self.drop)) * light


_SKULL = (2, 97, 326, 4, 1, 98, 327, 5)


def find_teeth(views: Sequence[tuple[Image, Array]]) -> OwnTeeth | None:
    """Teeth from the one of ``views``, pictures with their meshes, that shows most of them, or None."""
    open_ones = sorted(views, key=lambda view: _shown(*view), reverse=True)
    for image, landmarks in open_ones[:3]:
        if _shown(image, landmarks) <= 0:
            return None
        teeth = _take(image, landmarks)
        if teeth is not None:
            return teeth
    return None


def _shown(image: Image, landmarks: Array) -> float:
    """How well the teeth of a face are to be seen: opening by brightness, 0 when hardly."""
    frame = FaceFrame.of(landmarks)
    rings = landmarks[[list(topology.UPPER_INNER[2:9]), list(topology.LOWER_INNER[2:9])], :2]
    gap = float((frame.to_uv(rings[1]) - frame.to_uv(rings[0]))[:, 1].mean())
    yaw = abs(head_pose(landmarks).yaw)
    if gap < LEAST_GAP or yaw > MOST_TURNED:
        return 0.0
    depth = np.linspace(0.15, 0.85, 7, dtype=np.float32)[:, None, None]
    places = (rings[0] + depth * (rings[1] - rings[0])).astype(np.float32)
    inside = cv2.remap(image, places, None, cv2.INTER_LINEAR).astype(np.float32) @ LUMINANCE  # type: ignore[call-overload]
    skin = measure_colours(image, landmarks, frame).skin
    bright = float((inside > 0.85 * float(skin @ LUMINANCE)).mean())
    return min(gap, 0.16) * bright * (1 - yaw)


def _take(image: Image, landmarks: Array) -> OwnTeeth | None:
    frame = FaceFrame.of(landmarks)
    lips = find_lips(image, landmarks, frame)
    colours = measure_colours(image, landmarks, frame)
    corners = frame.to_pixels(np.array([(BOX[i], BOX[j]) for i in (0, 2) for j in (1, 3)], np.float32))
    size = (image.shape[1], image.shape[0])
    grid = Grid.over((*map(float, corners.min(0)), *map(float, corners.max(0))), 2, size)  # type: ignore[arg-type]
    layer = own_interior(image, lips, frame, grid, grid.extent(size), colours)
    light = layer[..., :3] @ LUMINANCE
    if float((light > TOOTH_LIGHT * float(colours.tooth @ LUMINANCE)).sum()) < LEAST_TEETH * frame.unit**2:
        return None
    corner = np.array([grid.left, grid.top], np.float32)
    edge, apart = _upper_row(light, layer[..., 3], lips, frame, corner)
    x, y = np.meshgrid(np.arange(layer.shape[1]), np.arange(layer.shape[0]))
    uv = frame.to_uv(np.stack([x, y], axis=-1).astype(np.float32) + corner)
    below = (uv[..., 1] - np.interp(uv[..., 0], lips.u, edge))[..., None]
    upper = np.asarray(layer * np.clip(0.5 - below / ROW_EDGE, 0, 1), dtype=np.float32)
    lower = None
    if float(lips.gap.max()) > LOWER_ROW_GAP:
        lower = _faded(np.asarray(layer * np.clip(0.5 + below / ROW_EDGE, 0, 1), np.float32), frame.unit)
    return OwnTeeth(upper, lower, corner, landmarks, colours.skin, apart)


def _upper_row(
    light: Array, alpha: Array, lips: Lips, frame: FaceFrame, corner: Array
) -> tuple[Array, float]:
    """Where the upper row ends over ``lips.u`` (v, D), and how thick the dark below it is (D)."""
    depth = np.linspace(0, 1, SAMPLES, dtype=np.float32)
    v = lips.upper + depth[:, None] * (lips.lower - lips.upper)
    places = frame.to_pixels(np.stack(np.broadcast_arrays(lips.u, v), axis=-1)) - corner
    seen = _sample(np.dstack([light, alpha]).astype(np.float32), places)
    bright = cv2.GaussianBlur(seen[..., 0] / np.maximum(seen[..., 1], 0.2), (0, 0), 1.5)
    above = np.maximum.accumulate(bright, axis=0)
    shade = np.asarray(bright / np.maximum(above, 1), dtype=np.float32)
    # A thin dark line counts, not the shade towards the lip.
    line = cv2.GaussianBlur(bright, (0, 0), sigmaX=0.1, sigmaY=SAMPLES / 10)
    row = _darkest_row(
        np.asarray(bright / np.maximum(line, 1), np.float32),
        slice(round(0.3 * SAMPLES), round(0.8 * SAMPLES)),
    )
    columns = np.arange(len(lips.u))
    inner = slice(len(lips.u) // 4, -len(lips.u) // 4)
    ends = row / SAMPLES if np.median(shade[row, columns][inner]) < VALLEY else np.full(len(row), 1.05)
    edge = lips.upper + ends.astype(np.float32) * (lips.lower - lips.upper)
    dark = (shade < ROWS_APART) & (depth[:, None] > 0.25)
    middle = slice(len(lips.u) // 3, 2 * len(lips.u) // 3)
    thick = float(np.median(dark[:, middle].sum(0) / SAMPLES * lips.gap[middle]))
    return edge.astype(np.float32), thick


def _darkest_row(shade: Array, within: slice) -> npt.NDArray[np.intp]:
    """(columns,) rows of the darkest smooth path across ``shade`` (rows, columns), by dynamic programming."""
    cost = shade[within]
    rows = np.arange(len(cost))
    steps = 0.004 * np.square(rows[:, None] - rows[None, :])
    total, back = cost[:, 0], np.zeros(cost.shape[::-1], np.intp)
    for column in range(1, cost.shape[1]):
        choices = total[None, :] + steps
        back[column] = choices.argmin(1)
        total = choices.min(1) + cost[:, column]
    path = np.empty(cost.shape[1], np.intp)
    path[-1] = int(total.argmin())
    for column in range(len(path) - 1, 0, -1):
        path[column - 1] = back[column, path[column]]
    return np.asarray(path + within.start, dtype=np.intp)


def _faded(layer: Array, unit: float) -> Array:
    """A row whose ends die out: where lips cut it off in its own frame would show as an edge in another."""
    solid = (layer[..., 3] > 0.5).astype(np.float32)
    reach = max(1, round(LOWER_FADE * unit))
    core = cv2.erode(solid, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 3)))
    return np.asarray(layer * cv2.GaussianBlur(core, (0, 0), reach / 2)[..., None], dtype=np.float32)


def _sample(layer: Array, where: Array) -> Array:
    sampled = cv2.remap(
        layer, where.astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )  # type: ignore[call-overload]
    return np.asarray(sampled, dtype=np.float32)
