"""Every kind of file is known by its contents, and every unusable one is refused with a reason."""

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from lipsync.audio.load import save_wav
from lipsync.video.errors import MediaError
from lipsync.video.probe import MediaLimits, check_face, check_speech, probe
from tests import media


def refusal(check, path: Path, limits: MediaLimits | None = None) -> MediaError:
    with pytest.raises(MediaError) as caught:
        check(path, limits)
    # One sentence: it ends once, and tells what to do.
    assert str(caught.value).endswith(".")
    assert ". " not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("suffix", "container", "codec"),
    [
        (".mp4", "mov", "h264"),
        (".mov", "mov", "h264"),
        (".mkv", "matroska", "h264"),
        (".webm", "matroska", "vp9"),
        (".avi", "avi", "mpeg4"),
    ],
)
def test_video_in_every_container(tmp_path, suffix, container, codec):
    path = media.write_video(tmp_path / f"clip{suffix}", 40, fps=25, size=(320, 180))
    info = check_face(path)
    assert (info.media, info.container, info.video_codec) == ("video", container, codec)
    assert (info.width, info.height, info.fps, info.is_vfr) == (320, 180, 25.0, False)
    assert info.duration_seconds == pytest.approx(1.6, abs=0.05)
    assert info.audio_codec is None


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".m4a", ".opus", ".ogg", ".flac"])
def test_speech_in_every_format(tmp_path, suffix):
    path = media.write_audio(tmp_path / f"speech{suffix}", media.tone(1.5, 48_000), 48_000)
    info = check_speech(path)
    assert (info.media, info.sample_rate, info.channels, info.is_silent) == ("audio", 48_000, 1, False)
    assert info.duration_seconds == pytest.approx(1.5, abs=0.05)


def test_the_name_decides_nothing(tmp_path):
    clip = media.write_video(tmp_path / "clip.mp4", 10)
    assert check_face(clip.rename(tmp_path / "song.mp3")).media == "video"
    photo = tmp_path / "clip.mp4"
    Pillow.fromarray(media.portrait()).save(photo, format="PNG")
    assert check_face(photo).media == "image"


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_size_is_as_displayed(tmp_path, rotation):
    path = media.write_video(tmp_path / "phone.mp4", 5, size=(320, 180), rotation=rotation)
    info = probe(path)
    assert info.rotation_degrees == rotation
    assert (info.width, info.height) == ((180, 320) if rotation in {90, 270} else (320, 180))


def test_pixels_that_are_not_square(tmp_path):
    path = media.write_video(tmp_path / "dv.mp4", 5, size=(720, 576), aspect=Fraction(16, 15))
    assert (probe(path).width, probe(path).height) == (768, 576)


def test_variable_rate_is_seen(tmp_path):
    steps = np.random.default_rng(3).choice([0.033, 0.05, 0.1], 80)
    times = [0.0, *np.cumsum(steps).round(3).tolist()]
    info = probe(media.write_video(tmp_path / "phone.mp4", len(times), fps=30, times=times))
    assert info.is_vfr
    assert info.fps == pytest.approx(len(times) / times[-1], rel=0.05)


@pytest.mark.parametrize("fps", [Fraction(30_000, 1001), Fraction(24), Fraction(50)])
def test_rate_in_a_millisecond_container(tmp_path, fps):
    info = probe(media.write_video(tmp_path / "clip.mkv", 90, fps=fps))
    assert not info.is_vfr
    assert info.fps == pytest.approx(float(fps), rel=1e-6)


def test_cover_art_is_not_a_video(tmp_path):
    for suffix in (".mp3", ".m4a"):
        path = media.song_with_cover(tmp_path / f"song{suffix}")
        assert probe(path).media == "audio"
        assert check_speech(path).is_silent is False
        assert refusal(check_face, path).code == "no_video"


def test_silence_is_allowed_and_said(tmp_path):
    path = media.write_audio(tmp_path / "silence.wav", np.zeros(16_000, np.float32), 16_000)
    assert check_speech(path).is_silent is True


def test_sound_of_a_video_is_speech(tmp_path):
    path = media.write_video(tmp_path / "talk.mp4", 50, sound=media.tone(2, 48_000))
    info = check_speech(path)
    assert (info.media, info.is_silent) == ("video", False)
    assert refusal(check_speech, media.write_video(tmp_path / "mute.mp4", 10)).code == "no_audio"


def test_photo_is_no_speech(tmp_path):
    path = tmp_path / "face.png"
    Pillow.fromarray(media.portrait()).save(path)
    assert refusal(check_speech, path).code == "no_audio"


