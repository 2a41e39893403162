"""A rig: what each muscle-like control does to a face, as displacement fields made once per picture.

Two sheets carry the skin. U is driven by everything but the lower lip, L by everything but the upper lip, so
that the lips can part: what lies above the line between the lips is drawn from U, what lies below it from L.
Displacements are designed in face coordinates (D, see ``frame``), with largest amplitudes in AMPLITUDE.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lipsync.face import topology
from lipsync.face.face import Expression
from lipsync.face.frame import FaceFrame
from lipsync.face.lips import Lips
from lipsync.face.warp import Grid, ThinPlate

Array = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]

AMPLITUDE = {
    "open": 1.0,  # given in D already
    "ease": 1.0,
    "close": 1.0,
    "wide": 0.05,
    "round": 0.055,
    "press": 0.02,
    "tuck": 0.03,
    "smile": 0.06,
    "frown": 0.035,
    "brow_up": 0.06,
    "brow_inner": 0.045,
    "brow_down": 0.04,
}
CONTROLS = tuple(AMPLITUDE)

JAW = {
    **dict.fromkeys((18, 83, 313), 0.86),
    **{200: 0.84, 199: 0.82, 175: 0.81, 152: 0.80, 182: 0.82, 406: 0.82, 201: 0.83, 421: 0.83},
    **{377: 0.79, 148: 0.79, 400: 0.76, 176: 0.76, 378: 0.70, 149: 0.70, 379: 0.62, 150: 0.62},
    **{365: 0.48, 136: 0.48, 397: 0.30, 172: 0.30, 288: 0.12, 58: 0.12},
    **{205: 0.06, 425: 0.06, 207: 0.18, 427: 0.18, 214: 0.34, 434: 0.34, 202: 0.46, 422: 0.46},
    **{204: 0.66, 424: 0.66, 211: 0.62, 431: 0.62},
}
"""How far each landmark follows the jaw, per unit of opening."""

CHEEKS = (205, 425, 207, 427, 214, 434, 202, 422, 216, 436, 206, 426, 212, 432, 57, 287, 203, 423, 50, 280)
STILL = (
    topology.NOSE
    + topology.EYE_LEFT_UPPER
    + topology.EYE_LEFT_LOWER
    + topology.EYE_RIGHT_UPPER
    + topology.EYE_RIGHT_LOWER
    + (36, 266, 101, 330, 151, 9, 118, 347)
)
UPPER_OVAL = tuple(i for i in topology.OVAL if i not in JAW)
BROWS = topology.BROW_LEFT + topology.BROW_RIGHT
STEP = 0.044  # D; of the grid the fields are kept on
FACE_REACH = 1.7  # speech moves nothing beyond the oval scaled by this
ROUND_CORNER = 0.94  # of the mouth's half width; the lips stay together beyond, or corners would be triangles
TAPER = 0.32  # of the mouth's half width
LIP_COLUMNS = np.linspace(4, 60, 9).round().astype(int)


@dataclass(frozen=True)
class _Points:
    """Control points of one sheet and their displacement under each control, both in D."""

    uv: Array  # (n, 2)
    moves: Array  # (controls, n, 2)


@dataclass(frozen=True)
class Rig:
    """Fields of a face: ``upper`` and ``lower`` (controls, rows, columns, 2), pixels per unit of control.

    ``upper_lip`` and ``lower_lip`` (controls, lip columns, 2) move the inner edges of the lips, in D, and
    ``upper_rim`` and ``lower_rim`` the outer ones.
    """

    frame: FaceFrame
    lips: Lips
    grid: Grid
    upper: Array
    lower: Array
    upper_lip: Array
    lower_lip: Array
    upper_rim: Array
    lower_rim: Array


def build_rig(
    landmarks: Array, lips: Lips, frame: FaceFrame, size: tuple[int, int], box: Box | None = None
) -> Rig:
    """The rig of the face with ``landmarks`` (468, 3) in a picture of ``size`` (width, height).

    Its grid covers ``box`` (left, top, right, bottom), as far as that lies in the picture; without one, all
    that speech moves.
    """
    uv = frame.to_uv(landmarks[:, :2])
    rings = _rings(uv)
    step = max(2, round(STEP * frame.unit))
    grid = Grid.over(box or oval_box(landmarks, FACE_REACH), step, size)
    nodes = frame.to_uv(grid.nodes.reshape(-1, 2))
    window = np.clip((1.7 - oval_distance(uv, nodes)) / 0.2, 0, 1)[None, :, None]
    fields, edges, rims = [], [], []
    for sheet in ("upper", "lower"):
        points = _control_points(sheet, uv, rings, lips)
        spline = ThinPlate(points.uv)
        edge = np.stack([lips.u, getattr(lips, sheet)], axis=-1)
        at_edge = spline.matrix(edge)
        _close_exactly(points, at_edge, sheet == "upper", lips)
        moved = np.einsum("mn,cnk->cmk", spline.matrix(nodes), points.moves, optimize=True)
        fields.append(
            frame.vectors_to_pixels(moved * window).reshape(len(CONTROLS), grid.rows, grid.columns, 2)
        )
        edges.append(np.einsum("mn,cnk->cmk", at_edge, points.moves).astype(np.float32))
        rim = np.stack([lips.u, getattr(lips, f"{sheet}_outer")], axis=-1)
        rims.append(np.einsum("mn,cnk->cmk", spline.matrix(rim), points.moves).astype(np.float32))
    return Rig(frame, lips, grid, *fields, *edges, *rims)


def expression_weights(expression: Expression) -> dict[str, float]:
    """Controls of an expression, in units of their AMPLITUDE."""
    happy, sad, surprised, angry = expression
    return {
        "smile": happy,
        "frown": 2.2 * sad + 1.1 * angry,
        "brow_up": 1.3 * surprised,
        "brow_inner": 1.6 * sad,
        "brow_down": 1.5 * angry,
    }


def lowered_lids(expression: Expression) -> float:
    """How far an expression lowers the lids, 0..1."""
    happy, sad, _, angry = expression
    return min(1.0, 0.12 * happy + 0.16 * sad + 0.08 * angry)


def oval_box(landmarks: Array, reach: float) -> Box:
    """(left, top, right, bottom) in pixels of the face's oval scaled by ``reach``."""
    oval = landmarks[list(topology.OVAL), :2]
    centre = oval.mean(0)
    points = centre + reach * (oval - centre)
    (left, top), (right, bottom) = points.min(0), points.max(0)
    return float(left), float(top), float(right), float(bottom)


