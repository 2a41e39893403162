"""Hair, scarf and glasses: the part behind the neck and the part over the face."""

from collections.abc import Sequence

import numpy as np

from lipsync.face.house.canvas import (
    Canvas,
    Colour,
    FloatArray,
    Linear,
    Path,
    Point,
    ellipse,
    mix,
    points,
    ribbon,
    smooth,
    times,
)
from lipsync.face.house.head import WHITE
from lipsync.face.house.look import EYE_X, EYE_Y, Look


def draw_rear(canvas: Canvas, look: Look) -> None:
    """Paints the hair that hangs behind the neck, if any."""
    dark = times(look.hair, 0.62)
    if look.hair_style == "waves":
        mass = smooth(
            points(
                "500,136 600,150 660,230 680,360 676,500 700,640 716,740 680,830 620,850 500,830 "
                "380,850 320,830 284,740 300,640 318,500 320,360 340,230 400,150"
            )
        )
    elif look.hair_style == "bob":
        mass = smooth(
            points(
                "500,124 590,140 660,220 682,330 684,470 676,600 640,660 560,676 440,676 360,660 "
                "324,600 316,470 318,330 340,220 410,140"
            )
        )
    else:
        return
    canvas.fill(mass, Linear((300, 300), (700, 700), (look.hair, dark, times(dark, 0.7))))
    clip = canvas.mask(mass)
    canvas.fill(ellipse((500, 640), (130, 150)), times(look.hair, 0.3), 0.75, 30, clip)
    edge = mass[(mass[:, 0] > 640)]
    canvas.stroke(edge, [0, 6, 6, 6, 0], look.rim, 0.35, 2.5, clip)


def draw_front(canvas: Canvas, look: Look) -> None:
    """Paints what lies over the face: hair or scarf, and glasses."""
    styles = {"waves": _waves, "crop": _crop, "bob": _bob, "parted": _parted, "scarf": _scarf}
    if look.glasses is not None:
        _draw_glasses(canvas, look)
    styles[look.hair_style](canvas, look)


def _strands(
    canvas: Canvas,
    a: Path,
    b: Path,
    count: int,
    paint: Colour,
    width: float,
    opacity: float,
    clip: FloatArray,
    seed: int,
) -> None:
    """Fine hairs lying between the guide lines ``a`` and ``b``, each over a part of their length."""
    rng = np.random.default_rng(seed)
    n = 60
    a, b = _resampled(a, n), _resampled(b, n)
    hairs = []
    for _ in range(count):
        across, drift = rng.uniform(0.02, 0.98), rng.normal(0, 0.05)
        start = int(rng.uniform(0, n * 0.6))
        stop = min(n, start + int(rng.uniform(n * 0.25, n * 0.75)))
        if stop - start < 6:
            continue
        t = np.clip(across + drift * np.linspace(-1, 1, n), 0, 1)[:, None]
        line = (a * (1 - t) + b * t)[start:stop]
        hairs.append(ribbon(line, [0.1, width * rng.uniform(0.6, 1.3), 0.1]))
    canvas.fill(hairs, paint, opacity, 0, clip)


def _resampled(line: Path, n: int) -> Path:
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    places = np.linspace(0, along[-1], n)
    return np.stack([np.interp(places, along, line[:, 0]), np.interp(places, along, line[:, 1])], axis=1)


def _sheen(
    canvas: Canvas, line: Path, width: float, colour: Colour, opacity: float, clip: FloatArray
) -> None:
    """A band of light across the hair."""
    canvas.stroke(line, [0, width, width * 0.8, 0], colour, opacity, width * 0.38, clip)


