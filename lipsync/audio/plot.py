"""A picture of a mouth track."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.shape import MouthShape, MouthTrack

Image = npt.NDArray[np.uint8]

ROW_HEIGHT, ROW_GAP, LEFT, TOP = 110, 26, 110, 30
SHORTEST, LONGEST = 640, 6000
PIXELS_PER_SECOND = 240
INK, GRID, PAPER = (40, 44, 52), (222, 224, 230), (252, 252, 253)
COLOURS = ((46, 110, 214), (34, 150, 110), (176, 84, 190), (214, 130, 36), (204, 60, 78))  # RGB
SUPERSAMPLE = 2


def _text(image: Image, text: str, x: int, y: int, size: float = 0.5) -> None:
    scale = SUPERSAMPLE
    cv2.putText(
        image, text, (x * scale, y * scale), cv2.FONT_HERSHEY_SIMPLEX, size * scale, INK, scale, cv2.LINE_AA
    )


def plot_track(track: MouthTrack) -> Image:
    """The five tracks above one another over time; uint8 (H, W, 3) RGB."""
    seconds = max(len(track) / track.fps, 0.1)
    width = int(np.clip(seconds * PIXELS_PER_SECOND, SHORTEST, LONGEST))
    height = TOP + len(COLOURS) * (ROW_HEIGHT + ROW_GAP) + 24
    scale = SUPERSAMPLE
    image: Image = np.full((height * scale, (LEFT + width + 20) * scale, 3), PAPER, np.uint8)
    step = next((s for s in (0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 600) if s / seconds * width >= 60), 1800)
    for tick in np.arange(0, seconds + 1e-6, step):
        place = LEFT + round(float(tick) / seconds * width)
        cv2.line(image, (place * scale, TOP * scale), (place * scale, (height - 40) * scale), GRID, scale)
        _text(image, f"{tick:g} s", place - 10, height - 14, 0.42)
    for row, (name, colour) in enumerate(zip(MouthShape._fields, COLOURS, strict=True)):
        base = TOP + row * (ROW_HEIGHT + ROW_GAP) + ROW_HEIGHT
        cv2.line(image, (LEFT * scale, base * scale), ((LEFT + width) * scale, base * scale), GRID, scale)
        _text(image, name, 12, base - ROW_HEIGHT // 2)
        values = getattr(track, name)
        if not len(values):
            continue
        x = (LEFT + np.arange(len(values)) / track.fps / seconds * width) * scale
        y = (base - values * ROW_HEIGHT) * scale
        line = np.stack([x, y], axis=1).round().astype(np.int32)
        floor = np.array([[line[-1, 0], base * scale], [line[0, 0], base * scale]], np.int32)
        tint = tuple(int(255 - (255 - part) * 0.25) for part in colour)
        cv2.fillPoly(image, [np.concatenate([line, floor])], tint, cv2.LINE_AA)
        cv2.polylines(image, [line], False, colour, 2 * scale, cv2.LINE_AA)
    size = (image.shape[1] // scale, image.shape[0] // scale)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def draw_track(track: MouthTrack) -> bytes:
    """``plot_track`` as a PNG file."""
    written, encoded = cv2.imencode(".png", plot_track(track)[:, :, ::-1])
    if not written:
        raise OSError("the picture could not be encoded")
    return encoded.tobytes()
