"""What HeyGen tells by itself: taken once, believed never, and not needed."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from avsite.accounts.models import User
from lipsync import remote, tasks
from lipsync.apps import check_heygen, heygen_config
from lipsync.callback_address import callback_url
from lipsync.models import Job, RemoteEvent, RemoteRender, Spending
from tests.fakes.heygen.server import Server
from tests.lipsync.engines.heygen.conftest import assert_key_kept, drive, look_after
from tests.stack.conftest import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "whsec_that-must-not-leak"
NEVER_SECONDS = 3600.0
"""Until the first look of the polling: whatever ends before it was ended by a webhook."""


@pytest.fixture
def reachable(live_server: Any, fake: Server, settings: Any) -> str:
    """The site has an address, and shares a secret with HeyGen."""
    settings.PUBLIC_URL, settings.HEYGEN_WEBHOOK_SECRET = live_server.url, SECRET
    settings.HEYGEN_POLL_SECONDS = NEVER_SECONDS
    fake.world.secret = SECRET
    return str(callback_url())


def looks(fake: Server) -> int:
    return sum(
        one["method"] == "GET" and one["path"].startswith("/v3/lipsyncs/ls_") for one in fake.world.journal
    )


def is_asleep(job: Job) -> bool:
    return job.stage == "remote" and job.wake_at is not None


class Row(NamedTuple):
    """A scenario: what its webhooks are answered, and whether they, or else the polling, end the job."""

    name: str
    answers: tuple[int, ...]
    wakes: bool = True
    events: int = 1
    most_looks: int = 1


ROWS = [
    Row("ok", (204,)),
    Row("webhook_ok", (204,)),
    Row("webhook_replay", (204, 204, 204)),
    Row("webhook_bad_sig", (401,), wakes=False, events=0),
    Row("webhook_unknown_id", (204,), wakes=False, events=0),
    Row("webhook_before_reply", (204, 204), events=2, most_looks=2),
    Row("webhook_out_of_order", (204, 204, 204), events=3, most_looks=3),
    Row("webhook_lost", (), wakes=False, events=0),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_ends_well(
    row: Row,
    alice: User,
    order: Callable[..., Job],
    play: Callable[..., None],
    fake: Server,
    reachable: str,
    log: pytest.LogCaptureFixture,
) -> None:
    play(row.name)
    job = order(alice)
    if not row.wakes:
        job = drive(job, until=is_asleep)
        wait_until(lambda: len(fake.world.hooks) == len(row.answers), what="the webhooks")
        with fake.world.lock:
            fake.world.moved_seconds += 60  # it is ready, and nobody could say so
        job.refresh_from_db()
        assert job.wake_at is not None and job.wake_at > timezone.now() + timedelta(seconds=600)
        assert looks(fake) == 0
        Job.objects.filter(pk=job.pk).update(wake_at=timezone.now())  # the polling's time has come
    job = drive(job)
    assert (job.state, job.engine_used) == ("done", "heygen")
    wait_until(lambda: len(fake.world.hooks) == len(row.answers), what="the webhooks")
    assert tuple(one["status"] for one in fake.world.hooks) == row.answers
    assert 1 <= looks(fake) <= row.most_looks
    assert len(fake.world.charges) == len(fake.world.renders) == 1
    assert Spending.objects.get().cost_usd == Decimal("0.0266")
    assert RemoteEvent.objects.count() <= row.events, "once each, and none once the job had ended"
    look_after()
    assert RemoteRender.objects.get().state == "tidied"
    assert not fake.world.assets
    assert_key_kept(fake, log)
    assert SECRET not in log.text and reachable.rsplit("/", 1)[1] not in log.text


def test_a_failure_that_is_told_is_asked_about_too(
    alice: User, order: Callable[..., Job], play: Callable[..., None], fake: Server, reachable: str
) -> None:
    play("failed_status")
    job = drive(order(alice))
    assert job.engine_used == "scripted"
    assert "The face could not be followed" in job.attempts.get(engine="heygen").error_message
    assert looks(fake) == 1
    assert fake.world.charges == []


def deliver(event: dict[str, Any], *, url: str = "", **headers: str) -> int:
    """As HeyGen would, signed unless ``headers`` say otherwise; the answer's status."""
    body = json.dumps(event).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    path = "/" + (url or callback_url()).split("/", 3)[3]
    answer = Client(headers={"Heygen-Signature": signature} | headers).post(
        path, body, content_type="application/json"
    )
    return int(answer.status_code)


@pytest.fixture
def asleep(
    alice: User, order: Callable[..., Job], play: Callable[..., None], fake: Server, reachable: str
) -> Job:
    """A job that HeyGen never finishes and that nobody will look at for an hour."""
    play("never_completes")
    return drive(order(alice), until=is_asleep)


def rests(job: Job) -> bool:
    job.refresh_from_db()
    return job.wake_at is not None and job.wake_at > timezone.now()


def test_an_event_counts_once(asleep: Job) -> None:
    key = RemoteRender.objects.get().memo["key"]
    event = {"event_type": "lipsync.success", "event_data": {"callback_id": key}}
    later = timezone.now() + timedelta(hours=1)
    assert deliver(event, **{"Heygen-Event-Id": "evt_1"}) == 204
    assert not rests(asleep)
    assert asleep.state == "running", "it is a reason to look and no more"
    Job.objects.filter(pk=asleep.pk).update(wake_at=later)
    assert deliver(event, **{"Heygen-Event-Id": "evt_1"}) == 204
    assert rests(asleep)
    assert deliver(event, **{"Heygen-Event-Id": "evt_2", "Heygen-Timestamp": "1000000000"}) == 204
    assert not rests(asleep), "an old time stamp alone is no reason to drop what was never seen"