def _flowing(
    canvas: Canvas,
    look: Look,
    outer: Sequence[Point] | Path,
    inner: Sequence[Point] | Path,
    lit: bool,
    seed: int,
) -> FloatArray:
    """One lock between two guide curves running the same way; ``lit`` is on the side of the light."""
    a, b = smooth(outer, closed=False), smooth(inner, closed=False)
    shape = np.concatenate([a, b[::-1]])
    dark, deep = times(look.hair, 0.66), times(look.hair, 0.42)
    x0, x1 = float(shape[:, 0].min()), float(shape[:, 0].max())
    tones = (
        (look.hair, mix(look.hair, look.hair_light, 0.25), dark)
        if lit
        else (mix(look.hair, dark, 0.5), look.hair, dark)
    )
    canvas.fill(shape, Linear((x0, 200), (x1, 700), tones))
    clip = canvas.mask(shape)
    middle = (_resampled(a, 60) + _resampled(b, 60)) / 2
    canvas.stroke(middle[4:34], [0, 36, 30, 0], look.hair_light, 0.55 if lit else 0.32, 12, clip)
    canvas.stroke(middle[36:56], [0, 30, 22, 0], look.hair_light, 0.4 if lit else 0.22, 9, clip)
    canvas.stroke(b, [6, 16, 16, 16, 6], deep, 0.45, 6, clip)
    _strands(canvas, a, b, 60, deep, 3.2, 0.34, clip, seed)
    _strands(canvas, a, b, 46, look.hair_light, 2.4, 0.34, clip, seed + 1)
    _strands(canvas, a, b, 18, mix(look.hair_light, WHITE, 0.35), 1.6, 0.4, clip, seed + 2)
    return clip


def _waves(canvas: Canvas, look: Look) -> None:
    right = _flowing(
        canvas,
        look,
        points("468,122 552,116 632,158 676,250 690,370 684,480 706,590 736,690 716,800 726,860 676,884"),
        points("466,244 516,256 570,288 614,340 640,412 636,500 640,590 660,690 632,780 640,840 676,884"),
        lit=False,
        seed=1,
    )
    left = _flowing(
        canvas,
        look,
        points("490,118 420,120 352,166 318,254 308,370 312,480 290,590 262,690 286,800 276,860 326,884"),
        points("470,244 446,258 408,296 376,350 358,420 364,500 358,590 336,690 368,780 358,840 326,884"),
        lit=True,
        seed=7,
    )
    canvas.stroke(
        smooth([(478, 124), (468, 180), (468, 246)], False), [1, 5, 8], times(look.hair, 0.4), 0.6, 2.2, left
    )
    edge = smooth([(556, 118), (632, 160), (675, 252), (689, 370), (683, 480), (705, 590), (734, 690)], False)
    canvas.stroke(edge, [0, 7, 8, 7, 0], look.rim, 0.5, 2.4, right)


def _bob(canvas: Canvas, look: Look) -> None:
    top = points("500,116 566,124 626,158 668,226 686,330 691,450 688,560 668,640 626,676")
    side = points("500,260 560,300 612,350 640,390 645,440 638,520 618,610 600,652")
    for x in (1, -1):
        outer, inner = ([(500 + x * (p - 500), y) for p, y in line] for line in (top, side))
        _flowing(canvas, look, outer, inner, lit=x < 0, seed=20 + x)
    fringe_top = smooth([(352, 300), (400, 170), (500, 128), (600, 170), (648, 300)], False)
    fringe_end = smooth(
        [(352, 372), (372, 374), (430, 381), (500, 384), (570, 381), (628, 374), (648, 372)], False
    )
    shape = np.concatenate([fringe_top, fringe_end[::-1]])
    deep = times(look.hair, 0.4)
    canvas.fill(
        shape,
        Linear(
            (380, 160), (620, 400), (look.hair, mix(look.hair, look.hair_light, 0.12), times(look.hair, 0.75))
        ),
    )
    clip = canvas.mask(shape)
    band = smooth([(370, 262), (430, 236), (500, 228), (570, 236), (630, 262)], False)
    _sheen(canvas, band, 46, look.hair_light, 0.75, clip)
    _sheen(canvas, band - (12, 6), 16, mix(look.hair_light, WHITE, 0.4), 0.6, clip)
    rng = np.random.default_rng(3)
    for paint, opacity, count in ((deep, 0.4, 46), (look.hair_light, 0.3, 26)):
        hairs = []
        for t in rng.uniform(0.02, 0.98, count):
            i, j = (
                int(t * (len(fringe_top) - 1)),
                int(np.clip(t + rng.normal(0, 0.015), 0, 1) * (len(fringe_end) - 1)),
            )
            start, end = fringe_top[i], fringe_end[j]
            bend = start * 0.45 + end * 0.55 + (0, -8)
            line = smooth([start, bend, end], False)
            hairs.append(ribbon(line[int(rng.uniform(0, 8)) :], [0.2, 2.4, 1.4]))
        canvas.fill(hairs, paint, opacity, 0, clip)
    canvas.stroke(
        smooth([(574, 130), (630, 162), (667, 228), (684, 330), (689, 450), (685, 560)], False),
        [0, 7, 8, 6, 0],
        look.rim,
        0.45,
        2.4,
    )


