"""A page as the server sees one: follows a WebSocket and connects again whenever it closes."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol

AGAIN_SECONDS = 0.3


class Listener:
    """``messages`` grows in a thread of its own until ``stop``; ``closes`` holds the close codes."""

    def __init__(self, port: int, path: str, session_key: str = "") -> None:
        self.port = port
        self.path = path
        self.session_key = session_key
        self.messages: list[dict[str, Any]] = []
        self.closes: list[int | None] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen()), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(10)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._over.is_set():
            closed = loop.create_future()
            try:
                transport, _ = await loop.create_connection(self._factory(closed), "127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            while not closed.done() and not self._over.is_set():
                await asyncio.wait([closed], timeout=0.1)
            transport.close()
            await asyncio.sleep(AGAIN_SECONDS)

    def _factory(self, closed: asyncio.Future[None]) -> Any:
        listener = self

        class Protocol(WebSocketClientProtocol):  # type: ignore[misc]
            def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
                listener.messages.append(json.loads(payload))

            def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803
                listener.closes.append(code)
                if not closed.done():
                    closed.set_result(None)

        factory = WebSocketClientFactory(
            f"ws://127.0.0.1:{self.port}{self.path}",
            origin=f"http://127.0.0.1:{self.port}",
            headers={"Cookie": f"sessionid={self.session_key}"},
        )
        factory.protocol = Protocol
        return factory
