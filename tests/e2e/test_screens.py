"""Every screen at desk and phone width: a heading, nothing cut off, a picture for people to look at."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import studio
from tests.e2e.conftest import DESKTOP, PHONE, SENTENCE, Files, shots_folder

SIZES = {"desktop": DESKTOP, "phone": PHONE}
BROKEN_IMAGES = "() => [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
UNNAMED = """() => [...document.querySelectorAll('button, a[href], input, textarea, select')]
  .filter(e => e.type !== 'hidden' && e.checkVisibility())
  .filter(e => !(e.innerText || '').trim() && !e.getAttribute('aria-label')
    && !e.getAttribute('aria-labelledby') && !(e.labels && e.labels.length) && !e.title
    && !e.querySelector('img[alt]:not([alt=""])'))
  .map(e => e.outerHTML.slice(0, 200))"""


def look_at(page: Page, name: str, size: str, *, ours: bool = True) -> None:
    """Keep a picture of the whole page; on our own screens also check what a look would show."""
    page.wait_for_load_state("networkidle", timeout=180_000)  # the first pictures are drawn when asked for
    # As tall as its content: in a full-page picture, bars that stick to an edge would stand in the middle.
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": SIZES[size]["width"], "height": max(height, SIZES[size]["height"])})
    page.screenshot(path=shots_folder() / f"{name}-{size}.png")
    page.set_viewport_size(SIZES[size])
    if not ours:
        return
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[size]["width"], f"{name} is {width} pixels wide at {size} size"
    assert page.evaluate(BROKEN_IMAGES) == []
    assert page.evaluate(UNNAMED) == []
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.title().strip()


@pytest.mark.parametrize("size", SIZES)
def test_studio_from_empty_to_finished(open_page: Callable[..., Page], files: Files, size: str) -> None:
    page = open_page("/", size=SIZES[size])
    expect(page.get_by_role("button", name="Use drawn avatar").first).to_be_visible()
    look_at(page, "studio-empty", size)
    studio.choose_face(page, files.portrait)
    studio.type_text(page, SENTENCE + f" Seen on a {size}.")
    look_at(page, "studio-ready", size)
    page.evaluate(studio.WATCH_PERCENT)
    page.get_by_role("button", name="Make it speak").click()
    page.wait_for_url("**/jobs/*")
    expect(page.get_by_role("progressbar", name="Progress")).to_be_visible()
    studio.wait_for_percent(page, 10)
    page.screenshot(path=shots_folder() / f"job-working-{size}.png", full_page=True)
    studio.result_video(page).wait_for(timeout=studio.RENDER_MS)
    look_at(page, "job-done", size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("name", "path", "signed"),
    [
        ("jobs", "/jobs", True),
        ("library", "/library", True),
        ("account", "/account", True),
        ("not-found", "/no/such/page", True),
        ("signin", "/signin", False),
        ("signup", "/signup", False),
    ],
)
def test_screen(open_page: Callable[..., Page], name: str, path: str, signed: bool, size: str) -> None:
    page = open_page(path, size=SIZES[size], signed=signed)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    look_at(page, name, size)


@pytest.mark.parametrize("path", ["/", "/jobs", "/account"])
def test_dark(open_page: Callable[..., Page], path: str) -> None:
    page = open_page(path, dark=True)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    luminance = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number)"
    )
    assert sum(luminance) < 3 * 80
    look_at(page, f"dark{path.replace('/', '-')}", "desktop")


def test_admin_and_api_reference(open_page: Callable[..., Page]) -> None:
    for name, path in (
        ("admin", "/admin/"),
        ("admin-jobs", "/admin/lipsync/job/"),
        ("admin-assets", "/admin/lipsync/asset/"),
        ("api-reference", "/api/v1/docs"),
    ):
        page = open_page(path)
        look_at(page, name, "desktop", ours=False)
        assert "Page not found" not in page.title() and page.locator("body").inner_text().strip()


def test_the_studio_by_keyboard_alone(open_page: Callable[..., Page]) -> None:
    page = open_page("/")
    expect(page.get_by_role("button", name="Use drawn avatar").first).to_be_visible()
    press_until(page, "Use drawn avatar")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Use drawn avatar").first).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_label("What the face should say").focus()
    page.keyboard.type("Typed without a mouse.")
    press_until(page, "Make it speak")
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*")


def press_until(page: Page, name: str, limit: int = 80) -> None:
    """Press Tab until the focus is on something called ``name``."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || '')"
        )
        if name in focused:
            return
    raise AssertionError(f"Tab never came to {name!r}")
