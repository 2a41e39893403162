"""The inside of a mouth: teeth, tongue and the dark behind them, lit and coloured to match a face.

Textures are laid out in face coordinates (D) around the middle of the lip line: see ``Texture``.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face import topology
from lipsync.face.face import Image
from lipsync.face.frame import FaceFrame

Array = npt.NDArray[np.float32]

HALF_WIDTH, TOP, BOTTOM = 0.40, -0.20, 0.30  # extent of a texture, D
TOOTH_WIDTHS = (0.094, 0.072, 0.076, 0.05, 0.037, 0.036)  # D, from the middle outwards
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
USUAL_HALF_WIDTH = 0.31  # D; of the mouth the widths above are for
TOOTH_LIGHT = 0.55  # of the skin's brightness; teeth are no darker
TEETH_SHARE = 0.55  # of the opening's width; fewer teeth would stand in the mouth alone
LOWER_TOOTH_WIDTHS = (0.055, 0.058, 0.066, 0.05, 0.04, 0.036)


@dataclass(frozen=True)
class MouthColours:
    """RGB colours, float32 (3,), 0..255, measured on the face."""

    skin: Array
    tooth: Array
    lip: Array

    @property
    def tint(self) -> float:
        """0..1, how much colour there is in the face: a monochrome picture has no pink in it."""
        chroma = float(np.ptp(self.skin)) / max(float(self.skin.max()), 1.0)
        return min(1.0, chroma / 0.15)

    def hue(self, powers: Array) -> Array:
        """(3,) powers by which shade darkens each channel, alike where the picture has no colour."""
        mean = powers.mean()
        return np.asarray(mean + (powers - mean) * self.tint, dtype=np.float32)

    @property
    def cavity(self) -> Array:
        """The throat."""
        return self._toned(np.array([0.235, 0.080, 0.085], np.float32) * np.float32(self._light))

    @property
    def lining(self) -> Array:
        """The inside of cheeks and lips, in their shade."""
        flesh = 0.4 * self.lip + 0.6 * np.array([1.0, 0.40, 0.38], np.float32) * self._light
        return self._toned(np.asarray(0.44 * flesh, np.float32))

    @property
    def tongue(self) -> Array:
        pink = np.array([1.02, 0.50, 0.50], dtype=np.float32) * self._light
        return self._toned(np.asarray(0.80 * (0.4 * self.lip + 0.6 * pink), dtype=np.float32))

    @property
    def _light(self) -> float:
        return float(self.skin @ LUMINANCE)

    def _toned(self, colour: Array) -> Array:
        grey = colour.mean()
        return np.asarray(grey + (colour - grey) * self.tint, dtype=np.float32)


@dataclass(frozen=True)
class Texture:
    """RGBA float32 (rows, columns, 4), with ``resolution`` pixels per D.

    Alpha is 0..1, colours 0..255 multiplied by it.

    Made at the resolution it will be seen at, or teeth would shimmer.
    """

    pixels: Array
    resolution: float

    def index(self, u: Array, v: Array) -> tuple[Array, Array]:
        """Face coordinates relative to the lip line's middle, to (column, row) of this texture."""
        scale = np.float32(self.resolution)
        return (
            u * scale + np.float32(HALF_WIDTH * self.resolution - 0.5),
            v * scale - np.float32(TOP * self.resolution + 0.5),
        )


def measure_colours(image: Image, landmarks: Array, frame: FaceFrame) -> MouthColours:
    """Colours of skin, teeth and lips of a face, from its cheeks, the whites of its eyes and its lips."""
    skin = _patch(image, landmarks, (205, 425, 50, 280), 0.06 * frame.unit)
    lip = _patch(image, landmarks, (17, 84, 314), 0.015 * frame.unit)
    sclera = _sclera(image, landmarks)
    luminance = max(float(skin @ LUMINANCE), 8.0)
    # Teeth have less colour than the light they stand in gives to skin.
    tooth = sclera * 1.12
    tooth = tooth + 0.25 * (float(tooth @ LUMINANCE) - tooth)
    tooth = tooth * max(1.0, 0.97 * luminance / max(float(tooth @ LUMINANCE), 1.0))
    tooth = tooth * min(1.0, (1.12 * luminance + 22) / max(float(tooth.max()), 1.0))
    chroma = np.clip(np.ptp(skin) / max(float(skin.max()), 1.0) / 0.15, 0, 1)
    warm = 1 + chroma * (np.array([1.02, 0.985, 0.90]) - 1)
    return MouthColours(
        skin.astype(np.float32), np.clip(tooth * warm, 0, 250).astype(np.float32), lip.astype(np.float32)
    )


