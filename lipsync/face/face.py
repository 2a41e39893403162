"""The one contract every face keeps: a photo, a frame of a video, the house avatar."""

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from lipsync.audio.shape import MouthShape

Image = npt.NDArray[np.uint8]  # (height, width, 3) RGB


class Expression(NamedTuple):
    """How much of each expression is on the face, 0..1; all 0 is neutral."""

    happy: float = 0.0
    sad: float = 0.0
    surprised: float = 0.0
    angry: float = 0.0


class Pose(NamedTuple):
    """Where the head and eyes are, relative to the source picture.

    yaw, pitch, roll  radians; positive yaw turns towards the picture's right, positive pitch nods down,
                      positive roll tilts clockwise as seen in the picture
    gaze_x, gaze_y    -1..1, positive to the picture's right and down
    blink             0 open .. 1 shut
    breath            -1..1, phase of breathing
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    blink: float = 0.0
    breath: float = 0.0


NEUTRAL = Expression()
STILL = Pose()


class Face(Protocol):
    """Something that can be drawn speaking."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the pictures ``draw`` returns, in pixels."""
        ...

    def draw(self, mouth: MouthShape, expression: Expression = NEUTRAL, pose: Pose = STILL) -> Image:
        """A fresh picture of the face with this mouth, expression and pose."""
        ...
