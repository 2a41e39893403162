"""Reading a mouth back off a picture, with landmarks found again."""

import numpy as np

from lipsync.face import topology
from lipsync.face.detect import FaceDetector
from lipsync.face.frame import FaceFrame
from lipsync.face.mesh import FaceMesh, roi_from_landmarks


class Reader:
    """Finds the one face in pictures and says how far its lips are apart.

    ``crops`` looks are averaged: one alone is off by .01 D and more on a face that moves.
    """

    def __init__(self, crops: int = 1) -> None:
        self._detector, self._mesh, self._crops = FaceDetector(), FaceMesh(), crops
        self._last = None

    def landmarks(self, image):
        """(468, 3) pixels; follows from picture to picture."""
        fit = None
        if self._last is not None:
            fit = self._mesh.fit(image, roi_from_landmarks(self._last), self._crops)
        if fit is None:
            fit = self._mesh.fit_detection(image, self._detector.detect(image)[0], self._crops)
        assert fit is not None, "no face in the picture"
        self._last = fit.points
        return fit.points

    def gap(self, image) -> float:
        """Opening between the lips in the middle of the mouth, in D."""
        points = self.landmarks(image)
        uv = FaceFrame.of(points).to_uv(points[:, :2])
        middle = slice(4, 7)
        upper, lower = uv[list(topology.UPPER_INNER[middle]), 1], uv[list(topology.LOWER_INNER[middle]), 1]
        return float((lower - upper).mean())

    def mouth_width(self, image) -> float:
        """Between the corners, in D."""
        points = self.landmarks(image)
        uv = FaceFrame.of(points).to_uv(points[:, :2])
        return float(np.linalg.norm(uv[topology.MOUTH_RIGHT] - uv[topology.MOUTH_LEFT]))
