"""Where the lips meet in a picture: four curves across the mouth, in face coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face import topology
from lipsync.face.face import Image
from lipsync.face.frame import FaceFrame
from lipsync.face.parted import LUMINANCE, find_opening, looks_shut

Array = npt.NDArray[np.float32]

COLUMNS = 65
OPEN_GAP = 0.03  # D; a wider gap between the mesh's lips than this is an open mouth
DOUBTFUL_GAP = 0.065  # D; up to here the mesh may take a lip for an opening
PARTED_GAP = 0.008  # D; so little is open where the picture itself was looked at
SNAP_REACH = 0.035  # D; how far from the mesh the real lip line is looked for
LINE_WIDTH = 0.011  # D; the dark line between closed lips stays with the upper lip
GRIN_FROM, GRIN_FULL, GRIN_GAP = 0.25, 0.30, 0.08  # D; half width and opening of a grin
CORNER_TAPER = 0.12  # of the mouth's half width
EDGE_INSET = 0.014  # D; how far the edges of an open mouth are moved into the lips
PARTED_INSET = 0.010  # D; likewise, of lips a little apart
EDGE_REACH = 0.09  # D; a mesh puts the edges of a broad grin that far beyond its teeth
FAITH, EDGE_FAITH = 0.6, 0.12  # what leaving the mesh by SNAP_REACH costs, for a line and for an edge
DIM = 0.5  # of the skin's brightness
LEAST_CHANGE = 0.008  # of redness in one step; less is noise
REDNESS = np.array([1.0, -0.5, -0.5], np.float32)
_OFFSETS = np.linspace(-SNAP_REACH, SNAP_REACH, 29, dtype=np.float32)
_EDGE_OFFSETS = np.linspace(-EDGE_REACH, EDGE_REACH, 73, dtype=np.float32)
_AROUND = np.linspace(-0.06, 0.12, 73, dtype=np.float32)
CORNER_SHIFT = 0.65  # inner corners of the mesh sit too far in on a closed mouth
OPEN_CORNER_SHIFT = 0.5  # and on an open one: what they leave out would stay dark when it closes


@dataclass(frozen=True)
class Lips:
    """Edges of the lips over ``u`` (COLUMNS,), all in D; ``v`` grows downwards."""

    u: Array
    upper: Array
    lower: Array
    upper_outer: Array
    lower_outer: Array

    @property
    def gap(self) -> Array:
        """(COLUMNS,) opening between the lips, never negative."""
        return np.asarray(np.maximum(self.lower - self.upper, 0.0), dtype=np.float32)

    @property
    def is_open(self) -> bool:
        return float(self.gap.max()) > PARTED_GAP

    @property
    def half_width(self) -> float:
        return float(self.u[-1] - self.u[0]) / 2

    @property
    def centre(self) -> float:
        return float(self.u[-1] + self.u[0]) / 2

    @property
    def grin(self) -> float:
        """0..1, how far the mouth of the picture is in a smile that shows teeth."""
        wide = min(1.0, max(0.0, (self.half_width - GRIN_FROM) / (GRIN_FULL - GRIN_FROM)))
        return wide * min(1.0, float(self.gap.max()) / GRIN_GAP)

    def across(self, u: Array) -> Array:
        """Position across the mouth, -1 at the left corner and 1 at the right one."""
        return ((u - self.centre) / self.half_width).astype(np.float32)


def find_lips(image: Image, landmarks: Array, frame: FaceFrame) -> Lips:
    """The lips of a face with ``landmarks`` (468, 3) in ``image``; on a closed mouth, along its dark line."""
    uv = frame.to_uv(landmarks[:, :2])
    upper_ring, lower_ring = uv[list(topology.UPPER_INNER)], uv[list(topology.LOWER_INNER)]
    apart = float((lower_ring[3:8, 1] - upper_ring[3:8, 1]).max())
    is_shut = OPEN_GAP < apart < DOUBTFUL_GAP and looks_shut(
        _between(image, frame, upper_ring, lower_ring), _skin(image, landmarks, frame)
    )
    is_open = apart > OPEN_GAP and not is_shut
    left, right = upper_ring[0].copy(), upper_ring[-1].copy()
    outwards = OPEN_CORNER_SHIFT if is_open else CORNER_SHIFT
    left += outwards * (uv[topology.MOUTH_LEFT] - left)
    right += outwards * (uv[topology.MOUTH_RIGHT] - right)
    u = np.linspace(left[0], right[0], COLUMNS, dtype=np.float32)
    upper = _curve(upper_ring, left, right, u)
    lower = _curve(lower_ring, left, right, u)
    outer = [uv[list(ring)] for ring in (topology.UPPER_OUTER, topology.LOWER_OUTER)]
    if is_open:
        upper, lower = _lip_edges(image, frame, u, upper, lower, _skin(image, landmarks, frame))
    else:
        line = _darkest_path(image, frame, u, (upper + lower) / np.float32(2))
        below = _curve(outer[1], outer[1][0], outer[1][-1], u) - line
        patch = _sample_near(image, frame, u, line, _AROUND)
        opening = None if is_shut else find_opening(patch, _AROUND, below)
        upper = lower = line + LINE_WIDTH
        if opening is not None:
            upper, lower = line + opening[0] - PARTED_INSET / 2, line + opening[1] + 1.4 * PARTED_INSET
    return Lips(
        u=u,
        upper=upper,
        lower=np.maximum(lower, upper),
        upper_outer=np.minimum(_curve(outer[0], outer[0][0], outer[0][-1], u), upper),
        lower_outer=np.maximum(_curve(outer[1], outer[1][0], outer[1][-1], u), lower),
    )


def _between(image: Image, frame: FaceFrame, upper_ring: Array, lower_ring: Array) -> Array:
    """(n, 3) colours half way between the middle parts of the mesh's lips."""
    shares = np.linspace(0.3, 0.7, 5, dtype=np.float32)[:, None, None]
    uv = upper_ring[3:8] + shares * (lower_ring[3:8] - upper_ring[3:8])
    patch = cv2.remap(image, frame.to_pixels(uv), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(patch, dtype=np.float32).reshape(-1, 3)


def _skin(image: Image, landmarks: Array, frame: FaceFrame) -> Array:
    """(3,) colour of the cheeks and the chin."""
    where = landmarks[[205, 425, 50, 280, 199], :2].reshape(1, -1, 2)
    soft = cv2.remap(image, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(np.median(soft.reshape(-1, 3), axis=0), dtype=np.float32)


def _curve(ring: Array, left: Array, right: Array, u: Array) -> Array:
    """``ring`` (n, 2) with its ends moved to ``left`` and ``right``, at ``u``, gently smoothed."""
    points = np.concatenate([left[None], ring[1:-1], right[None]])
    order = np.argsort(points[:, 0])
    v = np.interp(u, points[order, 0], points[order, 1]).astype(np.float32)
    padded = np.pad(v, 4, mode="reflect", reflect_type="odd")
    smooth = np.convolve(padded, np.hanning(9) / np.hanning(9).sum(), mode="same")[4:-4]
    return smooth.astype(np.float32)


def _lip_edges(
    image: Image, frame: FaceFrame, u: Array, upper: Array, lower: Array, skin: Array
) -> tuple[Array, Array]:
    """Where lip ends and teeth begin on an open mouth: the steepest change of colour near the mesh's edges.

    Both are moved a little into the lip, or slivers of teeth would stay with the lips when they close.
    """
    found = []
    dim = DIM * float(skin @ LUMINANCE)
    pale = _tooth_redness(image, frame, u, upper, lower, skin)
    half_gap = np.maximum((lower - upper) / 2, 0.02)[:, None]
    # The lips stay together where they end.
    corners = np.clip((1 - np.abs(np.linspace(-1, 1, COLUMNS, dtype=np.float32))) / CORNER_TAPER, 0, 1)
    for guess, sign in ((upper, -1.0), (lower, 1.0)):
        lip = _lip_likeness(_sample_near(image, frame, u, guess, _EDGE_OFFSETS), pale, dim)
        change = sign * np.gradient(cv2.GaussianBlur(lip, (0, 0), 1.5), axis=1)
        cost = 1 - np.clip(change / (change.max(1, keepdims=True) + LEAST_CHANGE), 0, 1)
        cost[-sign * _EDGE_OFFSETS[None] > half_gap] = 10  # each edge keeps to its half of the opening
        path = _cheapest_path(cost, guess, _EDGE_OFFSETS, EDGE_FAITH)
        found.append(guess + corners * (path + np.float32(sign * EDGE_INSET) - guess))
    return np.minimum(found[0], found[1]), found[1]


def _lip_likeness(patch: Array, pale: float, dim: float) -> Array:
    """Redness of ``patch`` (..., 3) beyond that of teeth, in parts of its brightness; the dark has none.

    Lips may be darker than the skin above them, so it is not the amount of red that counts.
    """
    light = patch @ LUMINANCE
    red = (patch @ REDNESS) / np.maximum(light, dim)
    return np.asarray(np.maximum(red - pale, 0) * np.minimum(light / dim, 1), dtype=np.float32)


def _tooth_redness(
    image: Image, frame: FaceFrame, u: Array, upper: Array, lower: Array, skin: Array
) -> float:
    """How red the bright parts between the lips are, in parts of their brightness; 0 where it is all dark."""
    shares = np.linspace(0.25, 0.75, 9, dtype=np.float32)[:, None]
    uv = np.stack(np.broadcast_arrays(u, upper + shares * (lower - upper)), axis=-1)[:, 12:-12]
    where = frame.to_pixels(uv.astype(np.float32))
    patch = cv2.remap(image, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    light = patch @ LUMINANCE + 1
    red = (patch @ REDNESS) / light
    seen = red[light > DIM * float(skin @ LUMINANCE)]
    of_skin = float((skin @ REDNESS) / (skin @ LUMINANCE + 1))
    return float(np.clip(np.quantile(seen, 0.4), 0, 0.6 * max(of_skin, 0))) if len(seen) > 20 else 0.0


def _darkest_path(image: Image, frame: FaceFrame, u: Array, guess: Array) -> Array:
    """The darkest smooth path across the mouth within SNAP_REACH of ``guess``."""
    cost = _sample_near(image, frame, u, guess) @ LUMINANCE
    cost = (cost - cost.min(1, keepdims=True)) / (np.ptp(cost, axis=1, keepdims=True) + 12.0)
    return _cheapest_path(cost, guess)


def _sample_near(image: Image, frame: FaceFrame, u: Array, guess: Array, offsets: Array = _OFFSETS) -> Array:
    """(COLUMNS, OFFSETS, 3) colours around the curve ``guess`` over ``u``."""
    uv = np.stack(np.broadcast_arrays(u[:, None], guess[:, None] + offsets[None, :]), axis=-1)
    where = frame.to_pixels(uv.astype(np.float32))
    patch = cv2.remap(image, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(patch, dtype=np.float32)


def _cheapest_path(cost: Array, guess: Array, offsets: Array = _OFFSETS, faith: float = FAITH) -> Array:
    """The smooth path of least ``cost`` (COLUMNS, offsets) around ``guess``, by dynamic programming."""
    cost = cost + faith * np.square(offsets / SNAP_REACH)
    count = len(offsets)
    steps = 0.35 * np.square(np.arange(count)[:, None] - np.arange(count)[None, :])
    total, back = cost[0], np.zeros((COLUMNS, count), dtype=int)
    for column in range(1, COLUMNS):
        choices = total[None, :] + steps
        back[column] = choices.argmin(1)
        total = choices.min(1) + cost[column]
    path = np.empty(COLUMNS, dtype=int)
    path[-1] = int(total.argmin())
    for column in range(COLUMNS - 1, 0, -1):
        path[column - 1] = back[column, path[column]]
    found = guess + offsets[path]
    return np.convolve(np.pad(found, 3, mode="edge"), np.ones(7) / 7, mode="same")[3:-3].astype(np.float32)
