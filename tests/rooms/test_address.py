"""Where browsers find LiveKit, by whatever name they found the page."""

from __future__ import annotations

from typing import Any

import pytest

from rooms.address import connect_sources, public_url
from tests.conftest import Api


@pytest.mark.parametrize(
    ("livekit", "public", "host", "url"),
    [
        ("ws://127.0.0.1:7880", "", "localhost:8000", "ws://127.0.0.1:7880"),
        ("ws://127.0.0.1:7880", "", "studio.local:8000", "ws://studio.local:7880"),
        ("ws://127.0.0.1:7880", "", "[fe80::1]:8000", "ws://[fe80::1]:7880"),
        ("ws://livekit.lan:7880", "", "studio.local", "ws://livekit.lan:7880"),
        ("ws://livekit:7880", "wss://rtc.example.org", "localhost", "wss://rtc.example.org"),
    ],
)
def test_what_a_browser_is_told(livekit: str, public: str, host: str, url: str, settings: Any) -> None:
    settings.LIVEKIT_URL, settings.LIVEKIT_PUBLIC_URL = livekit, public
    assert public_url(host) == url
    assert connect_sources(host) == f"{url} {url.replace('ws', 'http', 1)}"


def test_pages_may_connect_to_it(nobody_api: Api, settings: Any) -> None:
    settings.LIVEKIT_URL, settings.LIVEKIT_PUBLIC_URL = "wss://mine.livekit.cloud", ""
    policy = nobody_api.get("/api/v1/session")["Content-Security-Policy"]
    connect = next(part for part in policy.split(";") if part.strip().startswith("connect-src"))
    assert {"wss://mine.livekit.cloud", "https://mine.livekit.cloud", "wss://*.livekit.cloud"} <= set(
        connect.split()
    )
