"""Recognisers on real sound: PocketSphinx as it is, Whisper's loader and words on a model without sense."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from avsite.ai.asr.base import SAMPLE_RATE, FloatArray, UnsupportedLanguage
from avsite.ai.asr.choose import open_recognizer
from avsite.ai.asr.faster import FasterWhisper
from avsite.ai.asr.gate import FRAME, Gate, SileroGate, WebRtcGate
from avsite.ai.asr.sphinx import MOST_SECONDS, SphinxRecognizer, quiet_cut
from avsite.ai.asr.stream import GrowingWindow
from avsite.ai.errors import BadWeights, ModelUnavailable
from avsite.ai.registry import Registry
from lipsync.audio.load import load_audio, save_wav
from lipsync.speech.synthesize import synthesize
from tests.tiny import write_whisper

TEXT = "Good morning, everybody. Good morning."


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    said = synthesize(TEXT, "en-us")
    path = tmp_path_factory.mktemp("spoken") / "spoken.wav"
    save_wav(path, np.pad(said.samples, said.sample_rate // 2), said.sample_rate)
    return path


@pytest.fixture(scope="module")
def sound(spoken: Path) -> FloatArray:
    return load_audio(spoken, SAMPLE_RATE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whisper(tmp_path_factory.mktemp("whisper"))


def test_english_is_heard_without_any_weights(sound: FloatArray) -> None:
    told: list[float] = []
    heard = SphinxRecognizer().transcribe(sound, on_progress=told.append)
    assert "morning everybody" in heard.text and heard.language == "en"
    assert told[-1] == 1.0 and "rough" not in heard.text and heard.notes
    starts = [word.start for word in heard.words]
    assert starts == sorted(starts) and 0.4 < starts[0] < 1.2
    assert heard.words[-1].end <= len(sound) / SAMPLE_RATE
    with pytest.raises(UnsupportedLanguage, match="English only"):
        SphinxRecognizer().transcribe(sound, language="ko")
    assert SphinxRecognizer().transcribe(np.zeros(SAMPLE_RATE, np.float32)).segments == ()


def test_a_long_recording_is_cut_where_it_is_quiet() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 20 * SAMPLE_RATE).astype(np.float32)
    quiet = slice(round(11.0 * SAMPLE_RATE), round(11.2 * SAMPLE_RATE))
    noise[quiet] = 0
    assert quiet.start <= quiet_cut(noise, 0) <= quiet.stop
    assert quiet_cut(noise, round((20 - MOST_SECONDS + 1) * SAMPLE_RATE)) == len(noise)


@pytest.mark.parametrize("gate", [WebRtcGate, SileroGate])
def test_gates_tell_speech_from_silence(gate: type[Gate], sound: FloatArray) -> None:
    def share(samples: FloatArray) -> float:
        one = gate()
        frames = [samples[start : start + FRAME] for start in range(0, len(samples) - FRAME, FRAME)]
        return float(np.mean([one.speaks(frame) for frame in frames]))

    assert share(sound) > 0.5
    assert share(np.zeros(3 * SAMPLE_RATE, np.float32)) == 0
    assert share(np.random.default_rng(0).normal(0, 0.003, 3 * SAMPLE_RATE).astype(np.float32)) < 0.1


def test_people_are_heard_while_they_speak(sound: FloatArray) -> None:
    window = GrowingWindow(SphinxRecognizer(), WebRtcGate(), now=lambda: 0.0)
    partial, final = [], []
    for start in range(0, len(sound), 1600):
        window.push(sound[start : start + 1600])
        if window.is_due:
            heard = window.hear()
            partial += heard.partial
            final += heard.final
    final += window.finish().final
    assert partial and "morning" in " ".join(word.text for word in final)
    starts = [word.start for word in final]
    assert starts == sorted(starts)


def test_a_whisper_folder_is_loaded_and_heard_with(folder: Path, sound: FloatArray) -> None:
    model = FasterWhisper(folder, name="whisper-tiny", threads=1)
    assert {"en", "de", "ko"} <= model.languages
    heard = model.transcribe(sound, language="de")
    assert heard.model == "whisper-tiny" and heard.language == "de"
    assert all(0 <= word.start <= word.end <= len(sound) / SAMPLE_RATE for word in heard.words)
    assert model.transcribe(sound, translate=True, language="ko").language == "en"
    assert model.transcribe(sound).language in model.languages, "found out"
    with pytest.raises(UnsupportedLanguage, match="klingon"):
        model.transcribe(sound, language="klingon")


def test_a_folder_that_is_no_model_says_so(folder: Path, tmp_path: Path) -> None:
    for file in ("config.json", "tokenizer.json", "vocabulary.txt", "vocabulary.json"):
        (tmp_path / file).write_bytes((folder / file).read_bytes())
    for content in (b"", (folder / "model.bin").read_bytes()[:5000], b"<!doctype html>"):
        (tmp_path / "model.bin").write_bytes(content)
        with pytest.raises(BadWeights, match="not a Whisper model"):
            FasterWhisper(tmp_path)


def test_the_best_that_is_installed_hears(folder: Path, tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models")
    assert open_recognizer(registry).name == "pocketsphinx"
    with pytest.raises(ModelUnavailable, match="models pull whisper-small") as absent:
        open_recognizer(registry, "whisper-small")
    assert absent.value.fallback == "pocketsphinx"
    with pytest.raises(ModelUnavailable, match="There are whisper-turbo"):
        open_recognizer(registry, "nobody")
    registry.import_file("whisper-tiny", folder, accepted=False)
    registry.import_file("whisper-base", folder, accepted=False)
    assert open_recognizer(registry).name == "whisper-base"
    assert open_recognizer(registry, "whisper-tiny").name == "whisper-tiny"
    with pytest.raises(FileNotFoundError, match="name the folder"):
        registry.import_file("whisper-tiny", folder / "model.bin", accepted=False)


def test_a_model_of_several_files_is_fetched_and_verified(folder: Path, tmp_path: Path) -> None:
    registry, told = Registry(tmp_path / "models"), []

    def fetch(url: str):
        content = (folder / url.rsplit("/", 1)[1]).read_bytes()
        assert url.startswith("https://huggingface.co/Systran/faster-whisper-tiny/resolve/main/")
        return len(content), iter([content])

    registry.pull("whisper-tiny", fetch, accepted=False, on_bytes=lambda *now: told.append(now))
    assert told[-1][0] == told[-1][1] == registry.installed("whisper-tiny").bytes
    registry.verify("whisper-tiny")
    (tmp_path / "models" / "whisper-tiny" / "vocabulary.txt").write_text("other")
    with pytest.raises(BadWeights, match=r"vocabulary\.txt"):
        registry.verify("whisper-tiny")


def test_the_command(spoken: Path, tmp_path: Path, settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.MODELS_DIR = tmp_path / "models"
    call_command("transcribe", spoken)
    assert "morning everybody" in capsys.readouterr().out
    call_command("transcribe", spoken, "-o", tmp_path / "out.vtt")
    assert (tmp_path / "out.vtt").read_text().startswith("WEBVTT\n\n00:00:00.")
    call_command("transcribe", spoken, "-o", tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text())["segments"][0]["words"]
    silence = tmp_path / "silence.wav"
    save_wav(silence, np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE)
    call_command("transcribe", silence, "-o", tmp_path / "none.txt")
    assert "Nobody was heard" in capsys.readouterr().err
    for arguments, said in (
        ((tmp_path / "gone.wav",), "There is no"),
        ((spoken, "-o", tmp_path / "out.doc"), "ends in none of"),
        ((spoken, "--language", "ko"), "English only"),
        ((spoken, "--model", "whisper-small"), "models pull whisper-small"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("transcribe", *arguments)
