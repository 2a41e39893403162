"""The way into a room: from a link or a name to LiveKit's address and a token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from rooms.client.errors import CallError

DEFAULT_SITE = "http://127.0.0.1:8000"
ASK_AGAIN_SECONDS = 2.0
TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Door:
    """Where a room is. ``invite`` is empty for people with an account."""

    site: str
    slug: str
    invite: str = ""


@dataclass(frozen=True)
class Pass:
    """What LiveKit wants to see, and who one is in there."""

    url: str
    token: str
    identity: str
    name: str
    sources: tuple[str, ...]


def find_door(room: str, site: str = DEFAULT_SITE) -> Door:
    """From an invite link, the address of a room, or the last part of that. Raises CallError."""
    parts = urlsplit(room)
    if parts.scheme not in {"http", "https"}:
        if "/" in room or not room:
            raise CallError(
                f"{room!r} is no room; give the link you were invited with, or the room's name in it."
            )
        return Door(site.rstrip("/"), room)
    path = parts.path.strip("/").split("/")
    if len(path) < 2 or path[-2] != "rooms":
        raise CallError("This link leads to no room; copy the address of the room or of its invitation.")
    invite = parse_qs(parts.query).get("invite", [""])[0]
    prefix = "/".join(["", *path[:-2]])
    return Door(f"{parts.scheme}://{parts.netloc}{prefix}", path[-1], invite)


async def enter(door: Door, name: str, key: str, on_wait: Callable[[str], None]) -> Pass:
    """A way in, after the waiting room where there is one. Raises CallError with the site's own words."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    wish = {"invite": door.invite or None, "name": name or None}
    async with httpx2.AsyncClient(base_url=door.site, timeout=TIMEOUT_SECONDS) as client:
        while True:
            answer = await _ask(client, f"/api/v1/rooms/{door.slug}/token", wish, headers)
            if answer["state"] == "admitted":
                return Pass(
                    answer["url"],
                    answer["token"],
                    answer["identity"],
                    answer["name"],
                    tuple(answer["sources"]),
                )
            on_wait(answer["message"])
            headers = {"X-Room-Seat": answer["seat"]} | headers
            await asyncio.sleep(ASK_AGAIN_SECONDS)


async def _ask(
    client: httpx2.AsyncClient, path: str, wish: dict[str, Any], headers: dict[str, str]
) -> dict[str, Any]:
    try:
        response = await client.post(path, json=wish, headers=headers)
        answer: dict[str, Any] = response.json()
    except (httpx2.HTTPError, ValueError):
        raise CallError(f"No avsite answers at {client.base_url}; check the address, or start it.") from None
    if response.status_code != 200:
        error = answer.get("error", {})
        raise CallError(str(error.get("message") or f"The site answered {response.status_code}."))
    return answer
