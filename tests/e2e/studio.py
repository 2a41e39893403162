"""What people do in the studio, in the words of its screens."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

RENDER_MS = 240_000
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".mp4": "video/mp4", ".wav": "audio/wav"}

WATCH_PERCENT = """() => {
  window.seenPercents = [];
  const look = () => {
    const bar = document.querySelector('[role=progressbar][aria-label=Progress][aria-valuenow]');
    if (bar) window.seenPercents.push(Number(bar.getAttribute('aria-valuenow')));
  };
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true});
}"""

DROP = """(zone, {name, type, data}) => {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, {type}));
  for (const kind of ['dragenter', 'dragover', 'drop'])
    zone.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: transfer}));
}"""

# Plays to the end or for some seconds and reports what came out of picture and sound.
PLAY = """async (video) => {
  const context = new AudioContext();
  await context.resume();
  const analyser = context.createAnalyser();
  const source = context.createMediaElementSource(video);
  source.connect(analyser);
  analyser.connect(context.destination);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 64;
  const draw = canvas.getContext('2d', {willReadFrequently: true});
  const samples = new Float32Array(analyser.fftSize);
  const pictures = new Set();
  let loudest = 0;
  const started = performance.now();
  while (video.currentTime < 1.5 && performance.now() - started < 30000) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    analyser.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, ...samples.map(Math.abs));
    draw.drawImage(video, 0, 0, 64, 64);
    pictures.add(draw.getImageData(0, 0, 64, 64).data.join());
  }
  return {
    time: video.currentTime, duration: video.duration, muted: video.muted, volume: video.volume,
    audioBytes: video.webkitAudioDecodedByteCount, loudest, pictures: pictures.size,
    width: video.videoWidth, height: video.videoHeight,
  };
}"""


def drop(page: Page, invitation: str, path: Path) -> None:
    """Drop a file on the zone with this invitation, as from the desktop."""
    data = base64.b64encode(path.read_bytes()).decode()
    zone = page.get_by_role("button", name=invitation)
    zone.evaluate(DROP, {"name": path.name, "type": TYPES[path.suffix], "data": data})


def choose_face(page: Page, path: Path) -> None:
    """Choose a face by the file dialog and wait until it is there."""
    page.get_by_label("Face file").set_input_files(path)
    expect(page.get_by_text("1 face found")).to_be_visible(timeout=60_000)


def type_text(page: Page, text: str) -> None:
    page.get_by_role("tab", name="Type").click()
    page.get_by_label("What the face should say").fill(text)


def make_it_speak(page: Page) -> list[int]:
    """Press the button, wait for the finished video, and return every percentage that was shown."""
    page.evaluate(WATCH_PERCENT)
    page.get_by_role("button", name="Make it speak").click()
    page.wait_for_url("**/jobs/*")
    result_video(page).wait_for(timeout=RENDER_MS)
    percents: list[int] = page.evaluate("window.seenPercents")
    return percents


def wait_for_percent(page: Page, percent: int) -> None:
    """Wait until the page has shown so much progress; the page's policy forbids polling from within."""
    for _ in range(RENDER_MS // 100):
        if page.evaluate("Math.max(0, ...window.seenPercents)") >= percent:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{percent} % was never shown")


def result_video(page: Page) -> Locator:
    return page.locator("video[aria-label=Result]")


def play(page: Page) -> dict[str, Any]:
    """Press play, let it run, and return what was seen and heard."""
    page.get_by_role("button", name="Play the result").click()
    seen: dict[str, Any] = result_video(page).evaluate(PLAY)
    return seen


def expect_playing_with_sound(seen: dict[str, Any]) -> None:
    assert seen["time"] >= 1.5, seen
    assert not seen["muted"] and seen["volume"] == 1, seen
    assert seen["audioBytes"] > 0 and seen["loudest"] > 0.02, seen
    assert seen["pictures"] >= 5, seen
