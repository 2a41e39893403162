"""What is written comes back: size, rate, colours, sound, to the sample; and nothing half-written stays."""

from fractions import Fraction

import av
import numpy as np
import pytest

from lipsync.audio.load import load_audio
from lipsync.video.color import ColorTags
from lipsync.video.probe import probe
from lipsync.video.read import FrameReader
from lipsync.video.write import VideoWriter
from tests import media


@pytest.mark.parametrize("size", [(320, 240), (321, 240), (320, 241), (321, 241), (1, 1), (16, 16)])
def test_size_is_kept_exactly(tmp_path, size):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, *size, 25) as writer:
        for number in range(5):
            writer.write(media.numbered_picture(number, *size))
    reader = FrameReader(path)
    assert (reader.width, reader.height) == size
    assert len(list(reader)) == 5


def test_odd_size_padded_for_every_player(tmp_path):
    path = tmp_path / "out.mp4"
    picture = media.numbered_picture(9, 321, 241)
    with VideoWriter(path, 321, 241, 25, odd_size="pad") as writer:
        writer.write(picture)
    assert probe(path).pixel_format == "yuv420p"
    image = next(iter(FrameReader(path))).image
    assert image.shape == (242, 322, 3)
    assert np.abs(image[:241, :321].astype(int) - picture).mean() < 4
    assert np.abs(image[241].astype(int) - image[240]).mean() < 4


@pytest.mark.parametrize(
    "fps", [Fraction(25), Fraction(24_000, 1001), Fraction(30_000, 1001), Fraction(60), 12.5]
)
def test_rate_is_kept(tmp_path, fps):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 160, 120, fps) as writer:
        for number in range(40):
            writer.write(media.numbered_picture(number, 160, 120))
    reader = FrameReader(path)
    assert reader.fps == Fraction(fps)
    assert [media.picture_number(frame.image) for frame in reader] == list(range(40))
    assert probe(path).duration_seconds == pytest.approx(40 / fps, abs=0.002)


COLOURS = [
    (0, 0, 0),
    (255, 255, 255),
    (128, 128, 128),
    (224, 172, 140),
    (90, 50, 30),
    (30, 90, 160),
    (20, 200, 60),
]


@pytest.mark.parametrize("tags", [ColorTags(), ColorTags(6, 6, 6), ColorTags(5, 6, 5), None])
@pytest.mark.parametrize("size", [(128, 64), (1280, 720)])
def test_flat_colours_come_back(tmp_path, tags, size):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, *size, 25, color_tags=tags, crf=4) as writer:
        for colour in COLOURS:
            writer.write(np.full((size[1], size[0], 3), colour, np.uint8))
    reader = FrameReader(path)
    for frame, colour in zip(reader, COLOURS, strict=True):
        assert np.abs(frame.image[20, 20].astype(int) - colour).max() <= 2
    assert reader.color_tags == (tags or (ColorTags() if size[1] == 720 else ColorTags(6, 6, 6)))
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        written = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
    assert written == (*reader.color_tags[:3], 1)


def test_ready_for_the_web_and_honest_about_itself(tmp_path):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 160, 120, 25, 48_000, metadata={"title": "Hello"}) as writer:
        for number in range(10):
            writer.write(media.numbered_picture(number, 160, 120))
            writer.write_audio(media.tone(0.04, 48_000))
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(path)) as container:
        assert "AI-generated" in container.metadata["comment"]
        assert container.metadata["title"] == "Hello"
    info = probe(path)
    assert (info.video_codec, info.pixel_format, info.audio_codec) == ("h264", "yuv420p", "aac")


@pytest.mark.parametrize("sample_rate", [16_000, 24_000, 44_100, 48_000])
def test_sound_is_in_step_to_the_sample(tmp_path, sample_rate):
    seconds = 4.0
    sound = media.clicks([0.0, 1.0, 2.52, 3.96], seconds, sample_rate)
    path = tmp_path / "clap.mp4"
    with VideoWriter(path, 160, 120, 25, sample_rate) as writer:
        for number in range(100):
            writer.write(np.full((120, 160, 3), 255 if number in {25, 63} else 0, np.uint8))
            writer.write_audio(sound[number * sample_rate // 25 : (number + 1) * sample_rate // 25])
    heard = load_audio(path, sample_rate)
    assert len(heard) == len(sound)
    best = np.argmax(np.correlate(heard, sound[: len(sound)], "same")) - len(sound) // 2
    assert best == 0
    assert media.click_times(heard, sample_rate) == pytest.approx([0.0, 1.0, 2.52, 3.96], abs=0.001)
    assert [frame.seconds for frame in FrameReader(path) if frame.image.mean() > 128] == [1.0, 2.52]


def test_sound_in_pieces_of_any_size(tmp_path):
    sound = media.tone(2, 48_000)
    path = tmp_path / "out.mp4"
    cuts = np.sort(np.random.default_rng(5).integers(0, len(sound), 40))
    with VideoWriter(path, 160, 120, 25, 48_000) as writer:
        for piece in np.split(sound, cuts):
            writer.write_audio(piece)
        for number in range(50):
            writer.write(media.numbered_picture(number, 160, 120))
    heard = load_audio(path, 48_000)
    assert len(heard) == len(sound)
    assert np.abs(heard[2000:-2000] - sound[2000:-2000]).max() < 0.03


def test_an_error_leaves_nothing_and_spares_what_was_there(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    path = folder / "out.mp4"
    path.write_bytes(b"the older result")
    with pytest.raises(RuntimeError, match="stop"), VideoWriter(path, 160, 120, 25, 48_000) as writer:
        writer.write(media.numbered_picture(0, 160, 120))
        raise RuntimeError("stop")
    assert [file.name for file in folder.iterdir()] == ["out.mp4"]
    assert path.read_bytes() == b"the older result"


def test_what_makes_no_sense_is_refused(tmp_path):
    with pytest.raises(ValueError, match="12345"):
        VideoWriter(tmp_path / "out.mp4", 160, 120, 25, 12_345)
    with VideoWriter(tmp_path / "out.mp4", 160, 120, 25) as writer:
        with pytest.raises(ValueError, match="120, 160"):
            writer.write(media.numbered_picture(0, 120, 160))
        with pytest.raises(ValueError, match="sample_rate"):
            writer.write_audio(media.tone(1, 48_000))
        writer.write(media.numbered_picture(0, 160, 120))


def test_a_video_without_pictures_is_no_video(tmp_path):
    path = tmp_path / "out.mp4"
    with pytest.raises(ValueError, match="no pictures"), VideoWriter(path, 160, 120, 25, 48_000) as writer:
        writer.write_audio(media.tone(1, 48_000))
    assert not path.exists()
    assert not list(tmp_path.glob(".*.part"))
