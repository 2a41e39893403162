"""The fake's HTTP side: one thread for each connection, so that it can also hang up in mid-sentence."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.heygen import film, hooks
from tests.fakes.heygen.wire import HangUp, Refusal, as_json, multipart, parsed
from tests.fakes.heygen.world import KEY_SECONDS, MESSAGES, Asset, Render, Scenario, World


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the journal knows more."""

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815

    @property
    def world(self) -> World:
        return self.server.world

    def _serve(self) -> None:
        body = self._read_body()
        parts = urlsplit(self.path)
        entry = {
            "method": self.command,
            "path": parts.path,
            "query": parts.query,
            "headers": {name.lower(): value for name, value in self.headers.items()},
        }
        try:
            with self.world.lock:
                if not parts.path.startswith("/__fake__"):
                    self.world.journal.append(entry)
                status, headers, content = self._route(parts.path, parse_qs(parts.query), body)
        except Refusal as refusal:
            status, headers, content = refusal.status, refusal.headers, as_json(refusal.body)
        except HangUp as hang_up:
            entry["status"] = 0
            self.wfile.write(hang_up.sent)
            self.close_connection = True
            return
        entry["status"] = status
        self.world.before_answer(entry)
        self._answer(status, headers, content)

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            content = b""
            while size := int(self.rfile.readline().strip() or b"0", 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            return content
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "X-Request-Id": "req_1", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", headers.get("X-Claimed-Length", str(len(content))))
        self.end_headers()
        self.wfile.write(content)
        if "X-Claimed-Length" in headers:
            self.close_connection = True

    def _route(
        self, path: str, query: dict[str, list[str]], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        if path.startswith("/__fake__/"):
            return 200, {}, as_json(self._control(path.removeprefix("/__fake__/"), body))
        if path.startswith("/_files/"):
            return self._file(path.removeprefix("/_files/"))
        if path.startswith("/_s3/"):
            return self._s3(path.removeprefix("/_s3/"), body)
        self._require_key()
        for method, pattern, action in ROUTES:
            found = re.fullmatch(pattern, path)
            if method == self.command and found:
                act = partial(action, self, query, body, *found.groups())
                status, content = self._once(path, act)
                return self._broken(path, status, as_json(content))
        raise Refusal(404, "not_found", "There is no such path.")

    def _require_key(self) -> None:
        key, scenario = self.headers.get("X-Api-Key", ""), self.world.scenario
        midway = scenario.is_on("key_revoked_midway") and self.world.renders
        if key not in self.world.keys or scenario.is_on("bad_key") or midway:
            raise Refusal(401, "unauthorized", "Unauthorized")
        if scenario.is_on("flaky_5xx", at=f"{self.command} {urlsplit(self.path).path}"):
            raise Refusal(503, "internal_error", "Try again.")
        if scenario.is_on("always_5xx"):
            raise Refusal(500, "internal_error")

    def _once(self, path: str, act: Callable[[], tuple[int, Any]]) -> tuple[int, Any]:
        """A key that was seen on this route gets the answer it got, whatever the body says."""
        key = self.headers.get("Idempotency-Key", "")
        if self.command != "POST" or not key:
            return act()
        if not re.fullmatch(r"[A-Za-z0-9_:.-]{1,255}", key):
            raise Refusal(400, "invalid_parameter", "The idempotency key is malformed.", "Idempotency-Key")
        at, status, content = self.world.answers.get((path, key), (0.0, 0, None))
        if status and self.world.now() - at < KEY_SECONDS:
            if self.world.scenario.is_on("in_flight", at=key):
                raise Refusal(409, "request_in_progress")
            return status, content
        status, content = act()
        self.world.answers[(path, key)] = (self.world.now(), status, content)
        if self.world.scenario.is_on("in_flight") and path.endswith("/lipsyncs"):
            raise HangUp
        return status, content

    def _broken(self, path: str, status: int, content: bytes) -> tuple[int, dict[str, str], bytes]:
        """The answer, spoilt on its way where the scenario says so: what was asked for has been done."""
        scenario, place = self.world.scenario, f"{self.command} {path}"
        is_create = self.command == "POST" and path.endswith("/lipsyncs")
        if scenario.is_on("lost_create_reply", at="create" if is_create else "") and is_create:
            raise HangUp
        if scenario.is_on("html_502", at=place):
            return 502, {"Content-Type": "text/html"}, b"<html>Bad gateway</html>"
        if scenario.is_on("bad_json", at=place):
            return 200, {}, b'{"data": {"lipsync_id": '
        if scenario.is_on("reset_mid_body", at=place):
            raise HangUp(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + content[:10])
        return status, {}, content

    # The API

    def create(self, query: Any, body: bytes) -> tuple[int, Any]:
        wish, world = parsed(body), self.world
        self._refuse_create(wish)
        video, audio = self._asset(wish, "video"), self._asset(wish, "audio")
        if len(world.in_flight()) >= world.max_jobs:
            raise Refusal(429, "rate_limit_exceeded", headers={"Retry-After": "1"})
        render = world.new_render(video, audio, wish)
        return 200, {"data": {"lipsync_id": render.id}}

    def _refuse_create(self, wish: dict[str, Any]) -> None:
        scenario = self.world.scenario
        if scenario.is_on("no_credits") or (
            self.world.balance_usd is not None and self.world.balance_usd <= 0
        ):
            raise Refusal(402, "insufficient_credit", "Insufficient credit.")
        if scenario.is_on("refused_content"):
            raise Refusal(400, "invalid_parameter", "Rejected by moderation: consent is missing.", "video")
        if scenario.is_on("unreadable_media", at="media"):
            raise Refusal(400, "invalid_parameter", "The video cannot be decoded.", "video")
        if scenario.is_on("quota_exceeded"):
            raise Refusal(429, "quota_exceeded")
        if scenario.is_on("rate_limited", at="create"):
            later = datetime.now(UTC) + timedelta(seconds=1)
            told = {"date": format_datetime(later, usegmt=True), "absent": ""}.get(
                scenario.how, scenario.how or "1"
            )
            raise Refusal(429, "rate_limit_exceeded", headers={"Retry-After": told} if told else {})

    def _asset(self, wish: dict[str, Any], name: str) -> Asset:
        given = wish.get(name)
        if not isinstance(given, dict) or given.get("type") != "asset_id":
            raise Refusal(400, "invalid_parameter", f"{name} is required.", name)
        asset = self.world.assets.get(str(given.get("asset_id")))
        if asset is None or not asset.ready:
            raise Refusal(404, "asset_not_found")
        if not asset.mime_type.startswith(name):
            raise Refusal(400, "invalid_parameter", f"{name} is {asset.mime_type}.", name)
        return asset

    def get(self, query: Any, body: bytes, render_id: str) -> tuple[int, Any]:
        return 200, {"data": self._tell(self._render(render_id))}

    def _render(self, render_id: str) -> Render:
        self.world.settle()
        render = self.world.renders.get(render_id)
        if render is None or render.state == "gone":
            raise Refusal(404, "video_not_found")
        return render

    def _tell(self, render: Render) -> dict[str, Any]:
        render.looks += 1
        scenario, state = render.scenario, render.state
        if scenario.is_on("unknown_status", at="look"):
            state = "polishing"
        url = None
        if state == "completed" and not scenario.is_on("completed_no_url"):
            seconds = -1.0 if scenario.is_on("expired_url", at="url") else 3600.0
            url = f"{self.server.url}/_files/{self.world.sign('result', render.id, seconds)}"
        return {
            "id": render.id,
            "status": state,
            "video_url": url,
            "caption_url": None,
            "duration": render.seconds if state == "completed" else None,
            "title": render.title,
            "callback_id": render.callback_id,
            "created_at": int(render.created_at),
            "failure_message": MESSAGES.get(scenario.name) if state == "failed" else None,
        }

    def list(self, query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        self.world.settle()
        all_of_them = [one for one in reversed(self.world.renders.values()) if one.state != "gone"]
        start, limit = int(query.get("token", ["0"])[0]), min(100, int(query.get("limit", ["20"])[0]))
        page, more = all_of_them[start : start + limit], len(all_of_them) > start + limit
        return 200, {
            "data": [self._tell(one) for one in page],
            "has_more": more,
            "next_token": str(start + limit) if more else None,
        }

    def statuses(self, query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        self.world.settle()
        words = {"pending": "queued", "running": "processing", "gone": "not_found"}
        found = []
        for render_id in query.get("lipsync_ids", [""])[0].split(",")[:100]:
            render = self.world.renders.get(render_id)
            state = render.state if render else "gone"
            found.append({"video_id": render_id, "status": words.get(state, state)})
        return 200, {"data": found}

    def delete_render(self, query: Any, body: bytes, render_id: str) -> tuple[int, Any]:
        self._render(render_id).state = "gone"
        return 200, {"data": {"id": render_id}}

    def upload(self, query: Any, body: bytes) -> tuple[int, Any]:
        content = multipart(self.headers, body).get("file")
        if content is None:
            raise Refusal(400, "invalid_parameter", "file is required.", "file")
        if len(content) > self.world.upload_bytes or self.world.scenario.is_on("asset_too_big"):
            raise Refusal(413, "payload_too_large")
        mime_type = film.sniff(content)
        if mime_type is None:
            raise Refusal(400, "invalid_parameter", "Unsupported file type.", "file")
        asset = self.world.new_asset(content, mime_type)
        return 200, {
            "data": {
                "asset_id": asset.id,
                "url": f"{self.server.url}/_files/{self.world.sign('asset', asset.id)}",
                "mime_type": mime_type,
                "size_bytes": len(content),
            }
        }

    def direct_upload(self, query: Any, body: bytes) -> tuple[int, Any]:
        wish = parsed(body)
        asset = self.world.new_asset(b"", str(wish["content_type"]), ready=False)
        asset.upload = {**wish, "signature": self.world.sign("signature", asset.id)}
        return 200, {
            "data": {
                "asset_id": asset.id,
                "upload_url": f"{self.server.url}/_s3/{self.world.sign('upload', asset.id, 900)}",
                "upload_headers": {
                    "Content-Type": wish["content_type"],
                    "x-amz-meta-signature": asset.upload["signature"],
                },
                "expires_in_seconds": 900,
                "max_bytes": 500_000_000,
                "status": "pending_upload",
            }
        }

    def complete(self, query: Any, body: bytes, asset_id: str) -> tuple[int, Any]:
        if self.world.scenario.is_on("complete_fail", at="complete"):
            raise Refusal(500, "internal_error")
        asset = self.world.assets.get(asset_id)
        if asset is None or not asset.path.stat().st_size:
            raise Refusal(404, "asset_not_found")
        asset.ready = True
        return 200, {"data": {"asset_id": asset_id, "status": "processing"}}

    def delete_asset(self, query: Any, body: bytes, asset_id: str) -> tuple[int, Any]:
        if self.world.assets.pop(asset_id, None) is None:
            raise Refusal(404, "asset_not_found")
        return 200, {"data": {"asset_id": asset_id}}

    def me(self, query: Any, body: bytes) -> tuple[int, Any]:
        balance = None if self.world.scenario.is_on("balance_null") else self.world.balance_usd
        if self.world.scenario.is_on("no_credits"):
            balance = 0.0
        wallet = {"currency": "usd", "remaining_balance": balance, "auto_reload": None}
        return 200, {"data": {"username": "fake", "billing_type": "wallet", "wallet": wallet}}

    # Storage

    def _s3(self, token: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        expires, kind, asset_id = self.world.tokens.get(token, (0.0, "", ""))
        asset = self.world.assets.get(asset_id)
        if kind != "upload" or asset is None or asset.upload is None or expires < self.world.now():
            return 403, {"Content-Type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>"
        wanted = asset.upload
        faults = {
            411: "chunked" in self.headers.get("Transfer-Encoding", ""),
            403: self.headers.get("x-amz-meta-signature") != wanted["signature"]
            or self.headers.get("Content-Type") != wanted["content_type"],
            400: len(body) != wanted["size_bytes"],
        }
        if self.world.scenario.is_on("upload_fail", at="put"):
            faults[403 if self.world.scenario.how != "500" else 500] = True
        for status, is_so in faults.items():
            if is_so:
                return status, {"Content-Type": "application/xml"}, b"<Error/>"
        asset.path.write_bytes(body)
        return 200, {}, b""

    def _file(self, token: str) -> tuple[int, dict[str, str], bytes]:
        expires, kind, identifier = self.world.tokens.get(token, (0.0, "", ""))
        if expires < self.world.now():
            return 403, {"Content-Type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>"
        if kind == "asset":
            return 200, {}, self.world.assets[identifier].path.read_bytes()
        render = self.world.renders[identifier]
        if render.scenario.is_on("redirect_private_ip"):
            return 302, {"Location": render.scenario.how or "http://169.254.169.254/latest/meta-data/"}, b""
        return self._ranged(render.scenario, self.world.film_of(render).read_bytes())

    def _ranged(self, scenario: Scenario, content: bytes) -> tuple[int, dict[str, str], bytes]:
        headers = {"Content-Type": "video/mp4", "Accept-Ranges": "bytes", "ETag": '"film"'}
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if found and self.headers.get("If-Range", '"film"') == '"film"':
            start = int(found.group(1))
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            return 206, headers, content[start:]
        if scenario.is_on("truncated", at="download"):
            return 200, headers | {"X-Claimed-Length": str(len(content))}, content[: len(content) // 2]
        return 200, headers, content

    # Control

    def _control(self, what: str, body: bytes) -> Any:
        wish, world = parsed(body), self.world
        if what == "scenario":
            world.scenario = Scenario(wish["name"], int(wish.get("times", 2)), str(wish.get("how", "")))
        elif what == "tick":
            world.moved_seconds += float(wish["seconds"])
        return world.report() if what == "journal" else {"ok": True}


ROUTES: tuple[tuple[str, str, Callable[..., tuple[int, Any]]], ...] = (
    ("POST", r"/v3/lipsyncs", Handler.create),
    ("GET", r"/v3/lipsyncs", Handler.list),
    ("GET", r"/v3/lipsyncs/statuses", Handler.statuses),
    ("GET", r"/v3/lipsyncs/([\w-]+)", Handler.get),
    ("DELETE", r"/v3/lipsyncs/([\w-]+)", Handler.delete_render),
    ("POST", r"/v3/assets", Handler.upload),
    ("POST", r"/v3/assets/direct-uploads", Handler.direct_upload),
    ("POST", r"/v3/assets/([\w-]+)/complete", Handler.complete),
    ("DELETE", r"/v3/assets/([\w-]+)", Handler.delete_asset),
    ("GET", r"/v3/users/me", Handler.me),
    *hooks.ROUTES,
)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, world: World, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((host, port), Handler)
        self.world = world

    @property
    def address(self) -> str:
        return f"{self.server_address[0]!s}:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


@contextmanager
def serving(world: World) -> Iterator[Server]:
    """The fake, answering for as long as the block lasts."""
    server = Server(world)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        world.closed.set()
        server.shutdown()
        server.server_close()
        thread.join()
