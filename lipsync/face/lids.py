"""A lid that is not in the picture: what an eye looks like shut, made from the skin around it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.face.face import Image

Array = npt.NDArray[np.float32]

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
BAND = (0.030, 0.090)  # D; bounds of what counts as lashes and liner above the eye
BELOW = 0.030  # D; lashes and wet rim below it
ASIDE = 0.050  # D; beyond the corners
LASH_LINE = 0.0085  # D; half the thickness of the line where lids meet
CLEAR = 0.016  # D; skin nearer to the lashes than this is not trusted
RAMP = 0.12  # of the way down; the lid fades in up to here
GRAIN_LIMIT = 14.0  # grey levels; more is no grain but a wrinkle


@dataclass(frozen=True)
class LidPaint:
    """The shut eye over a box of pixels.

    skin      (h, w, 3) float32, the box with eye and lashes replaced by skin
    place     (h, w) 0..1, where that skin may show
    lashes    (3,) colour of the line where the lids meet
    strength  0..1, how dark that line is
    along     (h, w) 0..1, how much of the line there is at each pixel's u
    """

    skin: Array
    place: Array
    lashes: Array
    strength: float
    along: Array

    @classmethod
    def measure(
        cls,
        crop: Image,
        u: Array,
        v: Array,
        lid: Array,
        floor: Array,
        corners: tuple[float, float],
        iris: Array,
        unit: float,
    ) -> LidPaint:
        """From the eye in ``crop`` (h, w, 3), whose pixels lie at face coordinates ``u`` and ``v``.

        ``lid`` and ``floor`` are its edges at each pixel, ``corners`` its ends in u, ``iris`` (5, 2) middle
        and rim, ``unit`` D in pixels.
        """
        picture = crop.astype(np.float32)
        light = picture @ LUMINANCE
        band = _lash_band(light, u, v, lid, corners)
        across = (u - (corners[0] + corners[1]) / 2) / ((corners[1] - corners[0]) / 2)
        # An almond beyond the eye: to be painted over, lashes and all.
        bulge = np.sqrt(np.clip(1 - np.square(across / (1 + 2 * ASIDE / (corners[1] - corners[0]))), 0, 1))
        top, bottom = lid - band * bulge, floor + BELOW * bulge
        radius = 1.15 * float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean())
        # A turned iris may reach out of the model's lids, but never far.
        disc = (np.hypot(u - iris[0, 0], v - iris[0, 1]) < radius) & (v > lid - band) & (v < floor + 0.05)
        hole = ((v > top) & (v < bottom) & (bulge > 0)) | disc
        wide = max(1, round(2 * CLEAR * unit)) | 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide))
        unknown = cv2.dilate(hole.astype(np.uint8), kernel) > 0
        skin = _fill(picture, unknown) + _grain(picture, u, v, floor, unit)
        near = (v > lid - band) & (v < lid + 0.02) & (np.abs(across) < 0.8)
        dark = np.quantile(light[near], 0.12) if near.any() else 40.0
        chosen = near & (light <= dark)
        lashes = picture[chosen].mean(0) if chosen.any() else np.full(3, 40, np.float32)
        lit = float(np.median((skin @ LUMINANCE)[hole])) if hole.any() else 128.0
        contrast = 1 - float(lashes @ LUMINANCE) / max(lit, 1.0)
        soft = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), max(0.8, 0.016 * unit))
        line = np.clip((1.04 - np.abs(across)) / 0.25, 0, 1)
        return cls(
            skin.astype(np.float32),
            np.clip(soft * 1.5, 0, 1).astype(np.float32),
            lashes.astype(np.float32),
            float(np.clip(1.15 * contrast, 0.30, 0.92)),
            line.astype(np.float32),
        )


def paint_lid(picture: Image, paint: LidPaint, v: Array, edge: Array, amount: float, pixel: float) -> Image:
    """``picture`` (h, w, 3) with the lid down to ``edge`` (h, w), given like ``v`` in D.

    ``amount`` 0..1 is how far down that is; ``pixel`` is one pixel in D.
    """
    ramp = np.float32(min(1.0, amount / RAMP))
    soft = np.float32(max(pixel, 0.006))
    cover = np.clip((edge - v) / soft + 0.5, 0, 1) * paint.place * ramp
    # A lid is rounder and darker towards the lashes.
    shade = 1 - 0.10 * np.exp(-np.square((v - edge) / 0.03))
    mixed = picture + cover[..., None] * (paint.skin * shade[..., None] - picture)
    width = np.float32(max(LASH_LINE, 0.75 * pixel))
    offset = (v - edge) / width
    # Sharper below, where the skin of the other lid begins, than above.
    line = np.exp(-0.5 * np.square(np.where(offset > 0, offset * 1.3, offset * 0.8)))
    line = (line * paint.along * (paint.strength * ramp))[..., None]
    mixed += line * (paint.lashes - mixed)
    return np.asarray(np.clip(mixed + 0.5, 0, 255), dtype=np.uint8)


def _lash_band(light: Array, u: Array, v: Array, lid: Array, corners: tuple[float, float]) -> float:
    """How far above the eye its lashes and liner reach, D."""
    width = corners[1] - corners[0]
    within = (u > corners[0] + 0.2 * width) & (u < corners[1] - 0.2 * width)
    height = lid - v
    steps = np.linspace(0, 0.11, 23)
    profile = []
    for low, high in zip(steps, steps[1:], strict=False):
        ring = within & (height >= low) & (height < high)
        profile.append(float(light[ring].mean()) if ring.any() else np.nan)
    values = np.asarray(profile)
    if np.isnan(values).all():
        return BAND[0]
    values = np.interp(np.arange(len(values)), np.flatnonzero(~np.isnan(values)), values[~np.isnan(values)])
    dark, bright = values[:8].min(), values[4:].max()
    clear = np.flatnonzero(
        (values > dark + 0.7 * (bright - dark)) & (np.arange(len(values)) > values.argmin())
    )
    reach = float(steps[clear[0]]) if len(clear) else BAND[1]
    return float(np.clip(reach, *BAND))


def _fill(picture: Array, hole: npt.NDArray[np.bool_]) -> Array:
    """``picture`` with ``hole`` filled as smoothly as its rim allows: averages of ever coarser copies."""
    known: Array = (~hole).astype(np.float32)
    levels = []
    colour, weight = picture * known[..., None], known
    while min(weight.shape) > 3 and float(weight.min()) < 0.5:
        levels.append((colour, weight))
        size = (max(1, (weight.shape[1] + 1) // 2), max(1, (weight.shape[0] + 1) // 2))
        colour = np.asarray(cv2.resize(colour, size, interpolation=cv2.INTER_AREA), np.float32)
        weight = np.asarray(cv2.resize(weight, size, interpolation=cv2.INTER_AREA), np.float32)
    filled = colour / np.maximum(weight, 1e-3)[..., None]
    for colour, weight in reversed(levels):
        coarse = cv2.resize(filled, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
        own = colour / np.maximum(weight, 1e-3)[..., None]
        share = np.clip(weight, 0, 1)[..., None]
        filled = share * own + (1 - share) * coarse
    # The coarse copies leave cells behind: relax them.
    smooth = filled.copy()
    sigma = max(1.0, 0.04 * picture.shape[1])
    for _ in range(6):
        blurred = cv2.GaussianBlur(smooth, (0, 0), sigma)
        smooth[hole] = blurred[hole]
    return np.asarray(smooth, dtype=np.float32)


def _grain(picture: Array, u: Array, v: Array, floor: Array, unit: float) -> Array:
    """(h, w, 3) fine texture of the skin below the eye, so that painted skin does not look airbrushed."""
    sigma = max(1.0, 0.012 * unit)
    fine = picture - cv2.GaussianBlur(picture, (0, 0), sigma)
    below = (v > floor + 0.055).astype(np.float32)
    if below.sum() < 40:
        return np.zeros_like(picture)
    rows = np.flatnonzero(below.mean(1) > 0.8)
    if len(rows) < 3:
        return np.zeros_like(picture)
    strip = np.clip(fine[rows[0] :], -GRAIN_LIMIT, GRAIN_LIMIT)
    # Mirrored up over the whole box.
    count = -(-picture.shape[0] // len(strip))
    pieces = [strip[::-1] if number % 2 else strip for number in range(count)]
    return np.concatenate(pieces)[: picture.shape[0]].astype(np.float32)
