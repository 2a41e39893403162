"""Faces keep their ids while people move, cross, hide and come back."""

import cv2
import numpy as np
import pytest
import skimage.data

from lipsync.face.mesh import landmarks_box
from lipsync.face.track import FaceTracker

HEIGHT, WIDTH = 360, 640
HEAD = skimage.data.astronaut()[:232, 110:342]  # the face is at its middle
BACKGROUND = np.tile(np.linspace(60, 150, WIDTH, dtype=np.uint8)[None, :, None], (HEIGHT, 1, 3))


def other_head():
    """Somebody else: mirrored, darker and blue-tinted."""
    tinted = HEAD[:, ::-1].astype(np.float32) * (0.55, 0.6, 0.75)
    return tinted.astype(np.uint8)


def scene(*people):
    """A frame with each (head, x, y) pasted in turn, so that the last is in front; x, y is its middle."""
    frame = BACKGROUND.copy()
    for head, x, y in people:
        matrix = np.array([[1, 0, x - head.shape[1] / 2], [0, 1, y - head.shape[0] / 2]], np.float64)
        mask = np.zeros(head.shape[:2], np.uint8)
        cv2.ellipse(mask, (116, 120), (84, 108), 0, 0, 360, 255, -1)
        alpha = cv2.warpAffine(mask, matrix, (WIDTH, HEIGHT))[..., None] / 255
        pasted = cv2.warpAffine(head, matrix, (WIDTH, HEIGHT))
        frame = (frame * (1 - alpha) + pasted * alpha).astype(np.uint8)
    return frame


def middle_x(face):
    left, _, right, _ = landmarks_box(face.landmarks)
    return (left + right) / 2


def by_place(faces):
    return [face.track_id for face in sorted(faces, key=middle_x)]


def test_one_moving_face_keeps_its_id_and_is_followed():
    tracker = FaceTracker()
    for frame in range(30):
        x = 140 + 12 * frame
        (face,) = tracker.update(scene((HEAD, x, 180)))
        assert face.track_id == 0
        assert face.landmarks.shape == (468, 3)
        assert face.score > 0.5
        assert abs(middle_x(face) - x) < 8


@pytest.mark.parametrize("front", ["same", "other"])
def test_crossing_faces_keep_their_ids(front):
    """One passes in front of the other, which is hidden for a while."""
    tracker = FaceTracker()
    passing = HEAD if front == "same" else other_head()
    ids = []
    for frame in range(46):
        people = (HEAD, 140 + 8 * frame, 185), (passing, 500 - 8 * frame, 175)
        ids.append(by_place(tracker.update(scene(*people))))
    before, after = ids[5], ids[-1]
    assert len(before) == 2
    assert after == before[::-1]
    assert {i for frame in ids for i in frame} == set(before)
    assert any(len(frame) == 1 for frame in ids), "the hidden face should have been missing for a while"


def test_faces_passing_side_by_side_keep_their_ids():
    tracker = FaceTracker()
    small = cv2.resize(HEAD, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    small = cv2.copyMakeBorder(small, 0, 232 - len(small), 0, 232 - len(small), cv2.BORDER_CONSTANT)
    ids = []
    for frame in range(40):
        ids.append(
            by_place(tracker.update(scene((small, 170 + 8 * frame, 118), (small, 530 - 8 * frame, 300))))
        )
    assert len(ids[0]) == 2
    assert ids[-1] == ids[0][::-1]


def test_a_face_that_was_gone_is_found_again_with_its_id():
    tracker = FaceTracker()
    shown = [len(tracker.update(scene((HEAD, 200 + 4 * frame, 180)))) for frame in range(8)]
    assert shown == [1] * 8
    gone = [tracker.update(scene()) for _ in range(12)]
    assert gone[-1] == []
    back = [tracker.update(scene((HEAD, 260, 180))) for _ in range(4)]
    assert [face.track_id for face in back[-1]] == [0]


def test_a_newcomer_gets_a_new_id():
    tracker = FaceTracker()
    for _ in range(5):
        tracker.update(scene((HEAD, 160, 180)))
    faces = [tracker.update(scene((HEAD, 160, 180), (other_head(), 480, 180))) for _ in range(15)][-1]
    assert by_place(faces) == [0, 1]


def test_a_scene_cut_moves_on_to_the_new_people():
    tracker = FaceTracker()
    for _ in range(5):
        tracker.update(scene((HEAD, 200, 180)))
    cut = 255 - scene()
    new = scene((other_head(), 470, 180))
    new = np.where(np.abs(new.astype(int) - scene()) > 0, new, cut).astype(np.uint8)
    (face,) = tracker.update(new)
    assert face.track_id == 1
    assert abs(middle_x(face) - 470) < 10


def test_no_face_gives_an_empty_list_every_time():
    tracker = FaceTracker()
    assert [tracker.update(scene()) for _ in range(4)] == [[]] * 4
    assert FaceTracker().update(np.zeros((1, 1, 3), np.uint8)) == []


def test_at_most_max_faces_are_followed():
    tracker = FaceTracker(max_faces=1)
    for _ in range(3):
        assert len(tracker.update(scene((HEAD, 160, 180), (HEAD, 480, 180)))) == 1
    with pytest.raises(ValueError, match="at least one"):
        FaceTracker(max_faces=0)


def test_the_size_of_the_picture_may_change():
    tracker = FaceTracker()
    tracker.update(scene((HEAD, 200, 180)))
    half = cv2.resize(scene((HEAD, 200, 180)), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    faces = [tracker.update(half) for _ in range(3)][-1]
    assert len(faces) == 1
    assert abs(middle_x(faces[0]) - 100) < 6


def test_landmarks_handed_out_are_the_callers_own():
    tracker = FaceTracker()
    (face,) = tracker.update(scene((HEAD, 200, 180)))
    face.landmarks[:] = 0
    (again,) = tracker.update(scene((HEAD, 200, 180)))
    assert abs(middle_x(again) - 200) < 8