def shows_teeth(layer: Array, colours: MouthColours) -> bool:
    """Whether a picture's own open mouth, (h, w, 4) premultiplied by alpha, has a row of teeth to show."""
    seen = layer[..., 3] > 0.5
    if not seen.any():
        return False
    pixels = layer[..., :3][seen] / layer[..., 3:][seen]
    light = pixels @ LUMINANCE + 1
    limit = 0.5 * (max(_redness(colours.tooth), 0.0) + _redness(colours.lip))
    bright = light > TOOTH_LIGHT * float(colours.skin @ LUMINANCE)
    found = np.zeros(seen.shape, bool)
    found[seen] = bright & ((pixels[:, 0] - pixels[:, 1:].mean(1)) / light < limit)
    return float((found.sum(0)[seen.sum(0) > 0] > 0).mean()) > TEETH_SHARE


def _redness(colour: Array) -> float:
    return float((colour[0] - colour[1:].mean()) / (colour @ LUMINANCE + 1))


def _patch(image: Image, landmarks: Array, indices: tuple[int, ...], radius: float) -> Array:
    """Median colour of small squares around landmarks."""
    size = max(1, round(radius))
    colours = []
    for x, y in landmarks[list(indices), :2].round().astype(int):
        piece = image[max(0, y - size) : y + size + 1, max(0, x - size) : x + size + 1].reshape(-1, 3)
        if len(piece):
            colours.append(np.median(piece, axis=0))
    return np.median(colours, axis=0).astype(np.float32) if colours else np.full(3, 128, np.float32)


def _sclera(image: Image, landmarks: Array) -> Array:
    """The bright, unsaturated part of the eyes."""
    found = []
    for ring in (
        topology.EYE_LEFT_UPPER + topology.EYE_LEFT_LOWER[::-1],
        topology.EYE_RIGHT_UPPER + topology.EYE_RIGHT_LOWER[::-1],
    ):
        mask = np.zeros(image.shape[:2], np.uint8)
        cv2.fillPoly(mask, [landmarks[list(ring), :2].round().astype(np.int32)], 1)
        pixels = image[mask > 0].astype(np.float32)
        if len(pixels) >= 8:
            score = pixels.mean(1) - 0.8 * np.ptp(pixels, axis=1)
            found.append(np.median(pixels[score >= np.quantile(score, 0.82)], axis=0))
    if not found:
        return np.full(3, 190, np.float32)
    return np.asarray(np.mean(found, axis=0), dtype=np.float32)


SUPERSAMPLE = 3
TOOTH_HUE = np.array([0.92, 1.10, 1.22], np.float32)  # powers by which shade darkens a tooth


def _lattice(resolution: float) -> tuple[Array, Array]:
    fine = resolution * SUPERSAMPLE
    columns = round(2 * HALF_WIDTH * resolution) * SUPERSAMPLE
    rows = round((BOTTOM - TOP) * resolution) * SUPERSAMPLE
    u = (np.arange(columns, dtype=np.float32) + 0.5) / fine - HALF_WIDTH
    v = (np.arange(rows, dtype=np.float32) + 0.5) / fine + TOP
    grid = np.meshgrid(u, v)
    return grid[0], grid[1]


