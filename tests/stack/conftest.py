"""The real processes: Redis, web, worker and scheduler, each to be killed and started again by the test."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEASE_SECONDS = 3


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], seconds: float = 60.0, what: str = "it") -> Any:
    """What ``condition`` returned once it was true."""
    until = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < until, f"{what} did not happen within {seconds:g} s"
        time.sleep(0.1)
    return value


class Stack:
    """A whole site in one folder."""

    def __init__(self, folder: Path, render_seconds: float, database_url: str = "") -> None:
        self.folder = folder
        self.redis_port, self.web_port = free_port(), free_port()
        self.render_log = folder / "renders.log"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **os.environ,
            "AVSITE_DATA_DIR": str(folder / "data"),
            "DATABASE_URL": database_url,
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "AVSITE_EXTRA_ENGINES": "slow=tests.engines.SlowEngine",
            "AVSITE_TEST_RENDER_SECONDS": str(render_seconds),
            "AVSITE_TEST_RENDER_LOG": str(self.render_log),
            "AVSITE_LEASE_SECONDS": str(LEASE_SECONDS),
            "OMP_NUM_THREADS": "1",
        }
        (folder / "data").mkdir()
        self.keys: dict[str, str] = {}

    def start(self, name: str) -> None:
        python = sys.executable
        worker = self.environment.get("AVSITE_TEST_WORKER", "avsite")
        commands = {
            "redis": ["redis-server", "--port", str(self.redis_port), "--save", "", "--bind", "127.0.0.1"],
            "web": [
                python,
                "-m",
                "daphne",
                "-b",
                "127.0.0.1",
                "-p",
                str(self.web_port),
                "avsite.asgi:application",
            ],
            "worker": [python, "-m", "celery", "-A", worker, "worker", "-c", "2", "-l", "INFO"],
            "beat": [python, "-m", "celery", "-A", "avsite", "beat", "-l", "INFO"],
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                commands[name],
                cwd=ROOT if name != "redis" else self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if name == "redis":
            wait_until(lambda: self._answers(self.redis_port), what="Redis")
        if name == "web":
            wait_until(lambda: self._answers(self.web_port), what="the web server")

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """The process and its children, at once and without a word."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait(20)

    def mend(self) -> None:
        """Start what has ended by itself, as the supervisor does: a worker may when Redis goes in mid-ack."""
        for name, process in list(self.processes.items()):
            if process.poll() is not None:
                self.start(name)

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    def manage(self, code: str) -> str:
        """Run code inside the site, in a process of its own; what it printed."""
        script = f"import django; django.setup()\n{code}"
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**self.environment, "DJANGO_SETTINGS_MODULE": "avsite.settings"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def prepare(self) -> None:
        """The database, with alice and bob and a key for each."""
        self.manage("from django.core.management import call_command\ncall_command('migrate', verbosity=0)")
        made = self.manage(
            "import json\n"
            "from avsite.accounts.models import ApiKey, User\n"
            "people = [User.objects.create_user(name, password='x') for name in ('alice', 'bob')]\n"
            "print(json.dumps({one.username: ApiKey.objects.issue(one, 'test')[1] for one in people}))"
        )
        self.keys = json.loads(made)

    def call(self, method: str, path: str, data: Any = None, who: str = "alice") -> Any:
        """The API's answer; AssertionError for a refusal."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.web_port}/api/v1{path}",
            method=method,
            data=None if data is None else json.dumps(data).encode(),
            headers={"Authorization": f"Bearer {self.keys[who]}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                content = response.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.code}: {error.read().decode()}") from error
        return json.loads(content) if content else None

    def submit(self, text: str, who: str = "alice") -> str:
        wish = {"face": "house:maya", "text": text, "engine": "slow"}
        return str(self.call("POST", "/lipsyncs", wish, who)["id"])

    def job(self, job_id: str, who: str = "alice") -> dict[str, Any]:
        return dict(self.call("GET", f"/lipsyncs/{job_id}", who=who))

    def wait_for(self, job_id: str, state: str, who: str = "alice", seconds: float = 90.0) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            self.mend()
            job = self.job(job_id, who)
            assert job["state"] not in {"failed"} - {state}, job["error"]
            return job if job["state"] == state else None

        return dict(wait_until(reached, seconds, f"the state {state}"))

    def wait_until_rendering(self, job_id: str) -> None:
        wait_until(lambda: self.job(job_id)["percent"] >= 15, what="progress")

    def renders(self) -> list[str]:
        return self.render_log.read_text().splitlines() if self.render_log.exists() else []

    @staticmethod
    def _answers(port: int) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False


@pytest.fixture
def stack(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Everything started; renders take 4 s, or what ``parametrize(..., indirect=True)`` says."""
    with running(Stack, tmp_path, getattr(request, "param", 4.0)) as started:
        yield started


@contextlib.contextmanager
def running(kind: type[Stack], place: Path, *options: Any) -> Iterator[Stack]:
    """Redis, web server, worker and scheduler; what they last said is printed at the end."""
    folder = place / "stack"
    folder.mkdir()
    stack = kind(folder, *options)
    try:
        stack.prepare()
        for name in ("redis", "web", "worker", "beat"):
            stack.start(name)
        yield stack
    finally:
        stack.stop()
        for name in ("web", "worker", "beat"):
            sys.stdout.write(f"--- {name}\n{(folder / f'{name}.log').read_text()[-4000:]}\n")
