"""A cup, fingers and shadows pass in front of a talking portrait's mouth."""

import numpy as np
import pytest
import skimage.data

from lipsync.audio.shape import MouthShape, MouthTrack
from lipsync.face.draw import PhotoFace
from lipsync.face.frame import FaceFrame
from lipsync.face.occlusion import Occlusion
from lipsync.face.perform import Candidate, VideoPerformance
from tests.lipsync.face.filmed import cup, fingers, placed, put
from tests.lipsync.face.measured import Reader

COUNT, FIRST, LAST = 36, 12, 26  # frames; the thing is in front from FIRST to LAST


@pytest.fixture(scope="module")
def talking():
    portrait = skimage.data.astronaut()
    face = PhotoFace(portrait, Reader().landmarks(portrait))
    return [placed(face.draw(MouthShape(openness=0.5 + 0.5 * np.sin(n / 1.7))), n) for n in range(COUNT)]


@pytest.fixture(scope="module")
def meshes(talking):
    reader = Reader()
    return [reader.landmarks(frame) for frame in talking]


def passing(talking, meshes, thing, width):
    """The frames with a thing moving up to the mouth and away again, and where it is in each."""
    frames, places = [], []
    for number, (frame, points) in enumerate(zip(talking, meshes, strict=True)):
        share = np.zeros(frame.shape[:2], np.float32)
        if FIRST <= number <= LAST:
            unit = FaceFrame.of(points).unit
            near = min(1.0, 1.6 * np.sin(np.pi * (number - FIRST + 0.5) / (LAST - FIRST + 1)))
            middle = points[[13, 14], :2].mean(0) + unit * np.array(
                [0.3 * (1 - near), 0.25 + 1.6 * (1 - near)]
            )
            frame, share = put(frame, thing, middle, width * unit)
        frames.append(frame)
        places.append(share)
    return frames, places


def things(talking, meshes):
    x, y = meshes[0][205, :2].astype(int)
    skin = talking[0][y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3).mean(0)
    return {"cup": (cup(), 1.0), "fingers": (fingers(skin), 1.3)}


def shares_hidden(frames, views):
    reader, occlusion = Reader(), Occlusion(views)
    found = (occlusion.find(frame, reader.landmarks(frame)) for frame in frames)
    return np.array([0.0 if hidden is None else occlusion.share_hidden(hidden) for hidden in found])


@pytest.mark.parametrize("kind", ["cup", "fingers"])
def test_a_thing_in_front_of_the_mouth_is_seen(talking, meshes, kind):
    frames, _ = passing(talking, meshes, *things(talking, meshes)[kind])
    reader = Reader()
    views = [(f, reader.landmarks(f)) for f in frames[::3]]  # some of them with the thing in front
    shares = shares_hidden(frames, views)
    middle = slice(FIRST + 4, LAST - 3)
    assert (shares[middle] > 0.5).all(), shares
    assert (shares[:FIRST] == 0).all(), shares
    assert (shares[LAST + 1 :] == 0).all(), shares


def test_views_with_something_in_front_are_left_out(talking, meshes):
    frames, _ = passing(talking, meshes, *things(talking, meshes)["cup"])
    occlusion = Occlusion(list(zip(frames, meshes, strict=True)))
    assert not set(occlusion.bare) & set(range(FIRST + 4, LAST - 3))
    assert len(occlusion.bare) > 10


def test_speech_shadows_and_light_hide_nothing(talking, meshes):
    """Known from four frames only; the mouth then opens as never before, and light changes and wanders."""
    views = [(talking[n], meshes[n]) for n in (0, 1, 2, 3)]
    column = np.arange(talking[0].shape[1])

    def shaded(frame, number):
        shadow = 1 - 0.35 / (1 + np.exp(-(column - 100 - 9 * number) / 18))
        tint = np.array([1.0, 1.0 - 0.003 * number, 1.0 - 0.006 * number])
        return np.clip(frame * shadow[None, :, None] * tint, 0, 255).astype(np.uint8)

    assert (shares_hidden(talking, views) == 0).all()
    assert (shares_hidden([shaded(f, n) for n, f in enumerate(talking)], views) == 0).all()


def test_a_thing_in_front_keeps_its_pixels(talking, meshes):
    frames, places = passing(talking, meshes, *things(talking, meshes)["cup"])
    openness = np.ones(COUNT, np.float32)
    nothing = np.zeros_like(openness)
    performance = VideoPerformance(
        [f.copy() for f in frames],
        MouthTrack(25.0, openness, nothing, nothing, nothing, nothing),
        [Candidate(f, m) for f, m in zip(talking[::4], meshes[::4], strict=True)],
    )
    drawn = list(performance)
    assert LAST - FIRST - 6 <= performance.presence.hidden <= LAST - FIRST + 5
    for number in range(FIRST + 4, LAST - 3):
        changed = np.abs(drawn[number].astype(int) - frames[number]).max(2)
        assert (changed[places[number] > 0.95] > 24).mean() < 0.01, number
    assert np.abs(drawn[FIRST - 6].astype(int) - frames[FIRST - 6]).max() > 40, "the mouth speaks before"
    assert np.abs(drawn[LAST + 6].astype(int) - frames[LAST + 6]).max() > 40, "and after"
