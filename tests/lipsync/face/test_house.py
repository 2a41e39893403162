"""The house avatars speak, look and stay themselves."""

import threading

import numpy as np
import pytest

from lipsync.audio.shape import CLOSED, MouthShape
from lipsync.face.detect import FaceDetector
from lipsync.face.face import NEUTRAL, STILL, Expression, Pose
from lipsync.face.house import HOUSE_LOOKS, HouseFace, house_thumbnail
from lipsync.face.mesh import FaceMesh, eye_distance, head_pose

SIZE = (480, 480)


@pytest.fixture(scope="module")
def faces():
    return {name: HouseFace(name, SIZE) for name in HOUSE_LOOKS}


@pytest.fixture(scope="module")
def maya(faces):
    return faces["maya"]


@pytest.fixture(scope="module")
def landmarks():
    """The mesh of a drawn picture, as the quality score would find it."""
    detector, mesh = FaceDetector(), FaceMesh()

    def find(picture):
        (face,) = detector.detect(picture)
        return mesh.fit_detection(picture, face, crops=3).points

    return find


def lips_apart(points):
    return float(np.linalg.norm(points[14] - points[13])) / eye_distance(points)


def changed(a, b, threshold=6):
    """Rows and columns of the pixels that differ."""
    return np.argwhere(np.abs(a.astype(int) - b.astype(int)).max(axis=2) > threshold)


def inside_of_the_mouth(face, mouth, expression=NEUTRAL):
    """Pixels whose colour the closed mouth, jaw and all, does not have: teeth, tongue and dark."""
    x0, x1, y0, y1 = (int(part * SIZE[0]) for part in (0.42, 0.58, 0.545, 0.64))
    picture = face.draw(mouth, expression)[y0:y1, x0:x1].astype(int)
    red, green, blue = np.moveaxis(picture, -1, 0)
    dark = picture.max(axis=2) < 95
    enamel = (picture.min(axis=2) > 175) & (red - blue < 45)
    return int((dark | enamel).sum())


def test_there_are_at_least_four_different_people(faces):
    pictures = [face.draw() for face in faces.values()]
    assert len(pictures) >= 4
    for i, one in enumerate(pictures):
        for other in pictures[i + 1 :]:
            assert len(changed(one, other, 30)) > 0.3 * SIZE[0] * SIZE[1]


@pytest.mark.parametrize("name", HOUSE_LOOKS)
def test_mouth_opens_as_far_as_it_is_told(faces, landmarks, name):
    apart = [lips_apart(landmarks(faces[name].draw(MouthShape(openness=o)))) for o in (0, 0.25, 0.5, 0.75, 1)]
    assert apart[0] < 0.03
    assert all(wider > narrower + 0.01 for narrower, wider in zip(apart, apart[1:], strict=False))
    assert apart[-1] > 0.13


@pytest.mark.parametrize("name", ["maya", "june", "noor"])
def test_area_of_the_open_mouth_grows_and_is_nothing_when_closed(faces, name):
    areas = [inside_of_the_mouth(faces[name], MouthShape(openness=o)) for o in np.linspace(0, 1, 9)]
    assert all(later > earlier for earlier, later in zip(areas[1:], areas[2:], strict=False))
    assert areas[-1] > 300
    assert areas[0] < 0.15 * areas[-1]


def test_width_spreads_and_rounding_purses(maya, landmarks):
    def width(mouth):
        points = landmarks(maya.draw(mouth))
        return float(np.linalg.norm(points[291] - points[61])) / eye_distance(points)

    rest = width(MouthShape(openness=0.2))
    assert width(MouthShape(openness=0.2, width=1)) > 1.04 * rest
    assert width(MouthShape(openness=0.2, rounding=1)) < 0.92 * rest


def test_teeth_show_on_the_lower_lip(maya):
    x0, x1, y0, y1 = (int(part * SIZE[0]) for part in (0.46, 0.54, 0.55, 0.59))

    def white(mouth):
        return int((maya.draw(mouth)[y0:y1, x0:x1].min(axis=2) > 190).sum())

    assert white(MouthShape(openness=0.1, teeth=1)) > white(CLOSED) + 30


def test_closure_wins_over_openness_and_thins_the_lips(maya, landmarks):
    held = landmarks(maya.draw(MouthShape(openness=0.6, closure=1)))
    assert lips_apart(held) < 0.03

    def lips(mouth):
        red, green, _ = np.moveaxis(maya.draw(mouth)[250:310, 200:280].astype(int), -1, 0)
        return int((red - green > 75).sum())

    assert lips(MouthShape(openness=0.6, closure=1)) < 0.75 * lips(CLOSED)


def test_mouth_changes_nothing_but_the_lower_face(maya):
    places = changed(maya.draw(CLOSED), maya.draw(MouthShape(openness=1, width=0.5)), 0) / SIZE[0]
    assert places[:, 0].min() > 0.47
    assert places[:, 0].max() < 0.83
    assert places[:, 1].min() > 0.29
    assert places[:, 1].max() < 0.71


