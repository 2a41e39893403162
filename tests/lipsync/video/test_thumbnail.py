"""Thumbnails are JPEG, small, and of the same shape and colours."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from lipsync.video.thumbnail import make_thumbnail
from tests import media


@pytest.mark.parametrize(
    ("size", "expected"), [((1280, 720), (640, 360)), ((300, 900), (213, 640)), ((50, 40), (50, 40))]
)
def test_size(size, expected):
    data = make_thumbnail(media.numbered_picture(5, *size))
    with Pillow.open(io.BytesIO(data)) as picture:
        assert picture.format == "JPEG"
        assert picture.size == expected


def test_colours():
    photo = media.portrait()
    with Pillow.open(io.BytesIO(make_thumbnail(photo, longest=256))) as picture:
        small = np.asarray(picture).astype(int)
    assert np.abs(small - photo[::2, ::2]).mean() < 10
    assert small[..., 0].mean() == pytest.approx(photo[..., 0].mean(), abs=2)
