"""Behind and below the face: background, neck and clothes."""

import numpy as np

from lipsync.face.house.canvas import (
    Canvas,
    Colour,
    FloatArray,
    Linear,
    Path,
    ellipse,
    mirrored,
    mix,
    points,
    ribbon,
    smooth,
    times,
)
from lipsync.face.house.head import WHITE, face_outline, skin_tones
from lipsync.face.house.look import Look

_DEEP = 2600.0  # far below any picture


def draw_background(canvas: Canvas, look: Look) -> None:
    """A quiet room of light: a gradient, a glow behind the head, two large soft rings."""
    top, bottom = look.background
    box = canvas.box
    whole = np.array([(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)])
    canvas.fill(
        whole, Linear((200, box.y0), (800, box.y1), (mix(top, WHITE, 0.18), mix(top, bottom, 0.45), bottom))
    )
    canvas.fill(ellipse((500, 400), (430, 430), steps=160), mix(top, WHITE, 0.55), 0.34)
    canvas.fill(ellipse((500, 400), (335, 335), steps=160), mix(top, WHITE, 0.75), 0.34)
    canvas.fill(ellipse((500, 420), (300, 340)), WHITE, 0.3, 90)
    canvas.fill(ellipse((840, 980), (300, 260)), times(bottom, 0.8), 0.35, 110)


def draw_body(canvas: Canvas, look: Look) -> None:
    """Paints neck, shoulders and clothes."""
    _draw_neck(canvas, look)
    styles = {
        "crew": _draw_crew,
        "blazer": _draw_blazer,
        "turtleneck": _draw_turtleneck,
        "overshirt": _draw_overshirt,
        "drape": _draw_drape,
    }
    styles[look.clothes_style](canvas, look)


def _draw_neck(canvas: Canvas, look: Look) -> None:
    light, base, shade, deep = skin_tones(look)
    w = 76 * look.neck
    right = [
        (w, 560),
        (w * 0.97, 660),
        (w * 1.03, 715),
        (w * 1.35, 768),
        (w * 1.75, 800),
        (150, 880),
        (110, 1010),
    ]
    neck = smooth([*[(500 + x, y) for x, y in right], *[(500 - x, y) for x, y in right[::-1]]])
    tone = Linear(
        (400, 640), (610, 760), (mix(base, light, 0.12), mix(base, shade, 0.2), mix(base, shade, 0.6))
    )
    canvas.fill(neck, tone)
    clip = canvas.mask(neck)
    canvas.fill(face_outline(look) + (12, 46), shade, 0.7, 13, clip)
    canvas.fill(face_outline(look) + (6, 22), deep, 0.36, 10, clip)
    for x in (-1, 1):
        tendon = smooth([(500 + x * 58, 690), (500 + x * 40, 750), (500 + x * 14, 806)], False)
        canvas.stroke(tendon, [2, 9, 5], shade, 0.4, 4, clip)
        bone = smooth([(500 + x * 18, 818), (500 + x * 70, 800), (500 + x * 150, 792)], False)
        canvas.stroke(bone, [2, 9, 3], light, 0.5, 4, clip)
        canvas.stroke(bone + (0, 9), [1, 7, 2], shade, 0.5, 4, clip)
    canvas.fill(ellipse((500, 822), (12, 12)), shade, 0.5, 6, clip)
    canvas.stroke(
        np.array([(500 + w - 4, 640), (500 + w - 4, 690), (500 + w, 745)]),
        [0, 6, 0],
        look.rim,
        0.3,
        2.5,
        clip,
    )


def _shoulders(width: float = 1.0, top: float = 762.0, inner: float = 96.0) -> Path:
    """The closed outline of a clothed torso, its collar from ``inner`` units either side."""
    right = [
        (inner, top),
        (inner + 10, top + 6),
        (190 * width, top + 44),
        (292 * width, top + 84),
        (352 * width, top + 150),
        (388 * width, top + 270),
        (400 * width, top + 420),
    ]
    path = [(500 + x, y) for x, y in right]
    path = [(500 - x, y) for x, y in right[::-1]] + path
    curve = smooth(path, closed=False)
    return np.concatenate([curve, [(500 + 420 * width, _DEEP), (500 - 420 * width, _DEEP)]])


