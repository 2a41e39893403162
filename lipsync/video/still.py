"""Photos: looked at by their header first, then decoded upright, on white, as 8-bit RGB."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from lipsync.video.color import Image
from lipsync.video.errors import MediaError

Pillow.init()
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
DEFAULT_PIXELS = 40_000_000
LONGEST_SIDE = 16_384
"""Longest side of a picture in pixels: no H.264 encoder takes more."""


@dataclass(frozen=True)
class StillInfo:
    """What a photo's header says. Sizes are in pixels, upright."""

    format: str
    width: int
    height: int
    pixel_format: str
    has_alpha: bool
    rotation_degrees: int
    frame_count: int


_TURNS = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}


def require_pixels(width: int, height: int, pixels: int = DEFAULT_PIXELS) -> None:
    """Raises MediaError when a picture of this size is too big to work on."""
    if width <= 0 or height <= 0:
        raise MediaError("This picture has no pixels; choose another file.", "zero_length")
    if width * height > pixels or max(width, height) > LONGEST_SIDE:
        raise MediaError(
            f"This picture is {width} x {height} pixels, more than the {pixels / 1e6:g} megapixels "
            f"or {LONGEST_SIDE} pixels a side allowed; make it smaller and try again.",
            "too_many_pixels",
        )


@contextmanager
def _open_still(path: Path) -> Iterator[Pillow.Image]:
    # The size is checked here from the header, with a better message than Pillow's own guard gives.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        try:
            opened = Pillow.open(path, formats=FORMATS)
        except Pillow.DecompressionBombError as error:
            raise MediaError(
                "This picture unpacks to far more pixels than can be worked on; "
                "make it smaller and try again.",
                "too_many_pixels",
            ) from error
        with opened as picture:
            yield picture


def probe_still(path: Path) -> StillInfo | None:
    """What the photo's header says, or None when the file is not a photo. MediaError when too big."""
    try:
        with _open_still(path) as picture:
            # Looking for EXIF unpacks a PNG, so the size comes first.
            require_pixels(*picture.size)
            turn = _TURNS.get(picture.getexif().get(0x0112, 1), 0)
            width, height = picture.size
            if turn in {90, 270}:
                width, height = height, width
            return StillInfo(
                format=(picture.format or "").lower(),
                width=width,
                height=height,
                pixel_format=picture.mode,
                has_alpha=picture.has_transparency_data,
                rotation_degrees=turn,
                frame_count=getattr(picture, "n_frames", 1),
            )
    except UnidentifiedImageError:
        return None
    except (OSError, SyntaxError, ValueError) as error:
        raise _damaged(error) from error


def is_photo(still: StillInfo) -> bool:
    """Whether it is used as a photo: all but animated GIF and PNG, which are read as video."""
    return still.frame_count == 1 or still.format not in {"gif", "png"}


def _damaged(error: Exception) -> MediaError:
    if "truncated" in str(error).lower():
        return MediaError("This picture is cut off; upload the complete file.", "truncated")
    return MediaError("This picture is damaged; save it again as JPEG or PNG and upload that.", "damaged")


def read_still(path: Path, pixels: int = DEFAULT_PIXELS) -> Image:
    """The photo, (height, width, 3) RGB uint8, turned as its EXIF says, alpha laid on white.

    Raises MediaError when it is too big, damaged or cut off.
    """
    try:
        with _open_still(path) as picture:
            require_pixels(*picture.size, pixels)
            picture.load()
            return _to_rgb(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError as error:
        raise MediaError(
            "This file is not a picture; choose a JPEG, PNG or WebP file.", "not_media"
        ) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise _damaged(error) from error


def _to_rgb(picture: Pillow.Image) -> Image:
    if picture.mode.startswith("I;16") or picture.mode == "I":
        # 16-bit grey: Pillow's own conversion would clip it to 255 instead of scaling it.
        values = np.clip(np.asarray(picture).astype(np.uint32) * 255 // 65_535, 0, 255).astype(np.uint8)
        return np.ascontiguousarray(np.repeat(values[..., None], 3, axis=2))
    if picture.mode == "F":
        values = np.clip(np.asarray(picture) * 255, 0, 255).astype(np.uint8)
        return np.ascontiguousarray(np.repeat(values[..., None], 3, axis=2))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Pillow.new("RGBA", picture.size, "white")
        picture = Pillow.alpha_composite(white, picture)
    return np.array(picture.convert("RGB"))