def test_blink_changes_nothing_but_the_eyes(maya):
    places = changed(maya.draw(), maya.draw(pose=Pose(blink=1)), 0) / SIZE[0]
    assert places[:, 0].min() > 0.34
    assert places[:, 0].max() < 0.48
    eyes = np.s_[int(0.40 * 480) : int(0.46 * 480), int(0.39 * 480) : int(0.47 * 480)]
    whites = [int((maya.draw(pose=pose)[eyes].min(axis=2) > 215).sum()) for pose in (STILL, Pose(blink=1))]
    assert whites[0] > 20
    assert whites[1] == 0


def test_gaze_moves_the_pupils_the_way_it_says(maya):
    eye = np.s_[int(0.41 * 480) : int(0.455 * 480), int(0.39 * 480) : int(0.465 * 480)]

    def pupil(pose):
        return np.argwhere(maya.draw(pose=pose)[eye].max(axis=2) < 60).mean(axis=0)

    rest = pupil(STILL)
    assert pupil(Pose(gaze_x=1))[1] > rest[1] + 2
    assert pupil(Pose(gaze_x=-1))[1] < rest[1] - 2
    assert pupil(Pose(gaze_y=1))[0] > rest[0] + 1


@pytest.mark.parametrize("name", HOUSE_LOOKS)
def test_head_turns_the_way_the_pose_says(faces, landmarks, name):
    face = faces[name]
    rest = head_pose(landmarks(face.draw()))
    assert head_pose(landmarks(face.draw(pose=Pose(yaw=0.15)))).yaw > rest.yaw + 0.05
    assert head_pose(landmarks(face.draw(pose=Pose(yaw=-0.15)))).yaw < rest.yaw - 0.05
    assert head_pose(landmarks(face.draw(pose=Pose(roll=0.08)))).roll == pytest.approx(
        rest.roll + 0.08, abs=0.035
    )
    assert head_pose(landmarks(face.draw(pose=Pose(pitch=0.15)))).pitch > rest.pitch + 0.02


def test_expressions_move_mouth_corners_and_brows(maya, landmarks):
    def corners(points):
        return float(points[[61, 291], 1].mean() - points[[13, 14], 1].mean()) / eye_distance(points)

    def brows(points):
        return float(points[[105, 334], 1].mean() - points[[33, 263], 1].mean()) / eye_distance(points)

    rest, happy, sad, surprised = (
        landmarks(maya.draw(expression=e))
        for e in (NEUTRAL, Expression(happy=1), Expression(sad=1), Expression(surprised=1))
    )
    assert corners(happy) < corners(rest) - 0.02
    assert corners(sad) > corners(rest) + 0.01
    assert brows(surprised) < brows(rest) - 0.04
    assert len(changed(maya.draw(), maya.draw(expression=Expression(angry=1)))) > 200
    shut = inside_of_the_mouth(maya, CLOSED)
    assert abs(inside_of_the_mouth(maya, CLOSED, Expression(surprised=1)) - shut) < 10, "it stays closed"


def test_breath_moves_the_shoulders(maya):
    places = changed(maya.draw(pose=Pose(breath=-1)), maya.draw(pose=Pose(breath=1))) / SIZE[0]
    assert (places[:, 0] > 0.8).any()


@pytest.mark.parametrize("size", [(720, 720), (1080, 1080), (1920, 1080), (720, 1280), (64, 48), (333, 517)])
def test_draws_at_any_size(size):
    face = HouseFace("theo", size)
    picture = face.draw(MouthShape(openness=0.5), Expression(happy=0.5), Pose(yaw=0.1, blink=0.3))
    assert face.size == size
    assert picture.shape == (size[1], size[0], 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 20


def test_same_state_gives_the_same_picture_whatever_came_before():
    state = MouthShape(0.43, 0.21, 0.1), Expression(happy=0.3), Pose(0.05, 0.02, 0.01, 0.3, 0, 0.4, 0.5)
    fresh = HouseFace("arthur", (240, 240)).draw(*state)
    used = HouseFace("arthur", (240, 240))
    for step in range(60):
        used.draw(MouthShape(openness=step / 60), NEUTRAL, Pose(blink=step / 60, gaze_x=step / 60))
    assert np.array_equal(used.draw(*state), fresh)


def test_pictures_are_the_callers_own(maya):
    first = maya.draw()
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(maya.draw(), kept)


def test_several_threads_may_draw_one_face(maya):
    mouths = [MouthShape(openness=o / 8) for o in range(8)]
    alone = [maya.draw(mouth) for mouth in mouths]
    together = [None] * 8

    def work(i):
        together[i] = maya.draw(mouths[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize("wild", [2.0, -1.0])
def test_values_out_of_range_are_survived(maya, wild):
    picture = maya.draw(MouthShape(*[wild] * 5), Expression(*[wild] * 4), Pose(*[wild] * 7))
    assert picture.shape == (480, 480, 3)


def test_thumbnail_is_square_and_shows_the_look():
    picture = house_thumbnail("june", 96)
    assert picture.shape == (96, 96, 3)
    assert FaceDetector().detect(house_thumbnail("june", 256))


def test_unknown_look_names_the_looks():
    with pytest.raises(KeyError, match="nobody.*maya.*theo"):
        HouseFace("nobody")
    with pytest.raises(KeyError, match="maya"):
        house_thumbnail("nobody")


@pytest.mark.parametrize("size", [(10, 500), (0, 0), (9000, 200)])
def test_sizes_that_cannot_be_drawn_are_refused(size):
    with pytest.raises(ValueError, match="32 to 4096"):
        HouseFace("maya", size)
