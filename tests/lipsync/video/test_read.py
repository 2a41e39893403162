"""Frames come out upright, in true colours, when they are due."""

from fractions import Fraction

import numpy as np
import pytest

from lipsync.video.errors import MediaError
from lipsync.video.read import FrameReader, read_audio_of, sample_frames
from tests import media


def numbers(frames) -> list[int]:
    return [media.picture_number(frame.image) for frame in frames]


@pytest.mark.parametrize(
    ("suffix", "codec", "pixel_format"),
    [
        (".mp4", "libx264", "yuv420p"),
        (".mp4", "libx265", "yuv420p10le"),
        (".mov", "prores_ks", "yuv422p10le"),
        (".mov", "qtrle", "rgb24"),
        (".webm", "libvpx-vp9", "yuv420p"),
        (".mkv", "libx264", "yuv444p"),
        (".avi", "mpeg4", "yuv420p"),
        (".avi", "mjpeg", "yuvj420p"),
        (".ts", "libx264", "yuv420p"),
    ],
)
def test_every_frame_once_in_order(tmp_path, suffix, codec, pixel_format):
    options = (
        {"preset": "ultrafast", "x265-params": "log-level=none:pools=none"} if codec == "libx265" else {}
    )
    path = media.write_video(
        tmp_path / f"clip{suffix}", 30, codec=codec, pixel_format=pixel_format, options=options
    )
    reader = FrameReader(path)
    frames = list(reader)
    assert numbers(frames) == list(range(30))
    assert [frame.index for frame in frames] == list(range(30))
    assert reader.fps == 25
    assert reader.notices == []
    assert np.abs(frames[7].image.astype(int) - media.numbered_picture(7)).mean() < 8


def test_size_odd_in_both_directions(tmp_path):
    path = media.write_video(tmp_path / "odd.mkv", 5, size=(321, 181), pixel_format="yuv444p")
    assert {frame.image.shape for frame in FrameReader(path)} == {(181, 321, 3)}
    path = media.write_video(tmp_path / "odd.webm", 5, size=(321, 181))
    assert {frame.image.shape for frame in FrameReader(path)} == {(181, 321, 3)}


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turned_as_the_camera_was_held(tmp_path, rotation, mirrored):
    stored = media.numbered_picture(5)
    shown = np.rot90(stored, -rotation // 90)
    shown = shown[:, ::-1] if mirrored else shown
    path = media.write_video(tmp_path / "phone.mp4", [stored] * 3, rotation=rotation, mirrored=mirrored)
    reader = FrameReader(path)
    image = next(iter(reader)).image
    assert image.shape == shown.shape == (reader.height, reader.width, 3)
    assert image.flags.c_contiguous
    assert np.abs(image.astype(int) - shown).mean() < 5


def test_square_pixels(tmp_path):
    path = media.write_video(tmp_path / "dv.mp4", 5, size=(360, 288), aspect=Fraction(16, 15))
    frame = next(iter(FrameReader(path)))
    assert frame.image.shape == (288, 384, 3)
    assert media.picture_number(frame.image) == 0


def test_variable_rate_does_not_drift(tmp_path):
    """Whatever the file's times, a frame is shown within half a grid step of its own time."""
    steps = np.random.default_rng(3).choice([0.033, 0.033, 0.1, 0.4], 60)
    times = [0.0, *np.cumsum(steps).round(3).tolist()]
    path = media.write_video(tmp_path / "phone.mp4", len(times), fps=30, times=times)
    frames = list(FrameReader(path, fps=25))
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert len(frames) / 25 == pytest.approx(times[-1], abs=0.5)
    for frame in frames:
        shown = media.picture_number(frame.image)
        assert times[shown] <= frame.seconds + 0.021
        if shown + 1 < len(times):
            assert frame.seconds <= times[shown + 1] + 0.021


@pytest.mark.parametrize(("source", "wanted"), [(50, 25), (25, 50), (24, 30), (30, 25)])
def test_another_rate_keeps_the_length(tmp_path, source, wanted):
    path = media.write_video(tmp_path / "clip.mp4", source * 3, fps=source)
    frames = list(FrameReader(path, fps=wanted))
    assert len(frames) == wanted * 3
    for frame in frames:
        assert media.picture_number(frame.image) / source == pytest.approx(
            frame.seconds, abs=1.01 / min(source, wanted)
        )


def test_millisecond_times_drop_nothing(tmp_path):
    path = media.write_video(tmp_path / "clip.mkv", 120, fps=Fraction(30_000, 1001))
    reader = FrameReader(path)
    assert reader.fps == Fraction(30_000, 1001)
    assert numbers(reader) == list(range(120))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".avi", ".ts", ".mov"])
def test_any_part_is_the_same_as_in_one_go(tmp_path, suffix):
    path = media.write_video(tmp_path / f"clip{suffix}", 70, codec=media.VIDEO_CODECS.get(suffix, "libx264"))
    reader = FrameReader(path)
    for start, stop in ((1, 4), (23, 31), (69, 70), (40, 200)):
        frames = list(reader.frames(start, stop))
        assert [frame.index for frame in frames] == list(range(start, min(stop, 70)))
        assert numbers(frames) == list(range(start, min(stop, 70)))


