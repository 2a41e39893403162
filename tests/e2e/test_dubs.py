"""A video is dubbed in the browser: every stage is seen, one sentence edited, and only that is made again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from lipsync.audio.levels import window_dbfs
from lipsync.audio.load import load_audio
from lipsync.dubbing.spec import STAGES
from lipsync.face.frame import lip_gap
from lipsync.face.track import FaceTracker
from tests.e2e import studio
from tests.e2e.conftest import PHONE, shots_folder
from tests.lipsync.dubbing.talk import write_talk

pytestmark = pytest.mark.timeout(600)
STAGE_MS = 240_000
SAID = ("Good morning, everybody.", "We are going to the river.")
GERMAN = ("Guten Morgen, alle zusammen.", "Wir gehen jetzt an den Fluss.")
OTHER = "Papa und Mama gehen baden."
RATE = 16_000


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_talk(tmp_path_factory.mktemp("talk") / "talk.mp4", face=True, said=SAID)


def stage(page: Page, name: str) -> Locator:
    return page.get_by_test_id(f"stage-{name}")


def shot(page: Page, name: str) -> None:
    page.screenshot(path=shots_folder() / f"{name}.png", full_page=True)


def ask(page: Page) -> dict[str, Any]:
    """The dub of the page, as the API has it."""
    uid = page.url.rsplit("/", 1)[1]
    return dict(page.request.get(f"/api/v1/dubs/{uid}").json())


def test_a_video_is_dubbed_and_one_sentence_edited(
    page: Page, open_page: Callable[..., Page], talk: Path, tmp_path: Path
) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Dubs").click()
    expect(page.get_by_text("None yet.", exact=False)).to_be_visible(timeout=60_000)
    begin(page, talk)
    expect(stage(page, "edit")).to_have_attribute("data-state", "needs_you", timeout=STAGE_MS)
    for name, label in STAGES.items():
        expect(stage(page, name)).to_contain_text(label)
    expect(page.get_by_text("models pull m2m100-418m", exact=False).first).to_be_visible()
    shot(page, "dub-needs-you")
    translate(page)
    expect(page.get_by_label("Dubbed video")).to_be_visible(timeout=STAGE_MS)
    for name in STAGES:
        expect(stage(page, name)).to_have_attribute("data-state", "done")
    first = ask(page)
    shot(page, "dub-done")
    edit_second(page)
    second = ask(page)
    expect_only_the_second_redone(first, second)
    expect(stage(page, "words")).to_have_attribute("data-fresh", "kept")
    expect(stage(page, "voice")).to_contain_text("1 made, 1 kept")
    shot(page, "dub-edited")
    phone = open_page(f"/dubs/{second['id']}", size=PHONE)
    expect(phone.get_by_label("Dubbed video")).to_be_visible(timeout=60_000)
    expect_no_sideways(phone)
    shot(phone, "dub-phone")
    phone.goto("/dubs")
    expect(phone.get_by_role("list", name="Dubs").get_by_role("link")).to_have_count(1, timeout=60_000)
    expect_no_sideways(phone)
    shot(phone, "dubs-phone")
    film = tmp_path / "final.mp4"
    film.write_bytes(page.request.get(second["video_url"]).body())
    captions = page.request.get(f"/api/v1/dubs/{second['id']}/files/captions.vtt").text()
    expect_in_time(film, captions)


def begin(page: Page, talk: Path) -> None:
    page.get_by_label("Video to dub").set_input_files(talk)
    go = page.get_by_role("button", name="Dub it")
    expect(go).to_have_attribute("aria-disabled", "false", timeout=120_000)
    page.get_by_label("Spoken now").select_option("en-US")
    page.get_by_label("Dub into").select_option("de")
    shot(page, "dubs-start")
    go.click()
    page.wait_for_url("**/dubs/*-*", timeout=60_000)


def translate(page: Page) -> None:
    sentences = page.get_by_test_id("sentence")
    expect(sentences).to_have_count(len(GERMAN), timeout=60_000)
    for number, text in enumerate(GERMAN, 1):
        page.get_by_label(f"Translation of sentence {number}").fill(text)
    page.get_by_role("button", name="Save 2 changes and go on").click()


def edit_second(page: Page) -> None:
    page.get_by_label("Translation of sentence 2").fill(OTHER)
    page.get_by_role("button", name="Save 1 change and go on").click()
    expect(stage(page, "finish")).not_to_have_attribute("data-state", "done", timeout=60_000)
    expect(stage(page, "finish")).to_have_attribute("data-state", "done", timeout=STAGE_MS)


def expect_only_the_second_redone(first: dict[str, Any], second: dict[str, Any]) -> None:
    before, after = ({one["name"]: one["hash"] for one in dub["stages"]} for dub in (first, second))
    assert [name for name in STAGES if before[name] == after[name]] == ["words", "sentences", "translate"]
    for what in ("voice_hash", "fit_hash"):
        same = [
            old[what] == new[what] for old, new in zip(first["sentences"], second["sentences"], strict=True)
        ]
        assert same == [True, False], what
    assert [one["is_new"] for one in second["sentences"]] == [False, True]


def expect_no_sideways(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{wide} px too wide"


def expect_in_time(film: Path, captions: str) -> None:
    """Sound where the captions are, and lips that move with it."""
    assert GERMAN[0] in captions and OTHER in captions and GERMAN[1] not in captions
    spans = [
        tuple(int(minute) * 60 + float(second) for minute, second in re.findall(r"\d+:(\d+):([\d.]+)", line))
        for line in captions.splitlines()
        if "-->" in line
    ]
    sound = window_dbfs(load_audio(film, RATE), RATE // 25)
    at = (np.arange(len(sound)) + 0.5) / 25
    speaks = np.zeros(len(sound), bool)
    for start, end in spans:
        speaks |= (at > start + 0.1) & (at < end - 0.2)
    still = np.ones(len(sound), bool)
    for start, end in spans:
        still &= (at < start - 0.2) | (at > end + 0.2)
    assert np.median(sound[speaks]) > np.median(sound[still]) + 12
    gaps = lips(film)[: len(sound)]
    assert gaps[speaks[: len(gaps)]].std() > 2 * gaps[still[: len(gaps)]].std()


def lips(film: Path) -> np.ndarray:
    """(frames,) how far the lips are apart."""
    tracker = FaceTracker(1)
    gaps = []
    with av.open(str(film)) as container:
        assert [stream.metadata["language"] for stream in container.streams.subtitles] == ["deu"]
        for frame in container.decode(video=0):
            faces = tracker.update(frame.to_ndarray(format="rgb24"))
            gaps.append(lip_gap(faces[0].landmarks) if faces else 0.0)
    return np.array(gaps)


def test_a_video_without_sound_is_refused_where_it_is_dropped(page: Page, files: Any) -> None:
    page.goto("/dubs")
    studio.drop(page, "Drop a video", files.face_video)
    expect(page.get_by_text("This video has no sound", exact=False)).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Dub it")).to_have_attribute("aria-disabled", "true")
