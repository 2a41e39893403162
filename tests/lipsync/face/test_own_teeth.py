"""The teeth of a smiling portrait are found, and are the ones that show when another frame of it speaks."""

import numpy as np
import pytest
import skimage.data

from lipsync.audio.shape import CLOSED, MouthShape
from lipsync.face.draw import PhotoFace
from lipsync.face.frame import FaceFrame
from lipsync.face.own_teeth import find_teeth
from lipsync.face.video_face import VideoFace
from tests.lipsync.face.measured import Reader


@pytest.fixture(scope="module")
def smiling():
    portrait = skimage.data.astronaut()
    return portrait, Reader().landmarks(portrait)


@pytest.fixture(scope="module")
def shut(smiling):
    picture = PhotoFace(*smiling).draw(CLOSED)
    return picture, Reader().landmarks(picture)


def opening(picture, points, depth):
    """Pixels across the mouth, below its upper edge by a share of its opening: (columns, 3)."""
    upper, lower = points[[81, 82, 13, 312, 311], :2], points[[178, 87, 14, 317, 402], :2]
    x, y = (upper + depth * (lower - upper)).round().astype(int).T
    return picture[y, x].astype(float)


def test_teeth_are_found_where_they_show(smiling, shut):
    teeth = find_teeth([shut, smiling])
    assert teeth is not None
    np.testing.assert_array_equal(teeth.landmarks, smiling[1])
    assert (teeth.upper[..., 3] > 0.9).sum() > 0.01 * FaceFrame.of(smiling[1]).unit ** 2


def test_a_shut_mouth_shows_none(shut):
    assert find_teeth([shut]) is None


def test_own_teeth_show_when_a_shut_frame_speaks(smiling, shut):
    teeth = find_teeth([shut, smiling])
    spoken = VideoFace(*shut, teeth=teeth).draw(shut[0].copy(), shut[1], MouthShape(openness=0.5))
    points = Reader().landmarks(spoken)
    skin = FaceFrame.of(smiling[1]).unit
    assert np.linalg.norm(points[13, :2] - points[14, :2]) > 0.06 * skin
    # A quarter of so small an opening is but a pixel from the line that shut lips leave on the upper one.
    own, shown = opening(*smiling, 0.45), opening(spoken, points, 0.35)
    assert np.abs(own.mean(0) - shown.mean(0)).max() < 45, (own.mean(0), shown.mean(0))


def test_own_teeth_stay_with_the_skull(smiling, shut):
    """Between a smaller and a wider opening lip and chin move, the upper teeth do not."""
    face = VideoFace(*shut, teeth=find_teeth([shut, smiling]))
    narrow, wide = (
        face.draw(shut[0].copy(), shut[1], MouthShape(openness=o)).astype(float) for o in (0.55, 1.0)
    )
    points = Reader().landmarks(narrow.astype(np.uint8))
    x, y = points[[81, 311], 0].astype(int), points[[13, 14], 1].astype(int)
    inside = (slice(y[0] + 2, y[1] - 1), slice(x[0], x[1]))
    light = [picture[inside].mean(2) for picture in (narrow, wide)]
    teeth = light[0] > 0.8 * np.percentile(light[0], 95)
    assert teeth.sum() >= 20
    assert np.abs(light[0] - light[1])[teeth].mean() < 14
    below = (slice(y[1] + 1, y[1] + 8), inside[1])
    assert np.abs(narrow[below] - wide[below]).mean() > 25, "the lower lip moves on"
