"""Calls to HeyGen's API. The key goes to its own address only; files go to and fro by ``transfer``."""

from __future__ import annotations

import json
import logging
import random
import ssl
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import stamina

from lipsync.engines.heygen.config import HeyGenConfig
from lipsync.engines.heygen.errors import Answer, HeyGenFailure, classify, read_answer
from lipsync.engines.heygen.wire import (
    Account,
    DirectUpload,
    Lipsync,
    read_account,
    read_direct_upload,
    read_lipsync,
)

logger = logging.getLogger(__name__)
Value = TypeVar("Value")

USER_AGENT = "avsite/0.1 (+lipsync)"
TRIES = 3
RETRY_SECONDS = 1.0
"""The first wait before a call is repeated is at most this."""
ELAPSED_SECONDS = 45.0
TIMEOUT = httpx2.Timeout(30.0, connect=5.0, write=120.0)
LIST_PAGES = 5
LIST_LIMIT = 100
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


@cache
def tls() -> ssl.SSLContext:
    """One for the process: reading the certificates takes longer than a call."""
    return httpx2.create_ssl_context()


class HeyGenClient:
    """One account. Every method raises HeyGenFailure."""

    def __init__(self, config: HeyGenConfig, transport: httpx2.BaseTransport | None = None) -> None:
        self.config = config
        self._http = httpx2.Client(
            headers={"X-Api-Key": config.api_key, "User-Agent": USER_AGENT, "Accept": "application/json"},
            timeout=TIMEOUT,
            follow_redirects=False,
            verify=tls(),
            transport=transport,
        )

    def close(self) -> None:
        self._http.close()

    def create(self, body: dict[str, Any], key: str) -> str:
        """Start a render; its id. The same ``key`` never starts a second one."""
        return self._call("POST", "create", _read_id("lipsync_id", "id"), json=body, key=key)

    def get(self, lipsync_id: str) -> Lipsync:
        return self._call("GET", "get", lambda answer: read_lipsync(answer["data"]), identifier=lipsync_id)

    def statuses(self, lipsync_ids: list[str]) -> dict[str, Lipsync]:
        """Up to 100 at once, by id; without their results."""

        def read(answer: Any) -> dict[str, Lipsync]:
            found = [read_lipsync(one) for one in answer["data"]]
            return {one.id: one for one in found}

        return self._call("GET", "statuses", read, params={"lipsync_ids": ",".join(lipsync_ids)})

    def find(self, callback_id: str) -> Lipsync | None:
        """The render that was started with this ``callback_id``, among the latest."""
        token = ""
        for _ in range(LIST_PAGES):
            params = {"limit": str(LIST_LIMIT)} | ({"token": token} if token else {})
            page = self._call("GET", "list", _whole, params=params)
            for one in map(read_lipsync, page.get("data") or []):
                if one.callback_id == callback_id:
                    return one
            token = str(page.get("next_token") or "")
            if not page.get("has_more") or not token:
                break
        return None

    def upload(self, path: Path, content_type: str, key: str) -> str:
        """A small file in one form; its asset's id."""
        with path.open("rb") as file:

            def files() -> dict[str, Any]:
                file.seek(0)
                return {"file": (path.name, file, content_type)}

            return self._call("POST", "upload", _read_id("asset_id", "id"), files=files, key=key)

    def begin_upload(self, path: Path, content_type: str, sha256: str, key: str) -> DirectUpload:
        body = {
            "filename": path.name,
            "content_type": content_type,
            "size_bytes": path.stat().st_size,
            "checksum_sha256": sha256,
        }
        return self._call(
            "POST", "direct_upload", lambda answer: read_direct_upload(answer["data"]), json=body, key=key
        )

    def complete_upload(self, asset_id: str, key: str) -> None:
        self._call("POST", "complete", _ignore, identifier=asset_id, json={}, key=key)

    def delete(self, name: str, identifier: str) -> None:
        """``name`` is "get" for a render and "asset" for a file. What is gone already is no failure."""
        try:
            self._call("DELETE", name, _ignore, identifier=identifier)
        except HeyGenFailure as failure:
            if failure.kind != "gone":
                raise

    def account(self) -> Account:
        return self._call("GET", "me", lambda answer: read_account(answer["data"]))

    def make_endpoint(self, url: str) -> str:
        """Have events sent to ``url``; the secret they are signed with, which is told this once."""

        def names(answer: Any) -> list[str]:
            told = [one.get("event_type", "") if isinstance(one, dict) else one for one in answer["data"]]
            return [str(name) for name in told]

        about_us = [one for one in self._call("GET", "event_types", names) if one.startswith("lipsync")]
        body = {"url": url, "events": about_us or ["batch.finished"]}
        return self._call("POST", "endpoints", _read_id("secret"), json=body, key=uuid.uuid4().hex)

    def _call(
        self,
        method: str,
        name: str,
        read: Callable[[Any], Value],
        *,
        identifier: str = "",
        key: str = "",
        files: Callable[[], dict[str, Any]] | None = None,
        **arguments: Any,
    ) -> Value:
        """One call, repeated while that may help; with ``key`` it takes effect once all the same."""
        headers = {"Idempotency-Key": key} if key else {}
        sent = False
        for attempt in stamina.retry_context(_full_jitter(RETRY_SECONDS), TRIES, ELAPSED_SECONDS):
            with attempt:
                try:
                    response = self._send(
                        method,
                        self.config.url(name, identifier),
                        headers=headers,
                        **arguments,
                        **({"files": files()} if files else {}),
                    )
                    return self._read(name, response, read)
                except HeyGenFailure as failure:
                    sent = failure.sent = sent or failure.sent
                    raise
        raise AssertionError("the loop above returns or raises")

    def _send(self, method: str, url: str, **arguments: Any) -> httpx2.Response:
        try:
            return self._http.request(method, url, **arguments)
        except httpx2.TransportError as error:
            sent = not isinstance(error, NOT_SENT)
            raise HeyGenFailure("down", Answer(0, type(error).__name__), sent=sent) from None

    def _read(self, name: str, response: httpx2.Response, read: Callable[[Any], Value]) -> Value:
        headers = {key.lower(): value for key, value in response.headers.items()}
        if not response.is_success:
            body = response.content.replace(self.config.api_key.encode() or b"\0", b"***")
            answer = read_answer(response.status_code, headers, body)
            kind = classify(answer, self.config.refusals)
            level = logging.ERROR if kind in ("bug", "key") else logging.WARNING
            logger.log(
                level,
                "HeyGen %s: HTTP %s %s, taken as %s, request %s",
                *(name, answer.status, answer.code[:60], kind, answer.request_id[:80]),
            )
            raise HeyGenFailure(kind, answer)
        try:
            return read(json.loads(response.content) if response.content else {})
        except (ValueError, KeyError, TypeError, AttributeError):
            logger.warning("HeyGen %s: HTTP %s with a body that cannot be read", name, response.status_code)
            raise HeyGenFailure("down", Answer(response.status_code, "unreadable")) from None


@contextmanager
def open_client(config: HeyGenConfig) -> Iterator[HeyGenClient]:
    client = HeyGenClient(config)
    try:
        yield client
    finally:
        client.close()


def _full_jitter(first_seconds: float) -> Callable[[Exception], float | bool]:
    """Waits anywhere up to a bound that doubles, so that many callers do not come back together."""
    bound = first_seconds / 2

    def wait(error: Exception) -> float | bool:
        nonlocal bound
        if not isinstance(error, HeyGenFailure) or not error.repeatable:
            return False
        bound = min(bound * 2, 30.0)
        return random.uniform(0.05, max(0.06, bound))  # noqa: S311 -- not a secret

    return wait


def _whole(answer: Any) -> dict[str, Any]:
    return dict(answer)


def _ignore(answer: Any) -> None:
    return None


def _read_id(*names: str) -> Callable[[Any], str]:
    def read(answer: Any) -> str:
        data = answer["data"]
        found = next((data[name] for name in names if data.get(name)), None)
        if not found:
            raise KeyError(names[0])
        return str(found)

    return read
