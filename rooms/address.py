"""Where LiveKit is: for this process, and for a browser that came by some name of this machine."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
CLOUD = ".livekit.cloud"


def http_url() -> str:
    """The server's address for calls of its API."""
    return str(settings.LIVEKIT_URL).replace("ws", "http", 1)


def public_url(host: str, *, is_secure: bool = False) -> str:
    """The address for a browser that asked for ``host`` (with or without a port).

    A server on this machine's loopback is reached by the name that the page itself was reached by.
    """
    if settings.LIVEKIT_PUBLIC_URL:
        return str(settings.LIVEKIT_PUBLIC_URL)
    own = urlsplit(settings.LIVEKIT_URL)
    asked = urlsplit(f"//{host}").hostname or ""
    if own.hostname not in LOOPBACK or asked in LOOPBACK:
        return str(settings.LIVEKIT_URL)
    name = f"[{asked}]" if ":" in asked else asked
    return urlunsplit(("wss" if is_secure else "ws", f"{name}:{own.port or 80}", own.path, "", ""))


def connect_sources(host: str, *, is_secure: bool = False) -> str:
    """What a page must be allowed to connect to, as a content security policy writes it."""
    url = public_url(host, is_secure=is_secure)
    sources = [url, url.replace("ws", "http", 1)]
    if (urlsplit(url).hostname or "").endswith(CLOUD):  # clients are sent on to a server near them
        sources += [f"wss://*{CLOUD}", f"https://*{CLOUD}"]
    return " ".join(sources)
