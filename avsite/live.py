"""Pages that follow rows live: a bell over Redis that says when to look, and sockets that look anyway.

The bell carries no state: whoever hears it reads the rows. A message that is lost, late or doubled therefore
cannot show anyone something untrue; and the rows are read again every ``LOOK_SECONDS``, so that what is shown
at last is always so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from asgiref.sync import async_to_sync
from autobahn.exception import Disconnected
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import BaseChannelLayer, get_channel_layer
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

UNSIGNED, STRANGER = 4401, 4403
"""Close codes: nobody is signed in; what is asked for is not this person's to see."""
LOOK_SECONDS = 2.0
JOIN_SECONDS = 1.5
"""A channel layer whose Redis has just gone may never answer."""
RING_SECONDS = 1.5
_AWAY = (OSError, TimeoutError, RedisError)


class _Bell:
    """Remembers whether Redis was away, so that an outage is one line in the log and not thousands."""

    silent = False


def ring(message: dict[str, str], *groups: str) -> None:
    """Tell every page that listens to one of ``groups`` to look again. Never raises."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(_send)(layer, groups, message)
    except Exception as error:  # noqa: BLE001 -- whatever is wrong with Redis, the work goes on
        if not _Bell.silent:
            logger.warning("Pages are not told of changes while Redis is away: %s", error)
        _Bell.silent = True
    else:
        _Bell.silent = False


async def _send(layer: BaseChannelLayer, groups: tuple[str, ...], message: dict[str, str]) -> None:
    # A connection that was open when Redis went may never answer.
    async with asyncio.timeout(RING_SECONDS):
        for group in groups:
            await layer.group_send(group, message)


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """A socket that follows rows. Subclasses accept, call ``follow``, and say in ``look`` what changed."""

    looking: asyncio.Task[None] | None = None
    group = ""
    joined = False

    async def __call__(self, *connection: Any) -> None:
        try:
            await super().__call__(*connection)
        finally:
            # When the channel layer fails, nobody calls ``disconnect``.
            if self.looking is not None:
                self.looking.cancel()

    async def send_json(self, content: Any, close: bool = False) -> None:
        """Send to the page; nothing once it has gone, which it may while a row is being read."""
        with contextlib.suppress(Disconnected):
            await super().send_json(content, close)

    async def close(self, code: int | bool | None = None, reason: str | None = None) -> None:
        with contextlib.suppress(Disconnected):
            await super().close(code, reason)

    async def follow(self, group: str) -> None:
        """Show everything, and from then on every change that the bell of ``group`` or a look tells of."""
        self.group = group
        self.turn = asyncio.Lock()
        async with self.turn:
            await self.join_group()
            await self.show_first()
        self.looking = asyncio.create_task(self._look_again())

    async def show_first(self) -> None:
        """Send the snapshot."""
        raise NotImplementedError

    async def look(self) -> None:
        """Read the rows and send what the page does not know yet. Called by turns."""
        raise NotImplementedError

    async def join_group(self) -> None:
        """Ask to be told of changes. While Redis is away the rows are looked at all the same."""
        with contextlib.suppress(*_AWAY):
            async with asyncio.timeout(JOIN_SECONDS):
                await self.channel_layer.group_add(self.group, self.channel_name)
            self.joined = True

    async def disconnect(self, code: int) -> None:
        if self.joined:
            with contextlib.suppress(*_AWAY):
                async with asyncio.timeout(JOIN_SECONDS):
                    await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Nothing is listened to."""

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self.joined:
                await self.join_group()
            async with self.turn:
                await self.look()
