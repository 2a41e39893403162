"""Processes die in mid-job, and the job ends done, once, with nobody doing anything about it."""

from __future__ import annotations

import signal
import time
import urllib.request

import pytest

from tests.stack.conftest import Stack, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(280)]


def assert_done_once(stack: Stack, job_id: str, attempts: int) -> None:
    job = stack.wait_for(job_id, "done")
    assert job["percent"] == 100
    assert len(job["attempts"]) == attempts
    assert [one["outcome"] for one in job["attempts"]] == ["lost"] * (attempts - 1) + ["done"]
    starts = [line for line in stack.renders() if line.startswith("start")]
    ends = [line for line in stack.renders() if line.startswith("end")]
    assert (len(starts), len(ends)) == (attempts, 1)
    request = urllib.request.Request(
        f"http://127.0.0.1:{stack.web_port}{job['video_url']}",
        headers={"Authorization": f"Bearer {stack.keys['alice']}"},
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        assert b"ftyp" in response.read(16)
    assert list((stack.folder / "data" / "tmp").glob("job-*")) == []


def test_the_worker_is_killed(stack: Stack) -> None:
    job_id = stack.submit("Hello.")
    stack.wait_until_rendering(job_id)
    percent = stack.job(job_id)["percent"]
    stack.kill("worker", signal.SIGKILL)
    stack.start("worker")
    wait_until(lambda: stack.job(job_id)["state"] == "queued" or stack.job(job_id)["attempts"][1:])
    assert stack.job(job_id)["percent"] >= percent, "percent never falls"
    assert_done_once(stack, job_id, attempts=2)


def test_redis_is_killed(stack: Stack) -> None:
    job_id, next_id = stack.submit("Hello."), stack.submit("And another.")
    stack.wait_until_rendering(job_id)
    stack.kill("redis")
    assert stack.job(job_id)["state"] == "running", "the page goes on without Redis"
    meanwhile_id = stack.submit("Accepted while Redis is away.")
    time.sleep(1)
    stack.start("redis")
    for one in (job_id, next_id, meanwhile_id):
        stack.wait_for(one, "done")
    starts = [line for line in stack.renders() if line.startswith("start")]
    assert len(starts) == 3
    assert [len(stack.job(one)["attempts"]) for one in (job_id, next_id, meanwhile_id)] == [1, 1, 1]


def test_the_web_server_is_killed(stack: Stack) -> None:
    job_id = stack.submit("Hello.")
    stack.wait_until_rendering(job_id)
    stack.kill("web")
    stack.start("web")
    assert_done_once(stack, job_id, attempts=1)


@pytest.mark.parametrize("stack", [30.0], indirect=True)
def test_cancel_stops_within_two_seconds(stack: Stack) -> None:
    job_id = stack.submit("Hello.")
    stack.wait_until_rendering(job_id)
    asked_at = time.monotonic()
    stack.call("POST", f"/lipsyncs/{job_id}/cancel")
    stack.wait_for(job_id, "cancelled", seconds=20)
    assert time.monotonic() - asked_at < 2
    assert list((stack.folder / "data" / "tmp").glob("job-*")) == []
    assert not list((stack.folder / "data" / "media").rglob("*.mp4"))


@pytest.mark.parametrize("stack", [0.3], indirect=True)
def test_twenty_jobs_at_once_end_in_order(stack: Stack) -> None:
    people = ("alice", "bob")
    ids = {who: [stack.submit(f"{who} says {number}.", who) for number in range(10)] for who in people}
    finished = {who: [stack.wait_for(one, "done", who)["finished_at"] for one in ids[who]] for who in people}
    for who in people:
        assert finished[who] == sorted(finished[who]), f"{who}'s jobs did not end in order of arrival"
    assert min(finished["bob"]) < max(finished["alice"]), "nobody waits for all of the other's jobs"
    assert len([line for line in stack.renders() if line.startswith("start")]) == 20