def test_frames_are_yours_to_draw_on(tmp_path):
    path = media.write_video(tmp_path / "slow.mp4", 3, fps=5)
    for frame in FrameReader(path, fps=25):
        assert media.picture_number(frame.image) == frame.index // 5
        frame.image[:] = 255


@pytest.mark.parametrize(
    ("suffix", "codec", "pixel_format"), [(".mov", "qtrle", "argb"), (".mov", "png", "rgba")]
)
def test_transparency_is_laid_on_white(tmp_path, suffix, codec, pixel_format):
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[:, :32] = (200, 10, 10, 255)
    path = media.write_video(
        tmp_path / f"clip{suffix}", [picture] * 3, codec=codec, pixel_format=pixel_format
    )
    image = next(iter(FrameReader(path))).image
    assert np.abs(image[30, 10].astype(int) - (200, 10, 10)).max() <= 2
    assert image[30, 50].tolist() == [255, 255, 255]


@pytest.mark.parametrize("transfer", [16, 18], ids=["PQ", "HLG"])
def test_hdr_is_brought_to_a_normal_screen(tmp_path, transfer):
    """Brighter stays brighter, black stays black, and the white of paper is nearly white."""
    paper = 0.58 if transfer == 16 else 0.75
    greys = []
    for level in (0.0, 0.25, 0.4, 0.5, paper):
        path = media.hdr_grey_video(tmp_path / f"{level}.mkv", level, transfer)
        reader = FrameReader(path)
        image = next(iter(reader)).image
        assert np.ptp(image[32, 32].astype(int)) <= 3
        assert reader.color_tags.transfer == 1
        greys.append(int(image[32, 32, 1]))
    assert greys == sorted(set(greys))
    assert greys[0] <= 3
    assert greys[-1] >= 225


@pytest.mark.parametrize("tags", [(1, 1, 1), (6, 6, 6)], ids=["BT.709", "BT.601"])
def test_colours_follow_the_tags_not_the_size(tmp_path, tags):
    picture = np.full((64, 64, 3), (210, 60, 90), np.uint8)
    path = media.write_video(tmp_path / "clip.mp4", [picture] * 5, color=tags, options={"crf": "5"})
    reader = FrameReader(path)
    assert reader.color_tags[:3] == tags
    assert np.abs(next(iter(reader)).image[32, 32].astype(int) - (210, 60, 90)).max() <= 3


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_damage_in_the_middle_names_the_time(tmp_path, suffix):
    whole = media.write_video(tmp_path / f"whole{suffix}", 250)
    broken = media.damage(whole, tmp_path / f"broken{suffix}", 0.4, 0.6)
    shown = 0
    with pytest.raises(MediaError) as caught:
        for frame in FrameReader(broken):
            assert media.picture_number(frame.image) == frame.index
            shown += 1
    assert caught.value.code == "damaged"
    assert shown > 25
    assert caught.value.at_seconds == pytest.approx(shown / 25, abs=0.7)
    assert "seconds" in str(caught.value)


def test_a_lost_end_is_a_notice(tmp_path):
    whole = media.write_video(tmp_path / "whole.mp4", 250, container_options={"movflags": "+faststart"})
    reader = FrameReader(media.cut_short(whole, tmp_path / "cut.mp4", 0.97))
    frames = list(reader)
    assert 225 <= len(frames) < 250
    assert numbers(frames[:-3]) == list(range(len(frames) - 3))
    assert len(reader.notices) == 1


def test_sound_only_is_refused(tmp_path):
    path = media.write_audio(tmp_path / "speech.wav", media.tone(1, 16_000), 16_000)
    with pytest.raises(MediaError) as caught:
        FrameReader(path)
    assert caught.value.code == "no_video"


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi"])
def test_samples_are_spread(tmp_path, suffix):
    path = media.write_video(tmp_path / f"clip{suffix}", 101)
    frames = sample_frames(path, 5)
    assert numbers(frames) == [frame.index for frame in frames] == [0, 25, 50, 75, 100]
    assert len(sample_frames(media.write_video(tmp_path / "short.mp4", 2), 5)) == 2


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".mov"])
def test_sound_and_picture_coincide(tmp_path, suffix):
    """A white frame and a click made at the same time come back at the same time."""
    pictures = [np.full((120, 160, 3), 255 if number in {20, 40} else 0, np.uint8) for number in range(60)]
    sound = media.clicks([0.8, 1.6], 2.4, 48_000)
    path = media.write_video(tmp_path / f"clap{suffix}", pictures, sound=sound)
    flashes = [frame.seconds for frame in FrameReader(path) if frame.image.mean() > 128]
    heard = media.click_times(np.concatenate(list(read_audio_of(path, 48_000))), 48_000)
    assert flashes == pytest.approx([0.8, 1.6])
    assert heard == pytest.approx(flashes, abs=0.001)
