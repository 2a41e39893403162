"""What is heard in a job besides the voice: music under it, and noise taken out of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avsite.accounts.models import User
from lipsync import assets, order, runner
from lipsync.audio.load import load_audio, save_wav
from lipsync.audio.loudness import measure_loudness
from lipsync.audio.soundtrack import stereo_blocks
from lipsync.models import Asset, Job
from tests.conftest import Api
from tests.engines import ScriptedEngine

pytestmark = pytest.mark.django_db(transaction=True)
RATE = 48_000
HUSH = {"face": "house:maya", "text": "Now. … … … Here it is.", "options": {"head_motion": 0}}
MakeAsset = Callable[..., Asset]


@pytest.fixture
def music_wav(tmp_path: Path) -> bytes:
    """A second and a half of a chord."""
    t = np.arange(RATE * 3 // 2) / RATE
    path = tmp_path / "music.wav"
    save_wav(path, sum(0.1 * np.sin(2 * np.pi * f * t) for f in (220, 277, 330)).astype(np.float32), RATE)
    return path.read_bytes()


@pytest.fixture
def noisy_wav(tmp_path: Path) -> bytes:
    path = tmp_path / "noisy.wav"
    save_wav(path, np.random.default_rng(0).normal(0, 0.05, 2 * RATE).astype(np.float32), RATE)
    return path.read_bytes()


def upload(api: Api, kind: str, content: bytes, name: str, as_upload: Any) -> str:
    response = api.upload("/assets", {"kind": kind, "file": as_upload(content, name)})
    assert response.status_code == 201, response.content
    return str(response.json()["id"])


def packets(path: str) -> list[bytes]:
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def level_db(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-12))


def made(api: Api, wish: dict[str, Any]) -> Job:
    response = api.call("POST", "/lipsyncs", wish)
    assert response.status_code == 201, response.content
    job = runner.run(Job.objects.get(uid=response.json()["id"]).pk)
    assert job is not None and job.state == "done", job and job.error_message
    return job


def test_music_lies_under_a_video(alice_api: Api, music_wav: bytes, as_upload: Any) -> None:
    music = upload(alice_api, "music", music_wav, "tune.wav", as_upload)
    plain = made(alice_api, HUSH)
    under = made(alice_api, HUSH | {"music": music})
    assert alice_api.call("GET", f"/lipsyncs/{under.uid}").json()["music"]["name"] == "tune.wav"
    assert not under.warnings and not under.from_cache
    assert packets(plain.result.path) == packets(under.result.path), "the pictures are those of the engine"
    before, after = (load_audio(Path(job.result.path), RATE) for job in (plain, under))
    steps = before[: len(before) // 4800 * 4800].reshape(-1, 4800)
    quiet = (steps**2).mean(1).argmin() * 4800
    pause = slice(quiet, quiet + 4800)
    assert level_db(before[pause]) < -55 < -45 < level_db(after[pause])
    assert measure_loudness(stereo_blocks(Path(under.result.path))).lufs == pytest.approx(-16, abs=1.0)
    softer = made(alice_api, HUSH | {"music": music, "options": HUSH["options"] | {"music_below_lu": 25}})
    assert level_db(load_audio(Path(softer.result.path), RATE)[pause]) < level_db(after[pause]) - 8


def test_the_same_video_with_and_without_music(
    engine: type[ScriptedEngine], alice_api: Api, music_wav: bytes, as_upload: Any
) -> None:
    music = upload(alice_api, "music", music_wav, "tune.wav", as_upload)
    made(alice_api, HUSH)
    assert alice_api.call("POST", "/lipsyncs", HUSH).json()["from_cache"] is True
    assert alice_api.call("POST", "/lipsyncs", HUSH | {"music": music}).json()["from_cache"] is False
    assert alice_api.call("DELETE", f"/assets/{music}").status_code == 409, "it is still needed"


def test_a_video_whose_music_fails_is_kept(
    engine: type[ScriptedEngine], alice_api: Api, music_wav: bytes, as_upload: Any
) -> None:
    music = upload(alice_api, "music", music_wav, "tune.wav", as_upload)
    Path(Asset.objects.get(uid=music).file.path).write_bytes(b"no longer music")
    job = made(alice_api, HUSH | {"music": music})
    assert any(one.startswith("There is no music under this video: ") for one in job.warnings)
    assert job.result and not alice_api.call("GET", f"/lipsyncs/{job.uid}").json()["error"]


def test_music_that_is_refused(
    engine: type[ScriptedEngine],
    alice_api: Api,
    charlie_api: Api,
    bob: User,
    make_asset: MakeAsset,
    music_wav: bytes,
    as_upload: Any,
    tmp_path: Path,
) -> None:
    music = upload(alice_api, "music", music_wav, "tune.wav", as_upload)
    theirs = charlie_api.call("POST", "/lipsyncs", HUSH | {"music": music})
    assert (theirs.status_code, theirs.json()["error"]["param"]) == (404, "music")
    speech = upload(alice_api, "speech", music_wav, "tune.wav", as_upload)
    wrong = alice_api.call("POST", "/lipsyncs", HUSH | {"music": speech}).json()["error"]
    assert wrong["param"] == "music" and "uploaded as speech" in wrong["message"]
    sung = {"face": "house:maya", "speech": music}
    wrong = alice_api.call("POST", "/lipsyncs", sung).json()["error"]
    assert wrong["param"] == "speech" and "uploaded as music" in wrong["message"]
    save_wav(tmp_path / "silent.wav", np.zeros(RATE, np.float32), RATE)
    silent = as_upload((tmp_path / "silent.wav").read_bytes(), "silent.wav")
    refused = alice_api.upload("/assets", {"kind": "music", "file": silent})
    assert refused.status_code == 422 and "silent" in refused.json()["error"]["message"]


def test_a_recording_is_cleaned_before_it_is_spoken(
    engine: type[ScriptedEngine], alice_api: Api, noisy_wav: bytes, as_upload: Any
) -> None:
    heard: list[float] = []
    engine.script = lambda request, tell: heard.append(level_db(load_audio(request.speech_path, RATE)))
    speech = upload(alice_api, "speech", noisy_wav, "noisy.wav", as_upload)
    wish = {"face": "house:maya", "speech": speech}
    made(alice_api, wish)
    made(alice_api, wish | {"options": {"clean_speech": True}})
    assert heard[1] < heard[0] - 12


def test_without_a_denoiser(
    engine: type[ScriptedEngine],
    alice_api: Api,
    noisy_wav: bytes,
    as_upload: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    speech = upload(alice_api, "speech", noisy_wav, "noisy.wav", as_upload)
    monkeypatch.setattr(order, "can_denoise", lambda: False)
    wish = {"face": "house:maya", "speech": speech, "options": {"clean_speech": True}}
    refused = alice_api.call("POST", "/lipsyncs", wish)
    error = refused.json()["error"]
    assert (refused.status_code, error["param"]) == (503, "options.clean_speech")
    assert "make run" in error["message"]
    assert alice_api.call("POST", "/lipsyncs", HUSH | {"options": wish["options"]}).status_code == 201


def test_music_goes_with_its_time(
    engine: type[ScriptedEngine], alice_api: Api, music_wav: bytes, as_upload: Any
) -> None:
    music = upload(alice_api, "music", music_wav, "tune.wav", as_upload)
    made(alice_api, HUSH | {"music": music})
    assert alice_api.call("DELETE", f"/assets/{music}").status_code == 204
    assert Asset.objects.get(uid=music).hidden_at is not None, "its ended job still shows it"
    assert assets.purge_assets() == 0
    assert alice_api.call("GET", f"/assets/{music}/file").status_code == 200
