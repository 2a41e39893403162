"""A real portrait, drawn speaking, read back by landmarks found again."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data

from lipsync.audio.shape import CLOSED, MouthShape
from lipsync.face import topology
from lipsync.face.detect import FaceDetector
from lipsync.face.draw import PhotoFace
from lipsync.face.drive import control_weights
from lipsync.face.enlarge import sharpness
from lipsync.face.face import NEUTRAL, Expression, Pose
from lipsync.face.frame import FaceFrame
from lipsync.face.iris import IrisModel
from lipsync.face.mesh import FaceMesh, head_pose, roi_from_landmarks
from lipsync.video.read import FrameReader
from lipsync.video.write import VideoWriter
from tests.lipsync.face.measured import Reader


@pytest.fixture(scope="module")
def astronaut():
    return skimage.data.astronaut()


@pytest.fixture(scope="module")
def landmarks(astronaut):
    found = FaceDetector().detect(astronaut)[0]
    return FaceMesh().fit_detection(astronaut, found, crops=5).points


@pytest.fixture(scope="module")
def face(astronaut, landmarks):
    return PhotoFace(astronaut, landmarks)


def test_picture_outside_the_head_is_untouched(face, astronaut, landmarks):
    drawn = face.draw(MouthShape(openness=1.0), Expression(happy=1.0), Pose(yaw=0.08, blink=1.0))
    centre, unit = landmarks[:, :2].mean(0), FaceFrame.of(landmarks).unit
    y, x = np.mgrid[: astronaut.shape[0], : astronaut.shape[1]]
    outside = np.hypot(x - centre[0], y - centre[1]) > 4.0 * unit
    assert outside.mean() > 0.3
    assert (drawn[outside] == astronaut[outside]).all()


def test_speaking_with_a_still_head_leaves_eyes_and_background_alone(face, astronaut, landmarks):
    drawn = face.draw(MouthShape(openness=1.0))
    eyes = landmarks[[33, 133, 159, 145, 362, 263, 386, 374], :2].round().astype(int)
    difference = np.abs(drawn.astype(int) - astronaut).max(2)
    assert max(int(difference[y - 2 : y + 3, x - 2 : x + 3].max()) for x, y in eyes) <= 12
    assert (difference[:, :60] == 0).all()
    assert (difference[:, -60:] == 0).all()


def test_smiling_portrait_closes_its_mouth(face, astronaut):
    reader = Reader()
    native = reader.gap(astronaut)
    assert native > 0.08, "the portrait shows its teeth"
    # The mesh reads up to .03 on truly closed mouths, more on smiling ones.
    assert reader.gap(face.draw(CLOSED)) < min(0.05, native / 2)
    assert reader.gap(face.draw(MouthShape(closure=1.0))) < min(0.05, native / 2)


def test_no_teeth_are_seen_between_closed_lips(face):
    drawn = face.draw(CLOSED)
    points = Reader().landmarks(drawn)
    seam = (points[list(topology.UPPER_INNER[2:9]), :2] + points[list(topology.LOWER_INNER[2:9]), :2]) / 2
    line = drawn[seam[:, 1].round().astype(int), seam[:, 0].round().astype(int)].astype(float)
    lip = drawn[points[[84, 17, 314], 1].astype(int), points[[84, 17, 314], 0].astype(int)].astype(float)
    assert line.mean() < lip.mean(), "the line between the lips is darker than the lips"


def test_mouth_opens_as_asked(face):
    reader = Reader()
    gaps = [reader.gap(face.draw(MouthShape(openness=o))) for o in (0.0, 0.35, 0.7, 1.0)]
    assert gaps == sorted(gaps)
    assert gaps[3] - gaps[0] > 0.10
    assert all(later - earlier > 0.015 for earlier, later in zip(gaps, gaps[1:], strict=False))


def test_corners_spread_and_purse(face):
    reader = Reader()
    rest = reader.mouth_width(face.draw(MouthShape(openness=0.3)))
    spread = reader.mouth_width(face.draw(MouthShape(openness=0.3, width=1.0)))
    pursed = reader.mouth_width(face.draw(MouthShape(openness=0.3, rounding=1.0)))
    assert pursed < rest - 0.02 < rest + 0.02 < spread


def test_lids_come_down(face):
    iris = IrisModel()

    def opening(image):
        eyes = iris.refine(image, Reader().landmarks(image))
        return sum(float(e.contour[4, 1] - e.contour[12, 1]) for e in eyes)

    open_eyes = opening(face.draw(CLOSED))
    half = opening(face.draw(CLOSED, NEUTRAL, Pose(blink=0.6)))
    shut = opening(face.draw(CLOSED, NEUTRAL, Pose(blink=1.0)))
    assert shut < half < open_eyes
    assert shut < 0.6 * open_eyes


@pytest.mark.parametrize("angle", ["yaw", "pitch", "roll"])
def test_head_turns_the_way_it_is_told(face, angle):
    reader = Reader()
    there = getattr(head_pose(reader.landmarks(face.draw(CLOSED, NEUTRAL, Pose(**{angle: 0.1})))), angle)
    back = getattr(head_pose(reader.landmarks(face.draw(CLOSED, NEUTRAL, Pose(**{angle: -0.1})))), angle)
    assert there - back > 0.05


def test_same_request_gives_the_same_picture_and_leaves_the_source_alone(face, astronaut):
    before = astronaut.copy()
    shape, pose = MouthShape(0.6, 0.3, 0.1, 0.0, 0.0), Pose(yaw=0.03, blink=0.4)
    assert (face.draw(shape, NEUTRAL, pose) == face.draw(shape, NEUTRAL, pose)).all()
    assert (astronaut == before).all()


def test_inside_of_the_mouth_is_neither_black_nor_grey(face, landmarks):
    drawn = face.draw(MouthShape(openness=1.0))
    points = Reader().landmarks(drawn)
    x = int(points[13, 0])
    column = drawn[int(points[13, 1]) : int(points[14, 1]) + 1, x].astype(int)
    assert column.sum(1).max() > 300, "teeth are seen"
    darkest = column[column.sum(1).argmin()]
    assert darkest.sum() > 45, "a black hole"
    assert darkest[0] > darkest[1], "shadow is warm"


def test_face_at_the_picture_edge_is_drawn(astronaut, landmarks):
    cut = np.ascontiguousarray(astronaut[60:200, 150:300])
    moved = landmarks - np.array([150, 60, 0], np.float32)
    drawn = PhotoFace(cut, moved).draw(
        MouthShape(openness=0.8), Expression(sad=1.0), Pose(yaw=0.1, roll=0.05)
    )
    assert drawn.shape == cut.shape
    assert (drawn != cut).any()


SPEAKING = (
    MouthShape(openness=0.3),
    MouthShape(openness=0.6, width=0.3),
    MouthShape(openness=0.3, rounding=0.8),
    MouthShape(closure=1.0),
)


@pytest.mark.parametrize("expression", [NEUTRAL, Expression(happy=1), Expression(sad=1), Expression(angry=1)])
def test_outside_the_face_every_pixel_stays_while_the_head_is_still(face, astronaut, landmarks, expression):
    oval = landmarks[list(topology.OVAL), :2]
    ring = oval.mean(0) + 1.75 * (oval - oval.mean(0))
    inside = np.zeros(astronaut.shape[:2], np.uint8)
    cv2.fillPoly(inside, [cv2.convexHull(ring.round().astype(np.int32))], 1)
    for mouth in SPEAKING:
        drawn = face.draw(mouth, expression)
        assert (drawn[inside == 0] == astronaut[inside == 0]).all()
        assert (drawn[inside == 1] != astronaut[inside == 1]).any()


def sharpness_kept(face, image, landmarks, pose):
    x, y = landmarks[[topology.MOUTH_LEFT, topology.MOUTH_RIGHT], :2].mean(0)
    unit = face.rig.frame.unit
    part = np.s_[int(y - 0.25 * unit) : int(y + 0.45 * unit), int(x - 0.45 * unit) : int(x + 0.45 * unit)]
    return np.mean([sharpness(face.draw(m, NEUTRAL, pose)[part]) for m in SPEAKING]) / sharpness(image[part])


SWAYED = Pose(yaw=0.013, pitch=0.007, roll=0.004, breath=0.3)


@pytest.mark.parametrize("pose", [Pose(), SWAYED], ids=["still", "swaying"])
def test_mouth_is_as_sharp_as_the_photo(face, astronaut, landmarks, pose):
    assert sharpness_kept(face, astronaut, landmarks, pose) >= 0.9


def test_mouth_of_a_grainy_4k_photo_is_as_sharp_as_the_photo(astronaut, landmarks):
    """The face at the size it has in a 4K photo, with detail as fine as its pixels."""
    left, top, scale = 150, 40, 7.5
    large = cv2.resize(astronaut[top:210, left:300], None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(0).normal(0, 6, (*large.shape[:2], 1))
    large = np.clip(large + grain, 0, 255).astype(np.uint8)
    moved = (landmarks - np.array([left, top, 0], np.float32)) * np.float32(scale)
    face = PhotoFace(large, moved)
    assert sharpness_kept(face, large, moved, Pose()) >= 0.9
    assert sharpness_kept(face, large, moved, SWAYED) >= 0.9


def test_lips_of_a_silent_video_do_not_tremble(face, tmp_path):
    """Coded as renders are, decoded, and the lips found again."""
    target = tmp_path / "silent.mp4"
    with VideoWriter(target, *face.size, 25) as writer:
        for _ in range(15):
            writer.write(face.draw(CLOSED))
    frames = [frame.image for frame in FrameReader(target)]
    mesh, square = FaceMesh(), roi_from_landmarks(Reader().landmarks(frames[0]))
    lips = list(topology.UPPER_OUTER + topology.UPPER_INNER + topology.LOWER_INNER + topology.LOWER_OUTER)
    found = np.stack([mesh.fit(frame, square).points[lips, :2] for frame in frames])
    assert len(found) == 15
    assert found.std(0).max() < 0.3


def test_closed_eyes_show_lids_and_open_ones_come_back(face, astronaut, landmarks):
    x, y = landmarks[[159, 145], :2].mean(0).astype(int)
    iris = np.s_[y - 2 : y + 3, x - 3 : x + 4]
    shut = face.draw(CLOSED, NEUTRAL, Pose(blink=1.0))
    assert shut[iris].mean() > astronaut[iris].mean() + 40, "skin where the dark iris was"
    assert (face.draw(CLOSED)[iris] == astronaut[iris]).all()


def test_gaze_moves_the_iris_and_not_the_lids(face, landmarks):
    def pupil(pose):
        points = IrisModel().refine(face.draw(CLOSED, NEUTRAL, pose), landmarks)
        return float(np.mean([eye.iris[0, 0] for eye in points]))

    middle = pupil(Pose())
    assert pupil(Pose(gaze_x=1.0)) > middle + 0.5
    assert pupil(Pose(gaze_x=-1.0)) < middle - 0.5


def test_grey_pictures_stay_grey(astronaut, landmarks):
    grey = cv2.cvtColor(cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    drawn = PhotoFace(grey, landmarks).draw(MouthShape(openness=1.0), NEUTRAL, Pose(blink=0.5)).astype(int)
    assert np.ptp(drawn, axis=2).max() <= 6


def test_a_grin_is_not_twisted_into_sorrow(face):
    """Corners drawn down against the folds of a grin look wrong: less of them on a grinning photo."""
    grinning = face.rig.lips
    shut = replace(grinning, lower=grinning.upper)
    assert (grinning.grin, shut.grin) == (1.0, 0.0)
    sad = Expression(sad=1.0)
    frowns = [control_weights(CLOSED, sad, lips)["frown"] for lips in (grinning, shut)]
    assert 0 < frowns[0] < 0.5 * frowns[1]


def test_a_grin_that_closes_gives_way(face):
    """Its corners come in and down a little, and landmarks see it shut as a closed smile is."""
    lips = face.rig.lips
    shut, speaking = (control_weights(mouth, NEUTRAL, lips) for mouth in (CLOSED, MouthShape(openness=0.6)))
    assert shut["round"] > 0.2 and shut["frown"] > 0.2
    assert "round" not in speaking and "frown" not in speaking
    assert Reader(3).gap(face.draw(CLOSED)) < 0.034


def test_teeth_show_on_the_lower_lip(face):
    reader = Reader()
    shut, bitten = (face.draw(mouth) for mouth in (CLOSED, MouthShape(openness=0.05, teeth=1.0)))
    x, y = reader.landmarks(shut)[[13, 14], :2].mean(0).round().astype(int)
    part = np.s_[y - 4 : y + 5, x - 8 : x + 9]
    paler = bitten[part].astype(int).min(axis=2) - shut[part].astype(int).min(axis=2)
    assert (paler > 40).sum() >= 8
