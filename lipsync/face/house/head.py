"""The still parts of the head: ears, skin with its light and shade, nose, lines, beard."""

import numpy as np

from lipsync.face.house.canvas import (
    Canvas,
    Colour,
    FloatArray,
    Linear,
    Path,
    Point,
    ellipse,
    mirrored,
    mix,
    points,
    ribbon,
    smooth,
    times,
)
from lipsync.face.house.look import EYE_X, EYE_Y, MOUTH_Y, Look

WHITE: Colour = (255.0, 250.0, 242.0)

# The right half of the face, from the middle of the forehead to the chin; x from the middle line.
_OUTLINE = points("0,222 64,228 116,262 143,325 150,392 148,450 140,512 123,570 96,622 56,660 0,673")


def face_outline(look: Look) -> Path:
    """The closed outline of the face, without ears."""
    right = []
    for x, y in _OUTLINE:
        wider = 1 + (look.jaw - 1) * float(np.clip((y - 440) / 120, 0, 1))
        right.append((500.0 + x * wider, float(y)))
    left = [(1000 - x, y) for x, y in right[-2:0:-1]]
    return smooth([*right, *left])


def skin_tones(look: Look) -> tuple[Colour, Colour, Colour, Colour]:
    """Light, base, shade and deep shade of a skin."""
    return mix(look.skin, WHITE, 0.3), look.skin, look.shade, times(look.shade, (0.62, 0.55, 0.55))


def draw_skin(canvas: Canvas, look: Look) -> FloatArray:
    """Paints ears and face; returns the face's mask."""
    if look.hair_style != "scarf":
        _draw_ears(canvas, look)
    light, base, shade, deep = skin_tones(look)
    outline = face_outline(look)
    face = canvas.mask(outline)
    tone = Linear((410, 240), (620, 660), (mix(base, light, 0.55), base, mix(base, shade, 0.28)))
    canvas.fill(outline, tone)
    canvas.fill(ellipse((452, 345), (92, 70)), light, 0.5, 34, face)
    canvas.fill(ellipse((425, 500), (46, 50)), light, 0.42, 24, face)
    side = smooth(points("600,250 640,300 700,500 600,720 500,720 585,610 618,500 612,400"))
    canvas.fill(side, shade, 0.5, 20, face)
    canvas.fill(
        smooth(points("380,560 420,640 500,668 590,640 650,540 680,720 500,760 330,700")),
        shade,
        0.55,
        15,
        face,
    )
    for x in (-1, 1):
        canvas.fill(ellipse((500 + x * 90, 512), (40, 26), -0.3 * x), look.blush, 0.42, 17, face)
    _draw_sockets(canvas, look, face)
    _draw_nose(canvas, look, face)
    _draw_chin(canvas, look, face)
    _draw_lines(canvas, look, face)
    if look.freckles:
        _draw_freckles(canvas, look, face)
    if look.beard:
        _draw_beard(canvas, look, face)
    edge = outline[(outline[:, 0] > 560) & (outline[:, 1] > 330) & (outline[:, 1] < 650)]
    canvas.fill(ribbon(edge, [0, 9, 11, 7, 0]), look.rim, 0.5, 3.2, face)
    canvas.stroke(edge, [0, 3, 4, 2, 0], look.rim, 0.45, 0.8, face)
    canvas.fill(ellipse((500, 673), (90, 8)), deep, 0.25, 5, face)
    return face


def _draw_ears(canvas: Canvas, look: Look) -> None:
    light, base, shade, deep = skin_tones(look)
    ear = smooth(points("640,405 660,392 676,405 676,440 666,470 654,492 642,490 636,460"))
    for path, x in ((ear, 1), (mirrored(ear), -1)):
        tone = Linear(
            (500 + x * 135, 400), (500 + x * 180, 480), (shade, base, mix(base, light, 0.3 - 0.3 * x))
        )
        canvas.fill(path, tone)
        mask = canvas.mask(path)
        hollow = smooth([(645, 415), (662, 408), (664, 436), (652, 462), (645, 450)])
        canvas.fill(hollow if x > 0 else mirrored(hollow), deep, 0.45, 4, mask)
        rim = smooth([(650, 403), (664, 400), (671, 414), (670, 440), (660, 468)], closed=False)
        canvas.stroke(
            rim if x > 0 else mirrored(rim), [1, 5, 5, 1], light if x < 0 else look.rim, 0.5, 1.5, mask
        )


