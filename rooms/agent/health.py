"""What the agent process tells about itself: a health page, figures for Prometheus, a heartbeat."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import jwt
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from rooms.agent.headroom import Headroom

HEARTBEAT_SECONDS = 2.0
TOKEN_SECONDS = 60


class Health:
    """Serves ``/`` and ``/metrics`` on ``port``; beats at ``heartbeat_url`` when one is given."""

    def __init__(self, headroom: Headroom, is_connected: Callable[[], bool]) -> None:
        self.worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._headroom = headroom
        self._is_connected = is_connected
        self._registry = CollectorRegistry()
        self._gauges = {
            name: Gauge(f"avsite_agent_{name}", text, registry=self._registry)
            for name, text in (
                ("places", "Avatars of the usual size this process can draw at once"),
                ("sessions", "Avatars in hand"),
                ("load", "0 idle to 1 full"),
                ("pictures_shown", "Pictures sent by the sessions in hand"),
                ("pictures_late", "Pictures dropped, not drawn or missing, of the sessions in hand"),
                ("connected", "1 while registered with the LiveKit server"),
                ("cpu_seconds", "Processor time used by the process"),
            )
        }
        self._runner: web.AppRunner | None = None
        self._soon = asyncio.Event()

    def tell_soon(self) -> None:
        """Something has changed that the site should know before the next heartbeat is due."""
        self._soon.set()

    def describe(self) -> dict[str, Any]:
        """The state of the process."""
        sessions = self._headroom.sessions
        return {
            "worker": self.worker,
            "places": self._headroom.places,
            "busy": len(sessions),
            "load": round(self._headroom.load(), 3),
            "draining": self._headroom.is_draining,
            "connected": self._is_connected(),
            "sessions": sessions,
        }

    async def serve(self, host: str, port: int) -> int:
        """Start to answer; returns the port. Raises OSError when it is taken."""
        app = web.Application()
        app.add_routes([web.get("/", self._answer), web.get("/metrics", self._metrics)])
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def aclose(self) -> None:
        """Stop answering."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def beat(self, url: str, api_key: str, api_secret: str) -> None:
        """Tell the site every other second that this process lives; one that is away is no error."""
        timeout = aiohttp.ClientTimeout(total=HEARTBEAT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                claims = {"iss": api_key, "sub": "avsite-agent", "exp": int(time.time()) + TOKEN_SECONDS}
                headers = {"Authorization": f"Bearer {jwt.encode(claims, api_secret, algorithm='HS256')}"}
                try:
                    async with session.post(url, json=self.describe(), headers=headers):
                        pass
                except (aiohttp.ClientError, TimeoutError, OSError):
                    pass
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._soon.wait(), HEARTBEAT_SECONDS)
                self._soon.clear()

    async def _answer(self, _: web.Request) -> web.Response:
        state = self.describe()
        return web.json_response(state, status=200 if state["connected"] else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        shown, late = self._headroom.totals()
        state = self.describe()
        times = os.times()
        values = {
            "places": state["places"],
            "sessions": state["busy"],
            "load": state["load"],
            "pictures_shown": shown,
            "pictures_late": late,
            "connected": int(self._is_connected()),
            "cpu_seconds": times.user + times.system,
        }
        for name, value in values.items():
            self._gauges[name].set(value)
        body = await asyncio.to_thread(generate_latest, self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
