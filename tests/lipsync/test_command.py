"""``manage.py lipsync`` in a process of its own, with neither database nor Redis."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import pytest

from tests import media

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "AVSITE_DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "AVSITE_EXTRA_ENGINES": "slow=tests.engines.SlowEngine",
        "AVSITE_TEST_RENDER_SECONDS": "1",
        "AVSITE_TEST_RENDER_LOG": str(tmp_path / "renders.log"),
    }


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "manage.py", "lipsync", *(str(word) for word in words)]


def run(environment: dict[str, str], *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_text_becomes_a_video(environment: dict[str, str], tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    done = run(environment, "house:maya", "--text", "Hello.", "--engine", "slow", "-o", output)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(output)
    with av.open(str(output)) as video:
        assert video.streams.video[0].frames == 10
    lines = done.stderr.splitlines()
    assert lines[0].endswith("Preparing the voice")
    assert lines[-1].endswith("Finishing")
    assert not any("\x1b" in line for line in lines), "no terminal, no drawing"
    assert not (tmp_path / "data" / "db.sqlite3").exists()


def test_on_a_terminal_there_is_a_bar(environment: dict[str, str], tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    words = command("house:maya", "--text", "Hi.", "--engine", "slow", "-o", tmp_path / "out.mp4")
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while block := os.read(ours, 4096):
            seen += block
    except OSError:  # the other end closed
        pass
    assert process.wait(60) == 0
    assert "█" in seen.decode()
    assert "100 %" in seen.decode()


def test_stopping_it_leaves_no_half_file(environment: dict[str, str], tmp_path: Path) -> None:
    environment["AVSITE_TEST_RENDER_SECONDS"] = "60"
    words = command("house:maya", "--text", "Hello.", "--engine", "slow", "-o", tmp_path / "out.mp4")
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not (tmp_path / "renders.log").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "CommandError: Stopped; nothing was written."
    assert not (tmp_path / "out.mp4").exists()
    assert list((tmp_path / "data" / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("missing.png", "--text", "Hi."), "There is no file"),
        (("house:nobody", "--text", "Hi."), "choose one of"),
        (("house:maya",), "Give either"),
        (("house:maya", "speech.wav", "--text", "Hi."), "Give either"),
        (("house:maya", "--text", "Hi.", "--voice", "nobody"), "no voice called"),
        (("house:maya", "--text", "...", "--engine", "slow"), "no words"),
        (("house:maya", "--text", "Hi.", "--mouth-strength", "9"), "--mouth-strength is 9"),
        (("house:maya", "--text", "Hi.", "--expression-amount", "2"), "--expression-amount is 2"),
        (("house:maya", "manage.py"), "file"),
    ],
    ids=str,
)
def test_bad_input_is_one_sentence(
    environment: dict[str, str], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    output = tmp_path / "out.mp4"
    done = run(environment, *words, "-o", output)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert said in done.stderr.splitlines()[-1]
    assert not output.exists()


def test_one_of_several_faces_is_listed_picked_and_refused(
    environment: dict[str, str], tmp_path: Path
) -> None:
    photo, voice, output = tmp_path / "two.png", tmp_path / "voice.wav", tmp_path / "out.mp4"
    cv2.imwrite(str(photo), next(media.two_people(1))[:, :, ::-1])
    media.write_audio(voice, media.tone(0.5, 16_000), 16_000)
    faces = run(environment, photo, "--faces").stdout.splitlines()
    assert [line.split(":")[0] for line in faces] == ["1", "2"]
    assert sum("taken by default" in line for line in faces) == 1
    unknown = run(environment, photo, voice, "--pick", "3", "--engine", "builtin", "-o", output)
    assert unknown.returncode != 0 and "There is no face 3 here" in unknown.stderr
    talk = [{"pick": {"track": 2}, "speech": voice.name}, {"pick": {"point": [0.25, 0.3]}, "text": "Hi."}]
    (tmp_path / "talk.json").write_text(json.dumps(talk))
    done = run(environment, photo, "--segments", tmp_path / "talk.json", "--engine", "builtin", "-o", output)
    assert done.returncode == 0, done.stderr
    with av.open(str(output)) as video:
        assert video.streams.video[0].frames > 25
