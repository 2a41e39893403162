"""The whole product, started the way its users start it, on ports and data of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 120
STOP_SECONDS = 30
LINK = re.compile(r"http://\S+/signin/\S+")


class RunningStack:
    """``python -m supervisor`` with its log in a file."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        self.log_path = data_dir.with_name(data_dir.name + ".log")
        own = {"HOST": "127.0.0.1", "PORT": "0", "AVSITE_DATA_DIR": str(data_dir), "NO_COLOR": "1"}
        foreign = ("REDIS_URL", "DATABASE_URL")
        inherited = {name: value for name, value in os.environ.items() if name not in foreign}
        self.environment = {**inherited, **own, **environment}
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "supervisor"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.signin_link = ""

    @property
    def url(self) -> str:
        return self.signin_link.partition("/signin/")[0]

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def wait_until_ready(self) -> RunningStack:
        """Wait for the sign-in link. Raises AssertionError with the log when there is none."""
        self.signin_link = self.wait_for(LINK)
        return self

    def wait_for(self, pattern: re.Pattern[str], seconds: float = START_SECONDS) -> str:
        """Wait until the log has ``pattern`` and return what matched."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = pattern.search(self.log)
            if found:
                return found.group()
            if self.process.poll() is not None and not pattern.search(self.log):
                break
            time.sleep(0.1)
        raise AssertionError(f"the log never had {pattern.pattern}:\n{self.log[-6000:]}")

    def new_signin_link(self) -> str:
        """Another link for the admin, as the command line gives it."""
        ended = subprocess.run(
            [sys.executable, "manage.py", "signin_link"],
            cwd=ROOT,
            env={**self.environment, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        return self.url + ended.stdout.strip()

    def stop(self, number: int = signal.SIGINT) -> int:
        """Stop it as Ctrl-C does and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


def marked_processes(text: str) -> list[int]:
    """Processes of ours whose environment holds ``text``."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                if text.encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
    return found
