"""Several people in an upload: who is there, whom an order means, and what it may say about them."""

from __future__ import annotations

import wave
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from lipsync import tasks
from lipsync.audio.load import load_audio
from lipsync.models import Asset, Job, Segment
from lipsync.people import people_of
from lipsync.runner import run
from tests import media
from tests.conftest import Api
from tests.engines import ScriptedEngine


@pytest.fixture
def two_people_png(tmp_path: Path) -> bytes:
    picture = next(media.two_people(1))
    path = tmp_path / "two.png"
    cv2.imwrite(str(path), picture[:, :, ::-1])
    return path.read_bytes()


def upload(api: Api, kind: str, content: bytes, name: str, as_upload: Any) -> str:
    response = api.upload("/assets", {"kind": kind, "file": as_upload(content, name)})
    assert response.status_code == 201, response.content
    return str(response.json()["id"])


@pytest.fixture
def photo(alice_api: Api, two_people_png: bytes, as_upload: Any) -> str:
    return upload(alice_api, "face", two_people_png, "two.png", as_upload)


@pytest.fixture
def film(alice_api: Api, tmp_path: Path, as_upload: Any) -> str:
    path = media.write_video(tmp_path / "two.mp4", media.two_people(30))
    return upload(alice_api, "face", path.read_bytes(), "two.mp4", as_upload)


@pytest.fixture
def tone(alice_api: Api, tone_wav: bytes, as_upload: Any) -> str:
    return upload(alice_api, "speech", tone_wav, "tone.wav", as_upload)


def segment(track: int, speech: str, start: float | None = None, **more: Any) -> dict[str, Any]:
    return {"pick": {"track": track}, "speech": speech, "start_seconds": start} | more


def test_faces_of_a_photo_are_there_at_once(alice_api: Api, charlie_api: Api, photo: str) -> None:
    faces = alice_api.call("GET", f"/assets/{photo}/faces").json()
    assert faces["state"] == "ready"
    assert [one["track"] for one in faces["items"]] == [1, 2]
    assert sum(one["is_main"] for one in faces["items"]) == 1
    picture = alice_api.get(faces["items"][1]["thumbnail_url"])
    assert picture["Content-Type"] == "image/jpeg" and picture.content[:2] == b"\xff\xd8"
    assert charlie_api.call("GET", f"/assets/{photo}/faces").status_code == 404
    assert charlie_api.get(faces["items"][1]["thumbnail_url"]).status_code == 404
    assert alice_api.get(faces["items"][1]["thumbnail_url"].replace("/2/", "/7/")).status_code == 404


def test_faces_of_a_video_are_looked_for_once_by_a_worker(
    alice_api: Api,
    film: str,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[Any]]],
) -> None:
    told: list[int] = []
    monkeypatch.setattr(tasks.look_for_people_task, "apply_async", lambda args: told.extend(args))
    for _ in range(2):
        assert alice_api.call("GET", f"/assets/{film}/faces").json() == {"state": "looking", "items": []}
    assert len(told) == 1, "two who ask need one look"
    tasks.look_for_people_task(told[0])
    faces = alice_api.call("GET", f"/assets/{film}/faces").json()
    assert [one["track"] for one in faces["items"]] == [1, 2]
    assert all(0 < one["seconds"] < 2 for one in faces["items"])
    folder = Path(Asset.objects.get().file.path).parent
    with django_capture_on_commit_callbacks(execute=True):
        assert alice_api.call("DELETE", f"/assets/{film}").status_code == 204
    assert not folder.exists(), "what was found goes with the file"


def test_a_face_is_picked_and_the_engine_is_told_where_it_is(
    alice_api: Api, photo: str, tone: str, engine: type[ScriptedEngine]
) -> None:
    wish = {"face": photo, "speech": tone, "options": {"pick": {"track": 2}}}
    job = alice_api.call("POST", "/lipsyncs", wish).json()
    assert job["options"]["pick"]["track"] == 2
    done = run(Job.objects.get().pk)
    assert done is not None and done.state == "done"
    (request,) = engine.requests
    (speaker,) = request.speakers
    assert speaker.path.boxes[0][0] > 0.5 and speaker.speech_path == request.speech_path
    other = alice_api.call("POST", "/lipsyncs", wish | {"options": {"pick": {"track": 1}}}).json()
    assert other["state"] == "queued", "another face is another video"
    assert alice_api.call("POST", "/lipsyncs", wish).json()["from_cache"] is True


