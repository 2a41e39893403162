"""What programs that watch the site ask it, on whatever name they know it by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError

from avsite import celery, health
from tests.conftest import Api

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def looked_at_anew() -> Iterator[None]:
    for check in health.CHECKS.values():
        check.forget()
    yield
    for check in health.CHECKS.values():
        check.forget()


@pytest.mark.parametrize("host", ["localhost", "10.1.2.3:8000", "web:8000"])
def test_alive_and_ready_by_any_name(host: str) -> None:
    assert Api().get("/health", headers={"Host": host}).json() == {"status": "ok"}
    answer = Api().get("/ready", headers={"Host": host})
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "parts": {"database": "ok", "redis": "ok", "render": "ok"}}
    assert answer["Cache-Control"] == "no-store"
    assert Api().get("/jobs", headers={"Host": "elsewhere.example"}).status_code == 400, "only these"


def test_the_tiny_render_is_a_render(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def broken(*_: Any) -> None:
        drawn.append(1)
        raise OSError("no codec")

    monkeypatch.setattr("lipsync.video.write.VideoWriter.write", broken)
    monkeypatch.setattr(health, "ANSWER_SECONDS", 600)
    for _ in range(3):
        answer = Api().get("/ready")
        assert answer.status_code == 503
        assert answer.json()["parts"]["render"] == "Nothing can be rendered (OSError)."
    assert len(drawn) == 1, "many questions are one render"


def test_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.cursor", gone)
    answer = Api().get("/ready")
    assert answer.status_code == 503
    assert answer.json()["parts"]["database"] == "The database does not answer."
    assert Api().get("/health").status_code == 200, "that is no reason to restart the web server"


def test_redis_is_away(settings: Any) -> None:
    settings.CACHES = {
        **settings.CACHES,
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
        },
    }
    assert Api().get("/ready").json()["parts"]["redis"] == "Redis does not answer."


def test_metrics_are_for_this_machine(settings: Any) -> None:
    assert Api().get("/metrics").status_code == 200
    assert Api().get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403
    for header in ("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded"):
        refused = Api().get("/metrics", headers={header: "127.0.0.1"})
        assert refused.status_code == 403, "a proxy here speaks for somebody elsewhere"


def test_metrics_with_a_token(settings: Any) -> None:
    settings.METRICS_TOKEN = "for the scraper"
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert (
        Api().get("/metrics", headers={"Authorization": "Bearer for the scraper"}, **elsewhere).status_code
        == 200
    )
    for given in ("Bearer another", "Basic for the scraper", "Bearer ", "Bearer für"):
        assert Api().get("/metrics", headers={"Authorization": given}).status_code == 403, given
    assert Api().get("/metrics").status_code == 403, "not even from here"


def test_only_asked(db: None) -> None:
    assert Api().post("/health").status_code == 405
    assert Api().head("/health").status_code == 200


def test_a_worker_shows_that_it_lives(settings: Any, tmp_path: Path) -> None:
    celery.note_alive()
    settings.ALIVE_FILE = str(tmp_path / "alive")
    celery.heartbeat_sent.send(sender=None)
    assert (tmp_path / "alive").exists()
