"""Small pictures for lists and posters."""

from __future__ import annotations

import cv2

from lipsync.video.color import Image

JPEG_QUALITY = 85


def make_thumbnail(image: Image, longest: int = 640) -> bytes:
    """``image`` (height, width, 3) RGB as JPEG, shrunk so its longest side is at most ``longest`` pixels."""
    height, width = image.shape[:2]
    scale = min(1.0, longest / max(height, width))
    small: cv2.typing.MatLike = image
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    if not done:
        raise ValueError("the picture could not be encoded as JPEG")
    return data.tobytes()