def _draw_sockets(canvas: Canvas, look: Look, face: FloatArray) -> None:
    _, _, shade, deep = skin_tones(look)
    for x in (-1, 1):
        canvas.fill(ellipse((500 + x * EYE_X, EYE_Y - 16), (44, 18)), shade, 0.42, 9, face)
        canvas.fill(ellipse((500 + x * 30, EYE_Y - 6), (12, 22), 0.2 * x), shade, 0.45, 8, face)
        canvas.fill(ellipse((500 + x * EYE_X, EYE_Y + 22), (34, 7)), shade, 0.2 + 0.2 * look.age, 6, face)
        tear = smooth(
            [(500 + x * 44, EYE_Y + 14), (500 + x * 62, EYE_Y + 27), (500 + x * 92, EYE_Y + 24)], False
        )
        canvas.stroke(tear, [0, 2.2, 0], deep, 0.08 + 0.3 * look.age, 1.2, face)


def _draw_nose(canvas: Canvas, look: Look, face: FloatArray) -> None:
    light, _, shade, deep = skin_tones(look)
    w = look.nose_width

    def at(*places: Point) -> list[Point]:
        return [(500 + x * w, y) for x, y in places]

    canvas.fill(
        smooth(at((8, 400), (20, 440), (24, 480), (36, 500), (34, 520), (14, 520), (12, 470))),
        shade,
        0.5,
        6,
        face,
    )
    canvas.fill(
        smooth(at((-12, 410), (-16, 460), (-32, 498), (-34, 514), (-24, 512), (-14, 480))),
        shade,
        0.22,
        5,
        face,
    )
    canvas.stroke(smooth(at((-1, 402), (-2, 450), (-3, 494)), False), [4, 9, 13], light, 0.65, 4, face)
    canvas.fill(ellipse((500 - 4 * w, 505), (14 * w, 10)), light, 0.6, 5, face)
    canvas.fill(ellipse((500 - 6 * w, 501), (6, 4.5)), WHITE, 0.55, 2.5, face)
    canvas.fill(
        smooth(at((-34, 522), (-14, 529), (0, 532), (14, 529), (36, 522), (30, 538), (0, 546), (-28, 538))),
        shade,
        0.62,
        4.5,
        face,
    )
    for x in (-1, 1):
        wing = smooth(at((29 * x, 494), (37 * x, 504), (36.5 * x, 516), (28 * x, 523)), False)
        canvas.stroke(wing, [0, 3.2, 3, 0.5], deep, 0.34 if x < 0 else 0.5, 1.1, face)
        nostril = smooth(at((8 * x, 525), (15 * x, 519.5), (25 * x, 519), (27 * x, 523), (17 * x, 527)))
        canvas.fill(nostril, deep, 0.8, 1.3, face)
    base = smooth(at((-9, 527), (0, 531), (9, 527)), False)
    canvas.stroke(base, [0, 2.4, 0], deep, 0.3, 1, face)


def _draw_chin(canvas: Canvas, look: Look, face: FloatArray) -> None:
    light, _, shade, _ = skin_tones(look)
    groove = smooth([(493, 536), (494, 545), (491, 553)], False)
    canvas.stroke(groove, [3, 5, 4], shade, 0.28, 2.2, face)
    canvas.stroke(smooth([(505, 538), (507, 546), (506, 553)], False), [2, 3, 2], light, 0.35, 1.8, face)
    canvas.fill(ellipse((488, 636), (30, 15)), light, 0.45, 10, face)
    canvas.fill(ellipse((500, 606), (34, 7)), shade, 0.3, 6, face)


