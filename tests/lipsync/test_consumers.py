"""WebSockets: a snapshot first, then changes, the end always, and nothing for strangers."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser

from avsite import live
from avsite.accounts.models import User
from lipsync import consumers
from lipsync.models import Job
from lipsync.progress import owner_group, publish
from lipsync.routing import websocket_urlpatterns

MakeJob = Callable[..., Job]
pytestmark = pytest.mark.django_db(transaction=True)


@contextlib.asynccontextmanager
async def socket(path: str, user: Any) -> AsyncIterator[WebsocketCommunicator]:
    from channels.routing import URLRouter

    one = WebsocketCommunicator(URLRouter(websocket_urlpatterns), path)
    one.scope["user"] = user
    accepted, _ = await one.connect(timeout=5)
    assert accepted
    try:
        yield one
    finally:
        await one.disconnect()


async def heard(one: WebsocketCommunicator, seconds: float = 5) -> dict[str, Any]:
    message: dict[str, Any] = await one.receive_json_from(timeout=seconds)
    return message


def claim(job: Job) -> Job:
    claimed = Job.objects.claim(job.pk, 15)
    assert claimed is not None
    return claimed


def report(job: Job, fraction: float) -> None:
    assert job.lease_token is not None
    Job.objects.report(job.pk, job.lease_token, 15, stage="render", fraction=fraction)


def finish(job: Job) -> None:
    assert job.lease_token is not None
    assert Job.objects.finish(job.pk, job.lease_token, duration_seconds=2.0)


@pytest.mark.parametrize("path", ["/ws/jobs/", f"/ws/jobs/{uuid.uuid4()}/"])
async def test_the_unsigned_are_refused(path: str) -> None:
    async with socket(path, AnonymousUser()) as one:
        assert (await one.receive_output(timeout=5))["code"] == 4401


async def test_a_strangers_socket_is_refused(charlie: User, alice: User, make_job: MakeJob) -> None:
    job = await sync_to_async(make_job)(alice)
    for uid in (job.uid, uuid.uuid4()):
        async with socket(f"/ws/jobs/{uid}/", charlie) as one:
            assert (await one.receive_output(timeout=5))["code"] == 4403


async def test_a_job_from_snapshot_to_end(alice: User, make_job: MakeJob) -> None:
    job = await sync_to_async(make_job)(alice)
    async with socket(f"/ws/jobs/{job.uid}/", alice) as one:
        first = await heard(one)
        assert (first["type"], first["job"]["id"], first["job"]["state"]) == (
            "snapshot",
            str(job.uid),
            "queued",
        )
        held = await sync_to_async(claim)(job)
        await sync_to_async(publish)(held)
        deltas = [await heard(one)]
        for fraction in (0.2, 0.6, 0.4, 0.9):
            await sync_to_async(report)(held, fraction)
            await sync_to_async(publish)(held)
            deltas.append(await heard(one))
        await sync_to_async(finish)(held)
        await sync_to_async(publish)(held)
        deltas.append(await heard(one))
    assert {delta["type"] for delta in deltas} == {"delta"}
    assert [delta["id"] for delta in deltas] == [str(job.uid)] * 6
    revisions = [first["job"]["revision"], *(delta["revision"] for delta in deltas)]
    assert revisions == sorted(set(revisions))
    percents = [delta["changes"]["percent"] for delta in deltas if "percent" in delta["changes"]]
    assert percents == [20, 60, 90, 100]
    assert deltas[0]["changes"]["state"] == "running"
    assert "text" not in deltas[0]["changes"], "only what changed is sent"
    assert deltas[-1]["changes"]["state"] == "done"
    assert deltas[-1]["changes"]["duration_seconds"] == 2.0


async def test_the_end_arrives_though_every_message_is_lost(
    alice: User, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.2)
    job = await sync_to_async(make_job)(alice)
    for path in (f"/ws/jobs/{job.uid}/", "/ws/jobs/"):
        held = await sync_to_async(claim)(
            await sync_to_async(make_job)(alice) if path == "/ws/jobs/" else job
        )
        async with socket(path, alice) as one:
            await heard(one)
            await sync_to_async(report)(held, 0.5)
            assert (await heard(one))["changes"]["percent"] == 50
            await sync_to_async(finish)(held)
            assert (await heard(one))["changes"]["state"] == "done"


async def test_a_change_during_the_snapshot_is_not_lost(
    alice: User, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await sync_to_async(make_job)(alice)
    held = await sync_to_async(claim)(job)
    read = consumers.JobConsumer.__dict__["read"]

    async def read_then_change(self: Any, queries: Any) -> Any:
        rows = await read(self, queries)
        monkeypatch.setattr(consumers.JobConsumer, "read", read)
        await sync_to_async(finish)(held)
        await sync_to_async(publish)(held)
        return rows

    monkeypatch.setattr(consumers.JobConsumer, "read", read_then_change)
    monkeypatch.setattr(live, "LOOK_SECONDS", 60)
    async with socket(f"/ws/jobs/{job.uid}/", alice) as one:
        assert (await heard(one))["job"]["state"] == "running"
        assert (await heard(one))["changes"]["state"] == "done"


async def test_the_list_shows_unfinished_jobs_and_the_newest(
    alice: User, bob: User, make_job: MakeJob
) -> None:
    def fill() -> Job:
        oldest = make_job(alice)
        for _ in range(22):
            make_job(alice, state="done")
        make_job(bob)
        return oldest

    oldest = await sync_to_async(fill)()
    async with socket("/ws/jobs/", alice) as one:
        jobs = (await heard(one))["jobs"]
        assert len(jobs) == 21
        assert jobs[-1]["id"] == str(oldest.uid)
        numbers = [job["created_at"] for job in jobs]
        assert numbers == sorted(numbers, reverse=True)


async def test_the_list_hears_of_new_and_deleted_jobs(alice: User, bob: User, make_job: MakeJob) -> None:
    async with socket("/ws/jobs/", alice) as one:
        assert await heard(one) == {"type": "snapshot", "jobs": []}
        job = await sync_to_async(make_job)(alice)
        await sync_to_async(publish)(job)
        added = await heard(one)
        assert (added["type"], added["job"]["id"]) == ("added", str(job.uid))
        other = await sync_to_async(make_job)(bob)
        await sync_to_async(publish)(other)
        await sync_to_async(Job.objects.filter(pk=job.pk).delete)()
        await sync_to_async(publish)(job)
        assert await heard(one) == {"type": "removed", "id": str(job.uid)}


async def test_a_forged_message_shows_nothing_of_another_person(
    alice: User, bob: User, make_job: MakeJob
) -> None:
    job = await sync_to_async(make_job)(bob)
    async with socket("/ws/jobs/", alice) as one:
        await heard(one)
        message = {"type": "job.changed", "uid": str(job.uid)}
        await get_channel_layer().group_send(owner_group(alice.pk), message)
        assert await one.receive_nothing(timeout=0.5)


async def test_the_same_state_is_not_sent_twice(alice: User, make_job: MakeJob) -> None:
    job = await sync_to_async(make_job)(alice)
    async with socket(f"/ws/jobs/{job.uid}/", alice) as one:
        await heard(one)
        for _ in range(3):
            await sync_to_async(publish)(job)
        assert await one.receive_nothing(timeout=0.5)


async def test_reconnecting_resumes_from_the_row(alice: User, make_job: MakeJob) -> None:
    job = await sync_to_async(make_job)(alice)
    async with socket(f"/ws/jobs/{job.uid}/", alice) as one:
        await heard(one)
    held = await sync_to_async(claim)(job)
    await sync_to_async(report)(held, 0.7)
    async with socket(f"/ws/jobs/{job.uid}/", alice) as one:
        snapshot = await heard(one)
        assert (snapshot["job"]["percent"], snapshot["job"]["stage_label"]) == (70, "Rendering")


async def test_publishing_survives_a_dead_redis(alice: User, make_job: MakeJob, settings: Any) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},
        }
    }
    job = await sync_to_async(make_job)(alice)
    await asyncio.wait_for(sync_to_async(publish)(job), 10)
