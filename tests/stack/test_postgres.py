"""PostgreSQL for real: the same tests of jobs as on SQLite, and the same deaths."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import Postgres, running_postgres
from tests.stack import test_kills, test_remote_kills
from tests.stack.conftest import ROOT, Stack, running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
JOB_SUITE = (
    "tests/lipsync/test_queue.py",
    "tests/lipsync/test_runner.py",
    "tests/lipsync/test_service.py",
    "tests/lipsync/test_costs.py",
    "tests/lipsync/engines/heygen/test_limits.py",
    "tests/lipsync/engines/heygen/test_resume.py",
    "tests/lipsync/engines/heygen/test_webhooks.py",
    "tests/hooks/test_deliveries.py",
    "tests/avsite/test_idempotency.py",
    "tests/avsite/test_metrics.py",
)
POOL = 4
DJANGO = {"DJANGO_SETTINGS_MODULE": "avsite.settings"}


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with ExitStack() as opened:
        try:
            server = opened.enter_context(running_postgres())
        except FileNotFoundError as absent:
            pytest.skip(str(absent))
        yield server


def run(command: list[str], database_url: str, data_dir: Path) -> str:
    """Our own commands on that database; what they said."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url, "AVSITE_DATA_DIR": str(data_dir), **DJANGO},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout


THERE_AND_BACK = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("makemigrations", check_changes=True, dry_run=True)
for app in ("hooks", "rooms", "lipsync"):
    call_command("migrate", app, "zero", verbosity=0)
call_command("migrate", verbosity=0)
"""


@pytest.fixture(scope="module")
def migrated(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What migrating said; the database is called so."""
    return run(["-c", THERE_AND_BACK], postgres.create("migrated"), tmp_path_factory.mktemp("migrated"))


def test_migrations_there_and_back(postgres: Postgres, migrated: str) -> None:
    assert "No changes detected" in migrated
    with postgres.connect("migrated") as connection:
        tables = {name for (name,) in connection.execute("SELECT tablename FROM pg_tables")}
    assert {"lipsync_job", "rooms_room", "hooks_delivery", "accounts_user"} <= tables


def test_the_job_suite(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.create("suite")
    said = run(["-m", "pytest", "-q", "-p", "no:cacheprovider", *JOB_SUITE], url, tmp_path)
    last = said.strip().splitlines()[-1]
    assert " passed" in last and "skipped" not in last, last


@pytest.fixture
def stack(postgres: Postgres, migrated: str, tmp_path: Path) -> Iterator[Stack]:
    url = postgres.create("site", "migrated")
    with running(SmallPool, tmp_path, 4.0, url) as started:
        yield started


class SmallPool(Stack):
    """Each process may hold a few connections only."""

    def __init__(self, *options: object) -> None:
        super().__init__(*options)  # type: ignore[arg-type]
        self.environment["AVSITE_DATABASE_POOL"] = str(POOL)


def test_the_worker_is_killed(stack: Stack, postgres: Postgres) -> None:
    test_kills.test_the_worker_is_killed(stack)
    for _ in range(60):  # each in a thread of the web server's that ends with it
        stack.call("GET", "/me")
    with postgres.connect() as connection:
        row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = 'site'").fetchone()
    count = row[0] if row else 0
    processes = 5  # the web server, the scheduler, the worker and its two children
    assert 0 < count <= processes * POOL


class SmallRemotePool(test_remote_kills.RemoteStack):
    """The same beside a HeyGen."""

    def __init__(self, *options: Any) -> None:
        super().__init__(*options)
        self.environment["AVSITE_DATABASE_POOL"] = str(POOL)


def test_the_worker_is_killed_at_each_step_of_heygen(
    postgres: Postgres, migrated: str, tmp_path: Path
) -> None:
    url = postgres.create("paid", "migrated")
    with test_remote_kills.running_remote(tmp_path, SmallRemotePool, url) as stack:
        for step in test_remote_kills.STEPS:
            test_remote_kills.kill_in_mid_job(stack, step)
