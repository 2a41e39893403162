"""What the site says about HeyGen. Prices, limits and paths change there, so each can be set here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MEGABYTE = 1024 * 1024
VERSION_SUFFIX = re.compile(r"/v\d+$")
PATHS = {
    "create": "/lipsyncs",
    "list": "/lipsyncs",
    "get": "/lipsyncs/{id}",
    "statuses": "/lipsyncs/statuses",
    "upload": "/assets",
    "direct_upload": "/assets/direct-uploads",
    "complete": "/assets/{id}/complete",
    "asset": "/assets/{id}",
    "me": "/users/me",
    "event_types": "/webhooks/event-types",
    "endpoints": "/webhooks/endpoints",
}
PRICES = {"speed": 0.0333, "precision": 0.0667}
"""US dollars for a second of output, pay as you go, as published in autumn 2026."""
LIMITS = {"upload_mb": 32, "video_mb": 100, "audio_mb": 50, "seconds": 600, "side": 1920}
HOSTS = ("heygen.com", "heygen.ai", "amazonaws.com")
REFUSALS = (
    "moderat",
    "consent",
    "policy",
    "nsfw",
    "inappropriate",
    "prohibited",
    "public figure",
    "celebrit",
    "not permitted content",
)
"""Parts of the messages with which content is refused. No other engine is tried behind such an answer."""


def bare_endpoint(url: str) -> str:
    """The address without a version at its end, which has its own setting."""
    return VERSION_SUFFIX.sub("", url.rstrip("/"))


@dataclass(frozen=True)
class HeyGenConfig:
    """Everything about one account at HeyGen."""

    api_key: str = field(default="", repr=False)
    endpoint: str = "https://api.heygen.com"
    generation: str = "v3"
    mode: str = "speed"
    prices: Mapping[str, float] = field(default_factory=lambda: dict(PRICES))
    limits: Mapping[str, float] = field(default_factory=lambda: dict(LIMITS))
    paths: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = HOSTS
    """Where uploads go to and results come from: suffixes, https only. One with a port is taken as it stands,
    http and this machine's own addresses included."""
    refusals: tuple[str, ...] = REFUSALS
    max_at_once: int = 5
    queue_seconds: float = 600.0
    poll_seconds: float = 2.0
    """Until the first look; each wait is twice the one before, up to POLL_LONGEST."""
    deadline_seconds: float = 600.0
    deadline_limit_seconds: float = 3600.0
    keep_files: bool = False
    """Leave uploads and results on HeyGen's machines."""
    callback_url: str = field(default="", repr=False)
    """Where HeyGen may say that a render has ended; empty: nowhere."""

    def url(self, name: str, identifier: str = "") -> str:
        path = self.paths.get(name) or f"/{self.generation}{PATHS[name]}"
        return bare_endpoint(self.endpoint) + path.replace("{id}", identifier)

    def limit_bytes(self, name: str) -> int:
        return int(self._limit(name) * MEGABYTE)

    def limit(self, name: str) -> float:
        return self._limit(name)

    def _limit(self, name: str) -> float:
        return float(self.limits.get(name, LIMITS[name]))

    @property
    def usd_per_second(self) -> float:
        return float(self.prices.get(self.mode, max(self.prices.values(), default=0.0)))

    def deadline(self, seconds: float) -> float:
        """How long a clip of ``seconds`` may take."""
        return min(max(self.deadline_seconds, 120 + 10 * seconds), self.deadline_limit_seconds)

    def key_print(self) -> str:
        return hashlib.sha256(self.api_key.encode()).hexdigest()[:12]
