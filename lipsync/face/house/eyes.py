"""Eyes and brows: what moves in the upper face, painted anew for every frame."""

from functools import cache, lru_cache

import numpy as np

from lipsync.face.face import Expression, Pose
from lipsync.face.house.canvas import (
    Box,
    Canvas,
    Cover,
    Linear,
    Path,
    Radial,
    ellipse,
    mix,
    ribbon,
    ribbons,
    smooth,
    times,
)
from lipsync.face.house.head import WHITE, skin_tones
from lipsync.face.house.look import BROADEN, EYE_X, EYE_Y, Look

EYES_BOX = Box(362, 346, 638, 476)

_HALF_WIDTH, _UPPER, _LOWER = 33.0, 17.5, 9.5
_IRIS = 16.2
_LASHES = np.linspace(0.45, 0.98, 6)  # places along the lid
_U = np.linspace(-1, 1, 25)  # along the lids, from the inner corner to the outer one
_UPPER_SHAPE = (1 - _U**2) ** 0.72 * (1 - 0.12 * _U)
_LOWER_SHAPE = (1 - _U**2) ** 0.85 * (1 + 0.12 * _U)
_CORNERS = 2.6 - 2.4 * (_U + 1)  # the outer corner lies a little higher


def draw_eyes(canvas: Canvas, look: Look, expression: Expression, pose: Pose) -> None:
    """Paints both eyes and brows over bare skin."""
    for side in (-1, 1):
        _draw_eye(canvas, look, expression, pose, side)
        _draw_brow(canvas, look, expression, side)


def _lids(look: Look, expression: Expression, pose: Pose) -> tuple[Path, Path, Path]:
    """Upper lid now, upper lid wide open, lower lid; (25, 2) from the middle of the eye, x outwards."""
    size = look.eye_size
    inner, outer = (1 - _U) / 2, (1 + _U) / 2
    height = _UPPER * size * (1 + 0.28 * expression.surprised) + 1.5 - 3.0 * max(pose.gaze_y, 0)
    upper = _CORNERS - height * _UPPER_SHAPE
    upper += _UPPER_SHAPE * (
        9 * expression.angry * inner + 6 * expression.sad * outer + 2.5 * expression.happy
    )
    lower = _CORNERS + _LOWER_SHAPE * (_LOWER * size - 4.5 * expression.happy - 2 * expression.angry)
    shut = _CORNERS + _LOWER_SHAPE * (_LOWER * size * 0.72)
    blink = float(np.clip(pose.blink, 0, 1))
    now = upper + (shut - upper) * blink
    lower = lower + (shut - lower) * blink
    x = _U * _HALF_WIDTH * (0.55 + 0.45 * size)
    now = np.minimum(now, lower)
    return np.stack([x, now], 1), np.stack([x, upper], 1), np.stack([x, lower], 1)


def _draw_eye(canvas: Canvas, look: Look, expression: Expression, pose: Pose, side: int) -> None:
    _, base, shade, deep = skin_tones(look)
    centre = (500 + side * EYE_X, EYE_Y)

    def place(path: Path) -> Path:
        return path * (side, 1) + centre

    now, wide, lower = (place(path) for path in _lids(look, expression, pose))
    blink = float(np.clip(pose.blink, 0, 1))
    lid = np.concatenate(
        [place(_lids(look, expression, Pose())[1]) - (0, 3), np.maximum(now, wide)[::-1] + (0, 1)]
    )
    if blink > 0.02:
        top = float(wide[:, 1].min())
        tone = Linear(
            (0, top), (0, float(lower[:, 1].max())), (mix(base, shade, 0.45), base, mix(base, shade, 0.3))
        )
        canvas.fill(lid, tone, 1, 0.8)
    opening = np.concatenate([now, lower[::-1]])
    if float((lower - now)[:, 1].max()) > 0.8:
        _draw_ball(canvas, look, pose, opening, centre)
    _draw_lid_lines(canvas, look, now, wide, lower, side, blink)
    if blink > 0.3:
        canvas.fill(ellipse((centre[0], float(now[:, 1].max()) + 5), (24, 3)), deep, 0.12 * blink, 2)


def _draw_ball(canvas: Canvas, look: Look, pose: Pose, opening: Path, centre: tuple[float, float]) -> None:
    clip = canvas.mask(opening)
    x, y = centre
    canvas.fill(opening, Radial((x, y + 2), (38, 24), ((250, 247, 243), (243, 238, 234), (205, 190, 186))))
    r = _IRIS * (0.5 + 0.5 * look.eye_size)
    ix, iy = x + 10.0 * pose.gaze_x, y - 2.2 + 5.0 * pose.gaze_y
    iris = ellipse((ix, iy), (r / BROADEN, r), steps=40)
    rim, bright = times(look.eyes, 0.32), mix(look.eyes, (255, 236, 190), 0.38)
    canvas.fill(
        iris, Linear((ix, iy - r), (ix, iy + r), (times(look.eyes, 0.5), look.eyes, bright)), 1, 0.4, clip
    )
    canvas.fill(ellipse((ix, iy + r * 0.45), (r * 0.62, r * 0.42)), bright, 0.6, 1.6, clip)
    ring = [np.concatenate([iris, iris[:1]])]
    canvas.fill([ribbon(line, 2.6) for line in ring], rim, 0.75, 0.7, clip)
    canvas.fill(ellipse((ix, iy), (r * 0.46 / BROADEN, r * 0.46), steps=32), (18, 12, 12), 1, 0.4, clip)
    lid_shadow = np.concatenate([opening[:25] - (0, 6), opening[:25][::-1] + (0, 5.5)])
    canvas.fill(lid_shadow, (56, 32, 38), 0.5, 2.2, clip)
    canvas.fill(
        ellipse((ix - r * 0.36, iy - r * 0.36), (r * 0.27, r * 0.3), steps=20),
        (255, 255, 255),
        0.96,
        0.4,
        clip,
    )
    canvas.fill(ellipse((ix + r * 0.4, iy + r * 0.42), (r * 0.13, r * 0.13), steps=16), WHITE, 0.6, 0.5, clip)
    inner = opening[0]
    towards = 1 if x < 500 else -1
    canvas.fill(
        ellipse((inner[0] - towards * 3.5, inner[1] + 1), (4.2, 3)),
        mix(look.blush, WHITE, 0.25),
        0.75,
        1,
        clip,
    )


