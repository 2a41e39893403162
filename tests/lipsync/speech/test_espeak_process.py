"""The synthesiser's process may die, hang, or be inherited by a fork; callers notice a short wait."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lipsync.speech import espeak_process
from lipsync.speech.errors import SpeechError
from lipsync.speech.espeak_process import SERVER, EspeakProcess, Spoken

PARAMETERS = {"words_per_minute": 162, "pitch": 50, "pitch_range": 50, "word_gap": 0}


def words(spoken: Spoken) -> list[str]:
    """What was said. Sound and times differ by a few samples from call to call: the voice flutters."""
    assert len(spoken.pcm) > 10000
    return [ipa for ipa, _ in spoken.phones if ipa]


@pytest.fixture
def process() -> Iterator[EspeakProcess]:
    process = EspeakProcess()
    yield process
    process.close()


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid)


def test_it_starts_on_first_use_and_stays(process: EspeakProcess) -> None:
    assert process.pid is None
    first = process.speak("Hello", "en-us", **PARAMETERS)
    pid = process.pid
    assert words(process.speak("Hello", "en-us", **PARAMETERS)) == words(first)
    assert process.pid == pid


def test_killed_between_two_sentences_it_comes_back(process: EspeakProcess) -> None:
    before = process.speak("Hello", "en-us", **PARAMETERS)
    pid = process.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert words(process.speak("Hello", "en-us", **PARAMETERS)) == words(before)
    assert process.pid != pid


def test_a_text_that_kills_it_twice_is_an_error(process: EspeakProcess, tmp_path: Path, monkeypatch) -> None:
    crashing = tmp_path / "server.py"
    crashing.write_text("import sys; sys.stdin.buffer.read(1)")
    monkeypatch.setattr(espeak_process, "SERVER", crashing)
    with pytest.raises(SpeechError, match="stopped while reading"):
        process.speak("Hello", "en-us", **PARAMETERS)


def test_a_hanging_process_times_out_and_is_replaced(tmp_path: Path, monkeypatch) -> None:
    process = EspeakProcess(request_seconds=0.3)
    hanging = tmp_path / "server.py"
    hanging.write_text("import time; time.sleep(600)")
    monkeypatch.setattr(espeak_process, "SERVER", hanging)
    with pytest.raises(SpeechError, match="did not answer in time"):
        process.speak("Hello", "en-us", **PARAMETERS)
    monkeypatch.undo()
    process._request_seconds = 30.0
    assert process.speak("Hello", "en-us", **PARAMETERS).pcm
    process.close()


def test_threads_get_their_own_sentences(process: EspeakProcess) -> None:
    texts = [f"number {number}" for number in range(12)]
    alone = [process.speak(text, "en-us", **PARAMETERS) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: process.speak(text, "en-us", **PARAMETERS), texts))
    assert [words(spoken) for spoken in together] == [words(spoken) for spoken in alone]


def test_a_fork_starts_its_own_and_leaves_the_parents_alone() -> None:
    script = """
import os
from lipsync.speech.espeak_process import ESPEAK
def speak():
    spoken = ESPEAK.speak("Hello", "en-us", words_per_minute=162)
    return [ipa for ipa, _ in spoken.phones if ipa]

said = speak()
pid = ESPEAK.pid
child = os.fork()
if child == 0:
    ok = ESPEAK.pid is None and speak() == said
    ok = ok and ESPEAK.pid != pid
    ESPEAK.close()
    os._exit(0 if ok else 1)
_, status = os.waitpid(child, 0)
assert status == 0
assert speak() == said and ESPEAK.pid == pid
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_it_ends_with_its_parent() -> None:
    script = (
        "import os, signal\n"
        "from lipsync.speech.espeak_process import ESPEAK\n"
        "ESPEAK.speak('Hello', 'en-us', words_per_minute=162)\n"
        "print(ESPEAK.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    parent = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert wait_until_gone(int(parent.stdout))


def test_an_unknown_language_is_an_error_and_no_death(process: EspeakProcess) -> None:
    with pytest.raises(SpeechError, match="no voice"):
        process.speak("Hello", "xx-nowhere", **PARAMETERS)
    pid = process.pid
    assert process.speak("Hello", "en-us", **PARAMETERS).pcm
    assert process.pid == pid


def test_the_gpl_side_and_ours_share_no_code() -> None:
    root = Path(__file__).resolve().parents[3]
    tree = ast.parse(SERVER.read_text())
    imported = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not any(str(name).startswith(("lipsync", "avsite", "rooms")) for name in imported)
    loaders = [
        path
        for package in ("lipsync", "avsite")
        for path in (root / package).rglob("*.py")
        if "import espeakng_loader" in path.read_text()
    ]
    assert loaders == [SERVER]
