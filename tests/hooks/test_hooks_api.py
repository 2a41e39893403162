"""Endpoints by the API: made, changed, tested, replayed, and seen by their owner only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest

from avsite.accounts.models import User
from avsite.hooks import tasks
from avsite.hooks.api import ENDPOINTS_PER_USER
from avsite.hooks.events import EVENTS
from avsite.hooks.models import Endpoint
from avsite.hooks.schemas import EventType
from lipsync.models import Job
from lipsync.progress import publish
from tests.conftest import Api
from tests.hooks.receiver import Receiver

WISH = {"url": "https://example.org/hook", "events": ["job.done", "job.failed"]}


def test_the_secret_is_shown_once(alice_api: Api) -> None:
    made = alice_api.call("POST", "/webhooks", WISH)
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    listed = alice_api.call("GET", "/webhooks")
    assert secret not in listed.content.decode()
    assert listed.json()["items"][0]["id"] == made.json()["id"]
    assert {one["type"] for one in listed.json()["events"]} == set(EVENTS) == set(get_args(EventType))
    rolled = alice_api.call("POST", f"/webhooks/{made.json()['id']}/secret").json()
    assert rolled["secret"] != secret


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"url": "http://example.org/hook", "events": ["job.done"]}, "url"),
        ({"url": "https://127.0.0.1/hook", "events": ["job.done"]}, "url"),
        ({"url": "https://example.org", "events": []}, "events"),
        ({"url": "https://example.org", "events": ["job.exploded"]}, "events.0"),
        ({"events": ["job.done"]}, "url"),
    ],
)
def test_bad_wishes(alice_api: Api, wish: dict[str, Any], param: str) -> None:
    refused = alice_api.call("POST", "/webhooks", wish)
    assert refused.status_code == 422
    assert refused.json()["error"]["param"] == param
    assert not Endpoint.objects.exists()


def test_not_more_than_some(alice: User, alice_api: Api, bob_api: Api) -> None:
    for _ in range(ENDPOINTS_PER_USER):
        Endpoint.objects.create(owner=alice, url="https://example.org", events=["job.done"])
    refused = alice_api.call("POST", "/webhooks", WISH)
    assert refused.json()["error"]["code"] == "limit_reached"
    assert bob_api.call("POST", "/webhooks", WISH).status_code == 201


def test_changed_turned_off_and_on(alice_api: Api, endpoint: Endpoint) -> None:
    path = f"/webhooks/{endpoint.uid}"
    changed = alice_api.call("PATCH", path, {"events": ["job.failed"], "note": "Mine"}).json()
    assert (changed["events"], changed["note"], changed["url"]) == (["job.failed"], "Mine", endpoint.url)
    assert alice_api.call("PATCH", path, {"url": "gopher://x"}).status_code == 422
    off = alice_api.call("PATCH", path, {"enabled": False}).json()
    assert (off["enabled"], bool(off["disabled_reason"])) == (False, True)
    assert alice_api.call("POST", f"{path}/test").status_code == 409
    assert alice_api.call("PATCH", path, {"enabled": True}).json()["enabled"] is True
    assert alice_api.call("DELETE", path).status_code == 204
    assert alice_api.call("GET", path).status_code == 404


def test_test_and_replay(
    alice: User, alice_api: Api, endpoint: Endpoint, receiver: Receiver, ended_job: Callable[..., Job]
) -> None:
    path = f"/webhooks/{endpoint.uid}"
    sent = alice_api.call("POST", f"{path}/test")
    assert (sent.status_code, sent.json()["state"]) == (202, "waiting")
    tasks.deliver_task(endpoint.deliveries.get().pk)
    assert receiver.verified.pop()["type"] == "test"

    receiver.status = 500
    publish(ended_job(alice))
    delivery = endpoint.deliveries.first()
    assert delivery is not None
    tasks.deliver_task(delivery.pk)
    page = alice_api.call("GET", f"{path}/deliveries?limit=1").json()
    shown = page["items"][0]
    assert (shown["state"], shown["response_status"], shown["attempts"]) == ("waiting", 500, 1)
    assert shown["next_try_at"] and page["next_cursor"]
    replay = f"{path}/deliveries/{shown['id']}/replay"
    assert alice_api.call("POST", replay).status_code == 409, "it is tried again anyway"

    receiver.status = 200
    first_id = receiver.ids[-1]
    delivery.endpoint.deliveries.filter(pk=delivery.pk).update(state="failed", next_try_at=None)
    assert alice_api.call("POST", replay).status_code == 202
    tasks.deliver_task(delivery.pk)
    assert receiver.ids[-1] == first_id
    assert alice_api.call("GET", f"{path}/deliveries").json()["items"][0]["state"] == "delivered"


def test_neither_bob_nor_charlie(alice_api: Api, bob_api: Api, charlie_api: Api, endpoint: Endpoint) -> None:
    path = f"/webhooks/{endpoint.uid}"
    delivery_id = alice_api.call("POST", f"{path}/test").json()["id"]
    for other in (bob_api, charlie_api):
        assert other.call("GET", "/webhooks").json()["items"] == []
        for method, address, body in (
            ("GET", path, None),
            ("PATCH", path, {"enabled": False}),
            ("DELETE", path, None),
            ("POST", f"{path}/secret", {}),
            ("POST", f"{path}/test", {}),
            ("GET", f"{path}/deliveries", None),
            ("POST", f"{path}/deliveries/{delivery_id}/replay", {}),
        ):
            assert other.call(method, address, body).status_code == 404, (method, address)
    endpoint.refresh_from_db()
    assert endpoint.is_enabled
