"""The mouth as numbers: what speech drives and what faces draw."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


class MouthShape(NamedTuple):
    """One video frame's mouth. Every value is 0..1 and 0 everywhere is a closed mouth at rest.

    openness  how far the lips are apart; 1 is a wide /a/
    width     how far the corners are drawn apart; 1 is a spread /i/
    rounding  how far the lips are drawn together and forward; 1 is a tight /u/
    teeth     how near the lower lip is to the upper teeth; 1 is /f/
    closure   how hard the lips are pressed together; 1 is the hold of a /p/
    """

    openness: float = 0.0
    width: float = 0.0
    rounding: float = 0.0
    teeth: float = 0.0
    closure: float = 0.0


CLOSED = MouthShape()


@dataclass(frozen=True)
class MouthTrack:
    """The mouth over a whole utterance: arrays of shape (frames,), float32, 0..1, at ``fps``."""

    fps: float
    openness: FloatArray
    width: FloatArray
    rounding: FloatArray
    teeth: FloatArray
    closure: FloatArray

    def __len__(self) -> int:
        return len(self.openness)

    def __getitem__(self, frame: int) -> MouthShape:
        """The shape at ``frame``; outside the utterance the mouth is closed."""
        if not 0 <= frame < len(self):
            return CLOSED
        return MouthShape(
            float(self.openness[frame]),
            float(self.width[frame]),
            float(self.rounding[frame]),
            float(self.teeth[frame]),
            float(self.closure[frame]),
        )
