"""The mouth: lips, teeth, tongue and the shade between, painted anew for every frame."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lipsync.audio.shape import MouthShape
from lipsync.face.face import Expression
from lipsync.face.house.canvas import (
    Box,
    Canvas,
    FloatArray,
    Linear,
    Path,
    Radial,
    ellipse,
    mix,
    ribbons,
    smooth,
    times,
)
from lipsync.face.house.head import WHITE, skin_tones
from lipsync.face.house.look import MOUTH_Y, Look

MOUTH_BOX = Box(396, 522, 604, 660)

_HALF_WIDTH = 53.0
_DROP, _RAISE = 36.0, 8.0  # of the lower and the upper lip's edge at openness 1; the jaw adds to the drop
_TOOTH_EDGE = 9.0  # below the line of the closed lips; teeth stay with the skull
_SEEN = 0.5  # units between the lips from which there is an inside to paint
_SEAMS = np.array([-0.76, -0.62, -0.44, -0.23, 0.0, 0.23, 0.44, 0.62, 0.76])  # between teeth
_K = np.linspace(-1, 1, 49)  # along the lips
_ROUND = 1 - _K**2

Curve = npt.NDArray[np.float64]


class _Lips(NamedTuple):
    """The four edges as (49, 2), left to right, and what they were made from."""

    upper_outer: Path
    upper_inner: Path
    lower_inner: Path
    lower_outer: Path
    half_width: float
    gap: float  # between the inner edges, at the middle


def jaw_drop(mouth: MouthShape, expression: Expression) -> float:
    """How far the jaw hangs, 0..1."""
    shut = 1 - float(np.clip(mouth.closure, 0, 1))
    # Surprise widens the mouth that speaks and leaves the one at rest closed.
    parted = mouth.openness * (1 - 0.6 * mouth.teeth) * (1 + 0.15 * expression.surprised)
    return float(np.clip(parted, 0, 1)) * shut


def _shape(look: Look, mouth: MouthShape, expression: Expression) -> _Lips:
    o = jaw_drop(mouth, expression)
    wide, tight, teeth, press = (
        float(np.clip(v, 0, 1)) for v in (mouth.width, mouth.rounding, mouth.teeth, mouth.closure)
    )
    teeth *= 1 - press
    half = _HALF_WIDTH * (1 + 0.17 * wide - 0.36 * tight - 0.1 * o + 0.16 * expression.happy + 0.03 * press)
    corner = -3.4 + 8.3 * o - 11 * expression.happy + 11 * expression.sad - 1.5 * wide
    bow = (2.2 * np.exp(-((_K / 0.17) ** 2)) - 1.5 * np.exp(-(((np.abs(_K) - 0.5) / 0.24) ** 2))) * (
        1 - min(4 * o, 1)
    )
    corner += 9 * o * tight  # the corners of rounded lips lie half-way down the opening
    line = MOUTH_Y + corner * _K**2 + bow * (1 - 0.7 * press)
    # Rounded lips meet before the corners and leave an oval; others part along their whole length.
    span = np.clip(1 - (_K / (1 - 0.24 * tight)) ** 2, 0, 1)
    lift = _RAISE * o * (1 + 1.1 * tight) + 4.0 * teeth + 1.5 * wide * min(3 * o, 1)
    raised = lift * span ** (0.66 - 0.16 * tight)
    drop = _DROP * o * (1 - 0.22 * wide) * (1 - 0.05 * tight) * (1 - teeth) + 4.2 * teeth
    lowered = drop * span**0.5
    full = look.lip_fullness * (1 - 0.5 * press) * (1 + 0.22 * tight) * (1 - 0.12 * o)
    upper = 13.5 * full * (1 - 0.1 * wide - 0.12 * expression.happy)
    lower = 18.0 * full * (1 - 0.12 * wide) * (1 - 0.25 * teeth)
    bows = 0.8 + 0.26 * np.exp(-(((np.abs(_K) - 0.27) / 0.2) ** 2)) - 0.1 * np.exp(-((_K / 0.12) ** 2))
    arch = _ROUND ** (0.85 - 0.3 * tight) * bows
    x = 500 + _K * half
    ui, li = line - raised, line + lowered
    # The outer edges keep the lips' whole width, however small the oval within.
    uo = line - lift * _ROUND**0.6 - upper * arch
    lo = line + drop * _ROUND**0.55 + lower * _ROUND ** (0.66 - 0.16 * tight)
    uo, ui, li, lo = (np.stack([x, y], axis=1) for y in (uo, ui, li, lo))
    return _Lips(uo, ui, li, lo, half, float(li[24, 1] - ui[24, 1]))


def draw_mouth(canvas: Canvas, look: Look, mouth: MouthShape, expression: Expression) -> None:
    """Paints the mouth over bare skin."""
    lips = _shape(look, mouth, expression)
    _, _, shade, deep = skin_tones(look)
    bottom = float(lips.lower_outer[24, 1])
    canvas.fill(ellipse((502, bottom + 6), (lips.half_width * 0.6, 4.5)), shade, 0.55, 4)
    for x in (-1, 1):
        corner = lips.upper_inner[0 if x < 0 else -1]
        canvas.fill(ellipse((corner[0] + x * 3, corner[1] + 1), (6, 5)), shade, 0.4, 3)
        dimple = max(expression.happy, 0.5 * mouth.width)
        line = smooth([corner + (x * 7, -9), corner + (x * 10, 0), corner + (x * 7, 8)], False, 6)
        canvas.stroke(line, [0, 3, 0], deep, 0.28 * dimple, 1.4)
    _draw_lips(canvas, look, lips)
    if lips.gap > _SEEN:
        _draw_inside(canvas, look, mouth, lips)
    _draw_lip_line(canvas, look, lips)


def _draw_lips(canvas: Canvas, look: Look, lips: _Lips) -> None:
    _, _, shade, _ = skin_tones(look)
    rosy, dark, bright = look.lips, times(look.lips, 0.74), mix(look.lips, (255, 205, 195), 0.3)
    top, seam = float(lips.upper_outer[:, 1].min()), float(lips.upper_inner[24, 1])
    upper = np.concatenate([lips.upper_outer, lips.upper_inner[::-1]])
    canvas.fill(upper, Linear((0, top), (0, seam + 1), (mix(rosy, look.skin, 0.12), rosy, dark)), 1, 0.5)
    y0, y1 = float(lips.lower_inner[24, 1]), float(lips.lower_outer[24, 1])
    lower = np.concatenate([lips.lower_inner, lips.lower_outer[::-1]])
    canvas.fill(
        lower, Linear((0, y0), (0, y1 + 1), (times(rosy, 0.84), bright, rosy, times(rosy, 0.9))), 1, 0.5
    )
    clip = canvas.mask(lower)
    height = max(y1 - y0, 1)
    canvas.fill(
        ellipse((492, y0 + height * 0.42), (lips.half_width * 0.36, height * 0.15)), WHITE, 0.42, 1.8, clip
    )
    canvas.fill(
        ellipse((488, y0 + height * 0.4), (lips.half_width * 0.16, height * 0.07)), WHITE, 0.5, 0.9, clip
    )
    edge = lips.upper_outer[10:-10] - (0, 1.2)
    canvas.stroke(edge, [0, 1.8, 1.2, 1.8, 0], mix(look.skin, WHITE, 0.5), 0.4, 0.8)
    for x in (-1, 1):
        canvas.fill(
            ellipse((500 + x * lips.half_width * 0.8, y0 + 2), (7, height * 0.5)), shade, 0.3, 3, clip
        )


def _draw_inside(canvas: Canvas, look: Look, mouth: MouthShape, lips: _Lips) -> None:
    inside = np.concatenate([lips.upper_inner, lips.lower_inner[::-1]])
    clip = canvas.mask(inside)
    clip *= min(lips.gap / 2, 1.0)
    flesh = mix(times(look.lips, 0.55), (92, 26, 32), 0.6)
    y0, y1 = float(lips.upper_inner[24, 1]), float(lips.lower_inner[24, 1])
    dark = times(flesh, 0.42)
    middle = (500.0, (y0 + y1) / 2 + lips.gap * 0.1)
    canvas.fill(
        inside,
        Radial(middle, (lips.half_width * 0.95, lips.gap * 0.75 + 4), (dark, times(flesh, 0.6), flesh)),
        1,
        0,
        clip,
    )
    if lips.gap > 9:
        _draw_tongue(canvas, lips, mouth, clip)
    _draw_teeth(canvas, lips, mouth, clip)
    deep = min(lips.gap * 0.3, 6.0)  # the lips' shadow must not fill a narrow gap
    canvas.stroke(lips.upper_inner, [0.5, deep, deep, deep, 0.5], (48, 12, 18), 0.55, deep * 0.3, clip)
    canvas.stroke(
        lips.lower_inner, [0.5, deep / 2, deep / 2, deep / 2, 0.5], (70, 18, 24), 0.4, deep * 0.22, clip
    )


def _draw_tongue(canvas: Canvas, lips: _Lips, mouth: MouthShape, clip: FloatArray) -> None:
    bottom = float(lips.lower_inner[24, 1])
    rise = lips.gap * (0.34 + 0.16 * mouth.width - 0.1 * mouth.rounding)
    half = lips.half_width * 0.66
    top = bottom - rise
    side = [(half * 0.72, top + rise * 0.28), (half, bottom + 6)]
    left = [(500 - x, y) for x, y in side[::-1]]
    right = [(500 + x, y) for x, y in side]
    body = smooth([*left, (488, top), (500, top + 1.2), (512, top), *right, (500, bottom + 14)])
    strength = min((lips.gap - 9) / 8, 1.0)
    canvas.fill(
        body,
        Linear((0, top), (0, bottom + 4), ((206, 104, 102), (186, 80, 84), (150, 56, 64))),
        strength,
        0.8,
        clip,
    )
    canvas.stroke(
        np.array([(500, top + 4), (500, bottom)]), [0.5, 2.2], (130, 44, 54), 0.4 * strength, 1.2, clip
    )
    canvas.fill(ellipse((491, top + rise * 0.3), (9, 2)), (255, 205, 200), 0.4 * strength, 1.6, clip)


def _draw_teeth(canvas: Canvas, lips: _Lips, mouth: MouthShape, clip: FloatArray) -> None:
    half = min(lips.half_width * 0.84, 44.0)
    hidden = 9.5 * mouth.rounding * (1 - mouth.teeth)  # rounded lips cover the teeth
    k = np.linspace(-1, 1, 25)
    edge = MOUTH_Y + _TOOTH_EDGE - hidden - 5.0 * k**2 - 0.5 * np.abs(np.sin(k * 11))
    top = float(lips.upper_inner[:, 1].min()) - 4
    upper = np.concatenate([np.stack([500 + k * half, edge], 1), [(500 + half, top), (500 - half, top)]])
    enamel = ((250, 246, 238), (240, 233, 224), (176, 150, 144))
    if lips.gap > 20:
        y = float(lips.lower_inner[24, 1]) - 4.5
        low = np.stack([500 + k * half * 0.72, y + 4.0 * k**2], axis=1)
        row = np.concatenate([low, [(500 + half * 0.72, y + 14), (500 - half * 0.72, y + 14)]])
        strength = 0.85 * min((lips.gap - 20) / 8, 1.0)
        canvas.fill(
            row,
            Radial((500, y), (half * 0.8, 14), ((228, 220, 212), (200, 184, 178), (140, 108, 106))),
            strength,
            0.6,
            clip,
        )
    canvas.fill(upper + (0, 2.5), (40, 10, 16), 0.4, 1.6, clip)
    canvas.fill(upper, Radial((496, MOUTH_Y), (half * 1.12, 60), enamel), 1, 0.45, clip)
    ends = MOUTH_Y + _TOOTH_EDGE - hidden - 1.5 - 5 * _SEAMS**2
    x = 500 + _SEAMS * half
    lines = np.stack([np.stack([x, np.full_like(x, MOUTH_Y - 14)], 1), np.stack([x, ends], 1)], axis=1)
    canvas.fill(list(ribbons(lines, (1.0, 0.9))), (166, 140, 132), 0.32, 0.35, clip)


def _draw_lip_line(canvas: Canvas, look: Look, lips: _Lips) -> None:
    """The dark line where closed lips meet; it dissolves into the inside as they part."""
    ink = times(look.lips, (0.36, 0.28, 0.3))
    seam = (lips.upper_inner + lips.lower_inner) / 2
    closed = float(np.clip(1 - lips.gap / 5, 0, 1))
    if closed > 0:
        canvas.stroke(seam, [0.8, 2.2, 2.0, 2.6, 2.0, 2.2, 0.8], ink, 0.9 * closed, 0.55)
    for part, way in ((seam[:9], -1), (seam[-9:][::-1], 1)):
        line = np.concatenate([part[:1] + (way * 2.5, -0.8), part])
        canvas.stroke(line, [0.4, 2.6, 0.5], ink, 0.7, 0.7)
