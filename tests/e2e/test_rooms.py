"""A call with an avatar in it: it comes, lives, speaks, stops, lends its face, plays what the studio made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import rooms, studio
from tests.e2e.conftest import DESKTOP, PHONE, Files, shots_folder

OpenPage = Callable[..., Page]
pytestmark = pytest.mark.timeout(600)  # the first of them starts the whole product

SENTENCE = (
    "Good morning, everybody. My name is Maya, and I have been looking forward to this meeting. "
    "There are many things that I would like to tell you about my life as a picture in a computer. "
    "Papa bought a big blue boat, and we all went out to sea."
)
LECTURE = "Now listen very carefully, because I am going to tell you all about it. " * 12


def keep(page: Page, name: str) -> None:
    page.screenshot(path=shots_folder() / f"room-{name}.png")


def expect_alive(seen: dict[str, Any]) -> None:
    """A picture that is not black and never stands still."""
    assert (seen["width"], seen["height"]) == (512, 512), seen
    assert seen["brightest"] > 100 and seen["looks"] > 5, seen
    assert seen["whole"] > 0.05, f"it stands still: {seen}"


def test_two_people_talk_through_an_avatar(open_page: OpenPage) -> None:
    alice = open_page("/rooms", size=DESKTOP)
    rooms.open_room(alice, "Monday stand-up")
    rooms.join(alice, microphone=False)
    rooms.expect_mood(alice, "Ready")
    resting = rooms.look(alice)
    expect_alive(resting)

    bob = open_page(rooms.invite_link(alice), size=PHONE, signed=False)
    rooms.join(bob, name="Bob", microphone=False)
    expect(alice.get_by_role("article", name="Bob", exact=True)).to_be_visible(timeout=30_000)
    expect_alive(rooms.look(bob))
    rooms.expect_silence(bob)
    expect(bob.get_by_role("button", name="Avatar", exact=True)).to_have_count(0)

    rooms.say(alice, SENTENCE)
    rooms.expect_mood(bob, "Speaking")
    expect(bob.get_by_test_id("caption")).to_contain_text("boat", timeout=rooms.SPEAK_MS)
    rooms.expect_mood(bob, "Ready")
    rooms.expect_silence(bob)

    rooms.say(alice, LECTURE)  # long enough for all of these looks, however slow the machine
    rooms.expect_mood(bob, "Speaking")
    rooms.expect_voice(bob)
    rooms.expect_bars(alice)
    speaking = rooms.look(alice, 2.0)
    assert speaking["mouth"] > 1.5 * resting["mouth"], (speaking, resting)
    keep(alice, "speaking-desktop")
    keep(bob, "speaking-phone")
    alice.get_by_role("button", name="Stop speaking").click()
    rooms.expect_mood(bob, "Ready", timeout=60_000)
    rooms.expect_silence(bob, 6)
    expect(alice.get_by_role("button", name="Stop speaking")).to_have_count(0)


def test_an_avatar_mirrors_a_microphone(open_page: OpenPage) -> None:
    alice = open_page("/rooms", size=DESKTOP)
    rooms.open_room(alice, "Mirror")
    rooms.join(alice)
    rooms.expect_mood(alice, "Ready|Listening")
    rooms.expect_bars(alice, "You")  # her own microphone is heard
    assert rooms.bars(alice) < 0.1, "the avatar says nothing by itself"
    resting = rooms.look(alice)
    alice.get_by_role("tab", name="Voice").click()
    alice.get_by_role("switch", name="Speak with my voice").check()
    expect(alice.get_by_text("You do not hear yourself through it")).to_be_visible()
    rooms.expect_bars(alice)  # the avatar speaks with her voice
    mirrored = rooms.look(alice)
    keep(alice, "mirror")
    assert mirrored["mouth"] > 1.3 * resting["mouth"], (mirrored, resting)
    alice.get_by_role("switch", name="Speak with my voice").uncheck()
    rooms.expect_mood(alice, "Ready|Listening")


def test_an_avatar_plays_what_the_studio_made(open_page: OpenPage) -> None:
    alice = open_page("/", size=DESKTOP)
    alice.get_by_role("button", name="Use drawn avatar").nth(1).click()
    studio.type_text(alice, "This was made in the studio, and now it plays in a room. " + SENTENCE)
    studio.make_it_speak(alice)
    rooms.open_room(alice, "Cinema")
    rooms.join(alice, microphone=False)
    rooms.expect_mood(alice, "Ready")
    alice.get_by_role("tab", name="Play").click()
    alice.get_by_role("button", name="Play This was made in the studio").click()
    rooms.expect_mood(alice, "Speaking")
    rooms.expect_voice(alice)
    keep(alice, "plays-a-job")
    rooms.expect_mood(alice, "Ready")

    alice.get_by_role("button", name="Change").click()
    alice.get_by_role("button", name="Show the film This was made in the studio").first.click()
    expect(alice.get_by_role("button", name="Change")).to_have_attribute(
        "aria-expanded", "false", timeout=30_000
    )
    assert rooms.look(alice, 2.0)["whole"] > 0.05
    rooms.expect_voice(alice)
    keep(alice, "film")


def test_wave_spectrum_and_hue_are_seen(open_page: OpenPage) -> None:
    alice = open_page("/rooms", size=DESKTOP)
    rooms.open_room(alice, "Patterns", avatar="Sound wave")
    rooms.join(alice, microphone=False)
    for name, shown in (("Sound wave", "wave"), ("Spectrum", "spectrum"), ("Colours", "hue")):
        if name != "Sound wave":
            alice.get_by_role("button", name="Change").click()
            alice.get_by_role("region", name="Ready to use").get_by_role("button", name=name).click()
            expect(alice.get_by_role("region", name="The avatar here")).to_contain_text(name)
        rooms.expect_mood(alice, "Ready")
        rooms.say(alice, LECTURE)
        rooms.expect_mood(alice, "Speaking")
        moving = rooms.look(alice, 2.0)
        keep(alice, shown)
        assert moving["whole"] > 0.1 and moving["brightest"] > 60, (name, moving)
        rooms.expect_voice(alice)
        alice.get_by_role("button", name="Stop speaking").click()
        rooms.expect_mood(alice, "Ready")


def test_chat_layouts_and_devices(open_page: OpenPage) -> None:
    alice = open_page("/rooms", size=DESKTOP)
    rooms.open_room(alice, "Workshop")
    rooms.join(alice, microphone=False)
    rooms.expect_mood(alice, "Ready")
    bob = open_page(rooms.invite_link(alice), size=PHONE, signed=False)
    rooms.join(bob, name="Bob", microphone=False)
    expect(alice.get_by_role("article", name="Bob", exact=True)).to_be_visible(timeout=30_000)
    rooms.open_panel(bob, "Chat")
    bob.get_by_label("Message", exact=True).fill("Shall we look at https://example.org together?")
    bob.keyboard.press("Enter")
    keep(bob, "chat-phone")
    expect(alice.get_by_label("1 unread")).to_be_visible()
    rooms.open_panel(alice, "Chat")
    expect(alice.get_by_role("link", name="https://example.org")).to_be_visible()
    keep(alice, "chat-desktop")
    bob.get_by_role("button", name="Close chat").click()

    alice.get_by_role("button", name="Show everyone side by side").click()
    for name in ("Maya", "Bob", "admin (you)"):
        expect(alice.get_by_role("article", name=name, exact=True)).to_be_visible()
    alice.wait_for_timeout(500)
    keep(alice, "grid-desktop")
    alice.get_by_role("article", name="Bob", exact=True).hover()
    alice.get_by_role("button", name="Pin Bob").click()
    expect(alice.get_by_role("button", name="Unpin Bob")).to_be_visible()

    alice.get_by_role("button", name="Choose microphone and loudspeaker").click()
    expect(alice.get_by_role("radiogroup", name="Microphone").get_by_role("radio").first).to_be_visible()
    alice.keyboard.press("Escape")
    alice.get_by_role("button", name="Turn camera off").click()
    expect(alice.get_by_role("article", name="admin (you)", exact=True).locator("video")).to_have_count(0)
    alice.get_by_role("button", name="Full screen").click()
    expect(alice.get_by_role("button", name="Leave full screen")).to_be_visible()


def test_a_screen_is_shared(open_page: OpenPage) -> None:
    alice = open_page("/rooms", size=DESKTOP)
    rooms.open_room(alice, "Slides", avatar="No avatar yet")
    rooms.join(alice, microphone=False)
    link = rooms.invite_link(alice, "To watch")
    carol = open_page(link, size=PHONE, signed=False)
    expect(carol.get_by_text("Nobody sees or hears you")).to_be_visible()
    carol.get_by_label("Your name").fill("Carol")
    carol.get_by_role("button", name="Join", exact=True).click()
    expect(carol.get_by_role("navigation", name="Call")).to_be_visible(timeout=rooms.JOIN_MS)
    alice.get_by_role("button", name="Share your screen").click()
    screen = carol.get_by_role("article", name="admin’s screen")
    expect(screen.locator("video")).to_be_visible(timeout=30_000)
    keep(carol, "screen-phone")
    alice.get_by_role("button", name="Stop sharing your screen").click()
    expect(screen).to_have_count(0)
    rooms.open_panel(carol, "Chat")
    expect(carol.get_by_text("You can read along.")).to_be_visible()


def test_an_own_avatar_is_made_and_speaks_in_a_room(open_page: OpenPage, files: Files) -> None:
    alice = open_page("/avatars", size=DESKTOP)
    alice.get_by_label("Portrait or video of the avatar").set_input_files(files.portrait)
    expect(alice.get_by_role("img", name="468 landmarks")).to_be_visible(timeout=60_000)
    keep(alice, "avatar-landmarks")
    alice.get_by_label("Name", exact=True).fill("Eileen")
    alice.get_by_label("A line to try").fill("Hello from orbit.")
    alice.get_by_role("button", name="Hear and see it").click()
    preview = alice.locator("video[aria-label=Preview]")
    preview.wait_for(timeout=studio.RENDER_MS)
    expect(alice.get_by_role("region", name="Yours").get_by_role("button", name="Eileen")).to_be_visible()
    keep(alice, "avatar-preview")
    rooms.open_room(alice, "Orbit", avatar="Eileen")
    rooms.join(alice, microphone=False)
    rooms.expect_mood(alice, "Ready")
    resting = rooms.look(alice)
    rooms.say(alice, SENTENCE)
    rooms.expect_mood(alice, "Speaking")
    assert rooms.look(alice)["whole"] > resting["whole"] > 0.02
    keep(alice, "own-avatar")
    alice.get_by_role("button", name="Leave", exact=True).click()
    expect(alice.get_by_role("heading", name="You left the room")).to_be_visible()
