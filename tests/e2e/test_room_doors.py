"""Who comes in and who does not: waiting, locked, removed, closed; and the checks before a call."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import rooms
from tests.e2e.conftest import DESKTOP, PHONE, shots_folder
from tests.e2e.test_screens import SIZES, look_at, press_until

OpenPage = Callable[..., Page]
pytestmark = pytest.mark.timeout(600)  # the first of them starts the whole product


def test_waiting_let_in_promoted_and_removed(open_page: OpenPage) -> None:
    alice = open_page("/rooms", size=DESKTOP)
    rooms.open_room(alice, "Interview", avatar="No avatar yet", waiting=True)
    rooms.join(alice, microphone=False)
    bob = open_page(rooms.invite_link(alice), size=PHONE, signed=False)
    expect(bob.get_by_text("A host will let you in.")).to_be_visible()
    bob.get_by_label("Your name").fill("Bob")
    bob.get_by_role("button", name="Join", exact=True).click()
    expect(bob.get_by_role("heading", name="Almost there")).to_be_visible()
    look_at(bob, "room-waiting", "phone")
    alice.get_by_role("button", name="Let Bob in").click()
    expect(bob.get_by_role("navigation", name="Call")).to_be_visible(timeout=rooms.JOIN_MS)
    look_at(alice, "room-people", "desktop")

    def host_does(act: str) -> None:
        alice.get_by_role("button", name="What to do with Bob").click()
        alice.get_by_role("button", name=act).click()

    expect(bob.get_by_role("button", name="Turn microphone off")).to_be_visible(timeout=30_000)
    host_does("Mute microphone")
    expect(bob.get_by_role("button", name="Turn microphone on")).to_be_visible(timeout=60_000)
    host_does("Only watch")
    expect(bob.get_by_role("button", name="Turn microphone on")).to_have_count(0)
    host_does("Make speaker")
    expect(bob.get_by_role("button", name="Turn microphone on")).to_be_visible()
    host_does("Remove from the room")
    alice.get_by_role("button", name="Remove", exact=True).click()
    expect(bob.get_by_role("heading", name="You were removed")).to_be_visible(timeout=60_000)
    look_at(bob, "room-removed", "phone")


def test_a_locked_and_a_closed_room(open_page: OpenPage) -> None:
    alice = open_page("/rooms", size=DESKTOP)
    rooms.open_room(alice, "Private", avatar="No avatar yet")
    rooms.join(alice, microphone=False)
    link = rooms.invite_link(alice)
    alice.get_by_role("switch", name="Lock the room").check()
    expect(alice.get_by_role("heading", level=1)).to_contain_text("locked")
    bob = open_page(link, signed=False)
    bob.get_by_label("Your name").fill("Bob")
    bob.get_by_role("button", name="Join", exact=True).click()
    expect(bob.get_by_role("heading", name="The door is locked")).to_be_visible()
    look_at(bob, "room-locked", "desktop")
    alice.get_by_role("switch", name="Lock the room").uncheck()
    expect(alice.get_by_role("heading", level=1)).not_to_contain_text("locked")
    bob.get_by_role("button", name="Try again").click()
    rooms.join(bob, name="Bob", microphone=False)
    alice.get_by_role("button", name="Close room for everyone").click()
    alice.get_by_role("button", name="Close room", exact=True).click()
    for page in (alice, bob):
        expect(page.get_by_role("heading", name="The room is closed")).to_be_visible(timeout=60_000)
    stranger = open_page(link, signed=False)
    expect(stranger.get_by_role("heading", name="The room is closed")).to_be_visible()
    nowhere = open_page("/rooms/no-such-room")
    expect(nowhere.get_by_role("heading", name="No room here")).to_be_visible()
    look_at(nowhere, "room-unknown", "desktop")


@pytest.mark.parametrize("size", SIZES)
def test_the_screens_around_a_call(open_page: OpenPage, size: str) -> None:
    page = open_page("/rooms", size=SIZES[size])
    rooms.open_room(page, f"Seen on a {size}")
    expect(page.get_by_role("meter", name="Microphone level")).to_be_visible()
    expect(page.locator("video[aria-label='Your camera']")).to_be_visible()
    page.wait_for_timeout(1500)
    assert int(page.get_by_role("meter", name="Microphone level").get_attribute("aria-valuenow") or 0) > 0
    look_at(page, "room-door", size)
    for name in ("rooms", "avatars"):
        page.goto(f"/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        look_at(page, name, size)


@pytest.mark.parametrize("size", SIZES)
def test_the_doctor_finds_everything_well(open_page: OpenPage, size: str) -> None:
    page = open_page("/doctor", size=SIZES[size])
    expect(page.get_by_role("heading", level=1)).to_have_text("Everything works", timeout=30_000)
    expect(page.locator("[data-check=media]")).to_contain_text("They go by UDP")
    look_at(page, "doctor", size)


def test_the_doctor_says_how_to_mend_a_blocked_camera(open_page: OpenPage) -> None:
    page = open_page("/rooms")
    page.context.clear_permissions()
    page.add_init_script(
        "navigator.permissions.query = async ({name}) => ({state: name === 'camera' ? 'denied' : 'granted'})"
    )
    page.goto("/doctor")
    camera = page.locator("[data-check=camera]")
    expect(camera).to_have_attribute("data-state", "failed")
    expect(camera).to_contain_text("allow the camera, and reload")
    expect(page.get_by_role("heading", level=1)).to_have_text("One thing does not work", timeout=30_000)


def test_a_dark_call_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page("/rooms", dark=True)
    rooms.open_room(page, "After hours")
    expect(page.get_by_role("button", name="Join", exact=True)).to_be_visible()
    press_until(page, "Join")
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Call")).to_be_visible(timeout=rooms.JOIN_MS)
    rooms.expect_mood(page, "Ready|Listening")
    press_until(page, "Type")
    page.get_by_label("What the avatar should say").focus()
    page.keyboard.type("Said without a mouse.")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("caption")).to_contain_text("mouse", timeout=30_000)
    page.screenshot(path=shots_folder() / "room-dark.png")
    press_until(page, "Leave")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You left the room")).to_be_visible()
