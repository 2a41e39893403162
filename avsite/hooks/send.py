"""Sends one message. Loads aiohttp, so only workers import this."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from django.utils import timezone

from avsite.hooks import address
from avsite.hooks.models import Delivery
from avsite.hooks.outbox import SEND_SECONDS
from avsite.hooks.signing import SecretLost, sign

READ_BYTES = 4096
"""Of an answer; what it says is of no interest, and its length is the receiver's to choose."""


@dataclass(frozen=True)
class Outcome:
    """How a try went. ``status`` None: there was no answer; ``message`` "" when it was accepted."""

    status: int | None = None
    milliseconds: int | None = None
    message: str = ""


class PublicResolver(AbstractResolver):
    """Looks names up and refuses those that lead into this site's own network."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found: Any = await asyncio.to_thread(address.resolve, host, port)
        return list(found)

    async def close(self) -> None:
        """Nothing is held open."""


def send(delivery: Delivery) -> Outcome:
    """One try. Never raises: whatever goes wrong is the outcome."""
    endpoint, now = delivery.endpoint, timezone.now()
    try:
        address.check_url(endpoint.url)
        secrets = endpoint.signing_secrets(now)
    except address.BadAddress as error:
        return Outcome(message=str(error))
    except SecretLost:
        return Outcome(message="The site's own key has changed; roll this endpoint's secret.")
    headers = {
        **sign(delivery.message_id, int(now.timestamp()), delivery.body, secrets),
        "Content-Type": "application/json",
        "User-Agent": "avsite-webhooks/1",
    }
    return asyncio.run(_post(endpoint.url, delivery.body.encode(), headers))


async def _post(url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    began = time.monotonic()
    connector = aiohttp.TCPConnector(resolver=PublicResolver(), use_dns_cache=False, force_close=True)
    try:
        async with (
            asyncio.timeout(SEND_SECONDS),
            aiohttp.ClientSession(connector=connector, trust_env=False) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            await response.content.read(READ_BYTES)
            status = response.status
    except address.BadAddress as error:
        return Outcome(message=str(error))
    except TimeoutError:
        return Outcome(message=f"It gave no answer within {SEND_SECONDS:g} seconds.")
    except aiohttp.ClientConnectorCertificateError:
        return Outcome(message="Its certificate is not one that is trusted.")
    except (aiohttp.ClientError, OSError) as error:
        return Outcome(message=f"It could not be reached ({type(error).__name__}).")
    milliseconds = round(1000 * (time.monotonic() - began))
    if 200 <= status < 300:
        return Outcome(status, milliseconds)
    moved = " Redirects are not followed: give the address it moved to." if 300 <= status < 400 else ""
    return Outcome(status, milliseconds, f"It answered {status} where 2xx is wanted.{moved}")
