"""From a decoder's frame to RGB and back, with the matrix and range each frame was made with.

Numbers of matrices, transfers and primaries are those of ITU-T H.273, which libav and MP4 share.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple, cast

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)

Image = npt.NDArray[np.uint8]
"""(height, width, 3) RGB."""

BT709 = 1
UNSPECIFIED = 2
BT601 = 6
BT2020 = 9
PQ = 16
HLG = 18
RGB_MATRIX = 0

# Measured on flat colours there and back: worst 2 levels, mean 0.8; without full chroma 4 and 2.6.
READ_SCALING = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
WRITE_SCALING = Interpolation.BILINEAR | Interpolation.ACCURATE_RND
HD_LINES = 720

_SWS_MATRIX = {
    BT709: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    BT601: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    BT2020: Colorspace.BT2020,
    10: Colorspace.BT2020,
}


class ColorTags(NamedTuple):
    """How a picture's numbers are meant, as H.273 code points."""

    primaries: int = BT709
    transfer: int = BT709
    matrix: int = BT709
    full_range: bool = False

    @property
    def is_hdr(self) -> bool:
        return self.transfer in {PQ, HLG}


def default_tags(lines: int) -> ColorTags:
    """What an untagged picture of this many lines is taken for: BT.709 from 720 lines, BT.601 below."""
    return ColorTags() if lines >= HD_LINES else ColorTags(BT601, BT601, BT601)


def frame_tags(frame: av.VideoFrame) -> ColorTags:
    """The tags of a decoded frame, guesses filled in."""
    guess = default_tags(min(frame.width, frame.height))
    full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    matrix = frame.colorspace if frame.colorspace in _SWS_MATRIX else guess.matrix
    return ColorTags(
        frame.color_primaries if frame.color_primaries not in {0, UNSPECIFIED} else guess.primaries,
        frame.color_trc if frame.color_trc not in {0, UNSPECIFIED} else guess.transfer,
        matrix,
        full,
    )


def has_alpha(pixel_format: str) -> bool:
    """Whether a pixel format carries transparency."""
    return pixel_format.startswith(("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya", "pal8"))


def flatten_alpha(pixels: npt.NDArray[np.uint8]) -> Image:
    """(height, width, 4) RGBA laid on white."""
    alpha = pixels[..., 3:].astype(np.uint16)
    color = pixels[..., :3].astype(np.uint16)
    return ((color * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


class RgbConverter:
    """Turns decoded frames into RGB of one size. Keeps its scaler between frames."""

    def __init__(self, width: int, height: int) -> None:
        """width, height: the size wanted, before rotation."""
        self._size = (width, height)
        self._scaler = VideoReformatter()

    def convert(self, frame: av.VideoFrame) -> Image:
        """RGB of ``frame``: alpha on white, HDR brought to BT.709."""
        tags = frame_tags(frame)
        alpha = has_alpha(frame.format.name)
        is_rgb = frame.format.is_rgb or frame.colorspace == RGB_MATRIX
        rgb = self._scaler.reformat(
            frame,
            width=self._size[0],
            height=self._size[1],
            format="rgba" if alpha else "rgb24",
            src_colorspace=None if is_rgb else _SWS_MATRIX[tags.matrix],
            interpolation=READ_SCALING,
            src_color_range=None if is_rgb else ColorRange.JPEG if tags.full_range else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            threads=1,
            # libswscale maps tones and gamut itself when the wanted transfer and primaries differ.
            dst_color_trc=ColorTrc.BT709 if tags.is_hdr else None,
            dst_color_primaries=ColorPrimaries.BT709 if tags.is_hdr else None,
        )
        pixels = cast(Image, rgb.to_ndarray())
        return flatten_alpha(pixels) if alpha else pixels


def display_size(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """(width, height) in square pixels of a picture whose pixels have this width to height ratio."""
    if not aspect or aspect == 1 or not Fraction(1, 8) <= aspect <= 8:
        return width, height
    return max(1, round(width * aspect)), height


class YuvConverter:
    """Turns RGB pictures into frames for the encoder."""

    def __init__(self, pixel_format: str, tags: ColorTags) -> None:
        self._format = pixel_format
        self._tags = tags
        self._scaler = VideoReformatter()

    def convert(self, image: Image) -> av.VideoFrame:
        """The frame holding ``image``, tagged."""
        tags = self._tags
        frame = self._scaler.reformat(
            av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(image), format="rgb24"),
            format=self._format,
            dst_colorspace=_SWS_MATRIX[tags.matrix],
            interpolation=WRITE_SCALING,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.JPEG if tags.full_range else ColorRange.MPEG,
            threads=1,
        )
        frame.colorspace = tags.matrix
        frame.color_range = ColorRange.JPEG if tags.full_range else ColorRange.MPEG
        frame.color_trc = tags.transfer
        frame.color_primaries = tags.primaries
        return frame
