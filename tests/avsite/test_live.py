"""Sockets that follow rows, as an ASGI server drives them."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from autobahn.exception import Disconnected
from channels.exceptions import StopConsumer

from avsite.live import LiveConsumer


class Clock(LiveConsumer):
    """Sends twice, then closes, whoever is still there."""

    async def connect(self) -> None:
        await self.accept()
        await self.send_json({"tick": 1})
        await self.send_json({"tick": 2})
        await self.close(4403)


def test_a_page_that_has_gone_is_no_error() -> None:
    sent: list[str] = []

    async def send(message: Any) -> None:
        """As daphne does when the browser went while a row was being read."""
        if len(sent) == 2:
            raise Disconnected("Attempt to send on a closed protocol")
        sent.append(message["type"])

    async def drive() -> None:
        page = Clock()
        page.base_send = send
        await page.websocket_connect({"type": "websocket.connect"})
        try:
            await page.websocket_disconnect({"type": "websocket.disconnect", "code": 1001, "reason": ""})
        except StopConsumer:
            sent.append("stopped")

    async_to_sync(drive)()
    assert sent == ["websocket.accept", "websocket.send", "stopped"]
