"""Music under a film, measured on what comes out of the file."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from lipsync.audio.load import FloatArray, save_wav
from lipsync.audio.loudness import RATE, measure_loudness
from lipsync.audio.soundtrack import SoundtrackOptions, looped_music, mix_soundtrack, stereo_blocks
from lipsync.speech.synthesize import synthesize
from lipsync.video.errors import MediaError
from lipsync.video.probe import probe
from lipsync.video.resound import replace_sound
from tests import media

PAUSES = (2.5, 3.5, 2.0)


def whole(blocks: object) -> FloatArray:
    return np.concatenate(list(blocks), axis=1)  # type: ignore[call-overload]


def db(sound: FloatArray) -> float:
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-12))


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of a chord that swells, as loud as music is sold."""
    t = np.arange(4 * RATE) / RATE
    chord = sum(
        0.12 * np.sin(2 * np.pi * f * t) * (0.7 + 0.3 * np.sin(9 * t + f)) for f in (220, 277, 330, 440)
    )
    noise = np.random.default_rng(1).normal(0, 0.02, len(t))
    path = tmp_path_factory.mktemp("music") / "music.wav"
    save_wav(path, (chord + noise).astype(np.float32), RATE)
    return path


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[float, float]]]:
    """A film of somebody who pauses, and when they speak."""
    said = synthesize("Papa bought a big blue boat, and we all went out to sea.", "en-us")
    rate, pieces, spans, at = said.sample_rate, [], [], 0.0
    for number, pause in enumerate(PAUSES):
        pieces.append(np.zeros(round(pause * rate), np.float32))
        at += pause
        if number < len(PAUSES) - 1:
            pieces.append(said.samples)
            spans.append((at, at + len(said.samples) / rate))
            at = spans[-1][1]
    path = tmp_path_factory.mktemp("talk") / "talk.mp4"
    sound = np.concatenate(pieces)
    media.write_video(path, round(at * 25), size=(64, 48), sound=sound, sample_rate=rate)
    return path, spans


def part(sound: FloatArray, start: float, end: float) -> FloatArray:
    return sound[:, round(start * RATE) : round(end * RATE)]


def test_music_gives_way_to_speech(talk: tuple[Path, list], music: Path, tmp_path: Path) -> None:
    film, spans = talk
    options = SoundtrackOptions()
    seconds = probe(film).duration_seconds
    output = tmp_path / "out.mp4"
    replace_sound(film, mix_soundtrack(film, seconds, music, options)(), output)

    result = whole(stereo_blocks(output))
    loudness = measure_loudness([result])
    assert loudness.lufs == pytest.approx(options.loudness_lufs, abs=0.7)
    assert loudness.peak_dbtp <= options.peak_dbtp + 0.2
    assert probe(output).duration_seconds == pytest.approx(seconds, abs=0.05)
    assert probe(output).frame_count == probe(film).frame_count

    voice = whole(stereo_blocks(film))
    (start, end), (after, _) = spans
    here, there = part(result, start + 0.4, end), part(voice, start + 0.4, end)
    count = min(here.shape[1], there.shape[1])
    gain = float((here[0, :count] @ there[0, :count]) / (there[0, :count] @ there[0, :count]))
    under = here[0, :count] - gain * there[0, :count]
    while_speaking = db(gain * there[0, :count]) - db(under)
    in_pauses = db(gain * there[0, :count]) - db(part(result, end + 1.2, after - 0.2)[0])
    assert while_speaking > 14, "words are understood"
    assert 3 < in_pauses < while_speaking - 5, "and the music comes back between them"


def test_the_seam_of_a_loop_is_not_heard(music: Path) -> None:
    looped = whole(looped_music(music, 14.0, 1.0))
    assert looped.shape == (2, 14 * RATE)
    levels = [db(piece) for piece in np.split(looped[:, 2 * RATE : 12 * RATE], 100, axis=1)]
    steps = np.abs(np.diff(levels))
    alone = [db(piece) for piece in np.split(whole(stereo_blocks(music))[:, : 3 * RATE], 30, axis=1)]
    assert max(steps) < max(np.abs(np.diff(alone))) + 1.5, "no louder and no softer at a seam"
    jumps = np.abs(np.diff(looped[0]))
    assert jumps.max() <= 1.2 * np.abs(np.diff(whole(stereo_blocks(music))[0])).max(), "and no click"
    assert db(looped[:, :480]) < -40 and db(looped[:, -480:]) < -40, "it fades in and out"


@pytest.mark.parametrize("fade", [0.0, 5.0])
def test_any_fade_gives_the_length(music: Path, fade: float) -> None:
    pieces = looped_music(music, 9.3, fade)
    assert sum(piece.shape[1] for piece in pieces) == round(9.3 * RATE)


def test_memory_is_bounded(music: Path) -> None:
    sizes = [piece.shape[1] for piece in itertools.islice(looped_music(music, 3600.0, 1.0), 200)]
    assert max(sizes) < 6 * RATE


def test_what_cannot_be_mixed_says_why(talk: tuple[Path, list], tmp_path: Path) -> None:
    save_wav(tmp_path / "silence.wav", np.zeros(RATE, np.float32), RATE)
    save_wav(tmp_path / "click.wav", np.ones(100, np.float32), RATE)
    with pytest.raises(MediaError, match="silent"):
        mix_soundtrack(talk[0], 3.0, tmp_path / "silence.wav", SoundtrackOptions())
    with pytest.raises(MediaError, match="shorter than"):
        mix_soundtrack(talk[0], 3.0, tmp_path / "click.wav", SoundtrackOptions())
    with pytest.raises(ValueError, match="duck_db is 99"):
        SoundtrackOptions(duck_db=99)
    with pytest.raises(MediaError, match="no moving picture"):
        replace_sound(tmp_path / "click.wav", iter(()), tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_the_command(talk: tuple[Path, list], music: Path, tmp_path: Path) -> None:
    output = tmp_path / "with music.mp4"
    call_command("soundtrack", talk[0], music, "-o", output, "--below-lu", "20")
    assert probe(output).audio_codec == "aac"
    with pytest.raises(CommandError, match="There is no"):
        call_command("soundtrack", talk[0], tmp_path / "gone.mp3", "-o", output)
    with pytest.raises(CommandError, match="below_lu is 90"):
        call_command("soundtrack", talk[0], music, "-o", output, "--below-lu", "90")
