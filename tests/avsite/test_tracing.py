"""Spans of ended jobs, as a collector behind a real socket receives them."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from avsite import tracing
from avsite.accounts.models import User
from lipsync.models import Attempt, Job
from lipsync.progress import job_changed, publish


class Collector:
    """Spans by name, and what was sent along."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.raw = b""
        self.authorization: set[str | None] = set()
        self.paths: set[str] = set()
        self.heard = threading.Event()


@pytest.fixture
def collector(settings: Any) -> Iterator[Collector]:
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            request = ExportTraceServiceRequest.FromString(body)
            found.spans += [
                span
                for resource in request.resource_spans
                for scope in resource.scope_spans
                for span in scope.spans
            ]
            found.raw += body
            found.authorization.add(self.headers.get("Authorization"))
            found.paths.add(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            found.heard.set()

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    settings.OTLP_ENDPOINT = f"http://127.0.0.1:{server.server_address[1]}"
    tracing.tracer.cache_clear()
    tracing.connect()
    yield found
    job_changed.disconnect(dispatch_uid="tracing")
    tracing.tracer.cache_clear()
    server.shutdown()
    server.server_close()


def failed_job(owner: User) -> Job:
    now = timezone.now()
    job = Job.objects.create(
        owner=owner,
        text="A secret between us.",
        state="failed",
        error_code="no_face",
        error_message="No face was found in alice.png.",
        started_at=now - timedelta(seconds=8),
        finished_at=now,
        engine="auto",
    )
    Job.objects.filter(pk=job.pk).update(created_at=now - timedelta(seconds=10))
    for engine, cost in (("heygen", "0.75"), ("builtin", "0")):
        attempt = Attempt.objects.create(
            job=job, engine=engine, outcome="failed", cost_usd=cost, error_message="No face in alice.png."
        )
        Attempt.objects.filter(pk=attempt.pk).update(
            started_at=now - timedelta(seconds=4), finished_at=now - timedelta(seconds=1)
        )
    job.refresh_from_db()
    return job


def attributes(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def test_a_failed_job(alice: User, collector: Collector) -> None:
    job = failed_job(alice)
    for _ in range(3):  # bells ring more than once
        publish(job)
    provider: Any = tracing.tracer().span_processor  # type: ignore[attr-defined]
    assert provider.force_flush()
    assert collector.heard.wait(30)
    by_name: dict[str, list[Any]] = {}
    for span in collector.spans:
        by_name.setdefault(span.name, []).append(span)
    assert {name: len(spans) for name, spans in by_name.items()} == {"job": 1, "wait": 1, "attempt": 2}
    (outer,) = by_name["job"]
    assert attributes(outer)["job.id"] == str(job.uid)
    assert attributes(outer)["error.type"] == "no_face"
    assert outer.status.code == 2
    assert outer.end_time_unix_nano - outer.start_time_unix_nano == 10_000_000_000
    (wait,) = by_name["wait"]
    assert wait.end_time_unix_nano - wait.start_time_unix_nano == 2_000_000_000
    assert {span.trace_id for span in collector.spans} == {outer.trace_id}
    assert {span.parent_span_id for span in by_name["attempt"]} == {outer.span_id}
    tried = [attributes(span) for span in by_name["attempt"]]
    assert [(one["attempt.engine"], one["attempt.cost_usd"]) for one in tried] == [
        ("heygen", 0.75),
        ("builtin", 0.0),
    ]
    assert collector.paths == {"/v1/traces"}
    for word in (b"secret", b"alice", b"png"):
        assert word not in collector.raw, "ids only"


def test_running_jobs_are_not_told_of(alice: User, collector: Collector) -> None:
    publish(Job.objects.create(owner=alice, state="running", started_at=timezone.now()))
    provider: Any = tracing.tracer().span_processor  # type: ignore[attr-defined]
    assert provider.force_flush()
    assert collector.spans == []


def test_off_without_a_token(settings: Any) -> None:
    assert tracing.traces_url() == ""
    assert not [key for key, *_ in job_changed.receivers if "tracing" in str(key)]


@pytest.mark.parametrize(
    ("token", "url"),
    [
        ("pylf_v1_eu_abc", "https://logfire-eu.pydantic.dev/v1/traces"),
        ("pylf_v1_us_abc", "https://logfire-us.pydantic.dev/v1/traces"),
        ("abcdef", "https://logfire-us.pydantic.dev/v1/traces"),
    ],
)
def test_logfire_by_its_token(settings: Any, token: str, url: str) -> None:
    settings.LOGFIRE_TOKEN = token
    assert tracing.traces_url() == url