def _draw_lid_lines(
    canvas: Canvas, look: Look, now: Path, wide: Path, lower: Path, side: int, blink: float
) -> None:
    _, _, shade, deep = skin_tones(look)
    ink = mix(look.brows if look.age < 0.5 else deep, (20, 12, 12), 0.7)
    crease = wide + (0, -6.0 * look.lid_fold - 1.5) + np.array([0, 1.0]) * (blink * 5)
    crease[0] += (0, 3)
    canvas.stroke(crease[2:], [0, 2, 2.4, 1.6, 0], deep, 0.5 * look.lid_fold * (1 - 0.5 * blink), 0.7)
    canvas.stroke(lower[1:-1] + (0, 0.6), [0.4, 1.4, 1.9, 0.8], mix(deep, shade, 0.25), 0.65, 0.5)
    strength = look.lashes
    wing = now[-1] + (side * (2.5 + 3.2 * strength), (-3.6 + 6 * blink) * strength)
    line = np.concatenate([now[:-1], now[-1:] + (0.0, -0.3), [wing]])
    canvas.stroke(
        line, [1.0, 2.6 + 0.9 * strength, 3.2 + 1.4 * strength, 3.0 + 1.2 * strength, 0.2], ink, 0.96
    )
    if strength > 0.6:
        lashes = _lashes(now, side, strength, blink)
        canvas.fill(list(ribbons(lashes, (1.9, 1.3, 0.2))), ink, 0.9)


def _lashes(lid: Path, side: int, strength: float, blink: float) -> Path:
    """(6, 3, 2): root, bend and tip of each."""
    root = lid[np.round((_LASHES + 1) * 12).astype(int)]
    tip = root.copy()
    tip[:, 0] += side * (2.0 + 7.5 * (_LASHES - 0.3)) * strength
    tip[:, 1] += (2.0 * blink - 1.0) * (4.5 + 2.5 * (np.arange(len(_LASHES)) % 2)) * strength
    return np.stack([root, (root + tip) / 2 + (side * 1.4, 0.8), tip], axis=1)


@cache
def _brow_hairs() -> tuple[Path, Path, Path]:
    """Place along the brow, place across it and lean of each hair."""
    rng = np.random.default_rng(3)
    return rng.uniform(0.02, 0.9, 34), rng.uniform(-0.42, 0.42, 34), rng.normal(0, 0.15, 34)


def _draw_brow(canvas: Canvas, look: Look, expression: Expression, side: int) -> None:
    spine = _brow_spine(expression, side)
    mass, hairs = _brow_covers(canvas.box, canvas.scale, canvas.broaden, look.brow_height, expression, side)
    tone = Linear((spine[0, 0], 0), (spine[16, 0], 0), (mix(look.brows, look.skin, 0.28), look.brows))
    canvas.lay(mass, tone, 0.8)
    canvas.lay(hairs, times(look.brows, 0.72), 0.55)


def _brow_spine(expression: Expression, side: int) -> Path:
    raise_all = 15 * expression.surprised + 3 * expression.happy
    inner_up = 13 * expression.sad - 12 * expression.angry - 3 * expression.happy
    outer_up = -4 * expression.sad + 4 * expression.angry
    closer = 6 * expression.angry + 3 * expression.sad
    points = []
    for x, y in ((-36.0, -38.0), (-10.0, -44.0), (18.0, -46.0), (46.0, -32.0)):
        part = (x + 36) / 82
        lift = raise_all + inner_up * (1 - part) ** 1.5 + outer_up * part
        points.append((500 + side * (EYE_X + x - closer * (1 - part)), EYE_Y + y - 3 - lift))
    return smooth(points, closed=False, steps=8)


@lru_cache(maxsize=64)
def _brow_covers(
    box: Box, scale: float, broaden: float, height: float, expression: Expression, side: int
) -> tuple[Cover | None, Cover | None]:
    """A brow's mass and its hairs: only an expression moves them, while eyes are painted all the time."""
    canvas, spine = Canvas(box, scale, broaden=broaden), _brow_spine(expression, side)
    mass = canvas.cover(ribbon(spine, [height * 0.55, height * 0.9, height * 0.82, height * 0.5, 0.8]), 1.1)
    along, across, lean = _brow_hairs()
    place = along * (len(spine) - 1)
    before = place.astype(int)
    root = spine[before] + (spine[before + 1] - spine[before]) * (place % 1)[:, None]
    root[:, 1] += across * height * (1 - 0.5 * along)
    slope = 0.8 * (1.25 - 1.35 * along + lean)
    way = np.stack([side * np.cos(slope), -np.sin(slope)], axis=1)
    lines = np.stack([root, root + way * 4.5, root + way * 9 + (0, 0.8)], axis=1)
    return mass, canvas.cover(list(ribbons(lines, (1.5, 1.3, 0.2))))
