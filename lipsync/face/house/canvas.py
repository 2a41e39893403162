"""A small anti-aliased painter: smooth shapes, tapered strokes, gradients and soft edges.

Everything is given in design units; a canvas knows the box of units it covers and its pixels per unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Colour = tuple[float, float, float]  # 0..255
Point = tuple[float, float]
Path = npt.NDArray[np.float64]  # (n, 2)
Cover = tuple[tuple[int, int], FloatArray]  # corner, and how much of each pixel is covered

_SHIFT = 4  # fractional bits of polygon corners: sixteenths of a pixel
_BLUR_SIGMA = 4.0  # soft edges are made at the size at which they are about this wide, then enlarged


class Box(NamedTuple):
    """Left, top, right, bottom in design units."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Linear:
    """A gradient from ``start`` to ``end`` through evenly spaced colours."""

    start: Point
    end: Point
    colours: tuple[Colour, ...]


@dataclass(frozen=True)
class Radial:
    """A gradient from ``centre`` outwards to ``radius`` (x, y)."""

    centre: Point
    radius: Point
    colours: tuple[Colour, ...]


Paint = Colour | Linear | Radial


def points(text: str) -> Path:
    """``"x,y x,y ..."`` as a path: how long outlines are written down."""
    return np.array([[float(number) for number in pair.split(",")] for pair in text.split()])


def mix(a: Colour, b: Colour, part: float) -> Colour:
    """``a`` with ``part`` (0..1) of ``b``."""
    return (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part)


def times(colour: Colour, factor: float | Colour) -> Colour:
    """``colour`` scaled, clipped to 0..255."""
    r, g, b = (factor, factor, factor) if isinstance(factor, int | float) else factor
    return (min(colour[0] * r, 255.0), min(colour[1] * g, 255.0), min(colour[2] * b, 255.0))


def smooth(points: Sequence[Point] | Path, closed: bool = True, steps: int = 10) -> Path:
    """A curve through ``points`` (Catmull-Rom); a point given twice is a corner."""
    p = np.asarray(points, np.float64)
    if closed:
        before, after, beyond = np.roll(p, 1, 0), np.roll(p, -1, 0), np.roll(p, -2, 0)
    else:
        before = np.concatenate([p[:1], p[:-2]])
        after, beyond = p[1:], np.concatenate([p[2:], p[-1:]])
        p = p[:-1]
    t = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (q[:, None] for q in (before, p, after, beyond))
    cubic = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    curve: Path = (cubic / 2).reshape(-1, 2)
    return curve if closed else np.concatenate([curve, after[-1:]])


def ellipse(centre: Point, radius: Point, turn: float = 0.0, steps: int = 64) -> Path:
    """``turn`` is in radians, clockwise as seen."""
    unit = _circle(steps)
    x, y = radius[0] * unit[0], radius[1] * unit[1]
    cos, sin = np.cos(turn), np.sin(turn)
    return np.stack([centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos], axis=1)


@lru_cache
def _circle(steps: int) -> Path:
    angle = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)])


def ribbon(line: Path, width: float | Sequence[float]) -> Path:
    """The outline of a stroke along ``line``; ``width`` may list widths spread over its length."""
    outline: Path = ribbons(line[None], width)[0]
    return outline


def ribbons(lines: Path, width: float | Sequence[float]) -> Path:
    """Many strokes at once: ``lines`` is (m, n, 2), the outlines (m, 2 n, 2)."""
    along = np.empty_like(lines)
    along[:, 1:-1] = lines[:, 2:] - lines[:, :-2]
    along[:, 0], along[:, -1] = lines[:, 1] - lines[:, 0], lines[:, -1] - lines[:, -2]
    normal = along[..., ::-1] * (-1.0, 1.0)
    normal /= np.sqrt((normal**2).sum(axis=-1, keepdims=True)) + 1e-9
    normal *= _half_widths(lines.shape[1], (width,) if isinstance(width, int | float) else tuple(width))
    return np.concatenate([lines + normal, (lines - normal)[:, ::-1]], axis=1)


@lru_cache(maxsize=512)
def _half_widths(points: int, widths: tuple[float, ...]) -> Path:
    places = np.linspace(0, len(widths) - 1, points)
    half: Path = np.interp(places, np.arange(len(widths)), widths)[:, None] / 2
    return half


@lru_cache(maxsize=512)
def _ramp(colours: tuple[Colour, ...], channels: int) -> FloatArray:
    """The gradient's colours as a table of 512 rows."""
    places, ramp = np.linspace(0, 1, len(colours)), np.linspace(0, 1, 512)
    table = np.full((512, channels), 255.0, np.float32)
    for channel in range(3):
        table[:, channel] = np.interp(ramp, places, [colour[channel] for colour in colours])
    return table


def mirrored(path: Path, x: float = 500.0) -> Path:
    """``path`` reflected about the upright line at ``x``."""
    return np.stack([2 * x - path[:, 0], path[:, 1]], axis=1)


