"""Films of one portrait: moved about, talking, with things passing in front of its mouth."""

import cv2
import numpy as np
import skimage.data

SIZE = (480, 400)


def way(number):
    """(2, 3) matrix from the portrait to where it is in frame ``number``."""
    turn, scale = 12 * np.sin(number / 9), 1.0 + 0.25 * np.sin(number / 7)
    matrix = cv2.getRotationMatrix2D((222, 130), turn, scale)
    matrix[:, 2] += (
        SIZE[0] / 2 - 222 + 40 * np.sin(number / 11),
        SIZE[1] / 2 - 130 + 15 * np.cos(number / 8),
    )
    return matrix


def placed(image, number):
    """The portrait on its way through the picture."""
    return cv2.warpAffine(image, way(number), SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def brought_back(frame, number):
    """A frame with the portrait at its own place again, so that frames can be compared."""
    return cv2.warpAffine(frame, way(number), (512, 260), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)


def cup():
    """A photographed cup on its saucer, (h, w, 3), and its mask (h, w), 0..1."""
    picture = skimage.data.coffee()[15:395, 70:490, :3]
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.ellipse(mask, (208, 195), (198, 176), 15, 0, 360, 255, -1)
    return picture, cv2.GaussianBlur(mask, (0, 0), 1.5) / 255


def fingers(skin):
    """Three fingers in the colour ``skin`` (3,), shaded like round things, and their mask."""
    y, x = np.mgrid[:300, :420].astype(np.float32)
    picture, mask = np.zeros((300, 420, 3), np.float32), np.zeros((300, 420), np.float32)
    for number in range(3):
        away = np.abs(y - 60 - 90 * number) / 44
        tip = 40 + 18 * abs(number - 1)
        away = np.where(x < tip + 44, np.hypot(away, np.maximum(tip + 44 - x, 0) / 44), away)
        shade = 0.45 + 0.6 * np.sqrt(np.clip(1 - away**2, 0, 1))
        inside = away < 1
        picture[inside] = (shade[..., None] * skin)[inside]
        mask[inside] = 1
    return np.clip(picture, 0, 255).astype(np.uint8), cv2.GaussianBlur(mask, (0, 0), 1.5)


def put(frame, thing, middle, width):
    """``frame`` with a thing (picture, mask) in front, and where it is, (H, W) 0..1."""
    picture, mask = thing
    scale = width / picture.shape[1]
    matrix = np.array(
        [
            [scale, 0, middle[0] - scale * picture.shape[1] / 2],
            [0, scale, middle[1] - scale * picture.shape[0] / 2],
        ]
    )
    size = (frame.shape[1], frame.shape[0])
    share = cv2.warpAffine(mask.astype(np.float32), matrix, size, flags=cv2.INTER_AREA)
    moved = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_AREA)
    mixed = frame * (1 - share[..., None]) + moved * share[..., None]
    return np.clip(mixed + 0.5, 0, 255).astype(np.uint8), share