def _finish(colour: Array, alpha: Array, resolution: float) -> Texture:
    """Average the fine lattice down."""
    size = (colour.shape[1] // SUPERSAMPLE, colour.shape[0] // SUPERSAMPLE)
    layered = np.dstack([colour * alpha[..., None], alpha]).astype(np.float32)
    return Texture(
        np.asarray(cv2.resize(layered, size, interpolation=cv2.INTER_AREA), np.float32), resolution
    )


def upper_teeth(colours: MouthColours, resolution: float, half_width: float, edge: float = 0.034) -> Texture:
    """The upper row of a mouth ``half_width`` D to either side, cutting ``edge`` D below the lip line."""
    return _teeth_row(
        colours, resolution, half_width, TOOTH_WIDTHS, edge, length=0.15, arc=0.42, points_down=True
    )


def lower_teeth(colours: MouthColours, resolution: float, half_width: float, edge: float = 0.0) -> Texture:
    """The lower row, its cutting edge at v = ``edge``; placed relative to the lower lip by the drawer."""
    dimmer = MouthColours(colours.skin, colours.tooth * 0.80, colours.lip)
    return _teeth_row(
        dimmer, resolution, half_width, LOWER_TOOTH_WIDTHS, edge, length=0.12, arc=0.25, points_down=False
    )


def _teeth_row(
    colours: MouthColours,
    resolution: float,
    half_width: float,
    widths: tuple[float, ...],
    edge: float,
    length: float,
    arc: float,
    points_down: bool,
) -> Texture:
    u, v = _lattice(resolution)
    scale = float(np.clip(half_width / USUAL_HALF_WIDTH, 0.72, 1.15))
    bounds = np.concatenate([[0], np.cumsum(widths)]) * scale
    distance = np.abs(u)
    tooth = np.clip(np.searchsorted(bounds, distance, side="right") - 1, 0, len(widths) - 1)
    width = np.asarray(widths, np.float32)[tooth] * np.float32(scale)
    within = (distance - bounds[tooth]) / width  # 0..1 across one tooth
    bulge = 1 - np.square(2 * within - 1)
    # Rows curve back and up at the sides; canines (third) are a little longer, laterals shorter.
    lengths = np.asarray([0.0, -0.008, 0.004, -0.006, -0.010, -0.012], np.float32)
    direction = 1.0 if points_down else -1.0
    cutting = edge + direction * lengths[tooth] - arc * np.square(u) * 0.55
    cutting = cutting - direction * 0.010 * np.square(2 * within - 1) ** 1.5
    inside = direction * (cutting - v)
    alpha = np.clip(inside * resolution + 0.5, 0, 1) * np.clip((length - inside) * 40, 0, 1)
    alpha *= np.clip((bounds[-1] - distance) * resolution / 2, 0, 1)
    # Light: rounder towards the gaps, fading into the mouth at the sides, translucent at the edge.
    gaps = 0.70 + 0.30 * np.clip(bulge * 3.2, 0, 1)
    sides = np.clip(1.05 - 0.72 * np.square(distance / half_width), 0.28, 1)
    enamel = 1 - 0.10 * np.exp(-np.square(inside / 0.012))
    gum = np.clip((inside - length * 0.62) / 0.03, 0, 1)
    light = (gaps * sides * enamel)[..., None]
    # Shade darkens blue fastest, or shaded teeth turn grey-green.
    shaded = colours.tooth * np.power(light, colours.hue(TOOTH_HUE))
    colour = shaded * (1 - gum[..., None]) + gum[..., None] * colours.tongue * 1.05 * light
    return _finish(colour, np.asarray(alpha, np.float32), resolution)


def tongue(colours: MouthColours, resolution: float) -> Texture:
    """A soft hump whose top is at v = 0, lit from the front."""
    u, v = _lattice(resolution)
    top = 1.15 * np.square(u)
    depth = v - top
    alpha = _smooth(depth / 0.05) * _smooth((0.26 - np.abs(u)) / 0.09)
    # It rises out of the dark and is lit most where it comes forward.
    light = 0.45 + 0.55 * _smooth(depth / 0.075) - 1.2 * np.square(u)
    groove = 1 - 0.10 * np.exp(-np.square(u / 0.022)) * np.clip(depth / 0.06, 0, 1)
    return _finish(colours.tongue * (light * groove)[..., None], np.asarray(alpha, np.float32), resolution)


def _smooth(x: npt.NDArray[np.floating]) -> Array:
    t = np.clip(x, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