def test_empty_file(tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    assert refusal(check_face, path).code == "empty_file"
    assert refusal(check_speech, path).code == "empty_file"


@pytest.mark.parametrize(
    "text",
    [
        b"just some words, not a video\n" * 50,
        b"\x00" * 5000,
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/hostname\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile '/etc/hostname'\n",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>",
    ],
)
def test_text_under_a_media_name(tmp_path, text):
    path = tmp_path / "renamed.mp4"
    path.write_bytes(text)
    assert refusal(check_face, path).code == "not_media"
    assert refusal(check_speech, path).code == "not_media"


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "nothing.mp4")


@pytest.mark.parametrize("in_front", [False, True], ids=["index-at-end", "index-in-front"])
def test_cut_off_mp4(tmp_path, in_front):
    options = {"movflags": "+faststart"} if in_front else {}
    whole = media.write_video(tmp_path / "whole.mp4", 100, container_options=options)
    error = refusal(check_face, media.cut_short(whole, tmp_path / "cut.mp4"))
    assert error.code == "truncated"
    assert "upload the complete file" in str(error)


def test_cut_off_webm_and_photo(tmp_path):
    whole = media.write_video(tmp_path / "whole.webm", 100)
    error = refusal(check_face, media.cut_short(whole, tmp_path / "cut.webm"))
    assert error.code == "truncated"
    assert error.at_seconds is not None
    assert 0 < error.at_seconds < 4
    photo = tmp_path / "whole.jpg"
    Pillow.fromarray(media.portrait()).save(photo)
    assert refusal(check_face, media.cut_short(photo, tmp_path / "cut.jpg")).code == "truncated"


def test_a_few_missing_frames_are_a_notice(tmp_path):
    whole = media.write_video(tmp_path / "whole.mp4", 250, container_options={"movflags": "+faststart"})
    info = check_face(media.cut_short(whole, tmp_path / "cut.mp4", 0.97))
    assert info.duration_seconds < 10
    assert len(info.notices) == 1


def test_length_is_measured_not_believed(tmp_path):
    """A movie header claiming an hour, and one claiming a millisecond, change nothing."""
    whole = media.write_video(tmp_path / "whole.mp4", 50)
    for lie in (3_600_000, 1):
        data = bytearray(whole.read_bytes())
        for box, duration_at in ((b"mvhd", 20), (b"mdhd", 20)):
            at = data.index(box)
            data[at + duration_at : at + duration_at + 4] = struct.pack(">I", lie)
        liar = tmp_path / "liar.mp4"
        liar.write_bytes(data)
        assert check_face(liar).duration_seconds == pytest.approx(2.0, abs=0.1)


def test_limits(tmp_path):
    clip = media.write_video(tmp_path / "clip.mp4", 50, sound=media.tone(2, 48_000))
    assert refusal(check_face, clip, MediaLimits(bytes=1000)).code == "too_large"
    assert refusal(check_face, clip, MediaLimits(seconds=1)).code == "too_long"
    assert refusal(check_speech, clip, MediaLimits(seconds=1)).code == "too_long"
    assert refusal(check_face, clip, MediaLimits(pixels=1000)).code == "too_many_pixels"


def png_claiming(path: Path, width: int, height: int) -> Path:
    """A PNG of a few bytes whose header claims any size: what a decompression bomb looks like."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100_000)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return path


@pytest.mark.parametrize("size", [(30_000, 30_000), (30_000, 100), (60_000, 60_000), (9_000, 9_000)])
def test_picture_too_big_to_unpack(tmp_path, size):
    assert refusal(check_face, png_claiming(tmp_path / "bomb.png", *size)).code == "too_many_pixels"


def test_no_time_at_all(tmp_path):
    path = tmp_path / "nothing.wav"
    save_wav(path, np.zeros(0, np.float32), 16_000)
    assert refusal(check_speech, path).code == "zero_length"


def test_animations(tmp_path):
    pictures = [Pillow.fromarray(media.numbered_picture(number)) for number in range(6)]
    gif = tmp_path / "moves.gif"
    pictures[0].save(gif, save_all=True, append_images=pictures[1:], duration=100)
    info = check_face(gif)
    assert (info.media, info.width, info.fps) == ("video", 320, 10.0)
    webp = tmp_path / "moves.webp"
    pictures[0].save(webp, save_all=True, append_images=pictures[1:], duration=100)
    assert check_face(webp).media == "image"
