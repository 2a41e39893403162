"""The mesh lies on the face and moves with it."""

import math

import cv2
import numpy as np
import pytest
import skimage.data

from lipsync.face.detect import FaceDetector
from lipsync.face.iris import LOWER_LID, UPPER_LID, IrisModel
from lipsync.face.mesh import FaceMesh, Roi, eye_distance, head_pose, roi_from_landmarks

MOUTH_CORNERS = (61, 291)


@pytest.fixture(scope="module")
def astronaut():
    return skimage.data.astronaut()


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


@pytest.fixture(scope="module")
def mesh():
    return FaceMesh()


@pytest.fixture(scope="module")
def fitted(astronaut, detector, mesh):
    return mesh.fit_detection(astronaut, detector.detect(astronaut)[0], crops=5)


def test_landmarks_lie_on_eyes_mouth_and_chin(fitted):
    points = fitted.points
    assert points.shape == (468, 3)
    assert points.dtype == np.float32
    assert fitted.score > 0.9
    # Read off the enlarged picture by eye.
    expected = {
        33: (194, 105),
        263: (257, 107),
        61: (201, 142),
        291: (246, 145),
        1: (222, 131),
        152: (220, 180),
    }
    for index, place in expected.items():
        assert np.abs(points[index, :2] - place).max() < 8, index


def test_nose_is_nearer_to_the_viewer_than_the_cheeks(fitted):
    assert fitted.points[1, 2] < fitted.points[[234, 454], 2].min() - 0.3 * eye_distance(fitted.points)


@pytest.mark.parametrize(
    ("degrees", "scale", "shift"),
    [
        (0, 1.0, (60.3, 45.7)),
        (0, 1.7, (0, 0)),
        (0, 0.8, (0, 0)),
        (20, 1.0, (0, 0)),
        (-35, 1.4, (30, 60)),
        (90, 1.0, (0, 0)),
    ],
)
def test_landmarks_follow_when_the_picture_is_moved(astronaut, detector, mesh, fitted, degrees, scale, shift):
    matrix = cv2.getRotationMatrix2D((225.0, 125.0), degrees, scale)
    matrix[:, 2] += np.array([225, 200]) - (225, 125) + shift
    moved = cv2.warpAffine(
        astronaut, matrix, (600, 600), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    found = mesh.fit_detection(moved, detector.detect(moved)[0], crops=5)
    expected = fitted.points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    away = np.linalg.norm(found.points[:, :2] - expected, axis=1) / (scale * eye_distance(fitted.points))
    assert np.median(away) < 0.015
    assert np.quantile(away, 0.95) < 0.04


def test_more_looks_are_steadier(astronaut, mesh, fitted):
    roi = roi_from_landmarks(fitted.points)
    squares = [
        Roi(roi.x + dx, roi.y + dy, roi.side * scale, roi.angle)
        for dx, dy, scale in [
            (0, 0, 1),
            (2, 1, 1.02),
            (-1, 2, 0.98),
            (1, -2, 1.03),
            (-2, -1, 0.99),
            (0.5, 1.5, 1.01),
        ]
    ]

    def spread(crops):
        meshes = np.stack([mesh.fit(astronaut, square, crops).points[:, :2] for square in squares])
        return float(meshes.std(axis=0).mean())

    assert spread(5) < 0.8 * spread(1)


def test_no_face_gives_none(astronaut, mesh):
    assert mesh.fit(astronaut, Roi(60, 440, 120, 0.0)) is None
    assert mesh.fit(np.zeros((5, 5, 3), np.uint8), Roi(2, 2, 5, 0.0)) is None
    assert mesh.fit(astronaut, Roi(math.nan, 0, 10, 0.0)) is None


def test_crops_out_of_range_are_refused(astronaut, mesh):
    with pytest.raises(ValueError, match="from 1 to 5"):
        mesh.fit(astronaut, Roi(220, 120, 200, 0.0), crops=6)


@pytest.mark.parametrize(
    ("name", "angle"), [("yaw", 0.3), ("yaw", -0.3), ("pitch", 0.25), ("roll", 0.4), ("roll", -0.2)]
)
def test_head_pose_reads_a_turn_with_the_signs_of_pose(fitted, name, angle):
    cos, sin = math.cos(angle), math.sin(angle)
    turn = {
        "yaw": [[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]],
        "pitch": [[1, 0, 0], [0, cos, -sin], [0, sin, cos]],
        "roll": [[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]],
    }[name]
    centred = fitted.points - fitted.points.mean(axis=0)
    turned = head_pose((centred @ np.array(turn).T).astype(np.float32))
    assert getattr(turned, name) - getattr(head_pose(fitted.points), name) == pytest.approx(angle, abs=0.03)
    if name == "yaw":  # the nose tip must really have gone the way the sign says
        nose = (centred @ np.array(turn).T)[1] - centred[1]
        assert np.sign(nose[0]) == np.sign(angle)


def test_mirrored_face_is_turned_and_tilted_the_other_way(astronaut, detector, mesh, fitted):
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    other = head_pose(mesh.fit_detection(mirrored, detector.detect(mirrored)[0], crops=5).points)
    this = head_pose(fitted.points)
    assert other.roll == pytest.approx(-this.roll, abs=0.03)
    assert other.yaw == pytest.approx(-this.yaw, abs=0.08)
    assert other.pitch == pytest.approx(this.pitch, abs=0.08)


def test_iris_model_refines_both_eyes(astronaut, fitted):
    for eye, (outer, inner), pupil in zip(
        IrisModel().refine(astronaut, fitted.points),
        [(33, 133), (263, 362)],
        [(205, 102), (249, 105)],
        strict=True,
    ):
        size = eye_distance(fitted.points)
        assert eye.contour.shape == (71, 3)
        assert eye.iris.shape == (5, 3)
        assert np.linalg.norm(eye.contour[0, :2] - fitted.points[outer, :2]) < 0.08 * size
        assert np.linalg.norm(eye.contour[8, :2] - fitted.points[inner, :2]) < 0.08 * size
        assert eye.contour[list(UPPER_LID), 1].mean() < eye.contour[list(LOWER_LID)[2:-2], 1].mean()
        assert np.linalg.norm(eye.iris[0, :2] - pupil) < 0.08 * size
        rim = np.linalg.norm(eye.iris[1:, :2] - eye.iris[0, :2], axis=1)
        assert 0.03 * size < rim.mean() < 0.12 * size
