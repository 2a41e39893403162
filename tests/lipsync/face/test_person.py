"""The background of a photo goes out of focus; the person, hair included, stays as they are."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync.face.detect import FaceDetector
from lipsync.face.mesh import FaceMesh
from lipsync.face.person import blur_background, cut_out
from tests.media import portrait


def detail(image: np.ndarray, rows: slice, columns: slice) -> float:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F)[rows, columns].var())


def test_a_portrait_stands_out_from_its_background() -> None:
    image = portrait()
    face = FaceDetector().detect(image)[0]
    fit = FaceMesh().fit_detection(image, face)
    assert fit is not None
    person = cut_out(image, fit.points)
    assert person[100:140, 200:250].min() > 0.95, "the face"
    assert person[30:50, 200:250].mean() > 0.9, "the hair"
    assert person[400:480, 150:250].mean() > 0.9, "the chest"
    assert person[20:150, 360:500].max() < 0.05, "the rocket behind"

    blurred = blur_background(image, fit.points)
    assert blurred.shape == image.shape
    face_area, rocket = (slice(90, 150), slice(195, 255)), (slice(20, 240), slice(370, 460))
    assert detail(blurred, *face_area) > 0.97 * detail(image, *face_area)
    assert detail(blurred, *rocket) < 0.1 * detail(image, *rocket)
    # Out of focus, not darker or of another colour.
    light = [np.square(one[20:240, 360:] / 255.0).mean((0, 1)) for one in (image, blurred)]
    assert np.abs(light[1] / light[0] - 1).max() < 0.1
