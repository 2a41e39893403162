"""What people do in a room, in the words of its screens, and what is to be seen and heard there."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

OpenPage = Callable[..., Page]
JOIN_MS = 120_000
SPEAK_MS = 120_000
START_SECONDS = 120
SILENCE, VOICE = 0.01, 0.03
"""Peaks of what is heard, 0..1: below the first nobody speaks, above the second somebody does."""
VOICE_BARS = 0.25
"""How high the bars of a spectrum get, 0..1, when somebody speaks."""

# Looks at a video for some seconds: how much the whole of it changes from look to look, and how much
# the part where the mouth is. Values are mean differences of 0..255 grey.
LOOK = """async (video, {seconds, mouth: [left, top, right, bottom]}) => {
  const size = 96;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size;
  const draw = canvas.getContext('2d', {willReadFrequently: true});
  let before = null, looks = 0, whole = 0, mouth = 0, brightest = 0;
  // The element is there before its first picture, which would count as a great change.
  const patience = performance.now() + 20_000;
  for (let seen = 0; seen < 2 && performance.now() < patience; ) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    draw.drawImage(video, 0, 0, size, size);
    if (video.readyState >= 2 && draw.getImageData(48, 48, 1, 1).data[3] > 0) seen++;
  }
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end || looks < 8) {
    draw.drawImage(video, 0, 0, size, size);
    const {data} = draw.getImageData(0, 0, size, size);
    const grey = new Float32Array(size * size);
    for (let i = 0; i < grey.length; i++) grey[i] = (data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3;
    brightest = Math.max(brightest, ...grey);
    if (before) {
      let all = 0, part = 0, points = 0;
      for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) {
        const change = Math.abs(grey[y * size + x] - before[y * size + x]);
        all += change;
        if (x >= left * size && x < right * size && y >= top * size && y < bottom * size) {
          part += change;
          points++;
        }
      }
      whole += all / grey.length;
      mouth += part / points;
      looks++;
    }
    before = grey;
    await new Promise((resolve) => setTimeout(resolve, 80));
  }
  return {looks, whole: whole / looks, mouth: mouth / looks, brightest,
          width: video.videoWidth, height: video.videoHeight};
}"""

# The loudest that any remote voice gets within some seconds.
LISTEN = """async ({seconds}) => {
  const context = new AudioContext();
  await context.resume();
  const analysers = [...document.querySelectorAll('audio')].filter((one) => one.srcObject).map((one) => {
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(one.srcObject).connect(analyser);
    return analyser;
  });
  const samples = new Float32Array(2048);
  let loudest = 0;
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    for (const analyser of analysers) {
      analyser.getFloatTimeDomainData(samples);
      loudest = Math.max(loudest, ...samples.map(Math.abs));
    }
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  await context.close();
  return loudest;
}"""

# How far the bars of the spectrum reach, 0..1 of its height, at its highest within some seconds.
BARS = """async (canvas, {seconds}) => {
  const draw = canvas.getContext('2d');
  let tallest = 0;
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const {width, height} = canvas;
    const {data} = draw.getImageData(0, 0, width, height);
    for (let y = 0; y < height / 2; y++) {
      if (data.subarray(4 * y * width, 4 * (y + 1) * width).some((value, i) => i % 4 === 3 && value > 128)) {
        tallest = Math.max(tallest, 1 - (2 * y) / height);
        break;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  return tallest;
}"""

MAYAS_MOUTH = (0.36, 0.5, 0.64, 0.7)
"""Where the drawn avatar's mouth moves, 0..1 of its picture: left, top, right, bottom."""


def open_room(page: Page, name: str, *, avatar: str = "Maya", waiting: bool = False) -> str:
    """Open a room with this avatar from the list of rooms; return its address."""
    wait_for_agent(page)
    page.goto("/rooms")
    page.get_by_label("Name").fill(name)
    page.get_by_role("radio", name=avatar, exact=True).check(force=True)
    if waiting:
        page.get_by_label("I let each person in").check()
    page.get_by_role("button", name="Open the room").click()
    page.wait_for_url("**/rooms/*")
    return page.url


def wait_for_agent(page: Page) -> None:
    """Until calls work and an avatar could come: the agent starts after the pages are there."""
    told: dict[str, Any] = {}
    for _ in range(START_SECONDS):
        told = page.request.get("/api/v1/rooms/status").json()
        if told["state"] == "ready" and told["agent"]["free"]:
            return
        page.wait_for_timeout(1000)
    raise AssertionError(f"no agent came: {told}")


def join(page: Page, *, name: str | None = None, microphone: bool = True) -> None:
    """Come in by the door that ``page`` shows."""
    if name:
        page.get_by_label("Your name").fill(name)
    off = page.get_by_role("button", name="Turn microphone off")
    expect(off.or_(page.get_by_role("button", name="Turn microphone on"))).to_be_visible()
    if not microphone and off.is_visible():
        off.click()
    page.get_by_role("button", name="Join", exact=True).click()
    expect(page.get_by_role("navigation", name="Call")).to_be_visible(timeout=JOIN_MS)


def invite_link(page: Page, kind: str = "To talk") -> str:
    """A link of this kind, made in the panel of people."""
    open_panel(page, "People")
    page.get_by_role("radio", name=kind).check(force=True)
    make = page.get_by_role("button", name="Make a link")
    link = page.get_by_label("Invite link")
    expect(make.or_(link)).to_be_visible()
    if make.is_visible():
        make.click()
    return link.input_value()


def open_panel(page: Page, name: str) -> None:
    button = page.get_by_role("button", name=name, exact=True)
    if button.get_attribute("aria-pressed") != "true":
        button.click()


def avatar_tile(page: Page) -> Locator:
    return page.locator("article[data-kind=avatar]")


def avatar_video(page: Page) -> Locator:
    """The moving picture of the avatar, once it has come."""
    video = avatar_tile(page).locator("video")
    video.wait_for(timeout=JOIN_MS)
    return video


def look(page: Page, seconds: float = 3.0) -> dict[str, Any]:
    """What can be seen of the avatar: see LOOK."""
    seen: dict[str, Any] = avatar_video(page).evaluate(LOOK, {"seconds": seconds, "mouth": MAYAS_MOUTH})
    return seen


def listen(page: Page, seconds: float = 2.0) -> float:
    """The loudest of what is heard, 0..1; what still was on its way when it is called does not count."""
    page.wait_for_timeout(700)
    return float(page.evaluate(LISTEN, {"seconds": seconds}))


def expect_voice(page: Page, seconds: float = 30.0) -> None:
    """Wait until somebody is heard."""
    _expect_heard(page, lambda loudest: loudest > VOICE, seconds)


def expect_silence(page: Page, seconds: float = 30.0) -> None:
    """Wait until nobody is heard for two seconds."""
    _expect_heard(page, lambda loudest: loudest < SILENCE, seconds)


def _expect_heard(page: Page, wanted: Callable[[float], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not wanted(loudest := listen(page)):
        assert time.monotonic() < end, f"the loudest of the last two seconds was {loudest:.3f}"


def expect_bars(page: Page, whose: str = "Avatar", seconds: float = 30.0) -> None:
    """Wait until the spectrum of somebody's voice stands high."""
    end = time.monotonic() + seconds
    while (reached := bars(page, whose)) < VOICE_BARS:
        assert time.monotonic() < end, f"the bars of {whose} only got to {reached:.2f}"


def bars(page: Page, whose: str = "Avatar", seconds: float = 3.0) -> float:
    """How high the bars of the spectrum of somebody's voice get, 0..1."""
    page.get_by_role("radiogroup", name="Whose voice to show").get_by_role("radio", name=whose).check(
        force=True
    )
    page.wait_for_timeout(300)
    return float(page.locator("canvas[aria-label^=Spectrum]").evaluate(BARS, {"seconds": seconds}))


def say(page: Page, text: str) -> None:
    """Type what the avatar is to say."""
    open_panel(page, "Avatar")
    page.get_by_role("tab", name="Type").click()
    page.get_by_label("What the avatar should say").fill(text)
    page.get_by_role("button", name="Say it").click()


def expect_mood(page: Page, mood: str, timeout: float = SPEAK_MS) -> None:
    """Wait until the avatar's tile says so."""
    tile = avatar_tile(page).filter(has_text=re.compile(mood))
    expect(tile).to_have_count(1, timeout=timeout)
