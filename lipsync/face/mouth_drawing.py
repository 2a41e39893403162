"""Parting the lips of a picture and filling what opens between them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face.face import Image
from lipsync.face.frame import FaceFrame
from lipsync.face.interior import (
    LUMINANCE,
    MouthColours,
    Texture,
    lower_teeth,
    measure_colours,
    shows_teeth,
    tongue,
    upper_teeth,
)
from lipsync.face.lips import Lips
from lipsync.face.rig import CONTROLS, Rig
from lipsync.face.warp import Grid

Array = npt.NDArray[np.float32]
Part = tuple[slice, slice]  # rows, columns

BOX = (-0.52, -0.30, 0.52, 0.54)  # left, top, right, bottom around the mouth, D
BOX_FADE = 0.08  # D; of the difference between the sheets, at the box's edges
TABLE = 512
TABLE_REACH = 0.75  # D; tables run from -TABLE_REACH to TABLE_REACH across
FEATHER = 0.016  # D; softness of the lips' inner edge
FADE_GAP = 0.022  # D; a thinner opening fades out
OWN_GAP = 0.085  # D; a smaller opening of the picture shows too little of its own teeth to be of use
CORNER = 0.10  # of the mouth's half width; the opening fades out towards its ends
BEYOND = 0.9  # how fast the sheets blend into each other beyond the corners
SHADE_HUE = np.array([0.9, 1.08, 1.15], np.float32)  # powers; blue goes first in the shade of a mouth
SEAM_HUE = np.array([0.75, 1.15, 1.15], np.float32)  # powers; lips stay red in their own shadow
SEAM_WIDTH = 0.008  # D; of the shadow where lips touch
SEAM_DARKNESS = 0.5
SHADES = 256
LOWER_TEETH_DROP = 0.8  # of the jaw's motion at the lip
LOWER_TEETH_REST = 0.034  # D below the lip line with the mouth closed: hidden but for wide open mouths
JAW_AT_LIP = 0.88
SLIT, SLIT_DARKNESS = 0.06, 0.55  # D; openings up to here are that much darker
ARC = 0.01  # D; how much higher than in the middle a tooth of the lower row may be
TONGUE_GAP = 0.05  # D; in a narrower opening the teeth hide the tongue


@dataclass(frozen=True)
class MouthState:
    """Where the lips are in one frame, in face coordinates, and how far the jaw is down (D)."""

    u: Array
    upper: Array
    lower: Array
    drop: float
    bite: float  # 0..1, how much of the upper teeth rests on the lower lip
    shift: Array  # (2,) D, what head motion adds at the mouth
    shift_pixels: Array  # (2,)

    @classmethod
    def of(cls, rig: Rig, weights: dict[str, float], head: Array | None) -> MouthState:
        """The lips after ``weights`` and a ``head`` displacement field (pixels) have moved them."""
        lips, frame = rig.lips, rig.frame
        count = len(lips.u)
        middle = np.array([[lips.centre, lips.upper[count // 2]]], np.float32)
        places = np.concatenate(
            [np.stack([lips.u, lips.upper], axis=-1), np.stack([lips.u, lips.lower], axis=-1), middle]
        )
        for name, weight in weights.items():
            control, share = CONTROLS.index(name), np.float32(weight)
            places[:count] += share * rig.upper_lip[control]
            places[count:-1] += share * rig.lower_lip[control]
        shift = shift_pixels = np.zeros(2, np.float32)
        if head is not None:
            pixels = frame.to_pixels(places)
            pixels[-1] = frame.to_pixels(middle)[0]
            moved = rig.grid.sample(head, pixels)
            places = frame.to_uv(pixels + moved)
            shift_pixels = moved[-1]
            shift = places[-1] - middle[0]
        upper, lower = places[:count], places[count:-1]
        return cls(
            u=(upper[:, 0] + lower[:, 0]) / np.float32(2),
            upper=np.ascontiguousarray(upper[:, 1]),
            lower=np.maximum(lower[:, 1], upper[:, 1]),
            drop=weights.get("open", 0.0) * JAW_AT_LIP,
            bite=weights.get("tuck", 0.0),
            shift=shift,
            shift_pixels=shift_pixels,
        )


class MouthDrawing:
    """Draws into the rig's box of a picture; all positions here are relative to that box."""

    def __init__(self, image: Image, landmarks: Array, rig: Rig, extent: tuple[int, int]) -> None:
        self._rig = rig
        self._place(extent)
        lips = rig.lips
        self._colours = colours = measure_colours(image, landmarks, rig.frame)
        self._middle = np.array([lips.centre, float(lips.upper[len(lips.u) // 2])], np.float32)
        self._native_gap = float(lips.gap[len(lips.u) // 2])
        resolution = float(np.clip(rig.frame.unit, 40, 800))
        self._tongue = tongue(colours, resolution)
        self._lower_teeth = lower_teeth(colours, resolution, lips.half_width)
        self._own: Array | None = None
        self._own_lower: Array | None = None
        if float(lips.gap.max()) > OWN_GAP:
            own = own_interior(image, lips, rig.frame, rig.grid, extent, colours)
            self._own = own if shows_teeth(own, colours) else None
        self._upper_teeth = upper_teeth(colours, resolution, lips.half_width) if self._own is None else None
        shades = np.linspace(0, 1, SHADES, dtype=np.float32)[:, None]
        self._shades = np.power(shades, colours.hue(SHADE_HUE))
        self._seam_hue = colours.hue(SEAM_HUE)

    def _place(self, extent: tuple[int, int]) -> None:
        """Lay the mouth's box on whole cells of the grid, and note every pixel's place in the face."""
        rig, grid = self._rig, self._rig.grid
        corners = np.array([(BOX[i], BOX[j]) for i in (0, 2) for j in (1, 3)], np.float32)
        index = grid.to_index(rig.frame.to_pixels(corners))
        low = np.clip(np.floor(index.min(0)).astype(int), 0, [grid.columns - 2, grid.rows - 2])
        high = np.clip(np.ceil(index.max(0)).astype(int) + 1, low + 2, [grid.columns, grid.rows])
        self.cells: Part = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
        """The box in the grid's cells."""
        self.window = self._fade_out(grid.nodes[self.cells])
        """(rows, columns) of those cells, 1 inside and 0 at the edges."""
        left, top = int(low[0]) * grid.step, int(low[1]) * grid.step
        right, bottom = min(int(high[0]) * grid.step, extent[0]), min(int(high[1]) * grid.step, extent[1])
        self._box: Part = (slice(top, bottom), slice(left, right))
        x, y = np.meshgrid(np.arange(left, right), np.arange(top, bottom))
        self._base = np.stack([x, y], axis=-1).astype(np.float32)
        uv = rig.frame.to_uv(self._base + np.array([grid.left, grid.top], np.float32))
        self._u, self._v = np.ascontiguousarray(uv[..., 0]), np.ascontiguousarray(uv[..., 1])
        # Where each pixel's u lies in a table of one row.
        column = np.clip((self._u / TABLE_REACH + 1) / 2, 0, 1) * np.float32(TABLE - 1)
        self._columns = cv2.convertMaps(column, np.zeros_like(column), cv2.CV_16SC2)
        self._table_u = np.linspace(-TABLE_REACH, TABLE_REACH, TABLE, dtype=np.float32)
        self._pixel = 1 / rig.frame.unit  # D

    def _fade_out(self, nodes: Array) -> Array:
        uv = self._rig.frame.to_uv(nodes)
        left, top, right, bottom = BOX
        u, v = uv[..., 0], uv[..., 1]
        inside = np.minimum.reduce([u - left, right - u, v - top, bottom - v])
        return _smooth(inside / BOX_FADE)

    def _spread(self, tables: list[Array], part: Part) -> Array:
        """Tables over u, (TABLE,) each, at every pixel of a ``part`` of the box: (h, w, len(tables))."""
        row = np.stack(tables, axis=-1).astype(np.float32)[None]
        first, second = (m[part] for m in self._columns)
        spread = cv2.remap(row, first, second, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(spread, dtype=np.float32)

    def _over(
        self, state: MouthState, values: npt.NDArray[np.floating], outside: float | None = None
    ) -> Array:
        """A table of ``values`` given along the lips, held or set to ``outside`` beyond the corners."""
        table = np.interp(self._table_u, state.u, values, left=outside, right=outside)
        return np.asarray(table, dtype=np.float32)

    @property
    def places(self) -> Array:
        """(h, w, 2) the box's pixels in face coordinates."""
        return np.stack([self._u, self._v], axis=-1)

    @property
    def skin(self) -> Array:
        """(3,) colour of the skin around this mouth."""
        return self._colours.skin

    def wear(self, upper: Array, lower: Array | None) -> None:
        """Show these teeth, (h, w, 4) over ``places``, premultiplied by alpha; lower ones ride the jaw."""
        self._own, self._own_lower, self._upper_teeth = self._in_box(upper), lower, None

    def _in_box(self, layer: Array) -> Array:
        """A layer over ``places`` as one over the whole picture's box."""
        rows, columns = self._box
        left, top = columns.start, rows.start
        return cv2.copyMakeBorder(layer, top, 0, left, 0, cv2.BORDER_CONSTANT)  # type: ignore[return-value]

    def part_lips(self, where: Array, below: Array, state: MouthState) -> None:
        """Replace what lies below the lip line in ``where``, a map of the whole picture, by ``below``.

        ``below`` is a map of the box alone; both count in the same parts of a pixel.
        """
        u = self._table_u
        middle = self._over(state, (state.upper + state.lower) / 2)
        outside = np.maximum(state.u[0] - u, u - state.u[-1])
        # Between the corners the switch is hard: half way between two lips the source shows teeth.
        steep = 1 / np.maximum(1e-4, BEYOND * np.maximum(outside, 0))
        rows = self._below_line(middle, outside)
        part = (rows, slice(0, self._u.shape[1]))
        line = self._spread([steep, np.float32(0.5) - middle * steep], part)
        weight = self._v[part] * line[..., 0]
        weight += line[..., 1]
        np.clip(weight, 0, 1, out=weight)
        piece = where[self._box][part]
        difference = below[part[0], : self._u.shape[1]] - piece
        difference *= weight[..., None]
        piece += difference

    def _below_line(self, middle: Array, outside: Array) -> slice:
        """The rows of the box in which anything lies below the line between the sheets."""
        top = float((middle - 0.5 * BEYOND * np.maximum(outside, 0)).min())
        above = self._v.max(axis=1) < top
        return slice(int(above.argmin()) if above[0] else 0, self._v.shape[0])

    def fill(self, region: Image, state: MouthState) -> None:
        """Draw the inside of the mouth into ``region``, where the lips are apart."""
        gap = state.lower - state.upper
        if self._rig.lips.is_open:
            self._draw_seam(region, state, gap)
        if float(gap.max()) < 0.25 * FADE_GAP:
            return
        part = self._gap_box(state)
        if part[0].stop <= part[0].start or part[1].stop <= part[1].start:
            return
        across = np.abs(np.linspace(-1, 1, len(gap), dtype=np.float32))
        shown = np.clip(gap / FADE_GAP, 0, 1) * _smooth((1 - across) / CORNER)
        tables = [self._over(state, state.upper), self._over(state, state.lower), self._over(state, shown, 0)]
        curves = self._spread(tables, part)
        v = self._v[part]
        below_lip, above_lip = v - curves[..., 0], curves[..., 1] - v
        feather = np.float32(1 / max(1.1 * self._pixel, FEATHER))
        alpha = np.clip(below_lip * feather + np.float32(0.5), 0, 1)
        alpha *= np.clip(above_lip * feather + np.float32(0.5), 0, 1)
        alpha *= curves[..., 2]
        inside = self._inside(below_lip, above_lip, state, part)
        piece = region[self._box][part]
        inside -= piece
        inside *= alpha[..., None]
        inside += piece
        piece[...] = cv2.convertScaleAbs(inside)

    def _draw_seam(self, region: Image, state: MouthState, gap: Array) -> None:
        """The shadow between lips that were apart in the picture and now touch."""
        across = np.abs(np.linspace(-1, 1, len(gap)))
        touching = np.clip(1 - gap / FADE_GAP, 0, 1) * np.clip((1 - across) / 0.12, 0, 1)
        seen = touching * SEAM_DARKNESS >= 0.02
        if not seen.any():
            return
        middle_v = (state.upper + state.lower) / 2
        part = self._box_around(np.stack([state.u, middle_v], axis=-1)[seen])
        if part[0].stop <= part[0].start or part[1].stop <= part[1].start:
            return
        sigma = max(SEAM_WIDTH, 0.6 * self._pixel)
        middle = self._over(state, middle_v)
        line = self._spread([middle, self._over(state, SEAM_DARKNESS * touching, 0)], part)
        distance = (self._v[part] - line[..., 0]) / np.float32(sigma)
        shade = 1 - line[..., 1] * np.exp(np.float32(-0.5) * np.square(distance))
        piece = region[self._box][part]
        piece[...] = (piece * np.power(shade[..., None], self._seam_hue)).astype(np.uint8)

    def _gap_box(self, state: MouthState) -> Part:
        """The part of the mouth's box that holds the opening, with a margin for feather and seam."""
        return self._box_around(
            np.concatenate([np.stack([state.u, v], -1) for v in (state.upper, state.lower)])
        )

    def _box_around(self, points: Array) -> Part:
        """The part of the mouth's box that holds ``points`` (n, 2) of the face, with the same margin."""
        grid = self._rig.grid
        rows, columns = self._box
        corner = np.array([grid.left + columns.start, grid.top + rows.start], np.float32)
        pixels = self._rig.frame.to_pixels(points) - corner
        margin = 3 + round(3 * SEAM_WIDTH / self._pixel)
        low = np.floor(pixels.min(0)).astype(int) - margin
        high = np.ceil(pixels.max(0)).astype(int) + margin + 1
        height, width = self._u.shape
        return (
            slice(max(0, int(low[1])), min(height, int(high[1]))),
            slice(max(0, int(low[0])), min(width, int(high[0]))),
        )

    def _inside(self, below_lip: Array, above_lip: Array, state: MouthState, part: Part) -> Array:
        """Colour of the inside at every pixel, (h, w, 3) float32."""
        u = self._u[part] - (self._middle[0] + state.shift[0])
        v = self._v[part] - (self._middle[1] + state.shift[1])
        gap = state.lower - state.upper
        height = max(float(gap.max()), 1e-3)
        half = max(float(state.u[-1] - state.u[0]) / 2, 1e-3)
        # The cheeks' lining shows at the sides and below; the throat is dark.
        throat = np.clip(1 - np.square(u / np.float32(0.8 * half)), 0, 1)
        throat *= np.clip(1.15 - np.abs(below_lip / np.float32(height) - np.float32(0.42)) * 1.3, 0, 1)
        colour = self._colours.lining - throat[..., None] * (self._colours.lining - self._colours.cavity)
        if height > TONGUE_GAP:
            _lay(colour, self._tongue, u, v - np.float32(0.30 * height + 0.015))
        lower = self._native_gap + LOWER_TEETH_REST + LOWER_TEETH_DROP * state.drop
        if self._own_lower is not None:
            self._show_own_lower(colour, state, part)
        elif float(state.lower.max()) - self._middle[1] - state.shift[1] > lower - ARC:
            _lay(colour, self._lower_teeth, u, v - np.float32(lower))
        if self._upper_teeth is not None:
            _lay(colour, self._upper_teeth, u, v)
        if self._own is not None:
            self._show_own(colour, state, part)
        contact = (1 - np.float32(0.42) * np.exp(np.maximum(below_lip, 0) * np.float32(-90))) * (
            1 - np.float32(0.22) * np.exp(np.maximum(above_lip, 0) * np.float32(-100))
        )
        # The lip's shadow is as deep as the mouth is open: a narrow slit is lit.
        reach = np.float32(1 / min(0.030, 0.012 + 0.12 * height))
        shade = (np.float32(0.74) + np.float32(0.26) * np.clip(below_lip * reach, 0, 1)) * contact
        # Little light falls into a slit, but for teeth that lie on the lip.
        slit = np.float32(SLIT_DARKNESS * (1 - min(1.0, 2 * state.bite)))
        shade *= 1 - slit * np.clip(1 - (below_lip + above_lip) / np.float32(SLIT), 0, 1)
        colour *= self._shades.take((shade * (SHADES - 1)).astype(np.intp), axis=0)
        return np.asarray(colour, dtype=np.float32)

    def _show_own(self, colour: Array, state: MouthState, part: Part) -> None:
        """The person's own teeth, held by the skull while the lips slide over them."""
        assert self._own is not None  # noqa: S101 -- the caller has checked; this is for the type checker
        where = self._base[part] - state.shift_pixels
        own = cv2.remap(self._own, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        colour *= 1 - own[..., 3:]
        colour += own[..., :3]

    def _show_own_lower(self, colour: Array, state: MouthState, part: Part) -> None:
        """The person's own lower teeth, held by the jaw."""
        assert self._own_lower is not None  # noqa: S101 -- the caller has checked; this is for the type checker
        rows, columns = self._box
        fall = self._rig.frame.axes[:, 1] * np.float32(state.drop)
        where = self._base[part] - state.shift_pixels - fall - np.array([columns.start, rows.start])
        own = cv2.remap(
            self._own_lower, where.astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        )  # type: ignore[call-overload]
        colour *= 1 - own[..., 3:]
        colour += own[..., :3]


def _smooth(x: npt.NDArray[np.floating]) -> Array:
    t = np.clip(x, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def _lay(colour: Array, texture: Texture, u: Array, v: Array) -> None:
    """Composite ``texture`` onto ``colour`` (h, w, 3) at face coordinates (u, v)."""
    columns, rows = texture.index(u, v)
    layer = cv2.remap(texture.pixels, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    colour *= 1 - layer[..., 3:]
    colour += layer[..., :3]


def own_interior(
    image: Image, lips: Lips, frame: FaceFrame, grid: Grid, extent: tuple[int, int], colours: MouthColours
) -> Array:
    """RGBA float32 of the grid's box, colours multiplied by alpha: the picture's own open mouth.

    Transparent at and beyond the lips, and where the lower lip shows between them.
    """
    inset = np.minimum(0.006, 0.2 * lips.gap)
    outline = np.concatenate(
        [np.stack([lips.u, lips.upper + inset], -1), np.stack([lips.u, lips.lower - inset], -1)[::-1]]
    )
    corner = np.array([grid.left, grid.top], np.float32)
    pixels = ((frame.to_pixels(outline.astype(np.float32)) - corner) * 16).round().astype(np.int32)
    mask = np.zeros((extent[1], extent[0]), np.uint8)
    cv2.fillPoly(mask, [pixels], 255, cv2.LINE_AA, shift=4)
    crop = image[grid.top : grid.top + extent[1], grid.left : grid.left + extent[0]].astype(np.float32)
    alpha = mask.astype(np.float32) / 255 * (1 - _lip_share(crop, colours))
    soft = np.asarray(cv2.GaussianBlur(alpha, (0, 0), max(0.6, 0.006 * frame.unit)))[..., None]
    return np.dstack([crop * soft, soft]).astype(np.float32)


def _lip_share(crop: Array, colours: MouthColours) -> Array:
    """0..1, how much each pixel looks like lip and not like tooth or shade."""
    light = crop @ LUMINANCE + 1
    redness = (crop[..., 0] - (crop[..., 1] + crop[..., 2]) / 2) / light
    lip_light, tooth_light = float(colours.lip @ LUMINANCE) + 1, float(colours.tooth @ LUMINANCE) + 1
    lip = float(colours.lip[0] - colours.lip[1:].mean()) / lip_light
    tooth = float(colours.tooth[0] - colours.tooth[1:].mean()) / tooth_light
    if lip - tooth < 0.12:  # no telling them apart by colour
        return np.zeros(light.shape, np.float32)
    share = np.clip((redness - (0.45 * tooth + 0.55 * lip)) / (0.25 * (lip - tooth)), 0, 1)
    return np.asarray(share * np.clip(light / lip_light * 2 - 0.8, 0, 1), dtype=np.float32)
