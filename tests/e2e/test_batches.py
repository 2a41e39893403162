"""Many videos at once in the browser: made, followed, stopped, tried again, each failure with its reason."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import media
from tests.e2e import studio
from tests.e2e.conftest import PHONE, Files
from tests.e2e.test_screens import look_at

pytestmark = pytest.mark.timeout(900)  # several videos one after the other, and the start of the product
LINES = "The first of them.\n\nThe second of them.\n"


def item(page: Page, name: str) -> Locator:
    return page.get_by_test_id("batch-item").filter(has_text=name)


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """A short recording, so that nobody waits long for its video."""
    path = tmp_path / "voice.wav"
    media.write_audio(path, media.spoken_like(1.2), 16_000)
    return path


def make_rows(page: Page, voice: Path) -> None:
    """Two lines and a recording, said by a drawn avatar."""
    page.get_by_label("Name of the batch").fill("Monday")
    page.get_by_role("button", name="Use drawn avatar").first.click()
    expect(page.get_by_text("Write a line for each video")).to_be_visible()
    page.get_by_label("One line, one video").fill(LINES)
    expect(page.get_by_text("2 texts")).to_be_visible()
    page.get_by_label("Recordings to add").set_input_files([voice])
    expect(page.get_by_role("list", name="Recordings")).to_contain_text("voice.wav")
    expect(page.get_by_role("button", name="Make 3 videos")).to_be_enabled(timeout=60_000)


def test_one_face_says_many_things(open_page: Callable[..., Page], voice: Path) -> None:
    page = open_page("/jobs")
    page.get_by_role("link", name="Many at once").click()
    page.wait_for_url("**/batches")
    expect(page.get_by_role("button", name="Use drawn avatar").first).to_be_visible()
    expect(page.get_by_text("Choose the face that says them all")).to_be_visible()
    look_at(page, "batches-empty", "desktop")
    make_rows(page, voice)
    look_at(page, "batches-ready", "desktop")
    page.get_by_role("button", name="Make 3 videos").click()
    page.wait_for_url("**/batches/*")
    expect(page.get_by_role("heading", name="Monday")).to_be_visible()
    expect(page.get_by_test_id("batch-item")).to_have_count(3)
    look_at(page, "batch-working", "desktop")
    for name in ("The first of them.", "The second of them.", "voice.wav"):
        expect(item(page, name)).to_contain_text("Done", timeout=studio.RENDER_MS)
    sums = page.get_by_role("region", name="Summary")
    expect(sums).to_contain_text("3 of 3")
    expect(sums).to_contain_text("Finished")
    expect(page.get_by_role("button", name="Stop the rest")).to_have_count(0)
    page.get_by_role("link", name="The second of them.", exact=True).click()
    page.wait_for_url("**/jobs/*")
    expect(studio.result_video(page)).to_be_visible()


def pack(target: Path, files: Files, voice: Path) -> Path:
    """One pair that can be made, and one whose face is none."""
    with zipfile.ZipFile(target, "w") as archive:
        archive.write(files.portrait, "good.png")
        archive.write(voice, "good.wav")
        archive.writestr("bad.png", b"This is no picture.")
        archive.write(voice, "bad.wav")
    return target


def test_a_zip_of_which_one_pair_is_bad(
    open_page: Callable[..., Page], files: Files, voice: Path, tmp_path: Path
) -> None:
    page = open_page("/batches", size=PHONE)
    page.get_by_role("tab", name="A ZIP").click()
    look_at(page, "batches-zip", "phone")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK no")
    page.get_by_label("ZIP file").set_input_files(broken)
    expect(page.get_by_text("This is not a ZIP that can be read here")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Dismiss").click()
    page.get_by_label("ZIP file").set_input_files(pack(tmp_path / "pairs.zip", files, voice))
    page.wait_for_url("**/batches/*", timeout=60_000)
    bad = item(page, "bad")
    expect(bad).to_contain_text("Not taken")
    expect(bad).to_contain_text("picture")
    expect(item(page, "good")).to_contain_text("Done", timeout=studio.RENDER_MS)
    expect(page.get_by_role("region", name="Summary")).to_contain_text("1 of 2")
    look_at(page, "batch-done", "phone")
    page.get_by_role("tab", name="Not made 1").click()
    expect(page.get_by_test_id("batch-item")).to_have_count(1)
    page.get_by_role("link", name="Many at once").click()
    expect(page.get_by_role("list", name="Batches")).to_contain_text("1 of 2 videos done · 1 not made")
    look_at(page, "batches-list", "phone")


def test_what_has_not_ended_is_stopped_and_tried_again(open_page: Callable[..., Page]) -> None:
    page = open_page("/batches")
    page.get_by_role("button", name="Use drawn avatar").nth(1).click()
    long = "It goes on and on, and it is far from over, because there is so much to say about it. " * 3
    page.get_by_label("One line, one video").fill(
        f"{long}\n{long} And on.\nThe short one, stopped and tried again."
    )
    page.get_by_role("button", name="Make 3 videos").click()
    page.wait_for_url("**/batches/*")
    page.get_by_role("button", name="Stop the rest").click()
    page.get_by_role("button", name="Stop them").click()
    short = item(page, "The short one")
    expect(short).to_contain_text("Cancelled", timeout=30_000)
    expect(page.get_by_role("button", name="Stop the rest")).to_have_count(0, timeout=60_000)
    look_at(page, "batch-stopped", "desktop")
    short.get_by_role("button", name="Try again").click()
    expect(short).to_contain_text("Done", timeout=studio.RENDER_MS)
