"""Live captions in a real room: a microphone plays speech, words appear, what is final stays, all is kept."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import rooms
from tests.e2e.conftest import DESKTOP, PHONE, shots_folder

OpenPage = Callable[..., Page]
pytestmark = pytest.mark.timeout(1800)
WORDS_MS = 400_000

# Follows every text of every line over the picture, and what of it does not look as if it may change.
FOLLOW = """() => {
  window.lines = {};
  const look = () => {
    for (const line of document.querySelectorAll('[data-line]')) {
      const caption = line.querySelector('[data-testid=caption]');
      const open = caption.querySelector('[data-testid=caption-open]');
      const text = caption.textContent;
      const stays = open ? text.slice(0, text.length - open.textContent.length) : text;
      const told = (window.lines[line.dataset.line] ??= []);
      if (told.at(-1)?.text !== text || told.at(-1)?.stays !== stays) told.push({ text, stays });
    }
  };
  new MutationObserver(look).observe(document.querySelector('[aria-label=Captions]'),
    { subtree: true, childList: true, characterData: true });
}"""


def turn_on(page: Page) -> None:
    page.get_by_role("button", name="Captions and transcript").click()
    page.get_by_role("switch", name="Caption this room").check(timeout=120_000)
    expect(page.get_by_text("Captions on, kept with the room")).to_be_visible(timeout=WORDS_MS)


def keep(page: Page, name: str) -> None:
    page.screenshot(path=shots_folder() / f"captions-{name}.png")


def test_words_appear_and_what_is_final_stays(open_page: OpenPage, tmp_path: Path) -> None:
    alice = open_page("/rooms", size=DESKTOP)
    rooms.open_room(alice, "Reading hour", avatar="No avatar yet")
    rooms.join(alice)
    bob = open_page(rooms.invite_link(alice), size=PHONE, signed=False)
    rooms.join(bob, name="Bob", microphone=False)
    alice.evaluate(FOLLOW)
    bob.evaluate(FOLLOW)
    turn_on(alice)
    panel = alice.get_by_role("complementary", name="Captions")
    expect(panel).to_contain_text("pocketsphinx")
    expect(panel).to_contain_text("gets many words wrong")

    expect(bob.get_by_text("Captions on, kept with the room")).to_be_visible(timeout=120_000)
    shown = bob.get_by_test_id("caption").first
    expect(shown).to_contain_text(re.compile(r"\w+ \w+"), timeout=WORDS_MS)
    expect(bob.get_by_label("Captions", exact=True)).to_contain_text("admin")
    keep(bob, "phone")
    kept = panel.get_by_role("log", name="Transcript").get_by_role("listitem")
    expect(kept.nth(2)).to_be_visible(timeout=WORDS_MS)
    end = time.monotonic() + WORDS_MS / 1000
    while bob.evaluate("Object.values(window.lines).flat().length") < 12:
        assert time.monotonic() < end
        bob.wait_for_timeout(500)
    keep(alice, "desktop")
    for page in (alice, bob):
        check_lines(page)

    bob.get_by_role("button", name="Hide captions").click()
    expect(bob.get_by_test_id("caption")).to_have_count(0)
    bob.get_by_role("button", name="Show captions").click()
    bob.get_by_role("button", name="Captions and transcript").click()
    expect(bob.get_by_role("log", name="Transcript").get_by_role("listitem").nth(1)).to_be_visible(
        timeout=WORDS_MS
    )
    expect(bob.get_by_role("switch", name="Caption this room")).to_have_count(0)
    keep(bob, "transcript-phone")
    with bob.expect_download() as download:
        bob.get_by_role("button", name="WebVTT").click()
    download.value.save_as(tmp_path / "captions.vtt")
    said = (tmp_path / "captions.vtt").read_text()
    assert said.startswith("WEBVTT\n") and said.count("<v admin>") >= 2

    alice.get_by_role("switch", name="Caption this room").uncheck()
    expect(bob.get_by_text("Captions on, kept with the room")).to_have_count(0, timeout=120_000)
    alice.get_by_role("button", name="Leave", exact=True).click()
    alice.goto("/rooms")
    alice.get_by_role("link", name="What was said in Reading hour").click()
    expect(alice.get_by_role("heading", level=1, name="Reading hour")).to_be_visible()
    expect(alice.get_by_role("listitem").filter(has_text=re.compile(r"\w+ \w+")).nth(1)).to_be_visible()
    keep(alice, "transcript-page")
    alice.set_viewport_size(PHONE)
    assert alice.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def check_lines(page: Page) -> None:
    """Words that looked final never changed, and some words were shown before they were final."""
    lines = page.evaluate("window.lines")
    assert len(lines) >= 2
    assert any(one["stays"] != one["text"] for told in lines.values() for one in told)
    for told in lines.values():
        for before, after in zip(told, told[1:], strict=False):
            if not before["text"].startswith("…") and not after["text"].startswith("…"):
                assert after["text"].startswith(before["stays"].rstrip()), told