def _crop(canvas: Canvas, look: Look) -> None:
    """Tight curls, faded at the sides."""
    outer = points("352,424 344,340 350,262 392,196 450,166 500,160 550,166 608,196 650,262 656,340 648,424")
    inner = points("632,384 630,330 620,288 602,266 556,252 500,250 444,252 398,266 380,288 370,330 368,384")
    shape = smooth([*outer, *inner])
    clip = canvas.mask(shape, 1.2)
    rows = (np.arange(clip.shape[0]) + 0.5) / canvas.scale + canvas.box.y0
    clip = clip * np.clip((425 - rows) / 120, 0, 1).astype(np.float32)[:, None] ** 0.7
    dark = times(look.hair, 0.6)
    canvas.fill(
        shape,
        Linear((380, 170), (640, 330), (mix(look.hair, look.hair_light, 0.35), look.hair, dark)),
        1,
        1.0,
        clip,
    )
    rng = np.random.default_rng(9)
    for paint, opacity, count, lift in (
        (dark, 0.75, 900, 0.0),
        (look.hair_light, 0.5, 520, -1.6),
        (look.rim, 0.16, 160, -2.0),
    ):
        curls = []
        for _ in range(count):
            x, y = rng.uniform(338, 662), rng.uniform(158, 420)
            start, turn, r = rng.uniform(0, 6.3), rng.uniform(2.4, 4.2), rng.uniform(2.6, 4.4)
            angle = start + np.linspace(0, turn, 8)
            arc = np.stack([x + np.cos(angle) * r, y + lift + np.sin(angle) * r], axis=1)
            curls.append(ribbon(arc, [0.3, 1.7, 0.3]))
        canvas.fill(curls, paint, opacity, 0, clip)
    canvas.fill(ellipse((440, 205), (70, 26), -0.35), look.hair_light, 0.35, 16, clip)
    edge = smooth([(560, 168), (610, 198), (649, 262), (658, 330)], False)
    canvas.stroke(edge, [0, 6, 6, 0], look.rim, 0.5, 2.5, clip)


def _parted(canvas: Canvas, look: Look) -> None:
    """Short, combed over from a parting at the picture's left."""
    for x in (1, -1):
        side = smooth(
            [
                (500 + x * p, y)
                for p, y in points("96,240 138,246 160,318 156,430 146,420 147,372 136,318 112,280")
            ]
        )
        canvas.fill(
            side, Linear((500 + x * 110, 250), (500 + x * 170, 420), (look.hair, times(look.hair, 0.74)))
        )
        clip = canvas.mask(side)
        a = smooth([(500 + x * p, y) for p, y in ((116, 240), (160, 262), (168, 340), (158, 428))], False)
        b = smooth([(500 + x * p, y) for p, y in ((108, 262), (136, 300), (148, 360), (150, 424))], False)
        _strands(canvas, a, b, 36, times(look.hair, 0.55), 2.4, 0.45, clip, 30 + x)
        _strands(canvas, a, b, 34, look.hair_light, 2.2, 0.5, clip, 34 + x)
    sweep_out = points("380,300 350,262 356,200 426,150 534,132 620,162 658,236 660,318")
    sweep_in = points("384,300 398,270 432,246 490,246 546,260 598,270 632,290 650,326")
    clip = _flowing(canvas, look, sweep_out, sweep_in, lit=True, seed=40)
    a, b = smooth(sweep_out, closed=False), smooth(sweep_in, closed=False)
    _strands(canvas, a, b, 60, mix(look.hair_light, WHITE, 0.5), 2.6, 0.4, clip, 45)
    edge = smooth([(556, 138), (622, 166), (657, 238), (660, 330)], False)
    canvas.stroke(edge, [0, 6, 7, 0], look.rim, 0.6, 2.4)