def oval_distance(uv: Array, at: Array) -> Array:
    """How far points ``at`` (n, 2) lie from the middle of the face, 1 on its oval; face coordinates."""
    oval = uv[list(topology.OVAL)]
    centre = oval.mean(0)
    angles = np.arctan2(*(oval - centre).T[::-1])
    order = np.argsort(angles)
    offsets = at - centre
    radius = np.interp(
        np.arctan2(offsets[:, 1], offsets[:, 0]),
        angles[order],
        np.linalg.norm(oval - centre, axis=1)[order],
        period=2 * np.pi,
    )
    return np.asarray(np.linalg.norm(offsets, axis=1) / radius, dtype=np.float32)


def _rings(uv: Array) -> Array:
    """(n, 2) points around the face that hold the picture still."""
    oval = uv[list(topology.OVAL)]
    centre = oval.mean(0)
    inner, outer = centre + 1.32 * (oval - centre), centre + 1.7 * (oval - centre)
    below = np.clip((inner[:, 1] - centre[1]) / max(float(np.ptp(inner[:, 1])) / 2, 1e-6), 0, 1)
    inner[:, 1] += 0.12 * below
    outer[:, 1] += 0.12 * below
    return np.concatenate([inner, outer]).astype(np.float32)


def _control_points(sheet: str, uv: Array, rings: Array, lips: Lips) -> _Points:
    points: list[Array] = []
    moves: list[Array] = []

    def add(position: Array, move: dict[str, tuple[float, float]]) -> None:
        points.append(np.asarray(position, dtype=np.float32))
        row = np.zeros((len(CONTROLS), 2), dtype=np.float32)
        for name, displacement in move.items():
            row[CONTROLS.index(name)] = np.array(displacement) * AMPLITUDE[name]
        moves.append(row)

    for ring in rings:
        add(ring, {})
    for index in dict.fromkeys(UPPER_OVAL + STILL):
        add(uv[index], {})
    for index in BROWS:
        add(uv[index], _brow_move(uv, index))
    for index in dict.fromkeys((*JAW, *CHEEKS)):
        add(uv[index], _skin_move(uv, index, lips))
    _add_lips(add, sheet, uv, lips)
    return _Points(np.stack(points), np.stack(moves, axis=1))


