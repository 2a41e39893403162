"""The measuring tool of the live bench, on notes whose figures are known."""

from dataclasses import replace

import numpy as np
import pytest

from tests.bench.live import figures, scenario
from tests.bench.live.figures import Noted, Starts
from tests.bench.live.server import find_server, run_server

LENGTH = 16.0
FPS = 25


def syllables(times):
    """0..1, how loud or how open: bursts of changing length after pauses of changing length."""
    chance = np.random.default_rng(5)
    value, start = np.zeros_like(times), 1.0
    while start < LENGTH - 1:
        length = chance.uniform(0.15, 0.45)
        inside = (times >= start) & (times < start + length)
        value[inside] = np.sin(np.pi * (times[inside] - start) / length) ** 0.5
        start += length + chance.uniform(0.3, 0.7)
    return value


def noted(offset_ms=0.0, *, drift=0.0, sound_held=0.0, picture_held=0.0, jitter=0.0) -> Noted:
    """What a viewer notes of pictures and sound ``offset_ms`` apart; ``drift`` in ms a minute."""
    pictures = np.arange(0, LENGTH, 1 / FPS)
    came = pictures + np.random.default_rng(1).uniform(0, jitter, len(pictures))
    sounds = np.arange(0, LENGTH, figures.BLOCK_SECONDS)
    late = (offset_ms + drift * sounds / 60) / 1000
    even = np.ones(len(pictures))
    ticks = np.arange(0, LENGTH, 0.5)
    delays = np.concatenate(
        [
            np.column_stack([ticks, ticks * 50 * held, ticks * 50, ticks * 0 + is_sound, ticks * 0])
            for held, is_sound in ((sound_held, 1), (picture_held, 0))
        ]
    )
    return Noted(
        came,
        0.01 + 0.12 * syllables(pictures),
        even * 120,
        even * 50,
        even * 128,
        sounds,
        0.2 * syllables(sounds + figures.BLOCK_SECONDS / 2 - late),
        delays,
    )


@pytest.mark.parametrize("offset", [-200, -80, 0, 37, 80, 200])
def test_finds_offsets_again(offset):
    aligned = figures.window_offsets(noted())[:, 1].mean()
    windows = figures.window_offsets(noted(offset))[:, 1]
    assert len(windows) > 20
    assert windows.mean() - aligned == pytest.approx(offset, abs=4)
    assert windows.std() < 10


def test_pictures_that_come_unevenly_count_by_their_mean():
    even, uneven = (figures.window_offsets(noted(jitter=jitter))[:, 1].mean() for jitter in (0.0, 0.03))
    # Pictures that come up to 30 ms late are 15 ms late in the mean.
    assert even - uneven == pytest.approx(15, abs=6)


@pytest.mark.parametrize("offset", [-80, 0, 120])
def test_single_onsets_tell_the_same(offset):
    onsets = figures.onset_offsets(noted(offset))
    assert len(onsets) > 12
    assert np.mean(onsets) - np.mean(figures.onset_offsets(noted())) == pytest.approx(offset, abs=8)


def test_takes_out_what_the_viewers_buffers_hold():
    windows = figures.window_offsets(noted(100, sound_held=0.09, picture_held=0.02))
    assert windows[:, 2] == pytest.approx(windows[:, 1] - 70, abs=0.1)
    assert noted(sound_held=0.09, picture_held=0.02).held == pytest.approx((90, 20))


def test_says_nothing_of_windows_in_which_the_buffers_changed():
    seen = noted()
    seen.delays[(seen.delays[:, 0] > 8) & (seen.delays[:, 3] == 1), 1] += 25 * 0.2
    windows = figures.window_offsets(seen)
    touched = np.abs(windows[:, 0] - 8) < figures.WINDOW_SECONDS / 2 - 0.6
    assert np.isnan(windows[touched, 2]).any()
    assert not np.isnan(windows[windows[:, 0] > 12, 2]).any()


def test_finds_drift():
    drifting, steady = (figures.drift(figures.window_offsets(noted(drift=drift))) for drift in (90, 0))
    assert drifting - steady == pytest.approx(90, abs=10)


