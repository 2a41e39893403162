"""Lips that are a little apart in a picture, seen where the mesh sees them shut, and the other way round."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
LINE = 0.014  # D; the line between lips that touch is no thicker
LEAST = 0.010  # D; a smaller opening is none
LEAST_SHARE = 0.1  # of the mouth's width
BEGINS = 5  # offsets; teeth begin so near the line
DEEP, DEEP_SHARE = 0.45, 0.6  # of the lower lip, of the columns; what reaches further down is a pale lip
TELLING = 0.10  # difference in redness from which teeth can be told from lips
LIKE_SKIN = (0.80, 1.22)  # brightness of a lip in parts of the skin's
LIKE_SKIN_RED = 0.6  # teeth are paler than this part of the skin's redness
EVEN = 0.10  # of the skin's brightness; teeth and shade vary by more


def find_opening(patch: Array, offsets: Array, below: Array) -> tuple[Array, Array] | None:
    """Where teeth or darkness show between lips, around the dark line between them.

    patch    (columns, offsets, 3) colours of the picture at ``offsets`` (D) from the line, downwards
    below    (columns,) D from the line to the lower lip's outer edge

    Returns the opening's upper and lower edge, (columns,) each, D from the line; None when there is none.
    """
    light = patch @ LUMINANCE + 1
    redness = (patch[..., 0] - (patch[..., 1] + patch[..., 2]) / 2) / light
    lower = (offsets[None] > 0.5 * below[:, None]) & (offsets[None] < 0.9 * below[:, None])
    upper = np.broadcast_to((offsets < -0.02) & (offsets > -0.05), light.shape)
    lip_light = np.minimum(_column_mean(light, lower), _column_mean(light, upper))[:, None]
    lip_red = float(np.median(redness[lower])) if lower.any() else 0.0
    at_line = int(np.abs(offsets).argmin())
    valley = light[:, at_line - 2 : at_line + 3].min(1)[:, None]
    dark = light < np.minimum(valley + 0.45 * (lip_light - valley), 0.55 * lip_light)
    near = (offsets > 0) & (offsets < 0.06)
    pale = float(np.quantile(redness[len(redness) // 4 : -len(redness) // 4][:, near], 0.10))
    tooth = np.zeros_like(dark)
    if lip_red - pale > TELLING:
        bright = light > 0.85 * lip_light
        tooth = (redness < pale + 0.45 * (lip_red - pale)) & bright & (offsets[None] > -0.01)
    top, bottom = _runs(dark | tooth, at_line)
    height = offsets[bottom] - offsets[top]
    gap = _calm(np.maximum(height - LINE, 0) * (height < 0.12))
    seen = height > LINE + LEAST / 2
    is_lip = seen.any() and float((offsets[bottom] > DEEP * below)[seen].mean()) > DEEP_SHARE
    if is_lip or float(gap.max()) < LEAST or float((gap > LEAST / 2).mean()) < LEAST_SHARE:
        return None
    start = _calm(offsets[top] + LINE / 2)
    return start, start + gap


def looks_shut(between: Array, skin: Array) -> bool:
    """Whether what lies between a mesh's lips (n, 3) is skin or lip, as on a statue; ``skin`` is (3,)."""
    light = (between @ LUMINANCE) / max(float(skin @ LUMINANCE), 1.0)
    red = _red(skin)
    return (
        LIKE_SKIN[0] < float(light.mean()) < LIKE_SKIN[1]
        and float(light.std()) < EVEN
        and red > TELLING
        and _red(between.mean(0)) > LIKE_SKIN_RED * red
    )


def _red(colour: Array) -> float:
    return float((colour[0] - (colour[1] + colour[2]) / 2) / (colour @ LUMINANCE + 1))


def _column_mean(values: Array, mask: Mask) -> Array:
    return np.asarray((values * mask).sum(1) / np.maximum(mask.sum(1), 1), dtype=np.float32)


def _runs(inside: Mask, start: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """First and last index of the run around ``start`` in each row; small holes are stepped over."""
    count = inside.shape[1]
    ends = []
    for way in (-1, 1):
        end = np.full(len(inside), start)
        missed = np.zeros(len(inside), int)
        for index in range(start, count if way > 0 else -1, way):
            missed = np.where(inside[:, index], 0, missed + 1)
            end = np.where((missed == 0) & (np.abs(index - end) <= BEGINS), index, end)
        ends.append(end)
    return ends[0], ends[1]


def _calm(values: Array) -> Array:
    """A median over 7 columns, then a mean over 7; falling to the ends."""
    padded = np.pad(values, 3, mode="edge")
    median = np.median(np.lib.stride_tricks.sliding_window_view(padded, 7), axis=1)
    return np.convolve(np.pad(median, 3, mode="edge"), np.ones(7) / 7, mode="valid").astype(np.float32)
