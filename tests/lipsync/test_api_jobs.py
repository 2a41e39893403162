"""Jobs through the API once they are made: following, stopping, fetching and sharing them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from avsite.accounts.models import User
from lipsync import results, runner
from lipsync.models import Asset, Job, LogEntry
from tests.conftest import Api
from tests.engines import ScriptedEngine

MakeJob = Callable[..., Job]
MakeAsset = Callable[..., Asset]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine")]


def refusal(response: Any) -> tuple[int, str, str | None]:
    error = response.json()["error"]
    assert error["message"].endswith(".")
    return response.status_code, error["code"], error.get("param")


def make_done(owner: User, make_job: MakeJob, **fields: Any) -> Job:
    job = runner.run(make_job(owner, **fields).pk)
    assert job is not None
    assert job.state == "done", job.error_message
    return job


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_list_is_newest_first_in_pages_and_by_state(
    alice_api: Api, alice: User, bob: User, make_job: MakeJob
) -> None:
    jobs = [make_job(alice, state="done" if number % 2 else "failed") for number in range(5)]
    make_job(bob)
    ids = [str(job.uid) for job in reversed(jobs)]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = alice_api.call("GET", f"/lipsyncs?limit=2&cursor={cursor}").json()
        seen += [job["id"] for job in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ids
    done = alice_api.call("GET", "/lipsyncs?state=done").json()["items"]
    assert [job["id"] for job in done] == [ids[1], ids[3]]
    both = alice_api.call("GET", "/lipsyncs?state=done&state=failed").json()["items"]
    assert len(both) == 5
    assert alice_api.call("GET", "/lipsyncs?state=lost").status_code == 422


def test_cancel(alice_api: Api, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    for _ in range(2):
        response = alice_api.call("POST", f"/lipsyncs/{job.uid}/cancel")
        assert (response.status_code, response.json()["state"]) == (200, "cancelled")
    held = Job.objects.claim(make_job(alice).pk, 15)
    assert held is not None
    answer = alice_api.call("POST", f"/lipsyncs/{held.uid}/cancel").json()
    assert (answer["state"], answer["stage_label"]) == ("running", "Stopping")
    done = make_job(alice, state="done")
    assert alice_api.call("POST", f"/lipsyncs/{done.uid}/cancel").status_code == 409


def test_retry(alice_api: Api, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice, state="failed", error_code="damaged", error_message="It broke.")
    answer = alice_api.call("POST", f"/lipsyncs/{job.uid}/retry").json()
    assert (answer["state"], answer["error"]) == ("queued", None)
    assert alice_api.call("POST", f"/lipsyncs/{job.uid}/retry").status_code == 409
    faceless = make_job(alice, state="failed", house_look="")
    assert refusal(alice_api.call("POST", f"/lipsyncs/{faceless.uid}/retry"))[:2] == (409, "conflict")


def test_a_failed_job_says_why(alice_api: Api, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice, state="failed", error_code="damaged", error_message="It broke at 3.0 s.")
    LogEntry.objects.create(job=job, message="Rendering.")
    assert alice_api.call("GET", f"/lipsyncs/{job.uid}").json()["error"] == {
        "code": "damaged",
        "message": "It broke at 3.0 s.",
    }
    (line,) = alice_api.call("GET", f"/lipsyncs/{job.uid}/log").json()["items"]
    assert (line["level"], line["message"]) == ("info", "Rendering.")


def test_delete_removes_the_job_and_its_files(
    alice_api: Api, alice: User, make_job: MakeJob, own_place: Path
) -> None:
    job = make_done(alice, make_job)
    assert alice_api.call("DELETE", f"/lipsyncs/{job.uid}").status_code == 204
    assert Job.objects.count() == 0
    assert [path for path in (own_place / "media" / "results").rglob("*") if path.is_file()] == []
    assert alice_api.call("GET", f"/lipsyncs/{job.uid}").status_code == 404


def test_video_poster_and_source(
    alice_api: Api, alice: User, make_job: MakeJob, make_asset: MakeAsset
) -> None:
    job = make_done(alice, make_job, house_look="", face=make_asset(alice))
    said = alice_api.call("GET", f"/lipsyncs/{job.uid}").json()
    content = Path(job.result.path).read_bytes()
    whole = alice_api.get(said["video_url"])
    assert (whole["Content-Type"], body_of(whole)) == ("video/mp4", content)
    part = alice_api.get(said["video_url"], headers={"Range": "bytes=4-7"})
    assert (part.status_code, body_of(part)) == (206, content[4:8])
    download = alice_api.get(said["video_url"] + "?download=1")
    assert download["Content-Disposition"].startswith("attachment")
    assert alice_api.get(said["poster_url"])["Content-Type"] == "image/jpeg"
    assert body_of(alice_api.get(said["source_url"])) == b"content"


def test_what_the_mouth_did(
    alice_api: Api, bob_api: Api, charlie_api: Api, alice: User, bob: User, make_job: MakeJob
) -> None:
    job, cached = make_done(alice, make_job, text="Mama."), make_done(bob, make_job, text="Mama.")
    address = alice_api.call("GET", f"/lipsyncs/{job.uid}").json()["mouth_url"]
    mouth = json.loads(body_of(alice_api.get(address)))
    assert mouth["fps"] == 25
    lengths = {len(mouth[name]) for name in ("openness", "width", "rounding", "closure")}
    assert lengths == {round(25 * (job.duration_seconds or 0))} == {10}
    assert mouth["openness"][:3] == [0.0, 0.037, 0.074]
    assert [phone["ipa"] for phone in mouth["phones"] if phone["ipa"]][0] == "m"
    assert mouth["phones"][-1]["end_seconds"] <= 0.4, "no phone outlasts the video"
    assert refusal(charlie_api.get(address))[:2] == (404, "not_found")
    assert cached.from_cache
    again = bob_api.call("GET", f"/lipsyncs/{cached.uid}").json()["mouth_url"]
    assert json.loads(body_of(bob_api.get(again))) == mouth
    assert alice_api.call("DELETE", f"/lipsyncs/{job.uid}").status_code == 204
    assert json.loads(body_of(bob_api.get(again))) == mouth


def test_a_recording_has_no_phones(
    alice_api: Api, alice: User, make_job: MakeJob, make_asset: MakeAsset
) -> None:
    job = make_done(alice, make_job, text="", voice="", speech=make_asset(alice, "speech"))
    mouth = json.loads(body_of(alice_api.call("GET", f"/lipsyncs/{job.uid}/mouth")))
    assert (mouth["phones"], len(mouth["closure"])) == ([], 10)


def test_a_video_whose_mouth_is_not_known(
    alice_api: Api,
    alice: User,
    make_job: MakeJob,
    engine: type[ScriptedEngine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "mouth", None)
    job = make_done(alice, make_job)
    twin = make_done(alice, make_job, text=job.text)
    for one in (job, twin):
        assert alice_api.call("GET", f"/lipsyncs/{one.uid}").json()["mouth_url"] is None
        assert refusal(alice_api.call("GET", f"/lipsyncs/{one.uid}/mouth"))[:2] == (404, "not_found")


def test_a_video_that_is_not_there_says_why(alice_api: Api, alice: User, make_job: MakeJob) -> None:
    expired, waiting = make_done(alice, make_job), make_job(alice)
    assert alice_api.call("GET", f"/lipsyncs/{waiting.uid}/video").status_code == 404
    Job.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert results.expire() == 1
    said = alice_api.call("GET", f"/lipsyncs/{expired.uid}").json()
    assert (said["state"], said["video_url"], said["mouth_url"]) == ("done", None, None)
    assert "deleted" in said["warnings"][-1]
    assert refusal(alice_api.call("GET", f"/lipsyncs/{expired.uid}/video"))[:2] == (410, "gone")
    assert refusal(alice_api.call("GET", f"/lipsyncs/{expired.uid}/mouth"))[:2] == (410, "gone")
    assert not Path(expired.result.path).parent.exists()


def test_sharing(alice_api: Api, nobody_api: Api, alice: User, make_job: MakeJob) -> None:
    job = make_done(alice, make_job, text="A private sentence.")
    url = alice_api.call("POST", f"/lipsyncs/{job.uid}/share").json()["url"]
    assert alice_api.call("POST", f"/lipsyncs/{job.uid}/share").json()["url"] == url
    token = url.rpartition("/s/")[2]
    assert len(token) == 43
    assert alice_api.call("GET", f"/lipsyncs/{job.uid}").json()["share_url"] == f"/s/{token}"
    seen = nobody_api.call("GET", f"/shared/{token}")
    assert set(seen.json()) == {"duration_seconds", "created_at", "video_url", "poster_url"}
    part = nobody_api.get(seen.json()["video_url"], headers={"Range": "bytes=0-3"})
    assert part.status_code == 206
    assert nobody_api.get(seen.json()["poster_url"]).status_code == 200
    assert alice_api.call("DELETE", f"/lipsyncs/{job.uid}/share").status_code == 204
    for path in ("", "/video", "/poster"):
        assert nobody_api.call("GET", f"/shared/{token}{path}").status_code == 404


def test_a_job_that_is_not_done_cannot_be_shared(alice_api: Api, alice: User, make_job: MakeJob) -> None:
    assert alice_api.call("POST", f"/lipsyncs/{make_job(alice).uid}/share").status_code == 409


STRANGE = [
    ("GET", ""),
    ("DELETE", ""),
    ("POST", "/cancel"),
    ("POST", "/retry"),
    ("GET", "/log"),
    ("GET", "/video"),
    ("GET", "/poster"),
    ("GET", "/source"),
    ("POST", "/share"),
    ("DELETE", "/share"),
]


@pytest.mark.parametrize(("method", "path"), STRANGE, ids=str)
def test_strangers_find_nothing(
    charlie_api: Api, nobody_api: Api, alice: User, make_job: MakeJob, method: str, path: str
) -> None:
    job = make_done(alice, make_job)
    assert refusal(charlie_api.call(method, f"/lipsyncs/{job.uid}{path}"))[:2] == (404, "not_found")
    assert nobody_api.call(method, f"/lipsyncs/{job.uid}{path}").status_code == 401
    assert Job.objects.filter(pk=job.pk, state="done").exists()
    assert charlie_api.call("GET", "/lipsyncs").json()["items"] == []