def _draw_lines(canvas: Canvas, look: Look, face: FloatArray) -> None:
    """The folds beside the mouth, and what the years add."""
    light, _, _, deep = skin_tones(look)
    for x in (-1, 1):
        fold = smooth([(500 + x * p, y) for p, y in ((40, 512), (56, 530), (68, 552), (73, 576))], False)
        canvas.stroke(fold, [0, 4, 4, 0], deep, 0.13 + 0.3 * look.age, 2.4, face)
        if not look.age:
            continue
        canvas.stroke(fold + (5.0 * x, 3.0), [0, 5, 0], light, 0.4 * look.age, 2.5, face)
        for lift in (-9, 0, 9):
            start = (500 + x * (EYE_X + 40), EYE_Y + 2 + lift * 0.4)
            crow = smooth(
                [
                    start,
                    (start[0] + x * 13, start[1] + lift * 0.6),
                    (start[0] + x * 24, start[1] + lift * 1.5),
                ],
                False,
            )
            canvas.stroke(crow, [0, 1.8, 0], deep, 0.34 * look.age, 0.8, face)
    if look.age:
        for y, half in ((300, 62), (320, 74), (341, 66)):
            line = smooth(
                [(500 - half, y + 5), (470, y - 1), (500, y + 2), (530, y - 1), (500 + half, y + 5)], False
            )
            canvas.stroke(line, [0, 2.2, 2.4, 2.2, 0], deep, 0.24 * look.age, 1, face)
        for x in (-1, 1):
            frown = smooth([(500 + x * 9, 388), (500 + x * 7, 400), (500 + x * 10, 412)], False)
            canvas.stroke(frown, [0, 2, 0], deep, 0.18 * look.age, 1, face)


def _draw_freckles(canvas: Canvas, look: Look, face: FloatArray) -> None:
    rng = np.random.default_rng(11)
    spots: list[Path] = []
    while len(spots) < 54:
        x, y = rng.normal(0, 62), rng.normal(486, 15)
        if 14 < abs(x) < 118:
            spots.append(ellipse((500 + x, y), (rng.uniform(0.9, 1.9), rng.uniform(0.9, 1.7)), steps=12))
    canvas.fill(spots, times(look.shade, (0.95, 0.8, 0.7)), 0.42, 0.5, face)


def _draw_beard(canvas: Canvas, look: Look, face: FloatArray) -> None:
    """A trimmed beard: soft shadow first, then short hairs, clear of the lips."""
    half = points("152,440 139,456 128,505 112,548 76,566 64,540 30,536 0,541")
    outer = [(0, 700), (90, 660), (160, 560), (166, 450)]
    right = [(500 + x, y) for x, y in half]
    around = [(500 + x, y) for x, y in outer]
    left = [(1000 - x, y) for x, y in right[-2::-1]]
    shape = smooth([*right, *left, *[(1000 - x, y) for x, y in around[::-1]], *around[1:]])
    lips = ellipse((500, MOUTH_Y + 4), (60, 26))
    area = canvas.mask(shape, 5) * face * (1 - canvas.mask(lips, 3.5))
    area *= 1 - 0.75 * canvas.mask(ellipse((500, 603), (34, 9)), 5)
    canvas.fill(shape, look.hair, 0.62 * look.beard, 0, area)
    rng = np.random.default_rng(5)
    hairs = []
    for _ in range(1500):
        x, y = rng.uniform(345, 655), rng.uniform(440, 672)
        lean = (x - 500) / 150 * 0.7 + rng.normal(0, 0.3)
        length = rng.uniform(5, 9)
        tip = (x + np.sin(lean) * length, y + np.cos(lean) * length)
        hairs.append(ribbon(np.array([(x, y), ((x + tip[0]) / 2, (y + tip[1]) / 2), tip]), [1.2, 1.2, 0.2]))
    canvas.fill(hairs[:1000], times(look.hair, 0.7), 0.5 * look.beard, 0, area)
    canvas.fill(hairs[1000:], look.hair_light, 0.35 * look.beard, 0, area)
