"""The main job on real input: a face and a voice go in, a video of that face saying it comes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import av
from playwright.sync_api import Page, expect

from tests.e2e import studio
from tests.e2e.conftest import PHONE, SENTENCE, VOICE_SAYS, Files
from tests.e2e.running import RunningStack


def expect_rising(percents: list[int]) -> None:
    assert percents == sorted(percents), f"the percentage fell: {percents}"
    assert len(set(percents)) >= 3, f"no progress was seen: {percents}"


def downloaded(page: Page) -> Any:
    """The file behind Download, opened."""
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    return av.open(str(download.value.path()))


def test_a_dropped_portrait_says_a_typed_sentence(page: Page, files: Files) -> None:
    studio.drop(page, "Drop a photo or a video", files.portrait)
    expect(page.get_by_text("1 face found")).to_be_visible(timeout=60_000)
    studio.type_text(page, SENTENCE)
    expect_rising(studio.make_it_speak(page))
    seen = studio.play(page)
    studio.expect_playing_with_sound(seen)
    assert (seen["width"], seen["height"]) == (512, 512)
    assert seen["duration"] > 3
    with downloaded(page) as film:
        assert film.streams.video[0].codec_context.name == "h264"
        assert film.streams.audio[0].codec_context.name == "aac"


def test_a_video_says_what_the_microphone_heard(page: Page, files: Files) -> None:
    studio.choose_face(page, files.face_video)
    page.get_by_role("tab", name="Record").click()
    page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("timer", name="Recorded time")).to_have_text("0:04", timeout=30_000)
    page.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_role("button", name="Record again")).to_be_visible(timeout=60_000)
    expect_rising(studio.make_it_speak(page))
    seen = studio.play(page)
    studio.expect_playing_with_sound(seen)
    assert (seen["width"], seen["height"]) == (640, 480)
    assert 3 < seen["duration"] < 8


def test_a_video_says_an_uploaded_recording_beside_its_source(page: Page, files: Files) -> None:
    studio.choose_face(page, files.face_video)
    page.get_by_role("tab", name="Upload").click()
    page.get_by_label("Voice file").set_input_files(files.voice)
    expect(page.get_by_role("button", name="Replace the recording")).to_be_visible(timeout=60_000)
    page.get_by_label("What is said", exact=False).fill(VOICE_SAYS)
    page.get_by_label("Language of the recording").select_option("en-US")
    studio.make_it_speak(page)
    source = page.locator("video[aria-label=Source]")
    expect(source).to_be_visible()
    studio.expect_playing_with_sound(studio.play(page))
    assert source.evaluate("video => video.muted && video.currentTime > 0.5")
    # The words of the recording name its sounds.
    page.get_by_text("Lips", exact=True).click()
    lips = page.get_by_role("slider", name="Lips over time")
    expect(lips.locator("svg text", has_text="b").first).to_be_visible()


def test_a_photo_smiles_and_its_lips_can_be_looked_at(page: Page, files: Files) -> None:
    studio.choose_face(page, files.portrait)
    studio.type_text(page, SENTENCE)
    page.get_by_text("Fine-tune").click()
    page.get_by_role("radio", name="Happy").check()
    expect(page.get_by_label("Amount")).to_have_value("0.6")
    page.get_by_role("radio", name="Blurred").check()
    page.get_by_label("Head and eyes").fill("0.5")
    page.get_by_label("Mouth", exact=True).fill("1.2")
    studio.make_it_speak(page)
    expect(page.get_by_text("Happy, 60 %")).to_be_visible()
    expect(page.get_by_text("Blurred", exact=True)).to_be_visible()
    studio.play(page)
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_text("Lips", exact=True).click()
    lips = page.get_by_role("slider", name="Lips over time")
    expect(lips.locator("svg text", has_text="m").first).to_be_visible()
    lips.press("Home")
    expect(lips).to_have_attribute("aria-valuenow", "0")
    lips.click()
    expect(lips).not_to_have_attribute("aria-valuenow", "0")
    assert studio.result_video(page).evaluate("video => video.currentTime") > 0.5
    page.get_by_role("link", name="New words").click()
    page.get_by_text("Fine-tune").click()
    expect(page.get_by_role("radio", name="Happy")).to_be_checked()


def test_a_drawn_avatar_speaks_and_the_same_again_takes_no_time(open_page: Callable[..., Page]) -> None:
    for turn in ("rendered", "from the cache"):
        page = open_page("/", size=PHONE)
        page.get_by_role("button", name="Use drawn avatar").first.click()
        studio.type_text(page, "Nobody took this picture. A computer drew it.")
        studio.make_it_speak(page)
        studio.expect_playing_with_sound(studio.play(page))
        assert page.get_by_text("made before").is_visible() == (turn == "from the cache")


def test_a_shared_link_shows_the_video_to_a_stranger(open_page: Callable[..., Page], files: Files) -> None:
    page = open_page("/")
    studio.choose_face(page, files.portrait)
    studio.type_text(page, "Show this to a friend.")
    studio.make_it_speak(page)
    page.get_by_role("button", name="Share a link").click()
    link = page.get_by_label("Share link").input_value()
    stranger = open_page(link, signed=False)
    video = stranger.locator("video").first
    video.wait_for()
    assert video.evaluate("video => video.play().then(() => true)")
    page.get_by_role("button", name="Stop sharing").click()
    expect(page.get_by_role("button", name="Share a link")).to_be_visible()
    stranger.reload()
    expect(stranger.locator("video")).to_have_count(0)


def test_a_job_is_cancelled_and_made_again(page: Page, files: Files) -> None:
    studio.choose_face(page, files.portrait)
    studio.type_text(page, "This will be cut short. " * 20)
    page.get_by_role("button", name="Make it speak").click()
    page.wait_for_url("**/jobs/*")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Try again")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Cancelled", exact=True).first).to_be_visible()


def test_a_sign_in_link_works_once(open_page: Callable[..., Page], stack: RunningStack) -> None:
    link = stack.new_signin_link()
    first = open_page(link, signed=False)
    expect(first.get_by_role("button", name="Account menu")).to_be_visible()
    second = open_page(link, signed=False)
    expect(second.get_by_role("button", name="Account menu")).to_have_count(0)
