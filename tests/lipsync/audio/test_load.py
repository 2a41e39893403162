"""Sound of any kind comes in as mono at the rate asked for, in its place, without clipping."""

import wave

import numpy as np
import pytest

from lipsync.audio.load import load_audio, save_wav, stream_audio
from lipsync.video.errors import MediaError
from tests import media

SUFFIXES = [".wav", ".mp3", ".m4a", ".opus", ".ogg", ".flac", ".webm", ".mkv", ".mov"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("wanted", [16_000, 48_000])
def test_every_format_in_its_place(tmp_path, suffix, wanted):
    """Codec delay is taken off: clicks come back when they were made, and the length is right."""
    path = media.write_audio(tmp_path / f"clicks{suffix}", media.clicks([0.25, 1.0, 1.75], 2, 48_000), 48_000)
    heard = load_audio(path, wanted)
    assert heard.dtype == np.float32
    assert heard.ndim == 1
    assert len(heard) == pytest.approx(2 * wanted, abs=0.03 * wanted)
    assert media.click_times(heard, wanted) == pytest.approx([0.25, 1.0, 1.75], abs=0.0015)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 32_000, 44_100, 96_000])
def test_every_rate(tmp_path, rate):
    path = media.write_audio(tmp_path / "tone.wav", media.tone(1, rate, 440), rate)
    heard = load_audio(path, 16_000)
    assert len(heard) == pytest.approx(16_000, abs=2)
    assert np.abs(heard[500:-500] - media.tone(1, 16_000, 440)[500 : len(heard) - 500]).max() < 0.01


@pytest.mark.parametrize(
    "codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_mulaw"]
)
def test_every_depth(tmp_path, codec):
    sound = media.tone(0.5, 16_000)
    heard = load_audio(media.write_audio(tmp_path / "tone.wav", sound, 16_000, codec=codec), 16_000)
    assert np.abs(heard - sound).max() < 0.03


@pytest.mark.parametrize(("layout", "channels"), [("stereo", 2), ("5.1", 6), ("quad", 4)])
def test_many_channels_do_not_clip(tmp_path, layout, channels):
    loud = np.tile(media.tone(0.5, 48_000, level=0.99), (channels, 1))
    heard = load_audio(media.write_audio(tmp_path / "loud.wav", loud, 48_000, layout=layout), 48_000)
    assert np.abs(heard).max() == pytest.approx(0.99, abs=0.01)


def test_one_ear_is_enough(tmp_path):
    sound = np.stack([media.tone(0.5, 48_000), np.zeros(24_000, np.float32)])
    heard = load_audio(media.write_audio(tmp_path / "left.wav", sound, 48_000, layout="stereo"), 48_000)
    assert np.abs(heard).max() == pytest.approx(0.25, abs=0.01)


def test_blocks_are_the_whole(tmp_path):
    path = media.write_audio(tmp_path / "tone.mp3", media.tone(5, 44_100), 44_100)
    blocks = list(stream_audio(path, 16_000))
    assert len(blocks) > 5
    np.testing.assert_array_equal(np.concatenate(blocks), load_audio(path, 16_000))
    np.testing.assert_array_equal(
        load_audio(path, 16_000, max_seconds=1.5), load_audio(path, 16_000)[:24_000]
    )


def test_a_saved_file_comes_back(tmp_path):
    sound = np.array([0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0], np.float32)
    path = tmp_path / "saved.wav"
    save_wav(path, sound, 16_000)
    np.testing.assert_allclose(load_audio(path, 16_000), np.clip(sound, -1, 1), atol=1e-4)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)


def test_a_hole_in_the_sound_is_silence(tmp_path):
    """Sound that pauses in its timestamps, as recordings of calls do, stays in step."""
    path = tmp_path / "call.mkv"
    write_with_hole(path)
    heard = load_audio(path, 48_000)
    assert media.click_times(heard, 48_000) == pytest.approx([0.2, 2.2], abs=0.003)


def write_with_hole(path) -> None:
    from fractions import Fraction

    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48_000, layout="mono")
        for start in (0, 2):
            burst = media.clicks([0.2], 0.5, 48_000)
            frame = av.AudioFrame.from_ndarray(
                (burst[None] * 32767).astype(np.int16), format="s16", layout="mono"
            )
            frame.sample_rate = 48_000
            frame.pts = start * 48_000
            frame.time_base = Fraction(1, 48_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_no_sound(tmp_path):
    path = media.write_video(tmp_path / "mute.mp4", 5)
    with pytest.raises(MediaError) as caught:
        load_audio(path, 16_000)
    assert caught.value.code == "no_audio"


def test_damaged_sound_is_refused_or_heard_but_never_crashes(tmp_path):
    for suffix in (".mp3", ".m4a", ".opus", ".flac"):
        whole = media.write_audio(tmp_path / f"whole{suffix}", media.tone(5, 48_000), 48_000)
        broken = media.damage(whole, tmp_path / f"broken{suffix}", 0.3, 0.6)
        try:
            heard = load_audio(broken, 16_000)
        except MediaError as error:
            assert error.code in {"damaged", "truncated"}
        else:
            assert np.isfinite(heard).all()
            assert np.abs(heard).max() <= 1
