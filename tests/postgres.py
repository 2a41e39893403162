"""A PostgreSQL of Debian's for tests: a cluster of its own in a temporary folder, reached by its socket."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

SUPERUSER = "avsite"
START_SECONDS = 60
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "jit=off")
ABSENT = (
    "No PostgreSQL server is installed here; scripts/setup installs it where apt may be used "
    "(apt install postgresql)."
)


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    folder: Path

    def url(self, database: str) -> str:
        """What DATABASE_URL is to be."""
        return f"postgres://{SUPERUSER}@{quote(str(self.folder), safe='')}/{database}"

    def create(self, database: str, template: str = "template1") -> str:
        """The URL of a new database, empty or a copy."""
        names = sql.Identifier(database), sql.Identifier(template)
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return self.url(database)

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.folder), user=SUPERUSER, dbname=database, autocommit=True)


def find_program(name: str) -> str | None:
    """On the PATH, or where Debian keeps the newest release's."""
    places = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = sorted(places, key=lambda path: int(path.parts[4].partition(".")[0]))
    return shutil.which(name) or (str(newest[-1]) if newest else None)


def unprivileged() -> dict[str, Any]:
    """How to start it: it refuses to run as root, and needs no more than any user may."""
    if os.getuid():
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            person = pwd.getpwnam(name)
            return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
    raise AssertionError("there is no user to run it as")


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server for as long as this lasts. Raises FileNotFoundError, with what to do, where there is none."""
    initdb, server = find_program("initdb"), find_program("postgres")
    if initdb is None or server is None:
        raise FileNotFoundError(ABSENT)
    folder = Path(tempfile.mkdtemp(prefix="avsite-pg-"))
    person = unprivileged()
    if person:
        os.chown(folder, person["user"], person["group"])
    log_path = folder / "log"
    options: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"}, **person}
    process = None
    try:
        subprocess.run(
            [initdb, "-D", folder / "data", "-U", SUPERUSER, "-E", "UTF8", "--no-locale", "--no-sync"],
            check=True,
            capture_output=True,
            **options,
        )
        settings = [part for setting in FAST for part in ("-c", setting)]
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [server, "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", *settings],
                stdout=log,
                stderr=log,
                **options,
            )
        postgres = Postgres(folder)
        _wait_for(postgres, process, log_path)
        yield postgres
    finally:
        if process is not None:
            process.terminate()  # lets go of nobody who is still connected ...
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
            if process.poll() is None:
                process.send_signal(2)  # ... but this does
                process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(postgres: Postgres, process: subprocess.Popen[bytes], log_path: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            postgres.connect().close()
        except psycopg.OperationalError as error:
            said = log_path.read_text(errors="replace")
            assert process.poll() is None, f"PostgreSQL did not start:\n{said}"
            assert time.monotonic() < until, f"PostgreSQL does not answer ({error}):\n{said}"
            time.sleep(0.05)
        else:
            return
