"""Which addresses files may go to and come from: named hosts over https, and never into our own network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from lipsync.engines.base import RemoteError


def require_allowed(url: str, hosts: Sequence[str]) -> None:
    """Raises RemoteError for an address that is not to be called.

    hosts  suffixes of names; one with a port is an exact address that is trusted as it stands
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise _refused("not an address") from None
    if parts.username or parts.password:
        raise _refused("one with a password in it")
    if parts.scheme in ("http", "https") and port and f"{host}:{port}" in hosts:
        return
    if parts.scheme != "https":
        raise _refused("not one by https")
    if not any(host == suffix or host.endswith(f".{suffix}") for suffix in hosts if ":" not in suffix):
        raise _refused("of a host that is not on the site's list")
    if not all(map(_is_public, _addresses(host, port or 443))):
        raise _refused("of a private network")


def _addresses(host: str, port: int) -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError:
        raise RemoteError("HeyGen's storage cannot be found; try again later.", trip="down") from None


def _is_public(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_global


def _refused(what: str) -> RemoteError:
    return RemoteError(f"HeyGen named an address for its files that is {what}; it was not called.")