def _brow_move(uv: Array, index: int) -> dict[str, tuple[float, float]]:
    side = topology.BROW_LEFT if index in topology.BROW_LEFT else topology.BROW_RIGHT
    across = uv[list(side), 0]
    inner = across.max() if side is topology.BROW_LEFT else across.min()
    nearness = 1 - abs(float(uv[index, 0] - inner)) / (float(np.ptp(across)) + 1e-6)
    towards_middle = 1.0 if side is topology.BROW_LEFT else -1.0
    return {
        "brow_up": (0, -1),
        "brow_inner": (0.15 * towards_middle * nearness, -1.2 * nearness + 0.1),
        "brow_down": (0.5 * towards_middle * nearness, 0.35 + 0.65 * nearness),
    }


def _skin_move(uv: Array, index: int, lips: Lips) -> dict[str, tuple[float, float]]:
    """How chin and cheeks follow: the jaw by its table, the corners of the mouth by nearness."""
    position = uv[index]
    jaw = JAW.get(index, 0.0)
    side = 1.0 if position[0] > lips.centre else -1.0
    corner = np.array([lips.u[-1] if side > 0 else lips.u[0], (lips.upper[0] + lips.upper[-1]) / 2])
    near = float(np.exp(-np.square(np.linalg.norm(position - corner) / 0.24)))
    middle = float(np.exp(-np.square((position[0] - lips.centre) / 0.2)))
    chin = middle if index in (18, 200, 199, 83, 313) else 0.0
    return {
        "open": (-0.1 * side * near, jaw + 0.25 * near * (jaw == 0)),
        "close": (0.0, -0.55 * jaw * float(lips.gap.max())),
        "wide": (0.75 * side * near, -0.1 * near),
        "round": (-0.6 * side * near, 0.0),
        "press": (0.15 * side * near, -0.35 * chin),
        "tuck": (0.0, -0.45 * chin),
        "smile": (0.45 * side * near, -0.75 * near),
        "frown": (-0.05 * side * near, 0.8 * near),
    }


def _add_lips(
    add: Callable[[Array, dict[str, tuple[float, float]]], None], sheet: str, uv: Array, lips: Lips
) -> None:
    """Control points along the lip that belongs to ``sheet``, from its inner edge to its outer one."""
    is_upper = sheet == "upper"
    inner, outer = (lips.upper, lips.upper_outer) if is_upper else (lips.lower, lips.lower_outer)
    for column in LIP_COLUMNS:
        for depth in (0.0, 0.5, 1.0):
            v = (1 - depth) * inner[column] + depth * outer[column]
            add(np.array([lips.u[column], v]), _lip_move(is_upper, depth, int(column), lips))
    for index in (topology.MOUTH_LEFT, topology.MOUTH_RIGHT):
        column = 0 if index == topology.MOUTH_LEFT else len(lips.u) - 1
        add(uv[index], _lip_move(is_upper, 0.5, column, lips))
    for column in (0, len(lips.u) - 1):
        add(np.array([lips.u[column], inner[column]]), _lip_move(is_upper, 0.0, column, lips))


