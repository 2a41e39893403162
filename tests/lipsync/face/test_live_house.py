"""House avatars drawn live look as they do in the studio, and cost less."""

import cv2
import numpy as np
import pytest

from lipsync.audio.shape import CLOSED, MouthShape
from lipsync.face.face import NEUTRAL, STILL, Expression, Pose
from lipsync.face.house import HOUSE_LOOKS, HouseFace, live, patches
from lipsync.face.house.live import LiveHouse

SIZE = (320, 320)
OPEN = MouthShape(openness=0.8)
STATES = [
    (CLOSED, NEUTRAL, STILL),
    (MouthShape(0.6, 0.2), Expression(happy=0.6), Pose(yaw=0.06, pitch=-0.03, breath=1, gaze_x=0.6)),
    (MouthShape(0.3, 0, 0.7), Expression(surprised=0.5), Pose(yaw=-0.06, pitch=0.03, roll=0.02, blink=1)),
]


@pytest.fixture(scope="module")
def maya():
    return LiveHouse("maya", SIZE)


def apart(a, b):
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def lower_face(picture):
    width, height = SIZE
    return picture[int(0.5 * height) : int(0.7 * height), int(0.38 * width) : int(0.62 * width)]


@pytest.mark.parametrize("name", HOUSE_LOOKS)
def test_looks_like_the_one_of_the_studio(name):
    here, there = LiveHouse(name, SIZE), HouseFace(name, SIZE)
    for state in STATES:
        picture, wanted = here.draw(*state), there.draw(*state)
        others = [there.draw(*other) for other in STATES if other != state]
        assert apart(picture, wanted) < 2.5
        assert all(apart(picture, wanted) < 0.8 * apart(picture, other) for other in others)


def test_pictures_come_as_webrtc_takes_them_and_are_the_callers_own(maya):
    first = maya.draw_i420(OPEN)
    assert first.shape == (SIZE[1] * 3 // 2, SIZE[0]) and first.dtype == np.uint8
    kept = first.copy()
    assert (cv2.cvtColor(first, cv2.COLOR_YUV2RGB_I420) == maya.draw(OPEN)).all()
    first[:] = 0
    assert (maya.draw_i420(OPEN) == kept).all()


def test_what_was_shown_before_leaves_nothing_behind(maya):
    rest = maya.draw_i420()
    for state in STATES[1:]:
        maya.draw_i420(*state)
    # A tenth of a pixel may be left of where the head was.
    assert apart(maya.draw_i420(), rest) < 0.3
    assert apart(lower_face(maya.draw()), lower_face(maya.draw(OPEN))) > 5


def test_a_mouth_that_comes_to_rest_is_exact(maya):
    fresh = LiveHouse("maya", SIZE)
    for openness in (0.9, 0.5, 0.2, 0.05):
        maya.draw(MouthShape(openness=openness))
    # However fast it came, the second picture of it is right.
    maya.draw(CLOSED)
    assert apart(lower_face(maya.draw(CLOSED)), lower_face(fresh.draw(CLOSED))) < 0.5


def test_states_that_were_forgotten_are_painted_again(monkeypatch):
    monkeypatch.setattr(patches, "_KEPT", 4)
    face = LiveHouse("theo", SIZE)
    first = face.draw_i420(OPEN)
    for step in range(12):
        face.draw_i420(MouthShape(width=step / 12, rounding=1 - step / 12), pose=Pose(blink=step / 12))
    face.draw_i420(OPEN)
    assert apart(face.draw_i420(OPEN), first) < 0.3


def test_a_twin_looks_alike_knows_what_was_painted_and_lives_its_own_life(monkeypatch):
    maya = LiveHouse("maya", SIZE)
    state = MouthShape(openness=0.37, width=0.4), Expression(happy=0.2), Pose(gaze_x=0.3)
    picture = maya.draw_i420(*state)
    other = maya.twin()

    def never(*_):
        raise AssertionError("painted again")

    monkeypatch.setattr(live, "draw_mouth", never)
    monkeypatch.setattr(live, "draw_eyes", never)
    assert (other.draw_i420(*state) == picture).all()
    monkeypatch.undo()
    other.draw_i420(OPEN, pose=Pose(yaw=0.1))
    assert (maya.draw_i420(*state) == picture).all()
    assert apart(other.draw_i420(), LiveHouse("maya", SIZE).draw_i420()) < 0.3


def test_a_size_that_cannot_be_halved_is_refused():
    with pytest.raises(ValueError, match="even"):
        LiveHouse("maya", (321, 320))


@pytest.mark.parametrize("size", [(640, 360), (180, 320), (64, 64)])
def test_draws_at_other_shapes(size):
    here, there = LiveHouse("noor", size), HouseFace("noor", size)
    assert apart(here.draw(*STATES[1]), there.draw(*STATES[1])) < 4
