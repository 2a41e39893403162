"""The admin: what moves, what it cost, and the few things that may be done to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from avsite.accounts.models import User
from lipsync import runner
from lipsync.models import Asset, Job
from tests.engines import ScriptedEngine

MakeJob = Callable[..., Job]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine")]

JOBS = "/admin/lipsync/job/"


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss", password="x"))
    return client


def page(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def test_the_list_shows_status_progress_and_totals(boss: Client, alice: User, make_job: MakeJob) -> None:
    now = timezone.now()
    for number in range(2):
        make_job(
            alice,
            state="done",
            percent=100,
            engine_used="scripted",
            cost_usd="1.25",
            duration_seconds=40,
            started_at=now - timedelta(seconds=30 + number * 60),
            finished_at=now,
        )
    claimed = Job.objects.claim(make_job(alice).pk, 15)
    assert claimed is not None and claimed.lease_token is not None
    Job.objects.report(claimed.pk, claimed.lease_token, 15, stage="render", fraction=0.42)
    html = page(boss.get(JOBS))
    assert 'value="42"' in html
    assert "Rendering" in html
    totals = boss.get(JOBS).context["totals"]
    assert (totals["count"], totals["active"], totals["cost"]) == (3, 1, "$2.50")
    assert (totals["video"], totals["time"], totals["mean_time"]) == ("1:20", "2:00", "1:00")
    assert boss.get(JOBS + "?state__exact=running").context["totals"]["count"] == 1
    assert boss.get(JOBS + "?engine_used=scripted").context["totals"]["count"] == 2


def test_the_status_of_moving_rows(boss: Client, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    (item,) = boss.get(f"{JOBS}status/?ids={job.pk},x,99999").json()["items"]
    assert item == {"id": job.pk, "state": "queued", "label": "Waiting", "percent": 0, "seconds_left": None}


def test_many_are_cancelled_and_retried_at_once(boss: Client, alice: User, make_job: MakeJob) -> None:
    waiting, failed, done = (
        make_job(alice),
        make_job(alice, state="failed"),
        make_job(alice, state="done", result="x"),
    )
    chosen = {"_selected_action": [waiting.pk, failed.pk, done.pk]}
    html = page(boss.post(JOBS, chosen | {"action": "cancel_jobs"}, follow=True))
    assert "1 job cancelled." in html
    assert "2 jobs had ended already" in html
    page(boss.post(JOBS, chosen | {"action": "retry_jobs"}, follow=True))
    assert list(Job.objects.order_by("id").values_list("state", flat=True)) == ["queued", "queued", "done"]


def test_a_job_shows_its_attempts_log_and_files(
    boss: Client, alice: User, make_job: MakeJob, make_asset: Callable[..., Asset]
) -> None:
    job = make_job(alice, house_look="", face=make_asset(alice))
    runner.run(job.pk)
    html = page(boss.get(f"{JOBS}{job.pk}/change/"))
    assert "Started." in html
    assert "scripted" in html
    assert f"{JOBS}{job.pk}/file/video/" in html
    video = boss.get(f"{JOBS}{job.pk}/file/video/", headers={"Range": "bytes=0-9"})
    assert (video.status_code, video["Content-Type"]) == (206, "video/mp4")
    assert boss.get(f"{JOBS}{job.pk}/file/face/").status_code == 200
    assert boss.get(f"{JOBS}{job.pk}/file/speech/").status_code == 404
    assert boss.get(f"{JOBS}{job.pk}/file/passwords/").status_code == 404


def test_nothing_is_added_or_changed_by_hand(boss: Client, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    assert boss.get(f"{JOBS}add/").status_code == 403
    assert boss.post(f"{JOBS}{job.pk}/change/", {"state": "done"}).status_code == 403
    assert boss.get("/admin/lipsync/asset/add/").status_code == 403
    assert boss.get(f"{JOBS}{job.pk}/delete/").status_code == 403


def test_assets_are_listed_with_their_files(
    boss: Client, alice: User, make_job: MakeJob, make_asset: Callable[..., Asset]
) -> None:
    asset = make_asset(alice)
    make_job(alice, face=asset)
    html = page(boss.get("/admin/lipsync/asset/"))
    assert "portrait.png" in html
    page(boss.get(f"/admin/lipsync/asset/{asset.pk}/change/"))
    file = boss.get(f"/admin/lipsync/asset/{asset.pk}/file/")
    assert b"".join(file.streaming_content) == b"content"


@pytest.mark.parametrize("path", ["", "status/?ids=1", "{job}/change/", "{job}/file/video/"])
def test_people_who_are_not_staff_see_nothing(alice: User, make_job: MakeJob, path: str) -> None:
    job = make_job(alice)
    client = Client()
    client.force_login(alice)
    assert client.get(JOBS + path.format(job=job.pk)).status_code == 302


def test_staff_without_permission_see_no_files(
    alice: User, make_job: MakeJob, engine: type[ScriptedEngine]
) -> None:
    job = make_job(alice)
    runner.run(job.pk)
    client = Client()
    client.force_login(User.objects.create_user("clerk", password="x", is_staff=True))
    assert client.get(f"{JOBS}{job.pk}/file/video/").status_code == 404
    assert client.get(f"{JOBS}status/?ids={job.pk}").status_code == 404
