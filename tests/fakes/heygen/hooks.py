"""What the fake tells by itself: signed as HeyGen signs, and misbehaving where a scenario says so."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.fakes.heygen.wire import Refusal, parsed

if TYPE_CHECKING:
    from tests.fakes.heygen.server import Handler
    from tests.fakes.heygen.world import Render, World

ENDED = ("completed", "failed", "gone")
EVENT_TYPES = ["avatar_video.success", "avatar_video.fail", "batch.finished", "video_translate.success"]
LOOK_SECONDS = 0.02
TRIES = 3
BAIT = "http://169.254.169.254/latest/meta-data/"
"""Whoever fetched what a webhook names would go where nobody may be sent."""


def watch(world: World, render: Render, url: str) -> None:
    """Tell ``url`` once ``render`` has ended. Called with the world locked."""
    if render.scenario.name == "webhook_before_reply":
        send(world, url, event_of(render, "success"))
    threading.Thread(target=_tell_the_end, args=(world, render, url), daemon=True).start()


def _tell_the_end(world: World, render: Render, url: str) -> None:
    while True:
        with world.lock:
            world.settle()
            if render.state in ENDED:
                break
        if world.closed.wait(LOOK_SECONDS):
            return
    name = render.scenario.name
    event = event_of(render, "success" if render.state == "completed" else "fail")
    if name == "webhook_lost":
        return
    if name == "webhook_unknown_id":
        data = {"callback_id": secrets.token_hex(16), "video_id": "ls_of_somebody_else"}
        event["event_data"] |= data
    if name == "webhook_bad_sig":
        send(world, url, event, secret="whsec_of_somebody_else")
        return
    event_id, now = secrets.token_hex(12), time.time()
    for _ in range(3 if name == "webhook_replay" else 1):
        send(world, url, event, event_id=event_id)
    if name == "webhook_out_of_order":
        send(world, url, event_of(render, "fail"), at=now - 7200)
        send(world, url, event_of(render, "processing"), at=now - 9000)


def event_of(render: Render, word: str) -> dict[str, Any]:
    data = {"video_id": render.id, "callback_id": render.callback_id, "url": BAIT, "msg": word}
    return {"event_type": f"lipsync.{word}", "event_data": data}


def send(
    world: World,
    url: str,
    event: dict[str, Any],
    *,
    event_id: str = "",
    secret: str = "",
    at: float | None = None,
) -> None:
    """Post it, and again while nobody takes it; the answers are kept in the world."""
    body = json.dumps(event).encode()
    headers = {
        "Content-Type": "application/json",
        "Heygen-Signature": hmac.new((secret or world.secret).encode(), body, hashlib.sha256).hexdigest(),
        "Heygen-Timestamp": str(int(at or time.time())),
        "Heygen-Event-Id": event_id or secrets.token_hex(12),
    }
    for number in range(TRIES):
        status = post(url, body, headers)
        world.hooks.append({"id": headers["Heygen-Event-Id"], "event": event, "status": status})
        if 200 <= status < 300 or status == 401 or world.closed.wait(0.1 * 2**number):
            return


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The answer's status; 0 for none."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, body, headers, method="POST"), timeout=10
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return 0


def event_types(handler: Handler, query: Any, body: bytes) -> tuple[int, Any]:
    return 200, {"data": EVENT_TYPES}


def make_endpoint(handler: Handler, query: Any, body: bytes) -> tuple[int, Any]:
    wish, world = parsed(body), handler.world
    if not str(wish.get("url", "")).startswith("https://"):
        raise Refusal(400, "invalid_parameter", "url must be https.", "url")
    if unknown := set(wish.get("events") or []) - set(EVENT_TYPES):
        raise Refusal(400, "invalid_parameter", f"There is no event {sorted(unknown)[0]}.", "events")
    endpoint = {"endpoint_id": secrets.token_hex(8), "url": wish["url"], "events": wish.get("events")}
    world.endpoints.append(endpoint)
    return 200, {"data": {**endpoint, "status": "enabled", "secret": world.secret}}


def list_endpoints(handler: Handler, query: Any, body: bytes) -> tuple[int, Any]:
    return 200, {"data": handler.world.endpoints, "has_more": False, "next_token": None}


ROUTES = (
    ("GET", r"/v3/webhooks/event-types", event_types),
    ("POST", r"/v3/webhooks/endpoints", make_endpoint),
    ("GET", r"/v3/webhooks/endpoints", list_endpoints),
)
