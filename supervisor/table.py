"""The processes of avsite. A later one is one entry more in ``build_table``."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from supervisor.livekit import LiveKit
from supervisor.prepare import (
    FAKE_HEYGEN_KEY,
    LOOPBACK_ADDRESS,
    NO_FAKES,
    ROOT,
    Fakes,
    Redis,
    Site,
    answers_http,
    answers_tcp,
)

Probe = Callable[[], Awaitable[bool]]

UP_SECONDS = 120.0

AS_ROOT = "ignore:You're running the worker with superuser"
"""A container's only user is often root; tasks are JSON, so what Celery warns of does not apply."""
DRAIN_SECONDS = 15.0
LIVEKIT_UP_SECONDS = 3600.0
"""Where its server has to be built first, that takes minutes."""
WEB_STAGE = 1
"""Once this stage is up the page answers, and the link is shown."""


@dataclass(frozen=True)
class ProcessSpec:
    """How to run one process and how to tell that it is up."""

    name: str
    argv: list[str]
    stage: int
    """Processes of one stage start together, once every process of the stage before is up."""
    probe: Probe | None = None
    """Says whether the process is up; without one it counts as up at once."""
    environment: dict[str, str] = field(default_factory=dict)
    stdin: bytes | None = None
    hidden: str = ""
    """A pattern of lines that say nothing to anyone; they are kept for the report of a crash only."""
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 5.0
    """How long it may take to stop before it is killed."""
    up_seconds: float = UP_SECONDS
    """How long it may take to come up before it is ended."""
    optional: bool = False
    """The rest goes on without it when it has been given up, but for those that need it."""
    needs: str = ""
    """The name of an optional process without which this one is not started."""


def build_table(
    site: Site, redis: Redis, livekit: LiveKit, run_dir: Path, fakes: Fakes = NO_FAKES
) -> list[ProcessSpec]:
    """Every process to run, in the order of their names on the terminal."""
    python = [sys.executable]
    table = [
        ProcessSpec(
            "web",
            [
                *[*python, "-m", "daphne", "-b", site.host, "-p", str(site.port)],
                # Addresses hold sign-in and share tokens; the site logs requests by route instead.
                *["--access-log", os.devnull, "avsite.asgi:application"],
            ],
            stage=WEB_STAGE,
            probe=lambda: answers_http(site.address, site.port, "/api/v1/session"),
        ),
        *celery_processes(run_dir),
        *room_processes(livekit, run_dir),
    ]
    if fakes.heygen_port:
        table.append(fake_heygen(fakes.heygen_port, run_dir))
    if redis.owned:
        table.insert(
            0,
            ProcessSpec(
                "redis",
                [shutil.which("redis-server") or "redis-server", "-"],
                stage=0,
                hidden="Memory overcommit|oO0OoO0|Reading config|Redis version|Configuration|Server init",
                stdin=redis.config(run_dir),
                probe=lambda: answers_tcp("127.0.0.1", redis.port),
            ),
        )
    return table


def celery_processes(run_dir: Path) -> list[ProcessSpec]:
    """The workers of jobs and of rooms, and the clock that sets both to work."""
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "avsite"]
    return [
        ProcessSpec(
            "worker",
            [
                *[*celery, "worker", "--queues=cpu,default,remote,gpu", f"--concurrency={worker_count()}"],
                *["--without-gossip", "--without-mingle", f"--hostname=avsite-{os.getpid()}@%h"],
            ],
            stage=2,
            environment={"PYTHONWARNINGS": AS_ROOT},
            hidden=r"(sweep|follow_remote)_task\[[^]]*\] (received|succeeded)",
            # The cold way: running jobs go back to the queue instead of holding up the stop.
            stop_signal=signal.SIGQUIT,
            stop_seconds=6.0,
        ),
        ProcessSpec(
            "scheduler",
            [*celery, "beat", f"--schedule={run_dir / 'schedule'}", "--pidfile="],
            stage=2,
            hidden="Sending due task (sweep|reconcile|follow)",
        ),
        ProcessSpec(
            "rooms",
            [
                # Threads of one process: it waits for others more than it works, and never behind a render.
                *[*celery, "worker", "--queues=rooms,hooks", "--pool=threads", "--concurrency=6"],
                *["--without-gossip", "--without-mingle", f"--hostname=avsite-rooms-{os.getpid()}@%h"],
            ],
            stage=2,
            environment={"PYTHONWARNINGS": AS_ROOT},
            hidden=r"(rooms|hooks)\.tasks\.\w+\[[^]]*\] (received|succeeded)",
            # Lets what it is at end: threads cannot be stopped, and a cold shutdown fails on that.
            stop_signal=signal.SIGTERM,
        ),
    ]


def room_processes(livekit: LiveKit, run_dir: Path) -> list[ProcessSpec]:
    """The LiveKit server, where it is ours, and the agent that joins its rooms as an avatar."""
    table = []
    if livekit.owned:
        table.append(
            ProcessSpec(
                "livekit",
                [
                    *[str(ROOT / "scripts" / "livekit"), "serve"],
                    *[str(livekit.write_config(run_dir)), str(run_dir / "livekit.status")],
                ],
                stage=2,
                probe=lambda: answers_http(LOOPBACK_ADDRESS, livekit.port, "/"),
                up_seconds=LIVEKIT_UP_SECONDS,
                hidden=r"\tINFO\t|\tDEBUG\t",
                # Asked politely, it would wait until everyone has left.
                stop_seconds=1.0,
                optional=True,
            )
        )
    if (ROOT / "rooms" / "management" / "commands" / "run_agent.py").exists():
        table.append(
            ProcessSpec(
                "agent",
                [sys.executable, str(ROOT / "manage.py"), "run_agent"],
                stage=3,
                # Avatars may end what they are saying; a second Ctrl-C does not wait.
                stop_seconds=drain_seconds() + 5.0,
                optional=True,
                needs="livekit" if livekit.owned else "",
            )
        )
    table.append(
        ProcessSpec(
            "captions",
            [sys.executable, str(ROOT / "manage.py"), "run_captions"],
            stage=3,
            stop_seconds=8.0,
            optional=True,
            needs="livekit" if livekit.owned else "",
        )
    )
    return table


def drain_seconds() -> float:
    """AVSITE_AGENT_DRAIN_SECONDS, or as long as the agent takes without it."""
    given = os.environ.get("AVSITE_AGENT_DRAIN_SECONDS", "").strip()
    return float(given) if given.isdigit() else DRAIN_SECONDS


def fake_heygen(port: int, run_dir: Path) -> ProcessSpec:
    """Stands in for HeyGen, so that the way there can be seen for no money."""
    return ProcessSpec(
        "heygen",
        [
            *[sys.executable, "-m", "tests.fakes.heygen", f"--port={port}"],
            *[f"--key={FAKE_HEYGEN_KEY}", f"--folder={run_dir / 'fake-heygen'}"],
        ],
        stage=0,
        probe=lambda: answers_tcp(LOOPBACK_ADDRESS, port),
    )


def worker_count() -> int:
    """Jobs rendered at once: AVSITE_WORKERS, or one for every two cores, since a render fills about two."""
    given = os.environ.get("AVSITE_WORKERS", "").strip()
    return max(1, int(given)) if given.isdigit() else max(1, len(os.sched_getaffinity(0)) // 2)
