"""What the mouth model is trained with: recordings that are what they were, labels on time, fair figures."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from lipsync.audio.features import HOP_OFFSET, HOP_SECONDS, SAMPLE_RATE, LogMel, Normaliser
from lipsync.audio.network import NetworkStream
from lipsync.audio.phones import Phone
from lipsync.audio.phonetics import is_bilabial, track_from_phones
from lipsync.audio.resample import Resampler
from lipsync.speech.synthesize import synthesize
from lipsync.speech.training import augment
from lipsync.speech.training.classes import CLASSES, PAUSE, class_track, classes_of
from lipsync.speech.training.corpus import Speech, spectrum_of
from lipsync.speech.training.recordings import list_recordings
from lipsync.speech.training.report import MouthReport
from lipsync.speech.training.rhubarb import SHAPES, best_openness
from lipsync.speech.training.sources import (
    HELD_OUT_SOURCES,
    SOURCES,
    Source,
    SourceError,
    digest_of,
    fetch_source,
)
from lipsync.speech.training.sphinx import sphinx_phones

MAP = [
    Phone("", 0, 0.5),
    Phone("m", 0.5, 0.6),
    Phone("ˈæ", 0.6, 0.8),
    Phone("p", 0.8, 0.9),
    Phone("", 0.9, 2),
]


def run_git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=alice", "-c", "user.email=alice@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """A repository with one recording, and its description."""
    origin = tmp_path / "origin"
    (origin / "audio").mkdir(parents=True)
    (origin / "audio" / "a.wav").write_bytes(b"RIFF")
    (origin / "big.bin").write_bytes(b"not needed")
    run_git(origin, "init", "--quiet")
    run_git(origin, "add", ".")
    run_git(origin, "commit", "--quiet", "-m", "one")
    source = Source(
        "own", str(origin), run_git(origin, "rev-parse", "HEAD"), ("audio",), "", "CC0", False, ""
    )
    return source._replace(digest=digest_of(origin, source))


def test_recordings_are_fetched_once_and_are_what_they_were(source: Source, tmp_path: Path) -> None:
    folder = fetch_source(source, tmp_path / "kept")
    assert (folder / "audio" / "a.wav").read_bytes() == b"RIFF"
    assert fetch_source(source._replace(url="/nowhere"), tmp_path / "kept") == folder
    (folder / "audio" / "a.wav").write_bytes(b"another")
    with pytest.raises(SourceError, match="delete it to fetch them again"):
        fetch_source(source, tmp_path / "kept")


def test_a_source_that_cannot_be_had_leaves_nothing_behind(source: Source, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="git could not fetch"):
        fetch_source(source._replace(url=str(tmp_path / "nowhere")), tmp_path / "kept")
    assert not (tmp_path / "kept" / "own").exists()


def test_nothing_shipped_is_trained_on_share_alike_or_held_out_recordings() -> None:
    assert {source.url for source in SOURCES}.isdisjoint(source.url for source in HELD_OUT_SOURCES)
    assert any(not source.is_share_alike for source in SOURCES)
    for source in (*SOURCES, *HELD_OUT_SOURCES):
        assert source.licence
        assert source.is_share_alike == ("SA" in source.licence)
        assert len(bytes.fromhex(source.digest)) == 32


def test_orders_are_told_by_the_words_that_were_heard(tmp_path: Path) -> None:
    orders = list(list_recordings(next(source for source in SOURCES if source.name == "intents"), tmp_path))
    assert len(orders) > 100 and len({order.path for order in orders}) == len(orders)
    assert all("coffee" in text or "mocha" in text or len(text.split()) > 3 for *_, text in orders)


def test_training_hears_what_the_model_hears() -> None:
    samples = np.random.default_rng(5).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    front, normaliser = LogMel(), Normaliser()
    pieces = [samples[start : start + 480] for start in range(0, len(samples) - 159, 480)]
    pieces[-1] = pieces[-1][: len(pieces[-1]) // 160 * 160]
    heard = np.concatenate([normaliser.push(hops) for hops in map(front.push, pieces) if len(hops)])
    np.testing.assert_allclose(spectrum_of(samples), heard, atol=1e-4)


def test_sounds_have_classes_and_their_times() -> None:
    assert classes_of("tʃ") != classes_of("t") and len(classes_of("aɪ")) == 2 and classes_of("ʔ") == []
    track = class_track(MAP, 200)
    times = (np.arange(200) + HOP_OFFSET) * HOP_SECONDS
    lips = track == classes_of("m")[0]
    assert times[lips].min() == pytest.approx(0.5, abs=0.011)
    assert times[lips].max() == pytest.approx(0.6, abs=0.011)
    assert (track[times > 0.91] == PAUSE).all() and track.max() < CLASSES


@pytest.mark.parametrize("delay", [-2, 0, 2])
def test_a_perfect_mouth_scores_full_and_a_late_one_is_told(delay: int) -> None:
    phones = [phone for start in np.arange(0, 8, 2) for phone in (p._replace(
        start_seconds=p.start_seconds + start, end_seconds=p.end_seconds + start) for p in MAP)]  # fmt: skip
    openness = np.roll(track_from_phones(phones, 25, 200).openness, delay)
    report = MouthReport()
    report.add(openness, openness < 0.02, Speech(np.zeros(8 * SAMPLE_RATE, np.float32), phones), 25)
    figures = report.figures()
    assert figures["lag in frames"] == delay
    if not delay:
        assert figures["openness"] == pytest.approx(1, abs=1e-6)
        assert figures["bilabials hit"] == figures["closures meant"] == figures["closed in silence"] == 1
        assert figures["falsely shut"] == 0


def test_rhubarb_gets_the_openness_that_suits_it_best() -> None:
    best = dict(zip(SHAPES, best_openness("AABD", np.array([0, 0.2, 0.4, 1.0], np.float32)), strict=True))
    assert best["A"] == pytest.approx(0.1) and best["D"] == 1 and best["X"] == pytest.approx(0.4)


def test_backgrounds_sound() -> None:
    random = np.random.default_rng(0)
    for make in (augment.music, augment.breaths, augment.hum, augment.coloured_noise):
        sound = make(16000, random)
        assert sound.shape == (16000,) and sound.std() == pytest.approx(1, abs=0.01)


def test_english_sounds_are_found_when_they_were_said() -> None:
    text = "Remember to save your files."
    spoken = synthesize(text, "en-us")
    samples = np.concatenate(Resampler(spoken.sample_rate, SAMPLE_RATE, 160).push(spoken.samples))
    found = sphinx_phones(samples, text)
    assert found is not None
    said = [phone for phone in spoken.phones if is_bilabial(phone.ipa)]
    heard = [phone for phone in found if is_bilabial(phone.ipa)]
    assert [phone.ipa for phone in heard] == ["m", "m", "b"]
    for one, other in zip(said, heard, strict=True):
        assert other.start_seconds == pytest.approx(one.start_seconds, abs=0.04)
        assert other.end_seconds == pytest.approx(one.end_seconds, abs=0.04)
    assert sphinx_phones(samples, "Blorfish gnarx.") is None


def test_closures_are_learnt_as_events_a_frame_early_or_late() -> None:
    torch = pytest.importorskip("torch", reason="only training needs torch")
    from lipsync.speech.training.fit import PRESS_TOLERANCE_HOPS, _press_loss

    wanted = torch.zeros(1, 100)
    wanted[0, 50:56] = 1

    def cost(*shown: int) -> float:
        scores = torch.full((1, 100), -4.0)
        for first in shown:
            scores[0, first : first + 6] = 4
        return float(_press_loss(scores, wanted, torch.ones(1, 100)))

    on_time, near = cost(50), cost(50 + PRESS_TOLERANCE_HOPS - 1)
    far, missed, extra = cost(50 + 3 * PRESS_TOLERANCE_HOPS), cost(), cost(50, 80)
    assert on_time < near < missed < far
    assert near - on_time < 0.5 * (missed - on_time) and extra > 2 * on_time


def test_another_throat_says_the_same() -> None:
    spectrum = np.tile(np.sin(np.arange(40) / 4), (50, 1)).astype(np.float32)
    random = np.random.default_rng(1)
    others = [augment.other_throat(spectrum, random) for _ in range(20)]
    assert all(other.shape == spectrum.shape and other.dtype == np.float32 for other in others)
    assert all(np.corrcoef(other[0], spectrum[0])[0, 1] > 0.6 for other in others)
    assert np.std([other[0].argmax() for other in others]) > 0


def test_a_spectrum_heard_otherwise_is_another_each_time_and_stays_what_it_was() -> None:
    spectrum = np.tile(np.sin(np.arange(40) / 4), (50, 1)).astype(np.float32)
    kept, random = spectrum.copy(), np.random.default_rng(1)
    others = [augment.heard_otherwise(spectrum, random) for _ in range(40)]
    assert (spectrum == kept).all()
    assert all(other.shape == spectrum.shape and other.dtype == np.float32 for other in others)
    assert all(np.isfinite(other).all() for other in others)
    assert len({other.tobytes() for other in others}) > 30
    agreement = [np.corrcoef(other.mean(axis=0), kept[0])[0, 1] for other in others]
    assert np.median(agreement) > 0.6


def test_windows_at_another_speed_keep_sound_and_mouth_together() -> None:
    pytest.importorskip("torch", reason="only training needs torch")
    from lipsync.audio.network import LOOK_AHEAD_HOPS, PRESS
    from lipsync.speech.training import fit
    from lipsync.speech.training.corpus import Clip

    spectrum = np.zeros((400, 40), np.float32)
    sounds = np.full(400, 27, np.uint8)
    for first in range(20, 400, 40):
        spectrum[first : first + 12] = 3
        sounds[first : first + 12] = 1
    batch = fit._draw(
        [Clip(spectrum, np.zeros((400, PRESS), np.float32), sounds)], np.ones(1), np.random.default_rng(2)
    )
    heard = batch.spectra.numpy()[:, :, :25].mean(axis=2) > 1.2
    pressed = batch.mouths.numpy()[:, LOOK_AHEAD_HOPS:, PRESS] > 0.5
    lead = round(fit.PRESS_LEAD_SECONDS / 0.01)
    shifted = heard[:, lead : lead + 200] == pressed[:, :200]
    assert shifted.mean() > 0.93
    counts = pressed.sum(axis=1)
    assert counts.min() < counts.max()


def test_the_network_streams_as_it_was_trained() -> None:
    torch = pytest.importorskip("torch", reason="only training needs torch")
    from lipsync.speech.training.fit import MouthNet, network_of

    torch.manual_seed(0)
    net = MouthNet().eval()
    for norm in net.norms:
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    spectra = np.random.default_rng(0).normal(0, 1, (80, 40)).astype(np.float32)
    with torch.no_grad():
        whole = torch.sigmoid(net(torch.from_numpy(spectra)[None])[0])[0].numpy()
    stream = NetworkStream(network_of(net))
    portions = np.split(spectra, [1, 5, 6, 40])
    np.testing.assert_allclose(np.concatenate([stream.push(hops) for hops in portions]), whole, atol=1e-5)
