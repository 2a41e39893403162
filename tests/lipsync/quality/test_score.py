"""Scores: what is good scores well, and each thing that is spoilt shows in its own score."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from lipsync.audio.load import load_audio
from lipsync.engines.base import RenderRequest, get_engine
from lipsync.face.mesh import landmarks_box
from lipsync.quality.lips import fit_lips
from lipsync.quality.picture import measure_picture
from lipsync.quality.score import QualityError, score_video
from lipsync.speech.synthesize import synthesize_to_file
from lipsync.video.read import FrameReader
from lipsync.video.write import VideoWriter
from tests import media
from tests.lipsync.face.measured import Reader

TEXT = "Papa bought a big apple pie. Nobody knows why."
OTHER = "Quite another sentence is spoken by somebody who never stops talking of the weather."
RATE = 48_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scored")


@pytest.fixture(scope="module")
def speech(folder: Path) -> Path:
    synthesize_to_file(folder / "speech.wav", TEXT, "en-us", 1.0, lambda fraction: None)
    return folder / "speech.wav"


@pytest.fixture(scope="module")
def source(folder: Path) -> Path:
    return media.write_moving_portrait(folder / "source.mp4", 3.0, width=400, height=300)


@pytest.fixture(scope="module")
def made(folder: Path, speech: Path, source: Path) -> Path:
    """A video by the built-in engine."""
    request = RenderRequest(
        speech_path=speech, output_path=folder / "made.mp4", work_dir=folder, face_path=source
    )
    return get_engine("builtin").render(request, lambda stage, fraction: None).output_path


def remade(
    made: Path,
    target: Path,
    *,
    sound: np.ndarray | None = None,
    change: Callable[[np.ndarray], np.ndarray] = lambda image: image,
) -> Path:
    """A copy of a video with other sound, or every picture changed."""
    reader = FrameReader(made)
    samples = load_audio(made, RATE) if sound is None else sound
    step = RATE / float(reader.fps)
    with VideoWriter(target, reader.width, reader.height, reader.fps, RATE) as writer:
        for number, frame in enumerate(reader):
            writer.write(change(frame.image))
            writer.write_audio(samples[int(number * step) : int((number + 1) * step)])
    return target


def test_a_good_video_scores_well(made: Path, speech: Path, source: Path) -> None:
    report = score_video(made, speech_path=speech, source_path=source)
    assert report.sync_score >= 0.85
    assert report.audio_quality >= 0.9
    assert report.video_quality >= 0.85
    assert report.method == "landmarks"
    assert abs(report.offset_ms or 0) <= 40


def test_it_can_be_scored_by_itself(made: Path) -> None:
    report = score_video(made)
    assert min(report.sync_score, report.audio_quality, report.video_quality) >= 0.8


@pytest.mark.parametrize("frames", [-8, 6])
def test_a_shift_is_found_and_costs(made: Path, tmp_path: Path, frames: int) -> None:
    sound, late = load_audio(made, RATE), frames * RATE // 25
    moved = np.concatenate([np.zeros(max(late, 0), np.float32), sound[max(-late, 0) :]])
    shifted = remade(made, tmp_path / "shifted.mp4", sound=moved)
    fit, before = fit_lips(shifted, 6.0), fit_lips(made, 6.0)
    assert fit is not None and before is not None
    assert fit.offset_frames - before.offset_frames == pytest.approx(-frames, abs=1)
    assert score_video(shifted).sync_score < 0.6


def test_other_words_do_not_fit(made: Path, speech: Path, source: Path, tmp_path: Path) -> None:
    synthesize_to_file(tmp_path / "other.wav", OTHER, "en-us", 1.0, lambda fraction: None)
    other = remade(made, tmp_path / "other.mp4", sound=load_audio(tmp_path / "other.wav", RATE))
    report = score_video(other, speech_path=speech, source_path=source)
    assert report.sync_score < 0.7
    assert report.audio_quality < 0.5, "it is not the recording"
    assert report.video_quality >= 0.85, "the picture is what it was"


def test_noise_and_clipping_cost(made: Path, speech: Path, tmp_path: Path) -> None:
    sound = load_audio(made, RATE)
    noise = np.random.default_rng(0).normal(0, 0.05, len(sound)).astype(np.float32)
    noisy = remade(made, tmp_path / "noisy.mp4", sound=sound + noise)
    loud = remade(made, tmp_path / "loud.mp4", sound=np.clip(sound * 30, -1, 1))
    assert score_video(noisy, speech_path=speech).audio_quality < 0.8
    assert score_video(loud, speech_path=speech).audio_quality < 0.8
    assert score_video(loud).audio_quality < 0.8, "clipping is heard without the source too"


def test_a_blurred_mouth_costs(made: Path, source: Path, tmp_path: Path) -> None:
    def blur(image: np.ndarray) -> np.ndarray:
        height = image.shape[0]
        image[height * 2 // 5 :] = cv2.GaussianBlur(image[height * 2 // 5 :], (0, 0), 4)
        return image

    blurred = remade(made, tmp_path / "blurred.mp4", change=blur)
    assert score_video(blurred, source_path=source).video_quality < 0.75
    assert score_video(blurred).video_quality < 0.75


def test_somebody_else_is_noticed(made: Path, tmp_path: Path) -> None:
    from lipsync.audio.shape import CLOSED
    from lipsync.face.face import NEUTRAL
    from lipsync.face.house import HouseFace

    stranger = tmp_path / "stranger.png"
    drawn = HouseFace("maya", (480, 480)).draw(CLOSED, NEUTRAL)
    cv2.imwrite(str(stranger), np.ascontiguousarray(drawn[:, :, ::-1]))
    assert score_video(made, source_path=stranger).video_quality < 0.75


def test_what_cannot_be_scored_says_why(made: Path, source: Path, tmp_path: Path) -> None:
    with pytest.raises(QualityError, match="video with sound"):
        score_video(source)  # silent
    with pytest.raises(FileNotFoundError):
        score_video(tmp_path / "nothing.mp4")
    sound = load_audio(made, RATE)
    empty = remade(made, tmp_path / "empty.mp4", sound=sound, change=lambda image: image * 0 + 90)
    with pytest.raises(QualityError, match="No face"):
        score_video(empty)


def test_a_pasted_square_is_seen(made: Path, source: Path, tmp_path: Path) -> None:
    reader = Reader()

    def paste(image: np.ndarray) -> np.ndarray:
        """The lower half of the face's box lighter, as a network's answer may be."""
        left, top, right, bottom = (int(edge) for edge in landmarks_box(reader.landmarks(image)))
        lower = (slice((top + bottom) // 2, bottom + 5), slice(left, right))
        image[lower] = np.clip(image[lower].astype(int) + 30, 0, 255)
        return image

    pasted = remade(made, tmp_path / "pasted.mp4", change=paste)
    with_square, without = measure_picture(pasted, source), measure_picture(made, source)
    assert with_square is not None and without is not None
    assert (with_square.seam or 0) > (without.seam or 0) + 4
    assert with_square.score < 0.85 <= without.score
