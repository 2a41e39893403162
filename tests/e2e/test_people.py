"""A video with two people: the second face is picked and speaks; both take turns in another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from lipsync.face.frame import lip_gap
from lipsync.face.track import FaceTracker
from tests import media
from tests.e2e import studio
from tests.e2e.conftest import PHONE, shots_folder

SECONDS = 2.0


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pair") / "pair.mp4"
    return media.write_video(path, media.two_people(round(SECONDS * 25)), options={"crf": "16"})


def choose_pair(page: Page, pair: Path) -> Locator:
    """Give the video, wait until its faces are known, and return the choice between them."""
    page.get_by_label("Face file").set_input_files(pair)
    expect(page.get_by_text("2 faces found")).to_be_visible(timeout=120_000)
    choice = page.get_by_role("radiogroup", name="Who speaks")
    expect(choice.get_by_role("radio")).to_have_count(2, timeout=120_000)
    return choice


def lips(path: Any) -> np.ndarray:
    """(2,) how much the lips of the left and the right face move in the film at ``path``."""
    tracker = FaceTracker(2)
    gaps = []
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            faces = tracker.update(frame.to_ndarray(format="rgb24"))
            by_place = sorted(faces, key=lambda face: float(face.landmarks[:, 0].mean()))
            gaps.append([lip_gap(face.landmarks) for face in by_place])
    return np.array(gaps).std(axis=0)


def test_the_second_face_is_picked_and_speaks(page: Page, pair: Path) -> None:
    choice = choose_pair(page, pair)
    second = choice.get_by_role("radio", name="Face 2")
    choice.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowRight")
    expect(second).to_be_checked()
    studio.type_text(page, "Mama bought a big apple pie.")
    page.screenshot(path=shots_folder() / "studio-two-people.png", full_page=True)
    studio.make_it_speak(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    left, right = lips(download.value.path())
    assert right > 2 * left, "only the second face speaks"


def test_two_people_take_turns(open_page: Callable[..., Page], pair: Path) -> None:
    page = open_page("/", size=PHONE)
    choose_pair(page, pair)
    studio.type_text(page, "Who are you?")
    page.get_by_role("button", name="Add another speaker").click()
    card = page.get_by_role("listitem", name="Speaker 2")
    expect(card.get_by_role("radio", checked=True)).to_have_count(1)
    expect(page.get_by_text("Write what face", exact=False).first).to_be_visible()
    card.get_by_role("textbox").fill("I am the other one.")
    page.screenshot(path=shots_folder() / "studio-two-speakers-phone.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.screenshot(path=shots_folder() / "studio-two-speakers.png", full_page=True)
    studio.make_it_speak(page)
    expect(page.get_by_text("Speakers", exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert lips(download.value.path()).min() > 0.004, "both have spoken"
