"""A noisy recording is cleaned and gets music underneath."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from lipsync.audio.load import load_audio, save_wav
from lipsync.speech.synthesize import synthesize
from tests.e2e import studio
from tests.e2e.conftest import shots_folder

RATE = 48_000
CHORD = (220, 277, 330)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of nothing but noise, then speech in it."""
    said = synthesize("Mama bought a big apple pie.", "en-us")
    sound = np.concatenate([np.zeros(said.sample_rate, np.float32), said.samples])
    noise = np.random.default_rng(2).normal(0, 0.02, len(sound)).astype(np.float32)
    path = tmp_path_factory.mktemp("noisy") / "street.wav"
    save_wav(path, sound + noise, said.sample_rate)
    return path


@pytest.fixture(scope="module")
def tune(tmp_path_factory: pytest.TempPathFactory) -> Path:
    t = np.arange(2 * RATE) / RATE
    path = tmp_path_factory.mktemp("tune") / "tune.wav"
    save_wav(path, sum(0.1 * np.sin(2 * np.pi * f * t) for f in CHORD).astype(np.float32), RATE)
    return path


def test_a_recording_is_cleaned_and_music_put_underneath(page: Page, noisy: Path, tune: Path) -> None:
    page.get_by_role("button", name="Use drawn avatar").first.click()
    page.get_by_role("tab", name="Upload").click()
    page.get_by_label("Voice file").set_input_files(noisy)
    expect(page.get_by_text(noisy.name)).to_be_visible(timeout=60_000)
    page.get_by_text("Fine-tune").click()
    page.get_by_role("radio", name="Cleaned").check()
    page.get_by_label("Music file").set_input_files(tune)
    expect(page.get_by_text(tune.name)).to_be_visible(timeout=60_000)
    page.get_by_role("slider", name="Music").fill("25")
    page.screenshot(path=shots_folder() / "studio-sound.png", full_page=True)
    studio.make_it_speak(page)
    expect(page.get_by_text("Cleaned", exact=True)).to_be_visible()
    expect(page.get_by_text(tune.name)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    heard = load_audio(Path(download.value.path()), RATE)[RATE // 3 : RATE * 9 // 10]
    power = np.abs(np.fft.rfft(heard * np.hanning(len(heard)))) ** 2
    hertz = np.fft.rfftfreq(len(heard), 1 / RATE)
    is_tune = np.min([np.abs(hertz - one) for one in CHORD], axis=0) < 10
    assert power[is_tune].sum() > 100 * power[~is_tune].sum(), "before the first word there is music alone"
