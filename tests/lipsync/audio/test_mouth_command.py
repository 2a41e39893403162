"""``manage.py mouth`` writes tracks and a picture, and says plainly what is wrong with its input."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from lipsync.speech.synthesize import synthesize_to_file

ROOT = Path(__file__).resolve().parents[3]


def run_mouth(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "mouth", *map(str, arguments)]
    # A database that cannot be opened: the command must not try.
    environment = {"DATABASE_URL": "sqlite:////nowhere/at/all.sqlite3", "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mouth") / "speech.wav"
    synthesize_to_file(path, "Maybe we move by bus.", "en-us")
    return path


def test_tracks_and_picture_are_written(speech: Path, tmp_path: Path) -> None:
    shapes, plot = tmp_path / "shapes.npz", tmp_path / "shapes.png"
    done = run_mouth(speech, "--fps", "29.97", "-o", shapes, "--plot", plot)
    assert done.returncode == 0, done.stderr
    with np.load(shapes, allow_pickle=False) as arrays:
        assert set(arrays.files) == {"openness", "width", "rounding", "teeth", "closure"}
        frames = len(arrays["openness"])
        assert all(arrays[name].shape == (frames,) for name in arrays.files)
        assert all(arrays[name].dtype.kind == "f" for name in arrays.files)
        assert arrays["openness"].max() > 0.4
    picture = cv2.imread(str(plot))
    assert picture is not None
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50


def test_bad_input_is_one_sentence_and_code_1(speech: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("not sound")
    for source, output in (
        (tmp_path / "absent.wav", tmp_path / "out.npz"),
        (text, tmp_path / "out.npz"),
        (tmp_path, tmp_path / "out.npz"),
        (speech, tmp_path / "no" / "folder" / "out.npz"),
    ):
        done = run_mouth(source, "-o", output)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1
        assert "Traceback" not in done.stderr
        assert not output.exists()


def test_bad_frame_rates_are_refused(speech: Path, tmp_path: Path) -> None:
    for fps in ("0", "-5", "nan", "fast"):
        done = run_mouth(speech, "--fps", fps, "-o", tmp_path / "out.npz")
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