def test_segments_become_one_soundtrack_and_a_voice_for_each(
    alice_api: Api, photo: str, tone: str, engine: type[ScriptedEngine]
) -> None:
    heard: dict[str, np.ndarray] = {}

    def listen(request: Any, on_progress: Any) -> None:
        heard["both"] = load_audio(request.speech_path, 16_000)
        for number, speaker in enumerate(request.speakers):
            heard[str(number)] = load_audio(speaker.speech_path, 16_000)

    engine.script = listen
    wish = {
        "face": photo,
        "segments": [segment(1, tone, 0.5, end_seconds=1.0), segment(2, tone), segment(1, tone, 3.0)],
    }
    estimate = alice_api.call("POST", "/lipsyncs/estimate", wish).json()
    assert estimate["seconds"] == pytest.approx(4.0, abs=0.05)
    job = alice_api.call("POST", "/lipsyncs", wish).json()
    assert [one["pick"]["track"] for one in job["segments"]] == [1, 2, 1]
    assert job["segments"][0]["speech"]["id"] == tone and job["speech"] is None
    assert alice_api.call("DELETE", f"/assets/{tone}").status_code == 409, "it is still needed"
    done = run(Job.objects.get().pk)
    assert done is not None and done.state == "done", done and done.error_message

    def sounding(samples: np.ndarray) -> list[int]:
        """Tenths of a second with sound."""
        return [n for n in range(40) if np.abs(samples[n * 1600 + 200 : n * 1600 + 1400]).mean() > 0.1]

    # The second follows the first after 0.35 s.
    first, second, third = range(5, 10), range(14, 23), range(30, 40)
    assert sounding(heard["0"]) == [*first, *third]
    assert set(second) <= set(sounding(heard["1"])) <= {13, *second, 23}
    assert set(sounding(heard["both"])) >= {*first, *second, *third}
    assert alice_api.call("DELETE", f"/assets/{tone}").status_code == 204
    assert Asset.objects.get(uid=tone).hidden_at is not None, "the ended job still shows it"


@pytest.mark.parametrize(
    ("segments", "options", "param", "words"),
    [
        ([(1, 0.0, {}), (1, 0.5, {})], {}, "segments.1.start_seconds", "while the same face still says"),
        ([(1, 0.0, {"end_seconds": 0.4}), (1, 0.5, {})], {}, None, ""),
        ([(1, 0.0, {}), (2, 0.5, {})], {}, None, ""),
        ([(1, 0.8, {"end_seconds": 0.5})], {}, "segments.0.end_seconds", "before it starts"),
        ([(1, 9.0, {})], {}, "segments.0.start_seconds", "after the end of the video at 1.2 s"),
        ([(1, 0.5, {})], {"sync_mode": "cut_off"}, "segments.0.end_seconds", "after the end of the video"),
        ([(1, 0.5, {})], {"sync_mode": "remap"}, "options.sync_mode", "keeps its pace"),
        ([(3, 0.5, {})], {}, "segments.0.pick", "no face 3 here; the faces are: 1, 2"),
        ([(1, 0.5, {"text": "Hi."})], {}, "segments.0.text", "Segment 1: There is a recording and a text"),
        ([(1, 0.5, {"pick": {}})], {}, "segments.0.pick", "by one of track, point and box"),
        ([(1, 0.5, {})], {"pick": {"track": 1}}, "options.pick", "each has a pick of its own"),
    ],
)
def test_segments_that_cannot_be_are_refused(
    alice_api: Api, film: str, tone: str, segments: Any, options: Any, param: str | None, words: str
) -> None:
    tasks.look_for_people_task(Asset.objects.get(uid=film).pk)
    rows = [segment(track, tone, start, **more) for track, start, more in segments]
    wish = {"face": film, "segments": rows, "engine": "builtin", "options": options}
    response = alice_api.call("POST", "/lipsyncs/estimate", wish)
    if param is None:
        assert response.status_code == 200, response.content
        return
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["param"] == param and words in error["message"], error


