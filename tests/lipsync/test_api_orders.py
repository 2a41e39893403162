"""Making jobs through the API: what is taken, what is refused and why, and what it would cost."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from avsite.accounts.models import User
from lipsync import runner
from lipsync.models import Asset, Job
from tests.conftest import Api
from tests.engines import ScriptedEngine, SecondEngine

MakeJob = Callable[..., Job]
MakeAsset = Callable[..., Asset]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine")]

HOUSE_JOB = {"face": "house:maya", "text": "Hello."}


def refusal(response: Any) -> tuple[int, str, str | None]:
    error = response.json()["error"]
    assert error["message"].endswith(".")
    return response.status_code, error["code"], error.get("param")


def test_create_with_a_drawn_face(alice_api: Api, alice: User) -> None:
    response = alice_api.call("POST", "/lipsyncs", HOUSE_JOB)
    assert response.status_code == 201, response.content
    job = response.json()
    assert job["state"] == "queued"
    assert job["stage_label"] == "Waiting"
    assert (job["house_look"], job["text"], job["voice"]) == ("maya", "Hello.", "en-us")
    assert job["video_url"] is job["source_url"] is job["seconds_left"] is None
    assert job["options"] == {
        "sync_mode": "bounce",
        "mouth_strength": 1.0,
        "head_motion": 1.0,
        "expression": "neutral",
        "expression_amount": 0.6,
        "background": "keep",
        "pick": None,
        "others": "still",
        "clean_speech": False,
        "music_below_lu": 10.0,
    }
    assert Job.objects.get(uid=job["id"]).owner == alice
    again = alice_api.call("GET", f"/lipsyncs/{job['id']}").json()
    assert again | {"created_at": ""} == job | {"created_at": ""}


def test_create_with_assets(alice_api: Api, alice: User, make_asset: MakeAsset) -> None:
    face = make_asset(alice)
    speech = make_asset(alice, "speech", notices=["This recording is silent."])
    options = {"sync_mode": "loop", "mouth_strength": 0.5, "head_motion": 0}
    options |= {"expression": "sad", "expression_amount": 0.25, "background": "blur"}
    options |= {"pick": None, "others": "filmed", "clean_speech": True, "music_below_lu": 14.0}
    wish = {"face": str(face.uid), "speech": str(speech.uid), "options": options}
    job = alice_api.call("POST", "/lipsyncs", wish).json()
    assert job["face"]["id"] == str(face.uid)
    assert job["speech"]["id"] == str(speech.uid)
    assert job["options"] == options
    assert job["warnings"] == ["This recording is silent."]
    assert job["source_url"] == f"/api/v1/lipsyncs/{job['id']}/source"


def test_a_recording_comes_with_its_words(alice_api: Api, alice: User, make_asset: MakeAsset) -> None:
    speech = make_asset(alice, "speech", info={"duration_seconds": 2.0})
    wish = {"face": "house:maya", "speech": str(speech.uid), "transcript": " Guten Tag. "}
    job = alice_api.call("POST", "/lipsyncs", wish | {"transcript_language": "de"}).json()
    assert (job["transcript"], job["transcript_language"]) == ("Guten Tag.", "de")
    plain = alice_api.call("POST", "/lipsyncs", wish).json()
    assert (plain["transcript_language"], plain["from_cache"]) == ("en-US", False)
    keys = {one.cache_key for one in Job.objects.all()}
    assert len(keys) == 2, "the same words in another language are other lips"
    for bad, param in (
        ({"transcript_language": "tlh"}, "transcript_language"),
        ({"transcript": "a" * 500}, "transcript"),
    ):
        status, _, named = refusal(alice_api.call("POST", "/lipsyncs", wish | bad))
        assert (status, named) == (422, param)


def test_create_from_a_form_with_files(
    alice_api: Api, as_upload: Callable[..., Any], portrait_png: bytes, tone_wav: bytes
) -> None:
    fields = {
        "face": as_upload(portrait_png, "me.png"),
        "speech": as_upload(tone_wav, "hello.wav"),
        "options": json.dumps({"mouth_strength": 1.2}),
        "text": "",
    }
    response = alice_api.upload("/lipsyncs", fields)
    assert response.status_code == 201, response.content
    job = response.json()
    assert (job["face"]["name"], job["speech"]["name"]) == ("me.png", "hello.wav")
    assert job["options"]["mouth_strength"] == 1.2
    assert len(job["face"]["faces"]) == 1


def test_a_bad_file_in_a_form_names_its_field(alice_api: Api, as_upload: Callable[..., Any]) -> None:
    fields = {"face": as_upload(b"not a picture", "me.png"), "text": "Hello."}
    status, _, param = refusal(alice_api.upload("/lipsyncs", fields))
    assert (status, param) == (415, "face")
    assert Job.objects.count() == 0
    assert Asset.objects.count() == 0


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"text": "Hello."}, "face"),
        ({"face": "", "text": "Hello."}, "face"),
        ({"face": "house:", "text": "Hello."}, "face"),
        ({"face": "house:nobody", "text": "Hello."}, "face"),
        ({"face": "house:maya"}, "text"),
        ({"face": "house:maya", "text": "  "}, "text"),
        ({"face": "house:maya", "text": "\U0001f600 ..."}, "text"),
        ({"face": "house:maya", "text": "a" * 5001}, "text"),
        (HOUSE_JOB | {"voice": "nobody"}, "voice"),
        (HOUSE_JOB | {"voice_rate": 9}, "voice_rate"),
        (HOUSE_JOB | {"voice_rate": "fast"}, "voice_rate"),
        (HOUSE_JOB | {"engine": "magic"}, "engine"),
        (HOUSE_JOB | {"options": {"sync_mode": "never"}}, "options.sync_mode"),
        (HOUSE_JOB | {"options": {"mouth_strength": 9}}, "options.mouth_strength"),
        (HOUSE_JOB | {"options": {"head_motion": -1}}, "options.head_motion"),
        (HOUSE_JOB | {"options": {"expression": "bored"}}, "options.expression"),
        (HOUSE_JOB | {"options": {"expression_amount": 1.1}}, "options.expression_amount"),
        (HOUSE_JOB | {"options": {"background": "beach"}}, "options.background"),
        (HOUSE_JOB | {"transcript": "Hello."}, "transcript"),
        (HOUSE_JOB | {"options": {"colour": "red"}}, "options.colour"),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/lipsyncs", "/lipsyncs/estimate"])
def test_what_cannot_be_is_refused_before_it_is_queued(
    alice_api: Api, wish: dict[str, Any], param: str, path: str
) -> None:
    status, _, named = refusal(alice_api.call("POST", path, wish))
    assert status in {404, 422}
    assert named == param
    assert Job.objects.count() == 0


def test_malformed_json_is_refused(alice_api: Api) -> None:
    response = alice_api.post("/api/v1/lipsyncs", "{face", content_type="application/json")
    assert refusal(response)[:2] == (400, "bad_request")
    response = alice_api.post("/api/v1/lipsyncs", "[1]", content_type="application/json")
    assert response.status_code == 422


def test_speech_and_text_together_are_refused(alice_api: Api, alice: User, make_asset: MakeAsset) -> None:
    wish = HOUSE_JOB | {"speech": str(make_asset(alice, "speech").uid)}
    assert refusal(alice_api.call("POST", "/lipsyncs", wish)) == (422, "invalid", "text")


def test_assets_of_the_wrong_kind_are_refused(alice_api: Api, alice: User, make_asset: MakeAsset) -> None:
    face, speech = str(make_asset(alice).uid), str(make_asset(alice, "speech").uid)
    assert refusal(alice_api.call("POST", "/lipsyncs", {"face": speech, "text": "Hi."}))[2] == "face"
    assert refusal(alice_api.call("POST", "/lipsyncs", {"face": face, "speech": face}))[2] == "speech"


def test_a_face_asset_without_a_face_is_refused(alice_api: Api, alice: User, make_asset: MakeAsset) -> None:
    wish = {"face": str(make_asset(alice, faces=[]).uid), "text": "Hi."}
    assert refusal(alice_api.call("POST", "/lipsyncs", wish)) == (422, "no_face", "face")


def test_another_persons_asset_is_not_there(charlie_api: Api, alice: User, make_asset: MakeAsset) -> None:
    face, speech = str(make_asset(alice).uid), str(make_asset(alice, "speech").uid)
    made_up = str(uuid.uuid4())
    for wish in (face, made_up, "rubbish"):
        response = charlie_api.call("POST", "/lipsyncs", {"face": wish, "text": "Hi."})
        assert refusal(response) == (404, "not_found", "face")
    response = charlie_api.call("POST", "/lipsyncs", {"face": "house:maya", "speech": speech})
    assert refusal(response) == (404, "not_found", "speech")


def test_an_engine_that_cannot_run_says_why(alice_api: Api, engine: type[ScriptedEngine]) -> None:
    engine.why_not = "It has no key; set SCRIPTED_KEY."
    response = alice_api.call("POST", "/lipsyncs", HOUSE_JOB | {"engine": "scripted"})
    assert refusal(response) == (422, "invalid", "engine")
    assert "SCRIPTED_KEY" in response.json()["error"]["message"]


def test_too_many_jobs_at_once(alice_api: Api, bob_api: Api, alice: User) -> None:
    alice.job_limit = 2
    alice.save()
    texts = ["One.", "Two.", "Three."]
    answers = [alice_api.call("POST", "/lipsyncs", HOUSE_JOB | {"text": text}) for text in texts]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert refusal(answers[2])[1] == "limit_reached"
    assert bob_api.call("POST", "/lipsyncs", HOUSE_JOB).status_code == 201
    alice_api.call("POST", f"/lipsyncs/{answers[0].json()['id']}/cancel")
    assert alice_api.call("POST", "/lipsyncs", HOUSE_JOB | {"text": "Three."}).status_code == 201


def test_the_same_request_twice_makes_one_job(alice_api: Api, bob_api: Api) -> None:
    first, again = (alice_api.call("POST", "/lipsyncs", HOUSE_JOB, Idempotency_Key="k1") for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert Job.objects.count() == 1
    other = HOUSE_JOB | {"text": "Other."}
    assert alice_api.call("POST", "/lipsyncs", other, Idempotency_Key="k1").status_code == 409
    assert bob_api.call("POST", "/lipsyncs", HOUSE_JOB, Idempotency_Key="k1").status_code == 201


def test_the_same_render_is_done_at_once(alice_api: Api, bob_api: Api, engine: type[ScriptedEngine]) -> None:
    first = alice_api.call("POST", "/lipsyncs", HOUSE_JOB).json()
    runner.run(Job.objects.get(uid=first["id"]).pk)
    estimate = bob_api.call("POST", "/lipsyncs/estimate", HOUSE_JOB).json()
    assert (estimate["from_cache"], estimate["cost_usd"], estimate["render_seconds"]) == (True, 0, 0)
    job = bob_api.call("POST", "/lipsyncs", HOUSE_JOB).json()
    assert (job["state"], job["from_cache"], job["percent"]) == ("done", True, 100)
    assert len(engine.requests) == 1
    assert bob_api.get(job["video_url"]).status_code == 200
    assert first["id"] not in json.dumps(job), "nothing of the other person's job shows"


def test_estimate(alice_api: Api, alice: User, make_job: MakeJob, second_engine: type[SecondEngine]) -> None:
    wish = HOUSE_JOB | {"text": "x" * 140, "engine": "second"}
    estimate = alice_api.call("POST", "/lipsyncs/estimate", wish).json()
    assert estimate["engine"] == "second"
    assert estimate["seconds"] == 10
    assert estimate["cost_usd"] == 0.5
    assert estimate["render_seconds"] is None
    now = timezone.now()
    make_job(
        alice,
        state="done",
        engine_used="second",
        started_at=now - timedelta(seconds=6),
        finished_at=now,
        duration_seconds=3.0,
    )
    assert alice_api.call("POST", "/lipsyncs/estimate", wish).json()["render_seconds"] == 20
