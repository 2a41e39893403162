"""A receiver of webhooks as its users write one, behind a real socket, verified by the public package."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError


@dataclass
class Receiver:
    """What it got, and what it answers."""

    url: str
    secret: str = ""
    status: int = 204
    refusals: int = 0
    """So many messages are answered 500 before others are accepted."""
    headers: dict[str, str] = field(default_factory=dict)
    verified: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    forged: int = 0
    hold: threading.Event = field(default_factory=threading.Event)
    """Set while it answers; cleared, it keeps its senders waiting."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                message = Webhook(receiver.secret).verify(body, dict(self.headers))
            except WebhookVerificationError:
                receiver.forged += 1
                self.send_response(401)
            else:
                receiver.verified.append(message)
                receiver.ids.append(self.headers["webhook-id"])
                receiver.hold.wait(30)
                self.send_response(500 if receiver.refusals else receiver.status)
                receiver.refusals = max(0, receiver.refusals - 1)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook")
    receiver.hold.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.hold.set()
        server.shutdown()
        server.server_close()
