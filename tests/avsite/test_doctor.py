"""The doctor says of each part whether it is well, and if not what to do."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from avsite import doctor
from rooms.models import AgentWorker
from tests.conftest import Api


@pytest.fixture
def findings(alice_api: Api, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings.LIVEKIT_URL = "ws://127.0.0.1:9"
    monkeypatch.setattr(doctor, "WORKER_ANSWER_SECONDS", 0.1)

    def look(**headers: str) -> dict[str, dict[str, Any]]:
        answer = alice_api.get("/api/v1/doctor", headers=headers)
        assert answer.status_code == 200, answer.content
        return {one["name"]: one for one in answer.json()["items"]}

    return look


@pytest.mark.django_db(transaction=True)
def test_every_part_that_is_not_well_comes_with_a_fix(findings: Any) -> None:
    found = findings()
    assert set(found) == set(doctor.CHECKS)
    assert all(one["message"] and one["label"] for one in found.values())
    assert all(one["fix"] for one in found.values() if one["state"] != "ok")
    assert {found[name]["state"] for name in ("database", "redis", "disk", "voices")} == {"ok"}
    assert {found[name]["state"] for name in ("worker", "livekit", "agent")} == {"failed"}


@pytest.mark.django_db(transaction=True)
def test_an_agent_that_was_heard_of(findings: Any) -> None:
    AgentWorker.objects.create(name="a", places=3, busy=3, seen_at=timezone.now())
    assert findings()["agent"]["state"] == "warning"
    AgentWorker.objects.update(busy=1)
    assert findings()["agent"]["details"] == {"places": 3, "free": 2}


@pytest.mark.django_db(transaction=True)
def test_livekit_that_is_being_built(findings: Any, settings: Any) -> None:
    settings.LIVEKIT_STATUS_FILE = settings.DATA_DIR / "status"
    settings.LIVEKIT_STATUS_FILE.write_text("Building the LiveKit server\n")
    livekit = findings()["livekit"]
    assert (livekit["state"], livekit["message"]) == ("warning", "Building the LiveKit server.")


@pytest.mark.django_db(transaction=True)
def test_a_page_by_plain_http_gets_no_microphone(findings: Any, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert findings(Host="localhost:8000")["secure_page"]["state"] == "ok"
    assert findings(Host="studio.example.org")["secure_page"]["state"] == "warning"


@pytest.mark.django_db(transaction=True)
def test_a_part_whose_check_breaks_hides_no_other(findings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(page: doctor.Page) -> doctor.Finding:
        raise ZeroDivisionError

    monkeypatch.setitem(doctor.CHECKS, "disk", ("Disk", broken))
    found = findings()
    assert found["disk"]["state"] == "failed"
    assert found["database"]["state"] == "ok"