def test_the_address_vouches_for_what_is_not_signed(asleep: Job) -> None:
    remote_id = RemoteRender.objects.get().memo["remote_id"]
    event = {"data": {"lipsync_id": remote_id}}
    path = "/" + callback_url().split("/", 3)[3]
    answer = Client().post(path, json.dumps(event), content_type="application/json")
    assert answer.status_code == 204
    assert not rests(asleep)
    Job.objects.filter(pk=asleep.pk).update(wake_at=timezone.now() + timedelta(hours=1))
    Client().post(path, json.dumps(event), content_type="application/json")
    assert rests(asleep), "the same words are the same event"


@pytest.mark.parametrize(
    ("event", "headers", "status"),
    [
        ({}, {"Heygen-Signature": "0" * 64}, 401),
        ({}, {"Heygen-Signature": "\u00e9"}, 401),
        ({"event_data": [1]}, {}, 204),
        ({"event_data": {"callback_id": "\x00", "video_id": {"$ne": 1}}}, {}, 204),
        ({"event_data": {"callback_id": ""}}, {}, 204),
        ({"event_data": {"callback_id": "x" * 70_000}}, {}, 413),
    ],
)
def test_what_is_not_about_a_render_of_ours_wakes_nobody(
    event: Any, headers: dict[str, str], status: int, asleep: Job
) -> None:
    assert deliver(event, **headers) == status
    assert rests(asleep)
    assert RemoteEvent.objects.count() == 0


def test_only_heygen_knows_the_address(asleep: Job, settings: Any) -> None:
    url = callback_url()
    key = RemoteRender.objects.get().memo["key"]
    event = {"event_data": {"callback_id": key}}
    assert deliver(event, url=url[:-1] + ("0" if url[-1] != "0" else "1")) == 404
    path = "/" + url.split("/", 3)[3]
    assert Client().options(path).status_code == 200
    assert Client().get(path).status_code == 405
    assert Client().post(path, b"<xml/>", content_type="text/xml").status_code == 400
    settings.HEYGEN_WEBHOOK_SECRET = ""
    assert deliver(event, url=url) == 404, "a site that wants no webhooks has none"
    assert Client().options(path).status_code == 404
    assert rests(asleep)


def test_a_late_render_is_booked_as_soon_as_it_is_told(
    asleep: Job, fake: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    Job.objects.request_cancel(asleep.pk)
    look_after()
    assert RemoteRender.objects.get().state == "detached"
    told: list[int] = []
    monkeypatch.setattr(tasks, "follow_soon", lambda: told.append(1))
    with fake.world.lock:
        render = next(iter(fake.world.renders.values()))
        render.scenario.name = "webhook_ok"
    wait_until(lambda: told, what="the webhook")
    remote.follow_up()
    assert Spending.objects.get().cost_usd == Decimal("0.0266")


@pytest.mark.parametrize("missing", ["PUBLIC_URL", "HEYGEN_WEBHOOK_SECRET"])
def test_a_site_without_an_address_or_a_secret_only_polls(
    missing: str, alice: User, order: Callable[..., Job], fake: Server, reachable: str, settings: Any
) -> None:
    setattr(settings, missing, "")
    settings.HEYGEN_POLL_SECONDS = 0.03
    bodies: list[dict[str, Any]] = []
    real = fake.world.new_render
    fake.world.new_render = lambda *given: bodies.append(given[2]) or real(*given)  # type: ignore[method-assign]
    assert drive(order(alice)).engine_used == "heygen"
    assert "callback_url" not in bodies[0]
    assert fake.world.hooks == []


def test_events_are_forgotten_after_a_while(db: None) -> None:
    RemoteEvent.objects.create(engine="heygen", event_id="old")
    RemoteEvent.objects.update(at=timezone.now() - timedelta(days=8))
    RemoteEvent.objects.create(engine="heygen", event_id="new")
    tasks.expire_files_task()
    assert [one.event_id for one in RemoteEvent.objects.all()] == ["new"]


def test_the_command_registers_the_address(
    fake: Server, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="AVSITE_PUBLIC_URL"):
        call_command("heygen_webhook")
    settings.PUBLIC_URL = "https://avsite.example.org"
    call_command("heygen_webhook")
    assert "HEYGEN_WEBHOOK_SECRET=whsec_fake" in capsys.readouterr().out
    settings.HEYGEN_WEBHOOK_SECRET = "whsec_fake"
    (endpoint,) = fake.world.endpoints
    assert endpoint["url"] == callback_url() == heygen_config().callback_url
    with pytest.raises(CommandError, match="set already"):
        call_command("heygen_webhook")


def test_a_secret_without_an_address_is_pointed_out(settings: Any) -> None:
    settings.HEYGEN_WEBHOOK_SECRET = SECRET
    assert [one.id for one in check_heygen()] == ["lipsync.W002"]
    settings.PUBLIC_URL = "https://avsite.example.org"
    assert check_heygen() == []
