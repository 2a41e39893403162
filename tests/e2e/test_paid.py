"""A paid engine in the browser: its price before the button, why it was chosen, its cost, who steps in."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e import studio
from tests.e2e.conftest import DESKTOP, LIMITS, Files
from tests.e2e.running import RunningStack
from tests.e2e.test_screens import look_at

pytestmark = pytest.mark.timeout(900)  # a product of its own is started
FAKE = re.compile(r"A fake HeyGen answers at http://[\d.:]+")
PRICE = re.compile(r"\$0\.\d\d")


@dataclass
class Paid:
    """A product whose HeyGen is the fake, and somebody signed in to it."""

    stack: RunningStack
    page: Page

    def play(self, scenario: str) -> None:
        """What its HeyGen does from now on."""
        self._ask("scenario", {"name": scenario})

    def charges(self) -> float:
        return float(sum(one["usd"] for one in self._ask("journal", {})["charges"]))

    def _ask(self, what: str, wish: dict[str, str]) -> dict[str, list[dict[str, float]]]:
        url = self.stack.wait_for(FAKE).rpartition(" ")[2] + f"/__fake__/{what}"
        with urllib.request.urlopen(url, json.dumps(wish).encode(), timeout=20) as answer:
            return dict(json.loads(answer.read()))


@pytest.fixture(scope="module")
def paid(built_pages: None, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paid]:
    data = tmp_path_factory.mktemp("paid") / "data"
    stack = RunningStack(data, WITH="fake-heygen", AVSITE_REGENERATE="0", **LIMITS)
    try:
        stack.wait_until_ready()
        context = browser.new_context(base_url=stack.url, viewport=DESKTOP, reduced_motion="reduce")
        thrown: list[str] = []
        page = context.new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.goto(stack.signin_link)
        page.get_by_role("button", name="Account menu").wait_for()
        yield Paid(stack, page)
        context.close()
        assert not thrown, thrown
    finally:
        stack.stop()
    assert "Traceback" not in stack.log, stack.log[-5000:]


def order(paid: Paid, files: Files, text: str) -> Locator:
    """A filmed face is to say ``text``; the line by the button, once it has worked out what that takes."""
    page = paid.page
    page.goto("/")
    studio.choose_face(page, files.face_video)
    studio.type_text(page, text)
    line = page.locator("#dock-line")
    expect(line).to_contain_text("of video", timeout=30_000)
    return line


def attempt(page: Page, engine: str) -> Locator:
    return page.get_by_role("region", name="Details").locator("ol > li").filter(has_text=engine)


def fact(page: Page, name: str) -> Locator:
    details = page.get_by_role("region", name="Details")
    return details.locator("dl > div").filter(has=page.get_by_text(name, exact=True)).locator("dd")


def test_the_price_and_the_reason_come_first_and_the_cost_is_told_after(paid: Paid, files: Files) -> None:
    page = paid.page
    line = order(paid, files, "This one is worth a few cents.")
    expect(line).to_contain_text("HeyGen")
    expect(line).to_contain_text(PRICE)
    expect(line).to_contain_text("The best engine for a short clip.")
    look_at(page, "studio-paid", "desktop")
    assert paid.charges() == 0, "an estimate costs nothing"
    studio.make_it_speak(page)
    expect(fact(page, "Engine")).to_have_text("HeyGen")
    expect(fact(page, "Cost")).to_have_text(PRICE)
    gauges = page.get_by_label("Quality")
    for name in ("Lips match the voice", "Sound", "Picture"):
        expect(gauges.locator("div").filter(has_text=name).locator("dd").first).to_have_text(
            re.compile(r"\d+ %")
        )
    page.get_by_text("1 attempt").click()
    expect(attempt(page, "HeyGen")).to_contain_text("The best engine for a short clip.")
    expect(attempt(page, "HeyGen")).to_contain_text(PRICE)
    look_at(page, "job-paid", "desktop")
    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("link", name="Costs").click()
    row = page.get_by_role("row").filter(has_text="HeyGen")
    expect(row).to_contain_text(PRICE)
    expect(page.get_by_role("region", name="Totals")).to_contain_text(f"${paid.charges():.2f}")
    look_at(page, "costs-paid", "desktop")


def test_another_engine_steps_in_and_the_page_says_why(paid: Paid, files: Files) -> None:
    page = paid.page
    spent = paid.charges()
    paid.play("failed_status")
    try:
        expect(order(paid, files, "HeyGen will not make this one.")).to_contain_text("HeyGen")
        studio.make_it_speak(page)
    finally:
        paid.play("ok")
    expect(fact(page, "Engine")).to_have_text(re.compile("Built-in"))
    expect(fact(page, "Cost")).to_have_text("Free")
    expect(page.get_by_text("2 attempts")).to_be_visible()
    expect(attempt(page, "HeyGen")).to_contain_text("The face could not be followed")
    expect(attempt(page, "Built-in")).to_contain_text("The one before it failed.")
    look_at(page, "job-stepped-in", "desktop")
    assert paid.charges() == spent, "what failed is not charged"
