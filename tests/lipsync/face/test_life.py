"""A face that is left alone stays alive: it breathes, blinks and looks about, and listens when spoken to."""

import numpy as np
import pytest

from lipsync.face.face import Pose
from lipsync.face.life import Life

FPS = 25


def live(seconds, seed=3, amount=1.0, effort=lambda t: 0.0, heard=lambda t: 0.0, towards=(0.0, 0.0)):
    life = Life(FPS, seed, amount)
    times = np.arange(round(seconds * FPS)) / FPS
    return times, [life.step(effort(t), heard=heard(t), towards=towards) for t in times]


def syllables(t):
    """Speech at four syllables a second, with a pause every third second."""
    return 0.0 if t % 3 > 2.2 else 0.5 - 0.5 * np.cos(2 * np.pi * 4 * t)


def sentences(t):
    """Loudness of somebody who speaks for two seconds and pauses for one."""
    return 0.4 if t % 3 < 2 else 0.0


def blinks(poses):
    """First and last frame of each."""
    shut = np.array([p.blink > 0 for p in poses])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], shut, [False]]).astype(int)))
    return edges.reshape(-1, 2)


@pytest.mark.parametrize("effort", [lambda t: 0.0, syllables], ids=["idle", "speaking"])
def test_nothing_repeats_within_a_minute(effort):
    _, poses = live(120, effort=effort)
    values = np.array([(p.yaw, p.pitch, p.roll) for p in poses])
    assert (values.std(0) > 0.004).all(), "the head moves"
    pieces = [values[n : n + 10 * FPS] for n in range(0, 60 * FPS, 5)]
    pieces = [piece - piece.mean(0) for piece in pieces]
    for lag in range(5, len(pieces)):  # from a second on
        apart = np.sqrt(np.square((pieces[0] - pieces[lag]) / values.std(0)).mean())
        assert apart > 0.3, f"the first ten seconds come again after {lag / 5:.0f} s"


def test_head_moves_smoothly_and_stays_near_the_camera():
    _, poses = live(120, effort=syllables)
    values = np.array([(p.yaw, p.pitch, p.roll) for p in poses])
    assert np.abs(values).max() < 0.12
    assert np.abs(np.diff(values, axis=0)).max() < 0.012


@pytest.mark.parametrize("seed", range(4))
def test_blinks_are_many_short_and_complete(seed):
    _, poses = live(120, seed, effort=syllables)
    found = blinks(poses)
    assert 16 <= len(found) <= 80
    for first, last in found:
        assert last - first <= 10
        assert max(p.blink for p in poses[first:last]) == 1


def test_head_beats_time_to_speech():
    times, poses = live(90, effort=syllables)
    pitch = np.array([p.pitch for p in poses])
    fast = pitch - np.convolve(pitch, np.ones(13) / 13, mode="same")
    effort = np.array([syllables(t) for t in times])
    lags = [np.corrcoef(effort[: len(fast) - lag], fast[lag:])[0, 1] for lag in range(6)]
    assert max(lags) > 0.3


def test_listener_looks_at_the_speaker_and_nods_in_the_pauses():
    times, poses = live(120, heard=sentences, towards=(0.8, 0.1))
    _, alone = live(120)
    late = times > 3
    assert np.median([p.gaze_x for p, k in zip(poses, late, strict=True) if k]) > 0.4
    assert np.mean([p.yaw for p in poses]) > np.mean([p.yaw for p in alone]) + 0.02

    def nodding(track):
        pitch = np.array([p.pitch for p in track])
        fast = pitch - np.convolve(pitch, np.ones(25) / 25, mode="same")
        pause = times % 3 > 2.2
        return float(np.abs(fast[pause & late]).mean())

    assert nodding(poses) > 1.5 * nodding(alone)


def test_listening_ends_with_the_talk():
    _, poses = live(60, heard=lambda t: 0.4 if t < 20 else 0.0, towards=(0.9, 0.0))
    assert np.mean([p.gaze_x for p in poses[200:500]]) > 0.4
    assert abs(np.mean([p.gaze_x for p in poses[600:]])) < 0.25


def test_same_seed_same_life_other_seed_another():
    one, again, other = (live(20, seed, effort=syllables)[1] for seed in (5, 5, 6))
    assert one == again
    assert one != other


def test_no_amount_no_motion():
    _, poses = live(10, amount=0.0, effort=syllables, heard=sentences)
    assert set(poses) == {Pose()}
