"""What shows between lips decides whether they are open, not the mesh alone."""

import numpy as np
import pytest

from lipsync.face.parted import find_opening, looks_shut

OFFSETS = np.linspace(-0.06, 0.12, 73, dtype=np.float32)
COLUMNS = 65
BELOW = np.full(COLUMNS, 0.11, np.float32)
LIP, SKIN, TOOTH, DARK = (190.0, 95.0, 90.0), (225.0, 175.0, 150.0), (225.0, 205.0, 185.0), (40.0, 18.0, 18.0)


def mouth(teeth=(0.0, 0.0), dark=0.011, columns=slice(20, 45)):
    """Lips around a dark line, with teeth or more darkness between ``teeth`` (D) in the middle columns."""
    patch = np.empty((COLUMNS, len(OFFSETS), 3), np.float32)
    patch[:] = LIP
    patch[:, np.abs(OFFSETS) < dark / 2] = DARK
    first, last = np.searchsorted(OFFSETS, teeth)
    patch[columns, first:last] = TOOTH
    return patch + np.random.default_rng(1).normal(0, 2, patch.shape).astype(np.float32)


def test_touching_lips_are_shut():
    assert find_opening(mouth(), OFFSETS, BELOW) is None


def test_a_sliver_of_teeth_is_an_opening_down_to_its_lower_end():
    upper, lower = find_opening(mouth(teeth=(0.005, 0.035)), OFFSETS, BELOW)
    assert lower[32] == pytest.approx(0.03, abs=0.008)
    assert upper[32] < 0.01
    assert lower[3] - upper[3] < 0.004, "nothing is open at the corners"
    assert lower[-4] - upper[-4] < 0.004


def test_teeth_are_seen_a_little_below_the_line():
    upper, lower = find_opening(mouth(teeth=(0.0115, 0.042)), OFFSETS, BELOW)
    assert (lower - upper)[32] > 0.02


def test_a_pale_lower_lip_with_its_shade_below_is_not_teeth():
    patch = mouth(teeth=(0.0115, 0.075), columns=slice(8, 57))
    assert find_opening(patch, OFFSETS, BELOW) is None


def test_a_dark_slit_is_an_opening():
    upper, lower = find_opening(mouth(dark=0.04), OFFSETS, BELOW)
    assert (lower - upper)[32] == pytest.approx(0.026, abs=0.008)


def test_a_highlight_on_the_lower_lip_is_not_teeth():
    patch = mouth()
    patch[25:40, (OFFSETS > 0.045) & (OFFSETS < 0.06)] = (235, 200, 190)
    assert find_opening(patch, OFFSETS, BELOW) is None


def test_lips_of_stone_look_shut_and_teeth_do_not():
    def between(colour):
        return np.tile(np.array(colour, np.float32), (20, 1))

    skin = np.array(SKIN, np.float32)
    assert looks_shut(between((228, 176, 152)), skin)
    assert not looks_shut(between(TOOTH), skin)
    assert not looks_shut(between(DARK), skin)
    mottled = between((228, 176, 152)) * np.linspace(0.8, 1.2, 20, dtype=np.float32)[:, None]
    assert not looks_shut(mottled, skin), "teeth and the shade between them vary"
