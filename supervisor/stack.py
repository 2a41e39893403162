"""Everything together: start in order, show the way in, watch, stop in reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from supervisor import guard
from supervisor.child import die_with_parent
from supervisor.console import Console
from supervisor.livekit import LiveKit
from supervisor.prepare import (
    LOOPBACK,
    NO_FAKES,
    ROOT,
    Fakes,
    Redis,
    Site,
    StartError,
    free_port,
    migration_stamp,
    network_address,
)
from supervisor.process import Process
from supervisor.table import WEB_STAGE, build_table

SIGNIN_LINK = re.compile(r"/signin/[\w.:~=-]+")


class Stack:
    """One run of avsite. ``run`` returns the exit status."""

    def __init__(
        self,
        site: Site,
        redis: Redis,
        livekit: LiveKit,
        data_dir: Path,
        lock: int,
        console: Console,
        fakes: Fakes = NO_FAKES,
    ) -> None:
        self._site, self._redis, self._livekit, self._fakes = site, redis, livekit, fakes
        self._data_dir, self._console = data_dir, console
        self._mark = secrets.token_hex(8)
        self._run_dir = data_dir / "run"
        self._environment = self._make_environment()
        self._processes: list[Process] = []
        self._stop = asyncio.Event()
        self._stop_requests = 0
        self._began = time.monotonic()
        shutil.rmtree(self._run_dir, ignore_errors=True)
        self._run_dir.mkdir()
        self._guard = subprocess.Popen(  # noqa: S603 -- our own script
            [sys.executable, "-I", "-S", guard.__file__, self._mark, str(self._run_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(lock,),
            start_new_session=True,
        )
        os.close(lock)  # from here on the guard holds it, until the last process has gone

    async def run(self) -> int:
        """Start everything and stay until a signal or a failure."""
        self._catch_signals()
        self._console.say(f"Starting at {self._site.url}, with data in {self._data_dir}")
        self._console.on_gone = self._stop.set
        self._processes = [
            Process(spec, self._console, self._environment)
            for spec in build_table(self._site, self._redis, self._livekit, self._run_dir, self._fakes)
        ]
        work = asyncio.create_task(self._work())
        asked = asyncio.create_task(self._stop.wait())
        await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
        status = 0
        if work.done():
            status = 1
            self._console.say(str(work.exception() or "Everything ended by itself."))
        self._console.say("Stopping. Press Ctrl-C again to stop at once.")
        await self._stop_all()
        work.cancel()
        asked.cancel()
        await asyncio.gather(work, asked, return_exceptions=True)
        self._console.say("Stopped.")
        return status

    def close(self) -> None:
        """Let the guard sweep up, and wait until it has."""
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard.wait()

    async def _work(self) -> None:
        """Runs for as long as avsite does. Raises GivenUp or StartError when it cannot go on."""
        async with contextlib.AsyncExitStack() as exits:
            runs: set[asyncio.Task[None]] = set()
            exits.callback(lambda: [run.cancel() for run in runs])
            migrated = asyncio.create_task(self._migrate())
            exits.callback(migrated.cancel)
            for stage in sorted({process.spec.stage for process in self._processes}):
                gone = {process.spec.name for process in self._processes if process.given_up}
                members = [
                    process
                    for process in self._processes
                    if process.spec.stage == stage and process.spec.needs not in gone
                ]
                if stage == WEB_STAGE:
                    await migrated
                    link = asyncio.create_task(self._manage("signin_link"))
                    exits.callback(link.cancel)
                runs |= {asyncio.create_task(process.run()) for process in members}
                await self._until_up(members, runs)
                if stage == WEB_STAGE:
                    self._show_way_in(*await link)
            await asyncio.gather(*runs)

    async def _until_up(self, members: list[Process], runs: set[asyncio.Task[None]]) -> None:
        """Wait for all ``members``; a process given up meanwhile raises."""

        async def all_up() -> None:
            await asyncio.gather(*(process.up.wait() for process in members))

        waiting = asyncio.create_task(all_up())
        alive = set(runs)
        try:
            while not waiting.done():
                await asyncio.wait({waiting, *alive}, return_when=asyncio.FIRST_COMPLETED)
                for run in [run for run in alive if run.done()]:
                    run.result()
                    alive.remove(run)
        finally:
            waiting.cancel()

    async def _migrate(self) -> None:
        """Bring the database up to date, or see in a moment that it is."""
        stamp_path = self._data_dir / ".migrated"
        given = os.environ.get("DATABASE_URL", "") or os.environ.get("DATABASE_URL_FILE", "")
        stamp = migration_stamp(given, self._data_dir)
        if stamp and stamp_path.exists() and stamp_path.read_text() == stamp:
            return
        status, said = await self._manage("migrate", "--noinput", "--verbosity=0")
        for line in said.splitlines():
            self._console.line("migrate", line)
        if status:
            raise StartError("The database could not be brought up to date; the lines above say why.")
        stamp = migration_stamp(given, self._data_dir)
        if stamp:
            stamp_path.write_text(stamp)

    def _show_way_in(self, status: int, said: str) -> None:
        """Print the link that signs its opener in, out of what ``manage.py signin_link`` gave."""
        found = SIGNIN_LINK.search(said)
        seconds = time.monotonic() - self._began
        lines = [f"avsite is ready after {seconds:.1f} seconds.", ""]
        if status == 0 and found:
            lines += ["Open this link; it signs you in as the admin:", self._site.url + found.group()]
        else:
            lines += ["Open this page:", self._site.url]
            self._console.say(f"No sign-in link could be made: {said.strip() or f'exit status {status}'}")
        if self._site.host not in LOOPBACK:
            lines += [
                "",
                f"Others on the network: {self._site.url.replace('localhost', socket.gethostname())}",
            ]
        self._console.box([*lines, "", "Ctrl-C stops everything."])

    async def _manage(self, *arguments: str) -> tuple[int, str]:
        """Run ``manage.py`` and return its exit status and output."""
        child = await asyncio.create_subprocess_exec(
            *[sys.executable, str(ROOT / "manage.py"), *arguments],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        output, _ = await child.communicate()
        return child.returncode or 0, output.decode("utf-8", "replace")

    async def _stop_all(self) -> None:
        """The last stage first; processes of one stage together. A second signal kills all at once."""
        for stage in sorted({process.spec.stage for process in self._processes}, reverse=True):
            members = [process for process in self._processes if process.spec.stage == stage]
            await asyncio.gather(*(process.stop() for process in members))

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays nohup
                loop.add_signal_handler(number, self._ask_to_stop)

    def _ask_to_stop(self) -> None:
        self._stop_requests += 1
        self._stop.set()
        if self._stop_requests > 1:
            for process in self._processes:
                process.kill()

    def _make_environment(self) -> dict[str, str]:
        """Our own environment and what this run adds to it."""
        environment = {
            **os.environ,
            guard.MARK_NAME: self._mark,
            "AVSITE_DATA_DIR": str(self._data_dir),
            "PYTHONUNBUFFERED": "1",
            **self._fakes.environment(),
        }
        environment.setdefault("AVSITE_INTERNAL_URL", self._site.inner_url)
        environment.setdefault("AVSITE_AGENT_PORT", str(free_port()))
        if self._livekit.owned:
            environment["LIVEKIT_URL"] = self._livekit.url
            environment["LIVEKIT_TCP_PORT"] = str(self._livekit.tcp_port)
            environment["LIVEKIT_UDP_PORT"] = str(self._livekit.udp_port)
        if self._redis.url:
            environment["REDIS_URL"] = self._redis.url
        if self._site.host not in LOOPBACK and not environment.get("AVSITE_ALLOWED_HOSTS"):
            environment["AVSITE_ALLOWED_HOSTS"] = ",".join(
                ["[::1]", "localhost", "127.0.0.1", *own_names(self._site)]
            )
        return environment


def own_names(site: Site) -> list[str]:
    """Names and addresses by which others on the network may call this machine."""
    names = {site.host, socket.gethostname(), socket.getfqdn(), f"{socket.gethostname()}.local"}
    with contextlib.suppress(OSError):
        names.update(str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None))
    names.add(network_address())
    return sorted(f"[{name}]" if ":" in name else name for name in names - {"0.0.0.0", "::"})  # noqa: S104