def _draw_cloth(canvas: Canvas, look: Look, path: Path, colour: Colour, light: Colour) -> FloatArray:
    """A garment's body with light from the left, folds at the arms and a rim at the right; its mask."""
    dark = times(colour, 0.62)
    canvas.fill(
        path, Linear((180, 780), (860, 1060), (mix(colour, light, 0.75), colour, mix(colour, dark, 0.7)))
    )
    clip = canvas.mask(path)
    canvas.fill(ellipse((300, 850), (130, 50), -0.4), light, 0.4, 30, clip)
    canvas.fill(ellipse((660, 960), (90, 150)), dark, 0.4, 40, clip)
    for x in (-1, 1):
        arm = smooth(
            [(500 + x * 272, 1200), (500 + x * 270, 1040), (500 + x * 252, 950), (500 + x * 240, 900)], False
        )
        canvas.stroke(arm, [12, 10, 6, 0], dark, 0.42, 6, clip)
        canvas.stroke(arm - (12, 0), [7, 6, 4, 0], light, 0.3, 5, clip)
        fold = smooth([(500 + x * 232, 1010), (500 + x * 200, 960), (500 + x * 186, 900)], False)
        canvas.stroke(fold, [0, 9, 0], dark, 0.22, 7, clip)
    edge = path[path[:, 0] > 600]
    canvas.fill(ribbon(edge, [0, 12, 12, 9]), look.rim, 0.32, 4, clip)
    canvas.stroke(edge, [0, 4, 4, 3], look.rim, 0.4, 1, clip)
    canvas.fill(ellipse((505, 745), (150, 40)), times(colour, 0.4), 0.35, 20, clip)
    return clip


def _draw_crew(canvas: Canvas, look: Look) -> None:
    body = _shoulders()
    clip = _draw_cloth(canvas, look, body, look.clothes, look.clothes_light)
    collar = smooth([(396, 752), (420, 800), (500, 828), (580, 800), (604, 752)], False)
    canvas.stroke(collar, 24, look.clothes_light, 0.9, 0, clip)


def _collar_hole(depth: float, half: float) -> Path:
    return smooth(
        [
            (500 - half, 730),
            (500 - half, 762),
            (500 - half * 0.62, 762 + depth * 0.72),
            (500, 762 + depth),
            (500 + half * 0.62, 762 + depth * 0.72),
            (500 + half, 762),
            (500 + half, 730),
        ]
    )


def _draw_tee(canvas: Canvas, look: Look, colour: Colour, depth: float) -> None:
    """What is worn below an open jacket, with a round neck ``depth`` units low."""
    dark = times(colour, (0.7, 0.66, 0.66))
    half = 100 * look.neck
    hole = _collar_hole(depth, half)
    shirt = np.array([(500 - half - 40, 752), (500 + half + 40, 752), (640, _DEEP), (360, _DEEP)])
    clip = canvas.mask(shirt) * (1 - canvas.mask(hole)) * canvas.mask(_shoulders(1.0, 756, half))
    canvas.fill(shirt, Linear((400, 800), (620, 1000), (colour, mix(colour, dark, 0.45))), 1, 0, clip)
    rim = hole[(hole[:, 1] > 752)]
    canvas.stroke(rim, 17, mix(colour, WHITE, 0.2), 1, 0, clip)
    canvas.stroke(rim + (0, 10), 2.4, dark, 0.6, 0.8, clip)
    for x, y in ((-40, 900), (34, 930), (-12, 960)):
        fold = smooth([(500 + x, y), (500 + x * 0.6, y + 60), (500 + x * 0.9, y + 120)], False)
        canvas.stroke(fold, [0, 9, 0], dark, 0.4, 5, clip)


def _draw_jacket(canvas: Canvas, look: Look, opening: float, width: float) -> FloatArray:
    """Both fronts of an open jacket that meet at ``opening`` units down; its mask."""
    body = _shoulders(width, 756, 100 * look.neck)
    vee = np.array(
        [
            (500 - 108 * look.neck, 700),
            (500 + 108 * look.neck, 700),
            (500 + 92 * look.neck, 790),
            (505, opening),
            (530, _DEEP),
            (470, _DEEP),
            (495, opening),
            (500 - 92 * look.neck, 790),
        ]
    )
    layer = Canvas(canvas.box, canvas.scale)
    clip = _draw_cloth(layer, look, body, look.clothes, look.clothes_light) * (1 - canvas.mask(vee))
    shadow = np.minimum(clip, 1)
    soft = canvas.mask(vee, 7)
    canvas.pixels[..., :3] *= (1 - 0.35 * (1 - soft) * (1 - shadow) * (canvas.pixels[..., 3] / 255))[
        ..., None
    ]
    canvas.pixels *= (1 - clip)[..., None]
    canvas.pixels += layer.pixels * clip[..., None]
    return clip


