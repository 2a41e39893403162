"""Photos of every kind come out upright, on white, as 8-bit RGB."""

import numpy as np
import pytest
from PIL import Image as Pillow

from lipsync.video.errors import MediaError
from lipsync.video.probe import probe
from lipsync.video.read import read_image
from tests import media


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_formats(tmp_path, kind):
    photo = media.portrait()
    path = tmp_path / "photo"
    Pillow.fromarray(photo).save(path, format=kind, quality=95)
    image = read_image(path)
    assert image.shape == photo.shape
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - photo).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path, orientation):
    upright = np.zeros((40, 60, 3), np.uint8)
    upright[:20, :30] = (255, 0, 0)
    upright[:20, 30:] = (0, 255, 0)
    upright[20:, :30] = (0, 0, 255)
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    path = tmp_path / "photo.png"
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    Pillow.fromarray(np.ascontiguousarray(undo(upright))).save(path, exif=exif)
    np.testing.assert_array_equal(read_image(path), upright)
    assert (probe(path).width, probe(path).height) == (60, 40)


def test_transparency_is_laid_on_white(tmp_path):
    pixels = np.zeros((10, 20, 4), np.uint8)
    pixels[:, :10] = (200, 0, 0, 255)
    pixels[:, 10:] = (0, 0, 0, 0)
    path = tmp_path / "logo.png"
    Pillow.fromarray(pixels).save(path)
    image = read_image(path)
    assert image[5, 5].tolist() == [200, 0, 0]
    assert image[5, 15].tolist() == [255, 255, 255]
    assert probe(path).has_alpha


def test_deep_grey_cmyk_and_palette(tmp_path):
    ramp = np.linspace(0, 65_535, 256).astype(np.uint16)[None].repeat(20, axis=0)
    deep = tmp_path / "deep.png"
    Pillow.fromarray(ramp).save(deep)
    np.testing.assert_allclose(read_image(deep)[10, :, 0], np.arange(256), atol=1)

    grey = tmp_path / "grey.jpg"
    Pillow.fromarray(media.portrait()).convert("L").save(grey)
    assert read_image(grey).shape == (512, 512, 3)

    cmyk = tmp_path / "print.jpg"
    Pillow.fromarray(media.portrait()).convert("CMYK").save(cmyk, quality=95)
    assert np.abs(read_image(cmyk).astype(int) - media.portrait()).mean() < 6

    palette = tmp_path / "few.gif"
    Pillow.fromarray(media.portrait()).quantize(64).save(palette)
    assert np.abs(read_image(palette).astype(int) - media.portrait()).mean() < 12


def test_first_frame_of_a_video(tmp_path):
    path = media.write_video(tmp_path / "clip.mp4", 10)
    assert media.picture_number(read_image(path)) == 0


def test_cut_off_photo(tmp_path):
    whole = tmp_path / "whole.jpg"
    Pillow.fromarray(media.portrait()).save(whole)
    with pytest.raises(MediaError) as caught:
        read_image(media.cut_short(whole, tmp_path / "cut.jpg"))
    assert caught.value.code == "truncated"


def test_pixel_limit(tmp_path):
    path = tmp_path / "photo.png"
    Pillow.fromarray(media.portrait()).save(path)
    with pytest.raises(MediaError) as caught:
        read_image(path, pixels=10_000)
    assert caught.value.code == "too_many_pixels"
