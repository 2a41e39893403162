"""One running product and one browser for all end-to-end tests; a fresh, signed-in page for each."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    StorageState,
    expect,
    sync_playwright,
)

from lipsync.speech.synthesize import synthesize_to_file
from tests import media
from tests.e2e.running import ROOT, RunningStack

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
SENTENCE = "Good morning! My name is Ada, and I was a photograph until a moment ago."
VOICE_SAYS = "The quick brown fox jumps over the lazy dog. Papa bought a blue boat."
LIMITS = {
    "AVSITE_UPLOAD_LIMIT_MB": "5",
    "AVSITE_SPEECH_LIMIT_SECONDS": "60",
    "AVSITE_FACE_LIMIT_SECONDS": "60",
    "AVSITE_TEXT_LIMIT_CHARACTERS": "1000",
    "AVSITE_HOOKS_LOCAL": "1",  # receivers of webhooks are in the tests
}

expect.set_options(timeout=30_000)  # a busy machine is no defect; what is there at once costs no time


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def built_pages() -> None:
    """The pages as they are now."""
    subprocess.run([str(ROOT / "scripts" / "frontend"), "build"], check=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def stack(built_pages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    running = RunningStack(tmp_path_factory.mktemp("product") / "data", **LIMITS)
    try:
        yield running.wait_until_ready()
    finally:
        running.stop()
    begins = running.log.find("Traceback")
    assert begins < 0, f"something was not handled:\n{running.log[max(0, begins - 800) : begins + 5000]}"


@dataclass(frozen=True)
class Files:
    """Real media to give to the page."""

    portrait: Path
    face_video: Path
    voice: Path


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    import av

    folder = tmp_path_factory.mktemp("given")
    portrait = folder / "portrait.png"
    picture = av.VideoFrame.from_ndarray(media.portrait(), format="rgb24").to_image()
    picture.save(portrait)
    voice = folder / "voice.wav"
    synthesize_to_file(voice, VOICE_SAYS, "en-us")
    return Files(portrait, media.write_moving_portrait(folder / "face.mp4", 2.0), voice)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright, files: Files) -> Iterator[Browser]:
    """Chromium whose microphone hears a real recording, over and over."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("AVSITE_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    chromium = playwright.chromium.launch(
        executable_path=found,
        args=[
            "--no-sandbox",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={files.voice}",
            "--autoplay-policy=no-user-gesture-required",
        ],
    )
    yield chromium
    chromium.close()


@pytest.fixture(scope="session")
def signed_in(browser: Browser, stack: RunningStack) -> StorageState:
    """What the browser keeps after the link of ``make run`` was opened."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(stack.signin_link)
    page.wait_for_url(f"{stack.url}/")
    page.get_by_role("button", name="Account menu").wait_for()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_page(
    browser: Browser, stack: RunningStack, signed_in: StorageState, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """``open_page("/jobs", size=PHONE)``: a page that fails the test when its scripts throw."""
    contexts: list[BrowserContext] = []
    thrown: list[str] = []

    def open_one(
        path: str = "/", *, size: dict[str, int] | None = None, signed: bool = True, dark: bool = False
    ) -> Page:
        context = browser.new_context(
            base_url=stack.url,
            viewport=size or DESKTOP,
            storage_state=signed_in if signed else None,
            color_scheme="dark" if dark else "light",
            permissions=["microphone", "camera", "clipboard-read", "clipboard-write"],
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.goto(path)
        return page

    yield open_one
    if getattr(request.node, "failed_call", False):
        for number, context in enumerate(contexts):
            for page in context.pages:
                page.screenshot(path=shots_folder() / f"failed-{request.node.name}-{number}.png")
    for context in contexts:
        context.close()
    assert not thrown, thrown


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page("/")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.failed_call = report.failed  # type: ignore[attr-defined]
    return report


def shots_folder() -> Path:
    """Where screenshots are kept for people to look at."""
    folder = Path(os.environ.get("AVSITE_SCREENSHOTS") or ROOT / "var" / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