def _lip_move(is_upper: bool, depth: float, column: int, lips: Lips) -> dict[str, tuple[float, float]]:
    """A lip point's moves. ``depth`` runs from 0 at the inner edge to 1 at the outer one."""
    x = float(lips.across(lips.u[column : column + 1])[0])
    k = max(0.0, 1 - (x / ROUND_CORNER) ** 2)
    parting = k**0.62 * _taper(1 - abs(x) / ROUND_CORNER)
    gap, side = float(lips.gap[column]), np.sign(x)
    bow = _parabola(lips, column) - float(lips.lower[column])
    if is_upper:
        drop = 0.30 - (0.42 - 0.03 * depth) * parting
        return {
            "open": (-0.14 * x**3, drop),
            "close": (0.0, 0.22 * gap * (1 - 0.3 * depth)),
            "wide": (x, 0.2 * depth * k - 0.12 * (1 - k)),
            "round": (-x, -0.35 * depth * k + 0.1 * (1 - depth) * k),
            "press": (0.15 * x, 0.9 * depth * k),
            "tuck": (0.0, -0.75 * k * (1 - 0.3 * depth)),
            "smile": (0.6 * x * abs(x), -0.8 * abs(x) ** 1.7 + 0.1 * depth * k),
            "frown": (-0.1 * side * abs(x) ** 2, 0.9 * abs(x) ** 2),
        }
    return {
        "open": (-0.14 * x**3, 0.30 + 0.58 * parting),
        "ease": (0.0, bow * (1 - 0.8 * depth)),
        "close": (0.0, -(0.78 * gap + 0.012 * min(1.0, gap / 0.02)) * (1 - 0.25 * depth)),
        "wide": (x, -0.25 * depth * k - 0.12 * (1 - k)),
        "round": (-x, 0.4 * depth * k),
        "press": (0.15 * x, -0.9 * depth * k),
        "tuck": (0.0, -(0.1 + 0.7 * depth) * k),
        "smile": (0.6 * x * abs(x), -0.8 * abs(x) ** 1.7 + 0.05 * k),
        "frown": (-0.1 * side * abs(x) ** 2, 0.9 * abs(x) ** 2),
    }


def _taper(inwards: float) -> float:
    """0 at a corner of the mouth (``inwards`` 0) to 1: the lips part in a point, not in a notch."""
    t = min(1.0, max(0.0, inwards / TAPER))
    return 1 - 0.75 * (1 - t) ** 2


def _close_exactly(points: _Points, at_edge: Array, is_upper: bool, lips: Lips) -> None:
    """Correct the "close" control for the spline's smoothing, which would leave a sliver of teeth."""
    moves = points.moves[CONTROLS.index("close")]
    inner = np.array(
        [np.argmin(np.linalg.norm(points.uv - (u, v), axis=1)) for u, v in _edge_nodes(is_upper, lips)]
    )
    columns = np.array([0, *LIP_COLUMNS, len(lips.u) - 1])
    wanted = np.array([_lip_move(is_upper, 0.0, int(c), lips)["close"][1] for c in columns], np.float32)
    for _ in range(6):
        moves[inner, 1] += wanted - (at_edge @ moves)[columns, 1]


def _edge_nodes(is_upper: bool, lips: Lips) -> list[tuple[float, float]]:
    edge = lips.upper if is_upper else lips.lower
    return [(float(lips.u[c]), float(edge[c])) for c in (0, *LIP_COLUMNS, len(lips.u) - 1)]


def _parabola(lips: Lips, column: int) -> float:
    """The lower lip's edge without the cupid's bow: from corner to corner through its middle."""
    x = float(lips.across(lips.u[column : column + 1])[0])
    ends = (1 - x) / 2 * float(lips.lower[0]) + (1 + x) / 2 * float(lips.lower[-1])
    middle_ends = (float(lips.lower[0]) + float(lips.lower[-1])) / 2
    depth = float(lips.lower[len(lips.u) // 2]) - middle_ends
    return ends + depth * max(0.0, 1 - x * x)
