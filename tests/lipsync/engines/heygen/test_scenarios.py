"""Everything that HeyGen may do, and what becomes of the job: one charge at most, and a reason on record."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from avsite.accounts.models import User
from lipsync.models import Breaker, Job, RemoteRender, Spending
from tests.fakes.heygen.server import Server
from tests.lipsync.engines.heygen.conftest import assert_key_kept, drive, look_after

pytestmark = pytest.mark.django_db(transaction=True)


class Row(NamedTuple):
    """A scenario and how it ends: by whom, at how many charges, with what said about HeyGen's attempt."""

    name: str
    engine: str = "heygen"
    charges: int = 1
    said: str = ""
    times: int = 2
    how: str = ""
    breaker: str = ""
    settings: dict[str, Any] = {}


LATE = {"HEYGEN_DEADLINE_SECONDS": 0, "HEYGEN_DEADLINE_LIMIT_SECONDS": 0.3}
SMALL_FORMS = {"HEYGEN_LIMITS": {"upload_mb": 0.001}}
ROWS = [
    Row("ok"),
    Row("bad_key", "scripted", 0, "does not accept the site's key", breaker="key"),
    Row("key_revoked_midway", "scripted", 0, "does not accept the site's key", breaker="key"),
    Row("no_credits", "scripted", 0, "no money left", breaker="credit"),
    Row("quota_exceeded", "scripted", 0, "no money left", breaker="credit"),
    Row("balance_null"),
    Row("rate_limited", how="0.1"),
    Row("rate_limited", how="date", times=1),
    Row("rate_limited", "scripted", 0, "busy", how="86400", settings={"HEYGEN_QUEUE_SECONDS": 0}),
    Row("flaky_5xx"),
    Row("always_5xx", "scripted", 0, "out of order"),
    Row("html_502"),
    Row("bad_json"),
    Row("reset_mid_body"),
    Row("lost_create_reply"),
    Row("lost_create_reply", times=9),
    Row("in_flight"),
    Row("slow"),
    Row("slow", "scripted", 1, "was not ready", settings=LATE),
    Row("never_completes", "scripted", 0, "was not ready", settings=LATE),
    Row("failed_status", "scripted", 0, "The face could not be followed"),
    Row("moderated", "", 0, "refuses this content"),
    Row("refused_content", "", 0, "refuses this content"),
    Row("unreadable_media", times=1),
    Row("unreadable_media", "scripted", 0, "cannot read these files", times=9),
    Row("unknown_status"),
    Row("completed_no_url", "scripted", 1, "not where"),
    Row("truncated"),
    Row("wrong_content", "scripted", 1, "not a video"),
    Row("wrong_duration", "scripted", 1, "instead of 0.8 s"),
    Row("unmoved_mouth", "scripted", 1, "without a moving mouth"),
    Row("expired_url"),
    Row("expired_url", "scripted", 1, "could not be fetched", times=99),
    Row("redirect_private_ip", "scripted", 1, "was not called"),
    Row("redirect_private_ip", "scripted", 1, "was not called", how="https://files.heygen.com.example.org/x"),
    Row("redirect_private_ip", "scripted", 1, "was not called", how="http://127.0.0.1:9/x"),
    Row("upload_fail", settings=SMALL_FORMS),
    Row("upload_fail", how="500", settings=SMALL_FORMS),
    Row("upload_fail", "scripted", 0, "did not take the upload", times=9, settings=SMALL_FORMS),
    Row("complete_fail", settings=SMALL_FORMS),
    Row("asset_too_big"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}-{row.how}{row.times}-{row.engine}")
def test_every_scenario_ends_well(
    row: Row,
    alice: User,
    order: Callable[..., Job],
    play: Callable[..., None],
    fake: Server,
    films: Path,
    settings: Any,
    log: pytest.LogCaptureFixture,
) -> None:
    for name, value in row.settings.items():
        setattr(settings, name, value)
    play(row.name, row.times, row.how)
    job = drive(order(alice))
    assert job.state == ("done" if row.engine else "failed")
    assert job.engine_used == row.engine
    ours = job.attempts.get(engine="heygen")
    assert ours.outcome == ("done" if row.engine == "heygen" else "failed")
    assert ours.reason == "The best engine for a short clip."
    assert row.said in ours.error_message
    if row.engine == "scripted":
        assert job.attempts.get(engine="scripted").reason == "The one before it failed."
    if not row.engine:
        assert row.said in job.error_message
        assert not job.attempts.filter(engine="scripted").exists(), "a refusal is not dodged"
    assert Breaker.objects.exclude(kind="").exists() is bool(row.breaker)
    if row.breaker:
        assert Breaker.objects.get().kind == row.breaker
    assert (films / "face.mp4").read_bytes() == Path(job.face.file.path).read_bytes(), (
        "uploads stay as they are"
    )
    settle_and_check(fake, row, log)


def settle_and_check(fake: Server, row: Row, log: pytest.LogCaptureFixture) -> None:
    """The books agree with HeyGen's, nothing is left there, and nobody heard the key."""
    world = fake.world
    with world.lock:
        world.scenario.name = "ok" if row.name != "never_completes" else "never_completes"
        world.moved_seconds += 3600 if row.name in ("slow", "key_revoked_midway") else 0
    look_after(2)
    renders = list(RemoteRender.objects.all())
    assert len(renders) == 1
    spending = Spending.objects.get(engine="heygen")
    if row.name == "never_completes":
        assert (renders[0].state, spending.state) == ("detached", "reserved")
    else:
        assert renders[0].state == "tidied"
        usd = Decimal(str(sum(charge["usd"] for charge in world.charges)))
        assert spending.cost_usd == usd
        assert spending.state == ("settled" if usd else spending.state) != "reserved"
        assert not world.assets, "uploads are removed"
        assert all(render.state in ("gone", "failed") for render in world.renders.values())
    wanted = 1 if row.name == "key_revoked_midway" else row.charges
    assert len(world.charges) == wanted
    assert len(world.renders) <= 1
    assert spending.reserved_usd >= spending.cost_usd
    assert_key_kept(fake, log)


def test_what_is_asked_for(
    alice: User, order: Callable[..., Job], fake: Server, log: pytest.LogCaptureFixture
) -> None:
    job = drive(order(alice))
    assert (job.state, job.cost_usd) == ("done", Decimal("0.0266"))
    create = next(
        one for one in fake.world.journal if (one["method"], one["path"]) == ("POST", "/v3/lipsyncs")
    )
    assert re.fullmatch(r"[0-9a-f]{32}", create["headers"]["idempotency-key"])
    assert create["headers"]["user-agent"].startswith("avsite/")
    memo = RemoteRender.objects.get().memo
    assert memo["key"] == create["headers"]["idempotency-key"]
    assert job.percent == 100
    messages = [entry.message for entry in job.log.all()]
    assert len(messages) == len(set(messages)), "no stage is told again for every look at HeyGen"
    assert not any("face.mp4" in str(one) for one in fake.world.journal), "names of files stay here"


def test_a_photo_never_goes_there(alice: User, make_asset: Any, fake: Server, local: Any) -> None:
    job = Job.objects.create(owner=alice, face=make_asset(alice), speech=make_asset(alice, "speech"))
    job = drive(job)
    assert job.engine_used == "scripted"
    assert "HeyGen needs a video; this is a photo." in job.attempts.get().reason
    assert fake.world.journal == []
