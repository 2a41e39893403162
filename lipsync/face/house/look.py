"""The people of the house: who can be drawn without any picture.

The head is drawn in a box of 1000 units: the face's middle line at x 500, eyes at y 432, the mouth at
y 568, the chin at about y 672.
"""

from dataclasses import dataclass, field
from typing import Literal

from lipsync.face.house.canvas import Colour

BROADEN = 1.09  # heads are painted this much wider than their numbers say
EYE_X, EYE_Y = 67.0, 432.0  # from the middle line; the line between the eye corners
MOUTH_Y = 568.0


def _rgb(code: str) -> Colour:
    return (float(int(code[0:2], 16)), float(int(code[2:4], 16)), float(int(code[4:6], 16)))


@dataclass(frozen=True)
class Look:
    """One person. Colours are 0..255 RGB; factors are 1 for the average face."""

    name: str
    skin: Colour
    shade: Colour  # of skin turned from the light
    blush: Colour
    lips: Colour
    hair: Colour
    hair_light: Colour
    hair_style: Literal["waves", "crop", "bob", "parted", "scarf"]
    eyes: Colour
    clothes: Colour
    clothes_light: Colour
    inner_clothes: Colour
    clothes_style: Literal["crew", "blazer", "turtleneck", "overshirt", "drape"]
    background: tuple[Colour, Colour]  # top, bottom
    rim: Colour  # of the light from behind, at the picture's right
    brows: Colour
    brow_height: float = 15.0  # thickness at its widest, units
    jaw: float = 1.0  # width
    lip_fullness: float = 1.0
    nose_width: float = 1.0
    eye_size: float = 1.0
    lid_fold: float = 1.0  # 0: none
    lashes: float = 1.0
    age: float = 0.0  # 0..1: lines
    beard: float = 0.0  # 0..1: density
    neck: float = 1.0  # width
    glasses: Colour | None = None
    freckles: bool = field(default=False)


HOUSE_LOOKS: dict[str, Look] = {
    look.name: look
    for look in (
        Look(
            name="maya",
            skin=_rgb("eebd98"),
            shade=_rgb("bd7a5b"),
            blush=_rgb("e07f68"),
            lips=_rgb("c4605c"),
            hair=_rgb("6e3520"),
            hair_light=_rgb("c27a48"),
            hair_style="waves",
            eyes=_rgb("4f8a5c"),
            clothes=_rgb("1f6f70"),
            clothes_light=_rgb("3d9c98"),
            inner_clothes=_rgb("f4ede2"),
            clothes_style="blazer",
            background=(_rgb("f7dcc6"), _rgb("e7ad92")),
            rim=_rgb("fff0d8"),
            brows=_rgb("5d2f1d"),
            brow_height=13,
            jaw=0.95,
            lip_fullness=1.1,
            nose_width=0.9,
            eye_size=1.06,
            neck=0.88,
            freckles=True,
        ),
        Look(
            name="theo",
            skin=_rgb("86563c"),
            shade=_rgb("4d2b20"),
            blush=_rgb("9c5238"),
            lips=_rgb("84473f"),
            hair=_rgb("1d1715"),
            hair_light=_rgb("4b3d37"),
            hair_style="crop",
            eyes=_rgb("5a3418"),
            clothes=_rgb("34558b"),
            clothes_light=_rgb("5a80b8"),
            inner_clothes=_rgb("efe6d6"),
            clothes_style="overshirt",
            background=(_rgb("f3c667"), _rgb("e39a3b")),
            rim=_rgb("ffd89a"),
            brows=_rgb("1b1412"),
            brow_height=18,
            jaw=1.08,
            lip_fullness=1.22,
            nose_width=1.22,
            eye_size=0.97,
            lashes=0.55,
            beard=0.8,
            neck=1.18,
        ),
        Look(
            name="june",
            skin=_rgb("f3cdaa"),
            shade=_rgb("c98f72"),
            blush=_rgb("ea9384"),
            lips=_rgb("cb5f66"),
            hair=_rgb("211d26"),
            hair_light=_rgb("625873"),
            hair_style="bob",
            eyes=_rgb("4a2d1e"),
            clothes=_rgb("efe5d8"),
            clothes_light=_rgb("fffaf2"),
            inner_clothes=_rgb("efe5d8"),
            clothes_style="turtleneck",
            background=(_rgb("cfcdf2"), _rgb("9a97d6")),
            rim=_rgb("f4e6ff"),
            brows=_rgb("2b242c"),
            brow_height=12,
            jaw=0.98,
            lip_fullness=1.0,
            nose_width=0.96,
            eye_size=1.02,
            neck=0.88,
            lid_fold=0.35,
            glasses=_rgb("3b2a2e"),
        ),
        Look(
            name="arthur",
            skin=_rgb("ecc0a4"),
            shade=_rgb("b5765f"),
            blush=_rgb("d6806c"),
            lips=_rgb("b8706a"),
            hair=_rgb("a3a7ad"),
            hair_light=_rgb("eef0f2"),
            hair_style="parted",
            eyes=_rgb("4f7fa6"),
            clothes=_rgb("2b3550"),
            clothes_light=_rgb("4b5a80"),
            inner_clothes=_rgb("dfeaf5"),
            clothes_style="blazer",
            background=(_rgb("cfe0e4"), _rgb("8fb0b8")),
            rim=_rgb("f4fbff"),
            brows=_rgb("8d8d90"),
            brow_height=17,
            jaw=1.07,
            lip_fullness=0.78,
            nose_width=1.1,
            eye_size=0.9,
            lashes=0.35,
            age=1.0,
            neck=1.12,
        ),
        Look(
            name="noor",
            skin=_rgb("cf9468"),
            shade=_rgb("8f5538"),
            blush=_rgb("cf6c4e"),
            lips=_rgb("ad4f4b"),
            hair=_rgb("a44a63"),
            hair_light=_rgb("dd8e9c"),
            hair_style="scarf",
            eyes=_rgb("5b3a1c"),
            clothes=_rgb("3c3350"),
            clothes_light=_rgb("62567e"),
            inner_clothes=_rgb("a44a63"),
            clothes_style="drape",
            background=(_rgb("d5e6d4"), _rgb("93bfa3")),
            rim=_rgb("fff3dc"),
            brows=_rgb("2c1a14"),
            brow_height=15,
            jaw=0.97,
            lip_fullness=1.12,
            nose_width=1.0,
            eye_size=1.08,
            lashes=1.2,
        ),
    )
}


def find_look(name: str) -> Look:
    """The look called ``name``; raises KeyError naming the looks there are."""
    try:
        return HOUSE_LOOKS[name]
    except KeyError:
        raise KeyError(
            f"There is no house avatar called {name!r}; choose one of {', '.join(HOUSE_LOOKS)}."
        ) from None
