"""The figures that Prometheus reads are those of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from avsite.accounts.models import User
from avsite.hooks.models import Delivery, Endpoint
from lipsync.models import Attempt, Job, Spending
from rooms.models import AgentWorker, Room
from tests.conftest import Api


@pytest.fixture
def read() -> Iterator[Any]:
    """``read(name, **labels)``: the value, as Prometheus would keep it."""

    def value(name: str, **labels: str) -> float:
        caches["process"].clear()
        text = Api().get("/metrics").content.decode()
        found = [
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and sample.labels == labels
        ]
        assert len(found) == 1, f"{name}{labels}: {found}"
        return float(found[0])

    return value


def test_jobs_by_state_and_how_long_they_wait(alice: User, read: Any) -> None:
    assert read("avsite_jobs", state="queued") == 0
    assert read("avsite_job_oldest_wait_seconds") == 0
    for state in ("queued", "queued", "done", "failed"):
        Job.objects.create(owner=alice, state=state)
    Job.objects.filter(state="queued").update(created_at=timezone.now() - timedelta(seconds=90))
    assert read("avsite_jobs", state="queued") == 2
    assert read("avsite_jobs", state="failed") == 1
    assert 89 < read("avsite_job_oldest_wait_seconds") < 300


def test_durations_outcomes_and_cost(alice: User, read: Any) -> None:
    job = Job.objects.create(owner=alice)
    now = timezone.now()
    for engine, outcome, seconds in (
        ("builtin", "done", 2.0),
        ("builtin", "done", 20.0),
        ("builtin", "failed", 1.0),
        ("heygen", "done", 100.0),
    ):
        attempt = Attempt.objects.create(job=job, engine=engine, outcome=outcome)
        Attempt.objects.filter(pk=attempt.pk).update(
            started_at=now - timedelta(seconds=seconds), finished_at=now
        )
    Spending.objects.create(owner=alice, engine="heygen", state="settled", cost_usd="1.25")
    Spending.objects.create(owner=alice, engine="heygen", state="reserved", reserved_usd="0.5")
    assert read("avsite_attempts_total", engine="builtin", outcome="done") == 2
    assert read("avsite_attempts_total", engine="builtin", outcome="failed") == 1
    assert read("avsite_render_seconds_bucket", engine="builtin", le="1.0") == 0
    assert read("avsite_render_seconds_bucket", engine="builtin", le="2.5") == 1
    assert read("avsite_render_seconds_bucket", engine="builtin", le="+Inf") == 2
    assert read("avsite_render_seconds_sum", engine="builtin") == pytest.approx(22.0, abs=0.01)
    assert read("avsite_render_seconds_count", engine="heygen") == 1
    assert read("avsite_cost_usd_total", engine="heygen") == 1.25
    assert read("avsite_cost_reserved_usd") == 0.5


def test_rooms_agents_and_webhooks(alice: User, read: Any) -> None:
    Room.objects.create(owner=alice, name="Morning call")
    now = timezone.now()
    AgentWorker.objects.create(name="a", places=4, busy=1, seen_at=now)
    AgentWorker.objects.create(name="dead", places=4, busy=4, seen_at=now - timedelta(hours=1))
    hook = Endpoint.objects.create(owner=alice, url="https://example.org", events=["job.done"])
    Delivery.objects.create(endpoint=hook, type="test", key="1", body="{}", state="failed")
    assert read("avsite_rooms_open") == 1
    assert (read("avsite_agents"), read("avsite_agent_places"), read("avsite_agent_busy")) == (1, 4, 1)
    assert read("avsite_webhook_deliveries", state="failed") == 1
    assert read("avsite_webhook_deliveries", state="waiting") == 0


def test_redis_is_away(alice: User, read: Any, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert read("avsite_redis_up") == 0
    assert read("avsite_jobs", state="done") == 0, "the rest is told all the same"


def test_no_names_and_no_words(alice: User, read: Any) -> None:
    Job.objects.create(owner=alice, text="A secret between us.")
    Room.objects.create(owner=alice, name="Private room")
    caches["process"].clear()
    text = Api().get("/metrics").content.decode().lower()
    assert "secret" not in text and "private" not in text and "alice" not in text
