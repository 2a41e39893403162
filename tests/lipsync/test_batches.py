"""Batches: every row ends by itself, with a reason where it fails, and the sums are right."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from avsite.accounts.models import User
from lipsync import runner, tasks
from lipsync.models import Batch, Job
from tests.conftest import Api
from tests.engines import ScriptedEngine, SecondEngine

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.run_job_task, "apply_async", lambda *args, **named: None)


def run_all() -> None:
    for job in Job.objects.filter(state="queued").order_by("id"):
        runner.run(job.pk)


def test_fifty_rows_of_which_five_are_bad(
    alice: User,
    alice_api: Api,
    engine: type[ScriptedEngine],
    make_asset: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "judge", lambda request, result: None)
    speech = str(make_asset(alice, "speech").uid)
    rows: list[dict[str, Any]] = [
        {
            "name": f"Line {number}",
            "face": "house:maya",
            "speech": speech,
            "options": {"mouth_strength": 0.5 + number / 100},
        }
        for number in range(50)
    ]
    rows[3] = {"face": "house:nobody", "text": "Hello."}
    del rows[11]["speech"]
    rows[20]["face"] = "6f0e1a8e-0000-4000-8000-000000000000"
    rows[33] = {"face": "house:maya", "text": "Hello.", "voice": "no-such-voice"}
    rows[49]["mistake"] = {"a": 1}
    rows[49]["voice_rate"] = 9
    made = alice_api.call("POST", "/batches", {"name": "Fifty", "rows": rows})
    assert made.status_code == 201, made.content
    whole = made.json()
    assert whole["status"] == "processing"
    summary = whole["summary"]
    assert (summary["total"], summary["failed"], summary["unfinished"]) == (50, 5, 45)
    run_all()
    whole = alice_api.call("GET", f"/batches/{whole['id']}").json()
    assert (whole["status"], whole["name"]) == ("completed", "Fifty")
    summary = whole["summary"]
    assert (summary["success"], summary["failed"], summary["unfinished"]) == (45, 5, 0)
    assert summary["total_duration"] == pytest.approx(45 * 0.4)
    assert summary["total_cost_usd"] == pytest.approx(45 * 0.02)
    assert [item["index"] for item in whole["items"]] == list(range(50))
    bad = {item["index"]: item["error"]["message"] for item in whole["items"] if item["state"] == "refused"}
    assert list(bad) == [3, 11, 20, 33, 49]
    assert "nobody" in bad[3] and "nothing to say" in bad[11] and "no such" in bad[20].lower()
    assert "no-such-voice" in bad[33] and "voice_rate" in bad[49]
    assert whole["items"][3]["name"] == "Row 4"
    listed = alice_api.call("GET", "/batches").json()["items"]
    assert [one["summary"]["success"] for one in listed] == [45]


def test_a_zip_of_pairs(
    alice: User,
    alice_api: Api,
    engine: type[ScriptedEngine],
    portrait_png: bytes,
    tone_wav: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "judge", lambda request, result: None)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("talk/one.png", portrait_png)
        archive.writestr("talk/one.wav", tone_wav)
        archive.writestr("two.wav", tone_wav)
        archive.writestr("three.png", b"no picture")
        archive.writestr("three.wav", tone_wav)
        archive.writestr("__MACOSX/._one.png", b"x")
    file = SimpleUploadedFile("pairs.zip", packed.getvalue())
    whole = alice_api.upload("/batches/zip", {"file": file, "name": "Pairs"}).json()
    assert [(item["name"], item["state"]) for item in whole["items"]] == [
        ("one", "queued"),
        ("three", "refused"),
        ("two", "refused"),
    ]
    run_all()
    (job,) = Job.objects.all()
    assert (job.state, job.batch_name) == ("done", "one")
    assert job.face is not None and job.speech is not None


def test_a_zip_with_a_list_of_rows(
    alice: User, alice_api: Api, engine: type[ScriptedEngine], portrait_png: bytes
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("me.png", portrait_png)
        archive.writestr("rows.json", json.dumps([{"face": "me.png", "text": f"Say {n}."} for n in range(3)]))
    file = SimpleUploadedFile("pairs.zip", packed.getvalue())
    whole = alice_api.upload("/batches/zip", {"file": file}).json()
    assert [item["state"] for item in whole["items"]] == ["queued"] * 3
    assert len({job.face_id for job in Job.objects.all()}) == 1
    assert alice_api.upload("/batches/zip", {"file": SimpleUploadedFile("x.zip", b"no")}).status_code == 415


def test_many_go_to_the_cheapest(
    alice: User, alice_api: Api, second_engine: type[SecondEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lipsync.policy.QUALITY_ORDER", ("second", "scripted"))
    monkeypatch.setattr(runner, "judge", lambda request, result: None)
    alice_api.call("POST", "/batches", {"rows": [{"face": "house:maya", "text": "Hello."}]})
    run_all()
    assert Job.objects.get().engine_used == "scripted"


def test_limits_strangers_and_cancel(
    alice: User, alice_api: Api, charlie_api: Api, engine: type[ScriptedEngine], settings: Any
) -> None:
    rows = [{"face": "house:maya", "text": f"Hello {n}."} for n in range(3)]
    settings.BATCH_LIMIT = 2
    assert alice_api.call("POST", "/batches", {"rows": rows}).json()["error"]["code"] == "limit_reached"
    assert alice_api.call("POST", "/batches", {"rows": []}).status_code == 422
    assert Batch.objects.count() == 0
    whole = alice_api.call("POST", "/batches", {"rows": rows[:2]}).json()
    assert charlie_api.call("GET", f"/batches/{whole['id']}").status_code == 404
    ended = alice_api.call("POST", f"/batches/{whole['id']}/cancel").json()
    assert [item["state"] for item in ended["items"]] == ["cancelled"] * 2
