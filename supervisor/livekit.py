"""The LiveKit server: the one that LIVEKIT_URL names, or one of our own on loopback ports."""

from __future__ import annotations

import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from supervisor.prepare import (
    LOOPBACK,
    LOOPBACK_ADDRESS,
    Site,
    StartError,
    free_port,
    network_address,
    why_port_is_unusable,
)

PORT, TCP_PORT, UDP_PORT = 7880, 7881, 7882
SECRET_LENGTH = 32
"""Characters; LiveKit itself warns of shorter ones."""
WEBHOOK_PATH = "/api/v1/livekit/webhook"
DEPARTURE_SECONDS = 120
"""How long a room outlives its last person, so that a reload of the page finds its avatar again."""


@dataclass(frozen=True)
class LiveKit:
    """Where it is, and how ours is to be run."""

    owned: bool
    port: int = 0
    tcp_port: int = 0
    udp_port: int = 0
    key: str = ""
    secret: str = ""
    site: Site = Site(LOOPBACK_ADDRESS, 0)

    @property
    def url(self) -> str:
        return f"ws://{LOOPBACK_ADDRESS}:{self.port}"

    def write_config(self, run_dir: Path) -> Path:
        """livekit.yaml (as JSON, which is YAML), readable by its owner only for it holds the secret."""
        path = run_dir / "livekit.yaml"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self.config(), file, indent=1)
        return path

    def config(self) -> dict[str, object]:
        """For people on this machine alone, or on its network when the site is for them too."""
        is_local = self.site.host in LOOPBACK
        rtc: dict[str, object] = {
            "tcp_port": self.tcp_port,
            "udp_port": self.udp_port,
            "use_external_ip": False,
            "node_ip": LOOPBACK_ADDRESS if is_local else network_address(),
            "enable_loopback_candidate": True,
        }
        if is_local:
            rtc["interfaces"] = {"includes": ["lo"]}
        return {
            "port": self.port,
            "bind_addresses": [LOOPBACK_ADDRESS] if is_local else [""],
            "rtc": rtc,
            "room": {
                "auto_create": False,
                "sync_streams": True,
                "departure_timeout": DEPARTURE_SECONDS,
            },
            "keys": {self.key: self.secret},
            "webhook": {"api_key": self.key, "urls": [self.site.inner_url + WEBHOOK_PATH]},
            "logging": {"level": "error", "json": False},
        }


def choose_livekit(site: Site, data_dir: Path) -> LiveKit:
    """The server to use. Raises StartError for a secret that is too short to be one."""
    if os.environ.get("LIVEKIT_URL", "").strip():
        return LiveKit(owned=False)
    key = os.environ.get("LIVEKIT_API_KEY", "").strip() or "avsite"
    secret = _given_secret() or kept_secret(data_dir / "livekit_secret")
    if len(secret) < SECRET_LENGTH:
        raise StartError(
            f"LIVEKIT_API_SECRET has {len(secret)} characters; give one of at least {SECRET_LENGTH}, or none."
        )
    return LiveKit(
        owned=True,
        port=_port(PORT, socket.SOCK_STREAM),
        tcp_port=_port(TCP_PORT, socket.SOCK_STREAM),
        udp_port=_port(UDP_PORT, socket.SOCK_DGRAM),
        key=key,
        secret=secret,
        site=site,
    )


def _given_secret() -> str:
    """As the site's settings read it: from the environment, or from the file it names."""
    path = os.environ.get("LIVEKIT_API_SECRET_FILE", "").strip()
    try:
        return Path(path).read_text().strip() if path else os.environ.get("LIVEKIT_API_SECRET", "").strip()
    except OSError as error:
        raise StartError(
            f"LIVEKIT_API_SECRET_FILE names {path}, which cannot be read: {error.strerror}."
        ) from None


def kept_secret(path: Path) -> str:
    """The secret in ``path``, made on first use; the site reads it there too."""
    if not path.exists():
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
        fresh.rename(path)
    return path.read_text().strip()


def _port(usual: int, kind: socket.SocketKind) -> int:
    """The usual port, or another when that is taken."""
    return usual if why_port_is_unusable(LOOPBACK_ADDRESS, usual, kind) is None else free_port(kind=kind)
