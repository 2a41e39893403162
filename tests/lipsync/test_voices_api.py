"""What there is to choose from: voices to hear, engines, drawn faces."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.conftest import Api


def test_voices_are_listed_with_a_sample_to_hear(alice_api: Api, settings: Any) -> None:
    voices = alice_api.call("GET", "/voices").json()
    by_id = {voice["id"]: voice for voice in voices["items"]}
    assert len(by_id) == len(voices["items"]) > 50
    default = by_id[voices["default"]]
    assert default["language"].startswith("en")
    sample = alice_api.get(default["sample_url"])
    assert sample["Content-Type"] == "audio/wav"
    with wave.open(io.BytesIO(sample.getvalue())) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
        assert sound.getnframes() / sound.getframerate() > 0.5
    assert np.abs(samples.astype(int)).max() > 3000
    (kept,) = Path(settings.CACHE_DIR, "voices").iterdir()
    made_at = kept.stat().st_mtime_ns
    assert alice_api.get(default["sample_url"]).status_code == 200
    assert kept.stat().st_mtime_ns == made_at


def test_unknown_voice_and_look(alice_api: Api) -> None:
    for path in ("/voices/klingon/sample", "/voices/..%2f..%2fx/sample", "/looks/nobody/thumbnail"):
        assert alice_api.call("GET", path).status_code == 404, path


def test_engines_say_whether_they_can_run(alice_api: Api) -> None:
    engines = {engine["name"]: engine for engine in alice_api.call("GET", "/engines").json()["items"]}
    builtin = engines["builtin"]
    assert builtin["available"] and builtin["why_not"] is None
    assert (builtin["needs_gpu"], builtin["remote"], builtin["usd_per_second"]) == (False, False, 0)
    assert all(engine["available"] or engine["why_not"].endswith(".") for engine in engines.values())


def test_looks_have_pictures_of_faces(alice_api: Api) -> None:
    from lipsync.face.outline import outline_faces

    looks = alice_api.call("GET", "/looks").json()["items"]
    assert looks and all(look["id"].startswith("house:") for look in looks)
    thumbnail = alice_api.get(looks[0]["thumbnail_url"])
    assert thumbnail["Content-Type"] == "image/jpeg"
    picture = np.asarray(Image.open(io.BytesIO(thumbnail.getvalue())).convert("RGB"))
    assert len(outline_faces(picture)) == 1
