"""Where webhooks may go: to the internet, and not to this site's own network.

A name is looked up once for each send, every address it has is judged, and the connection is made to one of
those very addresses: a name that points elsewhere a moment later leads nowhere.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

LENGTH = 500
NAT64 = ipaddress.ip_network("64:ff9b::/96")
NOT_PUBLIC = "It leads to an address that is not on the internet; give one that is."

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadAddress(ValueError):
    """Why a message may not go there, in a sentence for the endpoint's owner."""


def check_url(url: str) -> SplitResult:
    """The parts of ``url``. Raises BadAddress for what can be told without looking its name up."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise BadAddress("This is not an address; write it as https://example.org/hook.") from None
    schemes = {"https", "http"} if settings.HOOKS_LOCAL else {"https"}
    if parts.scheme not in schemes:
        raise BadAddress("Webhooks go by HTTPS; give an address that begins with https://.")
    if not host or port == 0 or len(url) > LENGTH or not url.isprintable() or " " in url or "\\" in url:
        raise BadAddress("This is not an address; write it as https://example.org/hook.")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("Leave user name and password out; the signature says who sends it.")
    if parts.fragment:
        raise BadAddress("Leave out what comes after the #; it is never sent.")
    try:
        literal = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return parts
    _require_public([literal])
    return parts


def resolve(host: str, port: int) -> list[dict[str, Any]]:
    """Addresses of ``host``, as aiohttp's resolvers give them. Raises BadAddress unless all are public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadAddress("Its name leads to no address; check it for typing errors.") from None
    _require_public([ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found])
    return [
        {
            "hostname": host,
            "host": str(entry[4][0]),
            "port": port,
            "family": entry[0],
            "proto": entry[2],
            "flags": socket.AI_NUMERICHOST,
        }
        for entry in found
    ]


def is_public(address: Address) -> bool:
    """Whether the address is on the internet, also when it is wrapped in one of another kind."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.teredo is not None:
            return False
        if inner is None and address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    # ``is_private`` besides: what is_global says of a few ranges differs between Python releases.
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_private
    )


def _require_public(addresses: list[Address]) -> None:
    if not settings.HOOKS_LOCAL and not all(map(is_public, addresses)):
        raise BadAddress(NOT_PUBLIC)
