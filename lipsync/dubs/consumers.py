"""Live dubs over WebSocket: which of a person's dubs changed, to be read by the API."""

from __future__ import annotations

from typing import Any

from channels.db import database_sync_to_async

from avsite.accounts.models import User
from avsite.live import UNSIGNED, LiveConsumer
from lipsync.dubs.bell import owner_group
from lipsync.dubs.models import Dub
from lipsync.dubs.schemas import describe_dub

NEWEST = 50


class DubsConsumer(LiveConsumer):
    """Every dub of the person who is signed in: ``/ws/dubs/``. Sends each as it is, whenever it changed."""

    user: User

    async def connect(self) -> None:
        await self.accept()
        self.sent: dict[str, tuple[int, int]] = {}
        user = self.scope.get("user")
        if not isinstance(user, User) or not user.is_active:
            await self.close(UNSIGNED)
            return
        self.user = user
        await self.follow(owner_group(user.pk))

    async def show_first(self) -> None:
        dubs = await self.read()
        self.sent = {dub["id"]: (dub["revision"], dub["percent"]) for dub in dubs}
        await self.send_json({"type": "snapshot", "dubs": dubs})

    async def look(self) -> None:
        dubs = {dub["id"]: dub for dub in await self.read()}
        for dub_id, dub in dubs.items():
            seen = (dub["revision"], dub["percent"])
            if self.sent.get(dub_id) != seen:
                self.sent[dub_id] = seen
                await self.send_json({"type": "dub", "dub": dub})
        for dub_id in self.sent.keys() - dubs.keys():
            del self.sent[dub_id]
            await self.send_json({"type": "removed", "id": dub_id})

    async def dub_changed(self, message: dict[str, str]) -> None:
        """The channel layer rang."""
        async with self.turn:
            await self.look()

    @database_sync_to_async
    def read(self) -> list[dict[str, Any]]:
        dubs = Dub.objects.filter(owner=self.user).select_related("source", "job")[:NEWEST]
        return [describe_dub(dub).model_dump(mode="json") for dub in dubs]
