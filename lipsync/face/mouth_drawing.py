"""Parting the lips of a picture and filling what opens between them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face.face import Image
from lipsync.face.interior import Texture, lower_teeth, measure_colours, tongue, upper_teeth
from lipsync.face.rig import CONTROLS, Rig
from lipsync.face.warp import invert

Array = npt.NDArray[np.float32]

BOX = (-0.62, -0.42, 0.62, 0.72)  # left, top, right, bottom around the mouth, D
TABLE = 512
TABLE_REACH = 0.75  # D; tables run from -TABLE_REACH to TABLE_REACH across
FEATHER = 0.010  # D; softness of the lips' inner edge
FADE_GAP = 0.022  # D; a thinner opening fades out
BEYOND = 0.9  # how fast the sheets blend into each other beyond the corners
SHADE_HUE = np.array([0.9, 1.08, 1.15], np.float32)  # powers; blue goes first in the shade of a mouth
SEAM_HUE = np.array([0.75, 1.15, 1.15], np.float32)  # powers; lips stay red in their own shadow
SEAM_WIDTH = 0.008  # D; of the shadow where lips touch
SEAM_DARKNESS = 0.5
LOWER_TEETH_DROP = 0.8  # of the jaw's motion at the lip
JAW_AT_LIP = 0.88


@dataclass(frozen=True)
class MouthState:
    """Where the lips are in one frame, in face coordinates, and how far the jaw is down (D)."""

    u: Array
    upper: Array
    lower: Array
    drop: float
    shift: Array  # (2,) D, what head motion adds at the mouth
    shift_pixels: Array  # (2,)

    @classmethod
    def of(cls, rig: Rig, weights: dict[str, float], head: Array | None) -> MouthState:
        """The lips after ``weights`` and a ``head`` displacement field (pixels) have moved them."""
        lips = rig.lips
        edges = []
        for rest, moves in ((lips.upper, rig.upper_lip), (lips.lower, rig.lower_lip)):
            edge = np.stack([lips.u, rest], axis=-1)
            for name, weight in weights.items():
                edge = edge + np.float32(weight) * moves[CONTROLS.index(name)]
            edges.append(edge.astype(np.float32))
        middle = np.array([[lips.centre, float(lips.upper[len(lips.u) // 2])]], np.float32)
        shift_pixels = np.zeros(2, np.float32)
        if head is not None:
            pixels = [rig.frame.to_pixels(edge) for edge in edges]
            edges = [rig.frame.to_uv(p + rig.grid.sample(head, p)) for p in pixels]
            shift_pixels = rig.grid.sample(head, rig.frame.to_pixels(middle))[0]
        shift = np.linalg.inv(rig.frame.axes) @ shift_pixels
        upper, lower = edges
        u = (upper[:, 0] + lower[:, 0]) / np.float32(2)
        return cls(
            u=u,
            upper=upper[:, 1],
            lower=np.maximum(lower[:, 1], upper[:, 1]),
            drop=weights.get("open", 0.0) * JAW_AT_LIP,
            shift=shift.astype(np.float32),
            shift_pixels=shift_pixels.astype(np.float32),
        )


class MouthDrawing:
    """Draws into the rig's box of a picture; all positions here are relative to that box."""

    def __init__(self, image: Image, landmarks: Array, rig: Rig, extent: tuple[int, int]) -> None:
        self._rig = rig
        self._place(extent)
        lips = rig.lips
        colours = measure_colours(image, landmarks, rig.frame)
        self._middle = np.array([lips.centre, float(lips.upper[len(lips.u) // 2])], np.float32)
        self._colours = colours
        self._native_gap = float(lips.gap[len(lips.u) // 2])
        resolution = float(np.clip(rig.frame.unit, 40, 800))
        self._tongue = tongue(colours, resolution)
        self._lower_teeth = lower_teeth(colours, resolution, lips.half_width)
        self._own = _own_interior(image, rig, extent) if lips.is_open else None
        self._upper_teeth = upper_teeth(colours, resolution, lips.half_width) if self._own is None else None

    def _place(self, extent: tuple[int, int]) -> None:
        """Lay the mouth's box on whole cells of the grid, and note every pixel's place in the face."""
        rig, grid = self._rig, self._rig.grid
        corners = np.array([(BOX[i], BOX[j]) for i in (0, 2) for j in (1, 3)], np.float32)
        index = grid.to_index(rig.frame.to_pixels(corners))
        low = np.clip(np.floor(index.min(0)).astype(int), 0, [grid.columns - 2, grid.rows - 2])
        high = np.clip(np.ceil(index.max(0)).astype(int) + 1, low + 2, [grid.columns, grid.rows])
        self._cells = (slice(low[1], high[1]), slice(low[0], high[0]))
        left, top = int(low[0]) * grid.step, int(low[1]) * grid.step
        right, bottom = min(int(high[0]) * grid.step, extent[0]), min(int(high[1]) * grid.step, extent[1])
        self._box = (slice(top, bottom), slice(left, right))
        x, y = np.meshgrid(np.arange(left, right), np.arange(top, bottom))
        self._base = np.stack([x, y], axis=-1).astype(np.float32)
        uv = rig.frame.to_uv(self._base + np.array([grid.left, grid.top], np.float32))
        self._u, self._v = np.ascontiguousarray(uv[..., 0]), np.ascontiguousarray(uv[..., 1])
        self._column = (np.clip((self._u / TABLE_REACH + 1) / 2, 0, 1) * (TABLE - 1)).round().astype(np.intp)
        self._table_u = np.linspace(-TABLE_REACH, TABLE_REACH, TABLE, dtype=np.float32)
        self._pixel = 1 / rig.frame.unit  # D

    def part_lips(self, where: Array, lower: Array, index: Array, state: MouthState) -> None:
        """Replace what lies below the lip line in ``where`` (h, w, 2) by the lower sheet's source positions.

        ``lower`` is the forward field of that sheet on the grid, in pixels.
        """
        cells, step = self._cells, self._rig.grid.step
        corner = index[cells][:1, :1]
        inverse = invert(np.ascontiguousarray(lower[cells]), index[cells] - corner, step)
        rows, columns = inverse.shape[:2]
        full = cv2.resize(inverse, (columns * step, rows * step), interpolation=cv2.INTER_LINEAR)
        height, width = self._base.shape[:2]
        below = self._base - full[:height, :width]
        middle, softness = self._line(state)
        # Between the corners the switch is hard: half way between two lips the source shows teeth.
        weight = np.clip((self._v - middle[self._column]) / softness[self._column] + 0.5, 0, 1)
        piece = where[self._box]
        piece += weight[..., None].astype(np.float32) * (below - piece)

    def _line(self, state: MouthState) -> tuple[Array, Array]:
        """Tables over u: where the sheets meet, and over what width they blend (D)."""
        u = self._table_u
        middle = np.interp(u, state.u, (state.upper + state.lower) / 2)
        outside = np.maximum(state.u[0] - u, u - state.u[-1])
        softness = np.maximum(1e-4, BEYOND * np.maximum(outside, 0))
        return middle.astype(np.float32), softness.astype(np.float32)

    def fill(self, region: Image, state: MouthState) -> None:
        """Draw the inside of the mouth into ``region``, where the lips are apart."""
        gap = state.lower - state.upper
        if self._own is not None:
            self._draw_seam(region, state, gap)
        if float(gap.max()) < 0.25 * FADE_GAP:
            return
        rows, columns = self._gap_box(state)
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return
        u, v = self._u[rows, columns], self._v[rows, columns]
        column = self._column[rows, columns]
        upper = np.interp(self._table_u, state.u, state.upper).astype(np.float32)[column]
        lower = np.interp(self._table_u, state.u, state.lower).astype(np.float32)[column]
        thin = np.interp(self._table_u, state.u, np.clip(gap / FADE_GAP, 0, 1), left=0, right=0)
        feather = np.float32(max(0.7 * self._pixel, FEATHER) * 1.6)
        alpha = np.clip((v - upper) / feather + 0.5, 0, 1) * np.clip((lower - v) / feather + 0.5, 0, 1)
        alpha = (alpha * thin.astype(np.float32)[column])[..., None]
        inside = self._inside(u, v, upper, lower, state, (rows, columns))
        box_rows, box_columns = self._box
        piece = region[box_rows, box_columns][rows, columns]
        mixed = piece + alpha * (inside - piece)
        piece[...] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)

    def _draw_seam(self, region: Image, state: MouthState, gap: Array) -> None:
        """The shadow between lips that were apart in the picture and now touch."""
        middle = np.interp(self._table_u, state.u, (state.upper + state.lower) / 2).astype(np.float32)
        touching = np.clip(1 - gap / FADE_GAP, 0, 1) * np.clip(
            (1 - np.abs(np.linspace(-1, 1, len(gap)))) / 0.12, 0, 1
        )
        depth = SEAM_DARKNESS * np.interp(self._table_u, state.u, touching, left=0, right=0).astype(
            np.float32
        )
        if float(depth.max()) < 0.02:
            return
        sigma = max(SEAM_WIDTH, 0.6 * self._pixel)
        distance = (self._v - middle[self._column]) / sigma
        shade = 1 - depth[self._column] * np.exp(-0.5 * np.square(distance))
        piece = region[self._box]
        piece[...] = (piece * np.power(shade[..., None], SEAM_HUE)).astype(np.uint8)

    def _gap_box(self, state: MouthState) -> tuple[slice, slice]:
        """The part of the mouth's box that holds the opening, with a margin for the feather."""
        points = np.concatenate([np.stack([state.u, v], -1) for v in (state.upper, state.lower)])
        grid = self._rig.grid
        pixels = self._rig.frame.to_pixels(points) - np.array([grid.left, grid.top], np.float32)
        box_rows, box_columns = self._box
        low = np.floor(pixels.min(0)).astype(int) - 3 - np.array([box_columns.start, box_rows.start])
        high = np.ceil(pixels.max(0)).astype(int) + 4 - np.array([box_columns.start, box_rows.start])
        height, width = self._u.shape
        return (
            slice(max(0, int(low[1])), min(height, int(high[1]))),
            slice(max(0, int(low[0])), min(width, int(high[0]))),
        )

    def _inside(
        self, u: Array, v: Array, upper: Array, lower: Array, state: MouthState, part: tuple[slice, slice]
    ) -> Array:
        """Colour of the inside at every pixel, (h, w, 3) float32."""
        u = u - self._middle[0] - state.shift[0]
        v = v - self._middle[1] - state.shift[1]
        depth = np.clip((np.abs(u) / 0.34) ** 2, 0, 1)[..., None]
        colour = np.broadcast_to(self._colours.cavity * (1.12 - 0.4 * depth), (*u.shape, 3)).astype(
            np.float32
        )
        height = float((state.lower - state.upper).max())
        _over(colour, self._tongue, u, v - (0.30 * height + 0.02))
        _over(colour, self._lower_teeth, u, v - (self._native_gap + 0.020 + LOWER_TEETH_DROP * state.drop))
        if self._upper_teeth is not None:
            _over(colour, self._upper_teeth, u, v)
        if self._own is not None:
            self._show_own(colour, state, part)
        middle = self._middle[1] + state.shift[1]
        below_lip = v + middle - upper
        above_lip = lower - (v + middle)
        contact = (1 - 0.45 * np.exp(-np.maximum(below_lip, 0) / 0.010)) * (
            1 - 0.22 * np.exp(-np.maximum(above_lip, 0) / 0.010)
        )
        shade = (0.68 + 0.32 * np.clip(below_lip / 0.026, 0, 1)) * contact
        return np.asarray(colour * np.power(shade[..., None], SHADE_HUE), dtype=np.float32)

    def _show_own(self, colour: Array, state: MouthState, part: tuple[slice, slice]) -> None:
        """The person's own teeth, held by the skull while the lips slide over them."""
        assert self._own is not None  # noqa: S101 -- the caller has checked; this is for the type checker
        where = self._base[part] - state.shift_pixels
        own = cv2.remap(self._own, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        alpha = own[..., 3:]
        colour += alpha * (own[..., :3] - colour)


def _over(colour: Array, texture: Texture, u: Array, v: Array) -> None:
    """Composite ``texture`` onto ``colour`` (h, w, 3) at face coordinates (u, v)."""
    columns, rows = texture.index(u, v)
    layer = cv2.remap(
        texture.pixels,
        columns.astype(np.float32),
        rows.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(0, 0, 0, 0),
    )
    colour += layer[..., 3:] * (layer[..., :3] - colour)


def _own_interior(image: Image, rig: Rig, extent: tuple[int, int]) -> Array:
    """RGBA float32 of the rig's box: the picture's own open mouth, transparent at and beyond the lips."""
    lips, grid, frame = rig.lips, rig.grid, rig.frame
    inset = np.minimum(0.006, 0.2 * lips.gap)
    outline = np.concatenate(
        [
            np.stack([lips.u, lips.upper + inset], -1),
            np.stack([lips.u, lips.lower - inset], -1)[::-1],
        ]
    )
    corner = np.array([grid.left, grid.top], np.float32)
    pixels = ((frame.to_pixels(outline.astype(np.float32)) - corner) * 16).round().astype(np.int32)
    mask = np.zeros((extent[1], extent[0]), np.uint8)
    cv2.fillPoly(mask, [pixels], 255, cv2.LINE_AA, shift=4)
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), max(0.6, 0.006 * frame.unit))
    crop = image[grid.top : grid.top + extent[1], grid.left : grid.left + extent[0]]
    return np.dstack([crop.astype(np.float32), soft]).astype(np.float32)