def test_noise_has_no_offset():
    seen = noted()
    noise = np.random.default_rng(2).uniform(0, 0.2, len(seen.levels))
    assert len(figures.window_offsets(replace(seen, levels=noise))) == 0


def flat(**rows) -> Noted:
    """Two seconds of a closed mouth and silence, with ``rows`` instead."""
    count = 2 * FPS
    usual = {
        "picture_times": np.arange(count) / FPS,
        "gaps": np.full(count, 0.01),
        "lumas": np.full(count, 120.0),
        "spreads": np.full(count, 50.0),
        "chromas": np.full(count, 128.0),
        "sound_times": np.arange(200) * 0.01,
        "levels": np.zeros(200),
        "delays": np.zeros((0, 5)),
    }
    return Noted(**{**usual, **rows})


def test_rate_and_gaps_of_pictures():
    times = np.delete(np.arange(2 * FPS) / FPS, [20, 21])
    seen = flat(picture_times=times, gaps=np.zeros(len(times)))
    assert figures.frame_rate(flat()) == pytest.approx(25)
    assert figures.frame_rate(seen) == pytest.approx(24, abs=0.1)
    assert figures.gap_p99(seen) > 75
    assert figures.gap_p99(flat()) == pytest.approx(40)


def test_black_green_and_empty_pictures_are_counted():
    lumas, spreads, chromas = np.full(50, 120.0), np.full(50, 50.0), np.full(50, 128.0)
    lumas[0], spreads[1], chromas[2] = 16, 0, 10
    assert figures.spoilt_pictures(flat(lumas=lumas, spreads=spreads, chromas=chromas)) == 3
    assert figures.spoilt_pictures(flat()) == 0


def test_answers_to_speech_and_interrupt():
    levels, gaps = np.zeros(200), np.full(50, 0.01)
    levels[60:110], gaps[16:28] = 0.2, 0.1
    seen = flat(levels=levels, gaps=gaps)
    assert figures.first_sound(seen, 0.5) == pytest.approx(100)
    assert figures.first_motion(seen, 0.5) == pytest.approx(140)
    assert figures.silence_after(seen, 1.0, 2.0) == pytest.approx(100)
    assert figures.still_after(seen, 1.0, 2.0) == pytest.approx(120)
    assert figures.stale_after(seen, 1.0, 2.0) == 0


def test_speech_that_comes_back_after_an_interrupt_is_stale():
    levels, gaps = np.zeros(200), np.full(50, 0.01)
    levels[100:105] = levels[150:153] = 0.2
    gaps[25:27] = gaps[40] = 0.1
    assert figures.stale_after(flat(levels=levels, gaps=gaps), 1.0, 2.0) == 4


def test_no_face_and_nothing_heard_are_no_figures():
    seen = flat(gaps=np.full(50, np.nan))
    assert np.isnan(figures.first_sound(seen, 0.0))
    assert np.isnan(figures.first_motion(seen, 0.0))
    assert len(figures.window_offsets(seen)) == 0
    assert len(figures.onset_offsets(seen)) == 0


def test_counts_starts_against_what_was_spoken():
    spoken = [(0.0, 5.0), (6.0, 7.0), (8.0, 9.0)]
    assert figures.count_starts([0.1, 6.1, 8.1], spoken) == Starts(3, 0, 0)
    assert figures.count_starts([0.1, 5.5, 6.1, 6.4], spoken) == Starts(2, 2, 1)


@pytest.mark.stack
@pytest.mark.skipif(find_server() is None, reason="livekit-server is not installed")
async def test_watches_over_a_real_server(tmp_path):
    from tests.bench.live import material

    await material.write_ready(tmp_path, 5.5)
    with run_server(tmp_path) as server:
        seen = await scenario.watch(server, tmp_path, "replay", offset_ms=200, interrupts=0)
    assert seen.spoilt == 0
    assert seen.fps > 5
    assert len(seen.onsets) >= 3
    # By windows: on a busy machine sounds are late, and single onsets are paired with those of others.
    assert np.median(seen.windows[:, 1]) > 100
    assert seen.starts is None