def _scarf(canvas: Canvas, look: Look) -> None:
    half_out = points("0,116 62,124 122,160 163,232 182,330 186,440 178,560 156,660 104,730 0,762")
    half_in = points("0,250 74,260 118,298 137,355 140,425 134,495 119,553 92,606 54,646 0,659")

    def closed(half: Path) -> Path:
        right = [(500.0 + x, float(y)) for x, y in half]
        return smooth([*right, *[(1000 - x, y) for x, y in right[-2:0:-1]]])

    dark, deep = times(look.hair, 0.62), times(look.hair, 0.36)
    outer, inner = closed(half_out), closed(half_in)
    band = closed(np.array([(x, y + (16 if y < 300 else 0)) for x, y in half_in]))
    cloth = canvas.mask(outer) * (1 - canvas.mask(inner))
    under = canvas.mask(inner) * (1 - canvas.mask(band))
    canvas.fill(inner, times(look.hair, 0.45), 1, 0, under)
    tone = Linear((320, 180), (690, 700), (mix(look.hair, look.hair_light, 0.6), look.hair, dark))
    canvas.fill(outer, tone, 1, 0, cloth)
    canvas.fill(ellipse((390, 230), (70, 90), 0.6), look.hair_light, 0.5, 26, cloth)
    for x in (-1, 1):
        for i, (o, k) in enumerate(((0.18, 0.5), (0.4, 0.7), (0.62, 0.9), (0.84, 1.0))):
            line = []
            for (ox, oy), (px, py) in zip(half_out, half_in, strict=True):
                line.append((500 + x * (px + (ox - px) * o), py + (oy - py) * o))
            fold = smooth(line, False)
            fold = fold[int(len(fold) * (0.1 + 0.08 * i)) : int(len(fold) * (0.86 - 0.07 * i))]
            canvas.stroke(fold, [0, 12 * k, 16 * k, 12, 0], dark, 0.5, 5, cloth)
            canvas.stroke(
                fold - (7 * x, 5), [0, 6, 9, 6, 0], look.hair_light, 0.34 if x < 0 else 0.18, 3.5, cloth
            )
    rim = inner
    canvas.fill(ribbon(np.concatenate([rim, rim[:1]]), 13), deep, 0.35, 4, cloth)
    canvas.stroke(rim[(rim[:, 0] < 500)], 3, look.hair_light, 0.5, 1, cloth)
    edge = outer[(outer[:, 0] > 560) & (outer[:, 1] < 700)]
    canvas.stroke(edge, [0, 8, 9, 8, 0], look.rim, 0.5, 2.6, cloth)


def _draw_glasses(canvas: Canvas, look: Look) -> None:
    colour = look.glasses or (0.0, 0.0, 0.0)
    bright = mix(colour, (255, 225, 215), 0.45)
    for x in (-1, 1):
        cx = 500 + x * (EYE_X + 1)
        lens = ellipse((cx, EYE_Y + 4), (49, 45), steps=96)
        ring = np.concatenate([lens, lens[:2]])
        inside = canvas.mask(lens)
        canvas.fill(lens, (235, 245, 255), 0.07)
        glare = np.array(
            [(cx - 34, EYE_Y + 46), (cx - 12, EYE_Y + 50), (cx + 34, EYE_Y - 42), (cx + 14, EYE_Y - 44)]
        )
        canvas.fill(glare - (6, 0), WHITE, 0.09, 1, inside)
        canvas.fill(ribbon(ring + (1, 5), 6), (60, 30, 26), 0.22, 3)
        canvas.fill(ribbon(ring, 6.4), colour)
        canvas.stroke(lens[50:74] + (0.4, 0.8), [0, 1.8, 0], bright, 0.9, 0.5)
        temple = np.array([(cx + x * 48, EYE_Y - 6), (cx + x * 72, EYE_Y - 8), (cx + x * 92, EYE_Y - 2)])
        canvas.stroke(temple, [7, 5.5, 4.5], colour)
    bridge = smooth([(478, EYE_Y - 2), (500, EYE_Y - 13), (522, EYE_Y - 2)], False)
    canvas.stroke(bridge + (0, 4), 5, (60, 30, 26), 0.25, 2)
    canvas.stroke(bridge, 5.8, colour)
    canvas.stroke(bridge - (0, 1.4), [0, 1.6, 0], bright, 0.8, 0.4)
