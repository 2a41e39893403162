"""Figures for Prometheus, read from the rows when they are asked for.

Processes come and go and each has seen a part only; the database has seen everything, so one scrape of any
web server tells of the whole site. Agents tell about themselves on a port of their own (rooms.agent.health).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db.models import Count, DurationField, ExpressionWrapper, F, Min, Q, Sum
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from redis import Redis
from redis.exceptions import RedisError

from avsite.celery import app as celery_app
from avsite.hooks.models import Delivery
from lipsync.models import Attempt, Job, Spending
from rooms.control import WORKER_SECONDS
from rooms.models import AgentWorker, AvatarSession, Participant, Room

CONTENT_TYPE = CONTENT_TYPE_LATEST
KEPT_SECONDS = 5
BUCKETS = (1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
TAKEN = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())


def write_metrics() -> bytes:
    """The text that Prometheus reads; the same for a few seconds, however many ask."""
    kept = caches["process"].get("metrics")
    if kept is None:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Site())
        kept = generate_latest(registry)
        caches["process"].set("metrics", kept, KEPT_SECONDS)
    return bytes(kept)


class _Site:
    """Everything, as a collector."""

    def collect(self) -> Iterator[Metric]:
        yield from jobs()
        yield from attempts()
        yield from money()
        yield from queues()
        yield from rooms()
        yield from deliveries()


def gauge(name: str, text: str, values: dict[tuple[str, ...], float], *labels: str) -> Metric:
    family = GaugeMetricFamily(f"avsite_{name}", text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def counted(rows: Any, field: str, all_values: Any) -> dict[tuple[str, ...], float]:
    """How many rows have each value of ``field``; 0 for those that none has."""
    found = dict(rows.order_by().values_list(field).annotate(count=Count("pk")))
    return {(str(value),): float(found.get(value, 0)) for value in all_values}


def jobs() -> Iterator[Metric]:
    states = counted(Job.objects.all(), "state", Job.State.values)
    yield gauge("jobs", "Jobs that are kept, by state", states, "state")
    oldest = Job.objects.filter(state=Job.State.QUEUED).aggregate(since=Min("created_at"))["since"]
    waited = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    yield gauge("job_oldest_wait_seconds", "How long the oldest queued job has waited", {(): waited})


def attempts() -> Iterator[Metric]:
    ended = Attempt.objects.filter(finished_at__isnull=False).order_by()
    outcomes = CounterMetricFamily(
        "avsite_attempts", "Tries by engines that ended, of jobs that are kept", labels=("engine", "outcome")
    )
    for engine, outcome, count in ended.values_list("engine", "outcome").annotate(count=Count("pk")):
        outcomes.add_metric((engine, outcome), count)
    yield outcomes
    within = {
        f"within_{limit}".replace(".", "_"): Count("pk", filter=Q(taken__lte=timedelta(seconds=limit)))
        for limit in BUCKETS
    }
    done = ended.filter(outcome="done").annotate(taken=TAKEN)
    rows: Any = done.values("engine").annotate(count=Count("pk"), total=Sum("taken"), **within)
    seconds = HistogramMetricFamily(
        "avsite_render_seconds", "How long renders took that were done", labels=("engine",)
    )
    for row in rows:
        buckets = [(str(float(limit)), row[name]) for limit, name in zip(BUCKETS, within, strict=True)]
        total = row["total"].total_seconds()
        seconds.add_metric((row["engine"],), [*buckets, ("+Inf", row["count"])], sum_value=total)
    yield seconds


def money() -> Iterator[Metric]:
    spent = CounterMetricFamily("avsite_cost_usd", "What engines have cost", labels=("engine",))
    settled = Spending.objects.filter(state=Spending.State.SETTLED).order_by()
    for engine, total in settled.values_list("engine").annotate(total=Sum("cost_usd")):
        spent.add_metric((engine,), float(total))
    yield spent
    reserved = Spending.objects.filter(state=Spending.State.RESERVED)
    held = float(reserved.aggregate(total=Sum("reserved_usd"))["total"] or 0)
    yield gauge("cost_reserved_usd", "What renders under way may cost at most", {(): held})


def queues() -> Iterator[Metric]:
    """Messages in Redis that no worker has taken; nothing while Redis is away."""
    prefix = celery_app.conf.broker_transport_options["global_keyprefix"]
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as redis:
            names = [queue.name for queue in celery_app.conf.task_queues]
            depths: dict[tuple[str, ...], float] = {
                (name,): float(redis.llen(f"{prefix}{name}")) for name in names
            }
    except (RedisError, OSError):
        yield gauge("redis_up", "1 while Redis answers", {(): 0.0})
        return
    yield gauge("redis_up", "1 while Redis answers", {(): 1.0})
    yield gauge("queue_messages", "Tasks that no worker has taken yet", depths, "queue")


def rooms() -> Iterator[Metric]:
    alive = AgentWorker.objects.filter(seen_at__gt=timezone.now() - timedelta(seconds=WORKER_SECONDS))
    totals = alive.aggregate(count=Count("pk"), places=Sum("places"), busy=Sum("busy"))
    yield gauge("agents", "Agent processes heard of lately", {(): totals["count"]})
    yield gauge("agent_places", "Avatars that agents can show", {(): totals["places"] or 0})
    yield gauge("agent_busy", "Avatars that agents have in hand", {(): totals["busy"] or 0})
    yield gauge("rooms_open", "Open rooms", {(): Room.objects.filter(state=Room.State.OPEN).count()})
    present = Participant.objects.filter(state=Participant.State.PRESENT).count()
    yield gauge("people_present", "People in rooms", {(): present})
    sessions = counted(AvatarSession.objects.all(), "state", AvatarSession.State.values)
    yield gauge("avatar_sessions", "Avatars in rooms, by state", sessions, "state")


def deliveries() -> Iterator[Metric]:
    states = counted(Delivery.objects.all(), "state", Delivery.State.values)
    yield gauge("webhook_deliveries", "Webhook messages that are kept, by state", states, "state")
