"""A photo that speaks: the rig's fields summed, inverted and sampled; the inside of the mouth drawn in."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lipsync.audio.shape import MouthShape
from lipsync.face.drive import control_weights
from lipsync.face.eyes import Eyes
from lipsync.face.face import NEUTRAL, STILL, Expression, Image, Pose
from lipsync.face.frame import FaceFrame
from lipsync.face.head import HEAD_REACH, HeadField
from lipsync.face.lips import find_lips
from lipsync.face.mouth_drawing import MouthDrawing, MouthState
from lipsync.face.rig import CONTROLS, Box, Rig, build_rig, expression_weights, oval_box
from lipsync.face.warp import invert

Array = npt.NDArray[np.float32]

STILL_PIXELS = 0.15  # a smaller displacement counts, by degrees, as none


class PhotoFace:
    """A picture of a face, drawn speaking. Keeps ``Face``.

    image         (H, W, 3) RGB
    landmarks     (468, 3) pixels
    box           draw only within (left, top, right, bottom), pixels, and leave out what head motion needs:
                  for one frame of a video, which moves by itself
    """

    def __init__(self, image: Image, landmarks: Array, *, box: Box | None = None) -> None:
        self.image = image
        self.landmarks = landmarks
        self.size = (image.shape[1], image.shape[0])
        frame = FaceFrame.of(landmarks)
        lips = find_lips(image, landmarks, frame)
        self.rig: Rig = build_rig(landmarks, lips, frame, self.size, box or oval_box(landmarks, HEAD_REACH))
        grid = self.rig.grid
        self._index = np.stack(np.meshgrid(np.arange(grid.columns), np.arange(grid.rows)), axis=-1).astype(
            np.float32
        )
        width, height = grid.extent(self.size)
        self._extent = (width, height)
        x, y = np.meshgrid(np.arange(width), np.arange(height))
        self._base = np.stack([x, y], axis=-1).astype(np.float32)
        # Sampling a 2x enlargement linearly keeps nearly all sharpness at the cost of linear sampling.
        crop = image[grid.top : grid.top + height, grid.left : grid.left + width]
        self._source = cv2.resize(crop, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
        self._head = HeadField(landmarks, frame, grid, self.size) if box is None else None
        self._mouth = MouthDrawing(image, landmarks, self.rig, self._extent)
        self._eyes = Eyes(image, landmarks, frame)

    def draw(self, mouth: MouthShape, expression: Expression = NEUTRAL, pose: Pose = STILL) -> Image:
        """A fresh picture with this mouth, expression and pose; untouched outside the head."""
        canvas = self.image.copy()
        grid = self.rig.grid
        width, height = self._extent
        box = canvas[grid.top : grid.top + height, grid.left : grid.left + width]
        box[...] = self.draw_region(mouth, expression, pose)
        return canvas

    def draw_region(self, mouth: MouthShape, expression: Expression = NEUTRAL, pose: Pose = STILL) -> Image:
        """What ``draw`` changes: the grid's box of the picture, (height, width, 3)."""
        rig, grid = self.rig, self.rig.grid
        weights = control_weights(mouth, expression, rig.lips)
        head = self._head.field(pose) if self._head is not None else None
        upper = _weighted(rig.upper, weights, head)
        lower = _weighted(rig.lower, weights, head)
        inverse = grid.upsample(invert(upper, self._index, grid.step), self._extent)
        where = self._base - inverse
        state = MouthState.of(rig, weights, head)
        self._mouth.part_lips(where, lower, self._index, state)
        self._eyes.move(where, pose, expression_weights(expression), (grid.left, grid.top))
        region = cv2.remap(
            self._source, where * 2 + 0.5, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )  # type: ignore[call-overload]
        if head is None:
            self._keep_still(region, where)
        self._mouth.fill(region, state)
        return np.asarray(region, dtype=np.uint8)

    def _keep_still(self, region: Image, where: Array) -> None:
        """Give pixels that do not move the source's own values: resampling in place would soften them."""
        grid = self.rig.grid
        width, height = self._extent
        source = self.image[grid.top : grid.top + height, grid.left : grid.left + width]
        moved = np.abs(where - self._base).max(axis=2)
        share = (np.clip(moved / STILL_PIXELS, 0, 1) * 256).astype(np.uint16)[..., None]
        region[...] = (source * (256 - share) + region * share) >> 8


def _weighted(fields: Array, weights: dict[str, float], head: Array | None) -> Array:
    total = head.copy() if head is not None else np.zeros(fields.shape[1:], np.float32)
    for name, weight in weights.items():
        total += np.float32(weight) * fields[CONTROLS.index(name)]
    return total
