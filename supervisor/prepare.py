"""What must be true before anything starts: a free port, a Redis, a database with today's tables."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 8000
PORTS_TRIED = 50
LOOPBACK_ADDRESS = "127.0.0.1"
LOOPBACK = (LOOPBACK_ADDRESS, "localhost", "::1")


class StartError(Exception):
    """Why avsite cannot start, in one sentence with the fix."""


@dataclass(frozen=True)
class Site:
    """Where the pages are served."""

    host: str
    """The address listened on."""
    port: int

    @property
    def address(self) -> str:
        """An address of this machine at which the listener answers."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 -- read, not bound

    @property
    def url(self) -> str:
        """What to open in a browser on this machine."""
        name = "localhost" if self.address in LOOPBACK else self.address
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}"

    @property
    def inner_url(self) -> str:
        """The same for programs of this machine, which need not know how ``localhost`` is written."""
        return f"http://{f'[{self.address}]' if ':' in self.address else self.address}:{self.port}"


@dataclass(frozen=True)
class Redis:
    """The Redis to use: the one given, or one of our own on a free loopback port behind a password."""

    url: str
    """Empty when it is in the file that REDIS_URL_FILE names, which every process reads for itself."""
    owned: bool
    port: int = 0
    password: str = ""

    def config(self, run_dir: Path) -> bytes:
        """redis.conf by standard input, so that the password is in no command line and no file."""
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f"dir {run_dir}",
            # The database holds the truth about jobs; what Redis holds may be lost.
            'save ""',
            "appendonly no",
            "loglevel warning",
        ]
        return "\n".join([*lines, ""]).encode()


FAKE_HEYGEN_KEY = "fake-heygen-key"


@dataclass(frozen=True)
class Fakes:
    """Stand-ins for paid services that were asked for by WITH=fake-heygen; 0: not wanted."""

    heygen_port: int = 0

    def environment(self) -> dict[str, str]:
        """What sends the site there. A real key that is set stays out of it."""
        if not self.heygen_port:
            return {}
        address = f"{LOOPBACK_ADDRESS}:{self.heygen_port}"
        return {
            "HEYGEN_API_KEY": FAKE_HEYGEN_KEY,
            "HEYGEN_API_KEY_FILE": "",
            "HEYGEN_API_ENDPOINT": f"http://{address}",
            "HEYGEN_DOWNLOAD_HOSTS": address,
        }


NO_FAKES = Fakes()


def choose_fakes(wanted: str) -> Fakes:
    """``wanted`` is what WITH= says: names with commas between."""
    names = {name.strip() for name in wanted.split(",")}
    return Fakes(free_port() if "fake-heygen" in names else 0)


def choose_site(host: str, port: str) -> tuple[Site, str | None]:
    """Where to listen, and a sentence for the user when it is not where they would look.

    ``port`` is what the user gave: empty for "8000 or the next free one", "0" for any free one.
    Raises StartError when a given port is taken or cannot be had.
    """
    if port and not (port.isdigit() and int(port) < 65536):
        raise StartError(f"PORT is {port!r}; give a number from 1 to 65535, such as: make run PORT=8080")
    if port == "0":
        return Site(host, free_port(host)), None
    if port:
        reason = why_port_is_unusable(host, int(port))
        if reason:
            raise StartError(
                f"Port {port} on {host} {reason}; choose another, such as: make run PORT={int(port) + 1}"
            )
        return Site(host, int(port)), None
    for number in range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED):
        reason = why_port_is_unusable(host, number)
        if reason is None:
            said = f"Port {DEFAULT_PORT} is taken by another program; using {number} instead."
            return Site(host, number), said if number != DEFAULT_PORT else None
        if "address" in reason:
            raise StartError(
                f"HOST={host} {reason}; use an address of this machine, such as: make run HOST=0.0.0.0"
            )
    raise StartError(
        f"Ports {DEFAULT_PORT} to {DEFAULT_PORT + PORTS_TRIED - 1} are all taken; give one with PORT=."
    )


def why_port_is_unusable(host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> str | None:
    """None when ``host:port`` can be listened on, else why not, as the end of a sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            if kind == socket.SOCK_STREAM:
                probe.listen(1)
        except PermissionError:
            return "needs more rights than you have"
        except socket.gaierror:
            return "is not an address"
        except OSError as error:
            return "is taken by another program" if error.errno == 98 else "is not an address of this machine"
    return None


def free_port(host: str = LOOPBACK_ADDRESS, kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port nobody listens on just now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def network_address() -> str:
    """The address by which others on the network reach this machine; the loopback one without a network."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: only asks which address would be used
        return str(probe.getsockname()[0])
    return LOOPBACK_ADDRESS


def choose_redis(url: str, in_file: bool = False) -> Redis:
    """The Redis behind ``url``, or one of our own when none is given. Raises StartError without either."""
    if url or in_file:
        return Redis(url, owned=False)
    if shutil.which("redis-server") is None:
        raise StartError(
            "No redis-server was found; install it (apt install redis-server), "
            "or give the address of a running one in REDIS_URL."
        )
    port, password = free_port(), secrets.token_urlsafe(24)
    return Redis(f"redis://:{password}@127.0.0.1:{port}/0", owned=True, port=port, password=password)


def lock_data(data_dir: Path) -> int:
    """Hold ``data_dir`` for this run and return the descriptor of the lock, which leaves no file.

    Raises StartError when another run holds it or it cannot be written.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(data_dir, os.O_RDONLY)
    except OSError as error:
        raise StartError(
            f"{data_dir} cannot be used: {error.strerror}; give another AVSITE_DATA_DIR."
        ) from None
    if not os.access(data_dir, os.W_OK):
        raise StartError(f"{data_dir} cannot be written by you; give another AVSITE_DATA_DIR.")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StartError(
            f"avsite is already running on {data_dir}; stop that one first, or give another AVSITE_DATA_DIR."
        ) from None
    return descriptor


def migration_stamp(database_url: str, data_dir: Path) -> str | None:
    """A fingerprint of every migration and of the database file; None when only Django can tell."""
    database = data_dir / "db.sqlite3"
    if database_url or not database.exists():
        return None
    digest = hashlib.sha256(str(database.stat().st_ino).encode())
    for path in [*sorted(ROOT.glob("*/migrations/*.py")), *sorted(ROOT.glob("avsite/*/migrations/*.py"))]:
        digest.update(path.name.encode() + path.read_bytes())
    digest.update((ROOT / "requirements" / "base.txt").read_bytes())
    return digest.hexdigest()


async def answers_tcp(address: str, port: int) -> bool:
    """Whether something accepts connections at ``address:port``."""
    try:
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_connection(address, port)
            writer.close()
    except OSError:
        return False
    return True


async def answers_http(address: str, port: int, path: str) -> bool:
    """Whether ``GET path`` gives 200."""
    try:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(address, port)
            writer.write(
                f"GET {path} HTTP/1.0\r\nHost: {address}:{port}\r\nConnection: close\r\n\r\n".encode()
            )
            status = await reader.readline()
            writer.close()
    except OSError:
        return False
    return b" 200 " in status
