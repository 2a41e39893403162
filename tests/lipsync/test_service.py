"""``LipsyncService`` as its users know it: files in, a file out, errors of three kinds. No database."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lipsync.cost import estimate_usd
from lipsync.engines.base import EngineError
from lipsync.engines.clip import clip_seconds
from lipsync.policy import NoEngine, choose
from lipsync.service import get_lipsync_service
from lipsync.speech.synthesize import synthesize_to_file
from lipsync.video.errors import MediaError
from lipsync.work import Work
from tests.engines import ScriptedEngine, SecondEngine
from tests.lipsync.test_runner import failing, keep_rendering, wait_until


@pytest.fixture
def files(tmp_path: Path, tone_wav: bytes, portrait_png: bytes) -> tuple[Path, Path, Path]:
    face, speech = tmp_path / "face.png", tmp_path / "speech.wav"
    face.write_bytes(portrait_png)
    speech.write_bytes(tone_wav)
    return face, speech, tmp_path / "out" / "video.mp4"


Files = tuple[Path, Path, Path]


async def test_generate(engine: type[ScriptedEngine], files: Files) -> None:
    made = await get_lipsync_service().generate_lipsync(*files)
    assert made["status"] == "success"
    assert made["output_path"] == str(files[2])
    assert made["method_used"] == "scripted"
    assert files[2].is_file()
    assert list(files[2].parent.iterdir()) == [files[2]]


def test_the_words_of_a_recording_lead_where_they_fit(engine: type[ScriptedEngine], files: Files) -> None:
    face, speech, output = files
    words = "Papa bought a blue boat."
    synthesize_to_file(speech, words, "en-us-f3")
    for transcript, fits in ((words, True), ("Nobody knows how old this moon is, Sir!", False)):
        work = Work(face_path=face, speech_path=speech, transcript=transcript, transcript_language="en-US")
        made = get_lipsync_service().render_files(work, output, on_progress=lambda stage, fraction: None)
        sounds = [phone.ipa for phone in made.phones if phone.ipa]
        assert (sounds[:1] == ["p"]) is fits
        assert bool(engine.requests[-1].phones) is fits
        assert "One warning." in made.result.warnings
        assert any("does not seem to be what is said" in one for one in made.result.warnings) is not fits


@pytest.mark.parametrize("missing", [0, 1])
async def test_a_missing_input(engine: type[ScriptedEngine], files: Files, missing: int) -> None:
    files[missing].unlink()
    with pytest.raises(FileNotFoundError, match=files[missing].name):
        await get_lipsync_service().generate_lipsync(*files)
    assert engine.requests == []


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (EngineError("The engine is out of order."), RuntimeError, "out of order"),
        (TimeoutError("The service did not answer"), TimeoutError, "did not answer"),
        (MediaError("It is damaged.", "damaged", at_seconds=3.0), RuntimeError, "at 3.0 s"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_failures(
    engine: type[ScriptedEngine], files: Files, error: Exception, kind: type[Exception], said: str
) -> None:
    engine.script = failing(error)
    with pytest.raises(kind, match=said):
        await get_lipsync_service().generate_lipsync(*files)
    assert not files[2].exists()


async def test_an_unknown_method(engine: type[ScriptedEngine], files: Files) -> None:
    with pytest.raises(RuntimeError, match="no engine called 'magic'"):
        await get_lipsync_service().generate_lipsync(*files, method="magic")


async def test_speech_that_is_no_media(engine: type[ScriptedEngine], files: Files) -> None:
    files[1].write_text("hello")
    with pytest.raises(RuntimeError):
        await get_lipsync_service().generate_lipsync(*files)


async def test_cancelling_the_call_stops_the_render(engine: type[ScriptedEngine], files: Files) -> None:
    engine.script = keep_rendering(30)
    call = asyncio.create_task(get_lipsync_service().generate_lipsync(*files))
    await asyncio.to_thread(wait_until, lambda: engine.requests)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.to_thread(wait_until, lambda: not engine.requests[0].work_dir.exists())
    assert not files[2].exists()


async def test_relative_outputs_go_where_the_site_says(
    engine: type[ScriptedEngine], files: Files, settings: Any, tmp_path: Path
) -> None:
    settings.LIPSYNC_OUTPUT_DIR = str(tmp_path / "outputs")
    made = await get_lipsync_service().generate_lipsync(files[0], files[1], "video.mp4")
    assert made["output_path"] == str(tmp_path / "outputs" / "video.mp4")


async def test_quality_is_not_made_up(files: Files) -> None:
    with pytest.raises(FileNotFoundError):
        await get_lipsync_service().check_lipsync_quality(files[2])
    with pytest.raises(RuntimeError, match="scored"):
        await get_lipsync_service().check_lipsync_quality(files[0])


def test_auto_tries_the_free_engine_first_for_long_and_many(second_engine: type[SecondEngine]) -> None:
    assert [choice.engine for choice in choose("auto", 600)] == ["scripted", "second"]
    assert [choice.engine for choice in choose("auto", 5, batch=True)] == ["scripted", "second"]


def test_over_budget_no_paid_engine_is_used(second_engine: type[SecondEngine]) -> None:
    assert [one.engine for one in choose("auto", 5, budget_usd=Decimal(0))] == ["scripted"]
    with pytest.raises(NoEngine, match=r"would cost \$0\.25"):
        choose("second", 5, budget_usd=Decimal("0.2"))


def test_engines_that_cannot_run_are_passed_over_with_their_reason(
    second_engine: type[SecondEngine], engine: type[ScriptedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "why_not", "It has no key.")
    monkeypatch.setattr(second_engine, "why_not", None)
    assert [one.engine for one in choose("auto", 5)] == ["second"]
    monkeypatch.setattr(second_engine, "why_not", "It has no GPU.")
    with pytest.raises(NoEngine, match="no key. It has no GPU."):
        choose("auto", 5)


def test_costs_add_up_to_no_less_than_they_are() -> None:
    assert estimate_usd(0.05, 30.5) == Decimal("1.525")
    assert estimate_usd(0.00001, 1) == Decimal("0.0001")
    assert estimate_usd(0, 100) == 0


@pytest.mark.parametrize(
    ("speech", "face", "mode", "length"),
    [
        (5, None, "silence", 5),
        (5, 9, "bounce", 5),
        (5, 9, "silence", 9),
        (5, 3, "cut_off", 3),
        (5, 3, "loop", 5),
        (5, 9, "remap", 5),
        (9, 5, "remap", 9),
    ],
)
def test_the_length_of_the_result(speech: float, face: float | None, mode: str, length: float) -> None:
    assert clip_seconds(speech, face, mode) == length
