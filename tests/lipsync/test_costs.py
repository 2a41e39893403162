"""What people see of money: estimates, the books by day and engine, the table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from avsite.accounts.models import User
from lipsync import budget, runner
from lipsync.models import Job, Spending
from tests.conftest import Api
from tests.engines import SecondEngine

MakeJob = Callable[..., Job]


def spend(owner: User, usd: str, engine: str = "second", days_ago: int = 0) -> None:
    row = Spending.objects.create(
        owner=owner, engine=engine, state="settled", cost_usd=Decimal(usd), seconds=2.0
    )
    Spending.objects.filter(pk=row.pk).update(at=timezone.now() - timedelta(days=days_ago))


def test_by_day_and_engine(alice: User, bob: User, alice_api: Api) -> None:
    for usd in ("0.10", "0.25"):
        spend(alice, usd)
    spend(alice, "0.40", days_ago=3)
    spend(alice, "0", engine="builtin")
    spend(bob, "9")
    Spending.objects.create(owner=alice, engine="second", reserved_usd=Decimal("0.5"))
    answer = alice_api.call("GET", "/costs").json()
    today = timezone.now().date().isoformat()
    assert [(one["day"], one["engine"], one["count"], one["cost_usd"]) for one in answer["items"]][:2] == [
        (today, "builtin", 1, 0.0),
        (today, "second", 3, 0.35),
    ]
    assert answer["items"][1]["reserved_usd"] == 0.5
    assert answer["total_usd"] == 0.75
    day, month = answer["budgets"]
    assert (day["name"], day["limit_usd"], day["used_usd"]) == ("Your day", 10.0, 0.85)
    assert alice_api.call("GET", "/costs?days=2").json()["total_usd"] == 0.35
    rows = list(csv.DictReader(io.StringIO(alice_api.call("GET", "/costs.csv").content.decode())))
    assert [float(row["cost_usd"]) for row in rows] == [0.0, 0.35, 0.4]


def test_only_staff_sees_what_everybody_spent(alice: User, bob: User, alice_api: Api) -> None:
    spend(bob, "9")
    assert alice_api.call("GET", "/costs?everyone=true").status_code == 403
    assert alice_api.call("GET", "/costs.csv?everyone=true").status_code == 403
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    answer = alice_api.call("GET", "/costs?everyone=true").json()
    assert [(one["user"], one["cost_usd"]) for one in answer["items"]] == [("bob", 9.0)]


def test_a_name_is_no_formula(alice: User, alice_api: Api) -> None:
    User.objects.filter(pk=alice.pk).update(username="=1+1")
    spend(alice, "1")
    assert ",'=1+1," in alice_api.call("GET", "/costs.csv").content.decode()


def test_the_estimate_says_who_why_and_how_much(
    alice: User,
    alice_api: Api,
    make_asset: Any,
    second_engine: type[SecondEngine],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lipsync.policy.QUALITY_ORDER", ("second", "scripted"))
    wish = {"face": "house:maya", "speech": str(make_asset(alice, "speech").uid)}
    told = alice_api.call("POST", "/lipsyncs/estimate", wish).json()
    assert (told["engine"], told["reason"]) == ("second", "The best engine for a short clip.")
    assert (told["cost_usd"], told["most_usd"]) == (0.1, 0.1)
    assert [(one["engine"], one["cost_usd"], one["place"]) for one in told["engines"]] == [
        ("scripted", 0.0, 2),
        ("second", 0.1, 1),
    ]
    told = alice_api.call("POST", "/lipsyncs/estimate", wish | {"max_cost_usd": 0.05}).json()
    assert told["engine"] == "scripted"
    assert "Passed over: Second would cost $0.10, more than the $0.05" in told["reason"]
    assert told["engines"][1]["why_not"].startswith("Second would cost $0.10")
    settings.SHORT_CLIP_SECONDS = 1
    told = alice_api.call("POST", "/lipsyncs/estimate", wish).json()
    assert (told["engine"], told["cost_usd"], told["most_usd"]) == ("scripted", 0.0, 0.1)
    refused = alice_api.call("POST", "/lipsyncs", wish | {"engine": "second", "max_cost_usd": 0.01})
    assert (refused.status_code, refused.json()["error"]["param"]) == (422, "engine")


@pytest.mark.django_db(transaction=True)
def test_free_renders_are_in_the_books_too(alice: User, make_job: MakeJob, engine: Any) -> None:
    job = make_job(alice)
    runner.run(job.pk)
    line = Spending.objects.get()
    assert (line.owner, line.engine, line.job_uid, line.state) == (alice, "scripted", job.uid, "settled")


@pytest.mark.django_db(transaction=True)
def test_money_is_booked_once(alice: User) -> None:
    spending = budget.reserve("second", Decimal(1), 2.0, owner_id=alice.pk)
    assert budget.settle(spending, Decimal("0.5"))
    assert not budget.settle(spending, Decimal("0.7"))
    budget.release(spending)
    spending.refresh_from_db()
    assert (spending.state, spending.cost_usd) == ("settled", Decimal("0.5"))