def _draw_blazer(canvas: Canvas, look: Look) -> None:
    masculine = look.neck > 1.05
    if masculine:
        _draw_shirt(canvas, look)
    else:
        _draw_tee(canvas, look, look.inner_clothes, 96)
    clip = _draw_jacket(canvas, look, 1120, 1.04 if masculine else 0.93)
    dark, light = times(look.clothes, 0.55), look.clothes_light
    n = look.neck
    lapel = np.array(
        [
            (500 + 104 * n, 742),
            (500 + 150 * n, 800),
            (500 + 168 * n, 868),
            (500 + 132 * n, 884),
            (500 + 150 * n, 912),
            (506, 1130),
            (500 + 70 * n, 868),
        ]
    )
    for x, path in ((-1, mirrored(lapel)), (1, lapel)):
        canvas.fill(path + (x * 7, 9), dark, 0.6, 6, clip)
        tone = (
            (mix(look.clothes, light, 0.9), look.clothes)
            if x < 0
            else (mix(look.clothes, light, 0.35), times(look.clothes, 0.8))
        )
        canvas.fill(path, Linear((500 + x * 170, 780), (500 + x * 20, 1080), tone), 1, 0.3)
        edge = path[[0, 1, 2, 3, 4, 5]]
        canvas.stroke(edge, 1.8, light if x < 0 else look.rim, 0.4, 0.5)
        notch = path[[3, 6]] * np.array([1.0, 1.0])
        canvas.stroke(np.array([notch[0], notch[0] * 0.45 + notch[1] * 0.55]), [2.2, 1.2], dark, 0.7, 0.5)


def _draw_shirt(canvas: Canvas, look: Look) -> None:
    """A buttoned shirt with an open collar."""
    colour = look.inner_clothes
    dark = times(colour, (0.68, 0.72, 0.8))
    n = look.neck
    vee = np.array(
        [(500 - 90 * n, 700), (500 + 90 * n, 700), (500 + 84 * n, 770), (500, 886), (500 - 84 * n, 770)]
    )
    shirt = np.array([(500 - 140, 740), (500 + 140, 740), (650, _DEEP), (350, _DEEP)])
    clip = canvas.mask(shirt) * (1 - canvas.mask(vee)) * canvas.mask(_shoulders(1.0, 756, 100 * n))
    canvas.fill(shirt, Linear((400, 800), (640, 1000), (colour, mix(colour, dark, 0.5))), 1, 0, clip)
    canvas.stroke(np.array([(500, 886), (500, 1300)]), 2.2, dark, 0.8, 0.6, clip)
    canvas.stroke(np.array([(516, 890), (516, 1300)]), 1.4, dark, 0.4, 0.5, clip)
    for y in (935, 1010):
        canvas.fill(ellipse((508, y), (4.5, 4.5)), mix(colour, dark, 0.5), 1, 0.4)
        canvas.fill(ellipse((507, y - 1), (3, 3)), WHITE, 0.8, 0.4)
    wing = np.array(
        [(500 + 80 * n, 716), (500 + 100 * n, 752), (500 + 74 * n, 862), (502, 884), (500 + 62 * n, 792)]
    )
    for x, path in ((-1, mirrored(wing)), (1, wing)):
        canvas.fill(path + (x * 3, 10), times(dark, 0.7), 0.45, 6, clip)
        tones = (mix(colour, WHITE, 0.7), colour) if x < 0 else (colour, mix(colour, dark, 0.45))
        canvas.fill(path, Linear((500 + x * 100, 740), (500, 880), tones), 1, 0.3)
        canvas.stroke(path[[1, 2, 3]], 1.6, dark, 0.6, 0.5)