def test_one_of_speech_and_segments(alice_api: Api, photo: str, tone: str) -> None:
    both = {"face": photo, "speech": tone, "segments": [segment(1, tone, 0.0)]}
    assert alice_api.call("POST", "/lipsyncs", both).json()["error"]["param"] == "segments"
    drawn = {"face": "house:maya", "segments": [{"text": "Hello."}]}
    assert alice_api.call("POST", "/lipsyncs", drawn).json()["error"]["param"] == "face"
    unknown = {"face": photo, "segments": [{"text": "Hello.", "speaker": 1}]}
    assert alice_api.call("POST", "/lipsyncs", unknown).status_code == 422
    assert not Job.objects.exists() and not Segment.objects.exists()


def test_nobody_speaks_with_the_files_of_others(
    alice_api: Api, bob_api: Api, photo: str, tone: str, two_people_png: bytes, as_upload: Any
) -> None:
    own = upload(bob_api, "face", two_people_png, "two.png", as_upload)
    theirs = bob_api.call("POST", "/lipsyncs", {"face": own, "segments": [segment(1, tone, 0.0)]})
    assert theirs.status_code == 404 and theirs.json()["error"]["param"] == "segments.0.speech"
    assert bob_api.call("POST", "/lipsyncs", {"face": photo, "text": "Hi."}).status_code == 404


def test_an_engine_for_one_face_is_passed_over_with_the_reason(
    alice_api: Api,
    photo: str,
    tone: str,
    engine: type[ScriptedEngine],
    second_engine: type[ScriptedEngine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(second_engine, "multi_face", True)
    monkeypatch.setattr(engine, "multi_face", False)
    wish = {"face": photo, "segments": [segment(1, tone, 0.0), segment(2, tone, 1.0)]}
    estimate = alice_api.call("POST", "/lipsyncs/estimate", wish).json()
    assert estimate["engine"] == "second"
    why_not = next(one["why_not"] for one in estimate["engines"] if one["engine"] == "scripted")
    assert "one voice for a whole video" in why_not
    refused = alice_api.call("POST", "/lipsyncs", wish | {"engine": "scripted"})
    assert refused.status_code == 422 and "no segments" in refused.json()["error"]["message"]


def test_a_lost_recording_is_said(
    alice_api: Api, photo: str, tone: str, engine: type[ScriptedEngine]
) -> None:
    alice_api.call("POST", "/lipsyncs", {"face": photo, "segments": [segment(1, tone, 0.0)]})
    Asset.objects.get(uid=tone).delete()
    done = run(Job.objects.get().pk)
    assert done is not None and done.error_code == "file_missing"
    retried = alice_api.call("POST", f"/lipsyncs/{done.uid}/retry")
    assert retried.status_code == 409


def test_what_was_found_is_kept(alice_api: Api, photo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = Asset.objects.get(uid=photo)
    found = people_of(asset)
    monkeypatch.setattr("lipsync.people.meet_people", None)
    assert people_of(asset) == found and found is not None and len(found) == 2


def test_silence_of_a_wav_that_ends_early(tmp_path: Path) -> None:
    """A voice is as long as the whole, however little is said in it."""
    from lipsync.casting import Dialogue
    from lipsync.work import Part, Work

    media.write_audio(tmp_path / "a.wav", media.tone(0.5, 16_000), 16_000)
    film = media.write_video(tmp_path / "film.mp4", 50, fps=25)
    part = Part(speech_path=tmp_path / "a.wav", start_seconds=0.25)
    dialogue = Dialogue(Work(face_path=film, segments=(part,)), tmp_path, tmp_path, lambda *_: None)
    with wave.open(str(dialogue.path)) as sound:
        assert sound.getnframes() / sound.getframerate() == pytest.approx(2.0, abs=0.01)
