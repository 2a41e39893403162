"""The calls that people who come from the service's first description already have in their programs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import cv2
import pytest

from avsite.accounts.models import User
from avsite.celery import app as celery_app
from lipsync.api_voices import _describe_engine
from lipsync.cost import estimate_usd
from lipsync.service import get_lipsync_service
from lipsync.speech.synthesize import synthesize_to_file
from lipsync.tasks import batch_generate_lipsync_task, generate_lipsync_task
from lipsync.video.probe import probe
from tests import media


@pytest.fixture
def inputs(own_place: Path) -> Path:
    """A folder with a film, a photo and a recording."""
    folder = own_place / "inputs"
    folder.mkdir()
    media.write_moving_portrait(folder / "video.mp4", 1.0, width=320, height=240)
    cv2.imwrite(str(folder / "photo.png"), media.portrait()[:, :, ::-1])
    synthesize_to_file(folder / "audio.wav", "Papa bought a pie.", "en-us", 1.0, lambda fraction: None)
    return folder


@pytest.fixture
def eager() -> Iterator[None]:
    """``delay`` runs here and now; the stack tests run it in real workers."""
    celery_app.conf.task_always_eager = True
    yield
    celery_app.conf.task_always_eager = False


@pytest.mark.django_db(transaction=True)
async def test_generate_then_look_at_the_quality(inputs: Path) -> None:
    lipsync = get_lipsync_service()
    assert lipsync is get_lipsync_service(), "one for the whole process"
    result = await lipsync.generate_lipsync(
        video_path=str(inputs / "video.mp4"),
        audio_path=str(inputs / "audio.wav"),
        output_path=str(inputs / "outputs" / "synced.mp4"),
        method="auto",
    )
    assert f"Method used: {result['method_used']}" == "Method used: builtin"
    assert f"Cost: ${result['cost_usd']:.2f}" == "Cost: $0.00"
    assert result["status"] == "success"
    assert result["duration"] == pytest.approx(probe(Path(result["output_path"])).duration_seconds, abs=0.1)
    quality = await lipsync.check_lipsync_quality(result["output_path"])
    assert quality.keys() == {"sync_score", "audio_quality", "video_quality"}
    assert all(0 <= score <= 1 for score in quality.values())
    assert quality["sync_score"] >= 0.8, "the example would make it again"


@pytest.mark.django_db(transaction=True)
async def test_each_kind_of_error(inputs: Path) -> None:
    lipsync = get_lipsync_service()
    output = str(inputs / "out.mp4")
    with pytest.raises(FileNotFoundError, match=r"gone\.mp4"):
        await lipsync.generate_lipsync(str(inputs / "gone.mp4"), str(inputs / "audio.wav"), output)
    with pytest.raises(RuntimeError, match="models import wav2lip"):
        await lipsync.generate_lipsync(
            str(inputs / "video.mp4"), str(inputs / "audio.wav"), output, method="wav2lip"
        )
    with pytest.raises(RuntimeError, match="HEYGEN_API_KEY"):
        await lipsync.generate_lipsync(
            str(inputs / "video.mp4"), str(inputs / "audio.wav"), output, method="heygen"
        )
    with pytest.raises(FileNotFoundError):
        await lipsync.check_lipsync_quality(output)


@pytest.mark.django_db(transaction=True)
def test_as_a_task(inputs: Path, eager: None) -> None:
    task = generate_lipsync_task.delay(
        video_path=str(inputs / "photo.png"),
        audio_path=str(inputs / "audio.wav"),
        output_path=str(inputs / "synced.mp4"),
        method="auto",
        user_id="user123",
    )
    assert task.id
    result = task.get(timeout=600)
    assert (result["status"], result["method_used"]) == ("success", "builtin")
    assert probe(Path(result["output_path"])).media == "video"


@pytest.mark.django_db(transaction=True)
def test_as_a_batch(inputs: Path, eager: None) -> None:
    good = (str(inputs / "video.mp4"), str(inputs / "audio.wav"))
    bad = (str(inputs / "video.mp4"), str(inputs / "missing.mp3"))
    outputs = [str(inputs / f"out{number}.mp4") for number in range(2)]
    made = batch_generate_lipsync_task.delay([good, bad], outputs, "auto").get(timeout=600)
    assert made["status"] == "completed" and len(made["results"]) == 2
    summary = made["summary"]
    assert (summary["total"], summary["success"], summary["failed"]) == (2, 1, 1)
    assert summary["total_duration"] == made["results"][0]["duration"]
    assert summary["total_cost_usd"] == 0
    assert "missing.mp3" in made["results"][1]["error"]


def test_the_price_of_a_clip_is_known_before(alice: User) -> None:
    price = _describe_engine("heygen").usd_per_second
    assert price == pytest.approx(0.0333, abs=0.001)
    assert estimate_usd(price, 30) == Decimal(str(price)) * 30
    assert _describe_engine("wav2lip").usd_per_second == 0