def _draw_overshirt(canvas: Canvas, look: Look) -> None:
    _draw_tee(canvas, look, look.inner_clothes, 62)
    clip = _draw_jacket(canvas, look, 1700, 1.1)
    dark, light = times(look.clothes, 0.55), look.clothes_light
    n = look.neck
    collar = np.array(
        [
            (500 + 88 * n, 716),
            (500 + 120 * n, 752),
            (500 + 152 * n, 850),
            (500 + 92 * n, 884),
            (500 + 84 * n, 800),
        ]
    )
    for x, path in ((-1, mirrored(collar)), (1, collar)):
        canvas.fill(path + (x * 4, 12), dark, 0.65, 7, clip)
        tones = (light, look.clothes) if x < 0 else (mix(look.clothes, light, 0.4), times(look.clothes, 0.82))
        canvas.fill(path, Linear((500 + x * 150, 740), (500 + x * 60, 880), tones), 1, 0.3)
        canvas.stroke(path[[1, 2, 3]] + (-x * 5, -4), 1.4, light, 0.65, 0.4)
        front = np.array([(500 + x * 93 * n, 880), (500 + x * 62 * n, 1300)])
        canvas.stroke(front + (x * 16, 0), 1.4, light, 0.5, 0.4, clip)
        canvas.stroke(front + (x * 2, 0), 3, dark, 0.6, 1, clip)
    pocket = np.array([(300, 1000), (392, 1006), (388, 1200), (296, 1200)])
    canvas.stroke(np.concatenate([pocket, pocket[:1]]), 1.6, light, 0.5, 0.4, clip)


def _draw_turtleneck(canvas: Canvas, look: Look) -> None:
    colour, light = look.clothes, look.clothes_light
    dark = times(colour, (0.7, 0.64, 0.6))
    clip = _draw_cloth(canvas, look, _shoulders(0.9, 770, 88), colour, light)
    ribs = [
        smooth([(500 + x * 0.5, 850), (500 + x, 960), (500 + x * 1.15, 1300)], False)
        for x in range(-330, 331, 22)
    ]
    canvas.fill([ribbon(rib, [0, 3, 3]) for rib in ribs], dark, 0.16, 1.4, clip)
    rim = smooth([(414, 712), (450, 722), (500, 726), (550, 722), (586, 712)], False)
    side = smooth([(586, 712), (594, 740), (602, 800)], False)
    hem = smooth([(602, 800), (560, 822), (500, 828), (440, 822), (398, 800)], False)
    neck = np.concatenate([rim, side[1:], hem[1:], mirrored(side)[::-1][1:]])
    canvas.fill(neck + (3, 14), dark, 0.6, 8, clip)
    canvas.fill(neck, Linear((405, 740), (600, 780), (light, colour, mix(colour, dark, 0.75))))
    mask = canvas.mask(neck)
    for x in range(-96, 97, 12):
        rib = smooth([(500 + x * 0.93, 700), (500 + x, 760), (500 + x, 826)], False)
        canvas.stroke(rib, 3, dark, 0.3, 1.3, mask)
    canvas.fill(face_outline(look) + (8, 52), dark, 0.8, 10, mask)
    fold = smooth([(404, 778), (450, 796), (500, 800), (550, 796), (598, 776)], False)
    canvas.stroke(fold, [2, 6, 7, 6, 2], dark, 0.5, 3, mask)
    canvas.stroke(np.array([(592, 710), (598, 800)]), [3, 6], look.rim, 0.5, 2, mask)


def _draw_drape(canvas: Canvas, look: Look) -> None:
    """A dress under the ends of the scarf."""
    _draw_cloth(canvas, look, _shoulders(0.92, 764, 92), look.clothes, look.clothes_light)
    colour, light = look.hair, look.hair_light
    dark = times(colour, 0.6)
    shawl = smooth(
        points(
            "378,640 338,705 292,790 262,862 330,930 430,985 520,1000 600,960 690,905 744,850 "
            "706,780 666,705 622,640"
        )
    )
    canvas.fill(shawl + (0, 16), times(look.clothes, 0.4), 0.6, 12, canvas.mask(_shoulders(0.92, 764, 92)))
    canvas.fill(shawl, Linear((300, 640), (720, 960), (mix(colour, light, 0.55), colour, dark)))
    clip = canvas.mask(shawl)
    for i in range(7):
        part = i / 6
        fold = smooth(
            [
                (380 + 20 * part, 640 + 40 * part),
                (400 + 50 * part, 770 + 40 * part),
                (500 + 40 * part, 850 + 30 * part),
                (610 + 40 * part, 800 + 60 * part),
                (690 + 20 * part, 720 + 120 * part),
            ],
            False,
        )
        canvas.stroke(fold, [0, 12, 18, 12, 0], dark, 0.3, 7, clip)
        canvas.stroke(fold - (0, 13), [0, 7, 11, 7, 0], light, 0.26, 6, clip)
    canvas.fill(ellipse((504, 772), (150, 44)), dark, 0.7, 20, clip)
    edge = shawl[(shawl[:, 0] > 610) & (shawl[:, 1] < 900)]
    canvas.stroke(edge[::-1], [0, 7, 7, 0], look.rim, 0.4, 2, clip)