class Canvas:
    """Pixels to paint on: float32 (h, w, 3), or (h, w, 4) with colours multiplied by their alpha."""

    def __init__(
        self, box: Box, scale: float, pixels: FloatArray | None = None, broaden: float = 1.0
    ) -> None:
        """``broaden`` stretches all that is painted sideways about the middle line, x 500."""
        self.box, self.scale, self.broaden = box, scale, broaden
        self._stretch = np.array([broaden * scale, scale])
        self._offset = np.array([500 * (1 - broaden) - box.x0, -box.y0]) * scale
        width, height = round((box.x1 - box.x0) * scale), round((box.y1 - box.y0) * scale)
        self.pixels: FloatArray = np.zeros((height, width, 4), np.float32) if pixels is None else pixels

    def mask(self, paths: Path | Sequence[Path], blur: float = 0.0) -> FloatArray:
        """Coverage 0..1 of the whole canvas, (h, w), to clip by."""
        height, width = self.pixels.shape[:2]
        whole = np.zeros((height, width), np.float32)
        drawn = self.cover(paths, blur)
        if drawn is not None:
            (x0, y0), cover = drawn
            whole[y0 : y0 + cover.shape[0], x0 : x0 + cover.shape[1]] = cover
        return whole

    def fill(
        self,
        paths: Path | Sequence[Path],
        paint: Paint,
        opacity: float = 1.0,
        blur: float = 0.0,
        clip: FloatArray | None = None,
    ) -> None:
        """Paints the union of ``paths``; ``blur`` is a standard deviation in units."""
        if opacity > 0:
            self.lay(self.cover(paths, blur), paint, opacity, clip)

    def lay(
        self, drawn: Cover | None, paint: Paint, opacity: float = 1.0, clip: FloatArray | None = None
    ) -> None:
        """Paints what ``cover`` has found; None paints nothing."""
        if drawn is None:
            return
        (x0, y0), cover = drawn
        where = np.s_[y0 : y0 + cover.shape[0], x0 : x0 + cover.shape[1]]
        if clip is not None:
            cover = cover * clip[where]
        if opacity < 1:
            cover = cover * np.float32(opacity)
        below = self.pixels[where]
        # NumPy would spread values over the three channels one pixel at a time.
        if isinstance(paint, tuple):
            difference = np.asarray(cv2.subtract(below, (*paint, 255.0)), np.float32)  # type: ignore[call-overload]
        else:
            difference = below - self._paint(paint, x0, y0, cover.shape, below.shape[2])
        difference *= cv2.merge([cover] * below.shape[2])
        below -= difference

    def stroke(
        self,
        line: Path,
        width: float | Sequence[float],
        paint: Paint,
        opacity: float = 1.0,
        blur: float = 0.0,
        clip: FloatArray | None = None,
    ) -> None:
        """Paints a tapered stroke; see ``ribbon`` and ``fill``."""
        self.fill(ribbon(line, width), paint, opacity, blur, clip)

    def cover(self, paths: Path | Sequence[Path], blur: float = 0.0) -> Cover | None:
        """The corner in pixels and the coverage 0..1 of the part of the canvas the paths touch, if any."""
        each = [paths] if isinstance(paths, np.ndarray) and paths.ndim == 2 else paths
        every = self._to_pixels(each[0] if len(each) == 1 else np.concatenate(each))
        sigma = blur * self.scale
        pad = 3 * sigma + 1
        height, width = self.pixels.shape[:2]
        left, top, across, down = cv2.boundingRect(every.astype(np.float32))
        x0, y0 = max(int(left - pad), 0), max(int(top - pad), 0)
        x1, y1 = min(int(left + across + pad) + 1, width), min(int(top + down + pad) + 1, height)
        if x1 <= x0 or y1 <= y0:
            return None
        # Blurred shapes lose nothing by being drawn small, and gain a margin to be blurred in from.
        shrink = max(sigma / _BLUR_SIGMA, 1.0)
        margin = int(np.ceil(pad / shrink)) if sigma > 0.3 else 0
        w, h = int(np.ceil((x1 - x0) / shrink)) + 2 * margin, int(np.ceil((y1 - y0) / shrink)) + 2 * margin
        drawn = np.zeros((h, w), np.uint8)
        every -= (x0, y0)
        every *= 16 / shrink
        every += 16 * margin - 7.5
        fixed, first = every.astype(np.int32), 0
        for path in each:
            cv2.fillPoly(drawn, [fixed[first : first + len(path)]], 255, cv2.LINE_AA, _SHIFT)
            first += len(path)
        cover = drawn * np.float32(1 / 255)
        if sigma > 0.3:
            soft = cv2.GaussianBlur(cover, (0, 0), sigma / shrink).astype(np.float32, copy=False)
            cover = soft[margin : h - margin, margin : w - margin]
            if shrink > 1:
                cover = self._enlarge(cover, x1 - x0, y1 - y0, shrink)
        return (x0, y0), cover.astype(np.float32, copy=False)

    def _to_pixels(self, path: Path) -> Path:
        pixels: Path = path * self._stretch
        pixels += self._offset
        return pixels

    @staticmethod
    def _enlarge(cover: FloatArray, width: int, height: int, shrink: float) -> FloatArray:
        matrix = np.array([[1 / shrink, 0, 0.5 / shrink - 0.5], [0, 1 / shrink, 0.5 / shrink - 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        enlarged = cv2.warpAffine(
            np.ascontiguousarray(cover), matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return enlarged.astype(np.float32, copy=False)

    def _paint(
        self, paint: Linear | Radial, x0: int, y0: int, shape: tuple[int, ...], channels: int
    ) -> FloatArray:
        x = (np.arange(x0, x0 + shape[1], dtype=np.float32) + 0.5) / self.scale + self.box.x0
        x = (x - 500) / self.broaden + 500
        y = ((np.arange(y0, y0 + shape[0], dtype=np.float32) + 0.5) / self.scale + self.box.y0)[:, None]
        if isinstance(paint, Linear):
            dx, dy = paint.end[0] - paint.start[0], paint.end[1] - paint.start[1]
            part = ((x - paint.start[0]) * dx + (y - paint.start[1]) * dy) / (dx * dx + dy * dy)
        else:
            cx, cy = paint.centre
            part = np.sqrt(((x - cx) / paint.radius[0]) ** 2 + ((y - cy) / paint.radius[1]) ** 2)
        rows = np.clip(part * 511 + 0.5, 0, 511).astype(np.intp)
        return _ramp(paint.colours, channels).take(rows, axis=0)
