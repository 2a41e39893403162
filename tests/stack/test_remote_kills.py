"""A worker gets SIGKILL in the middle of a job at HeyGen; another goes on, and HeyGen charges once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests import media
from tests.fakes.heygen.server import Server, serving
from tests.fakes.heygen.world import World
from tests.stack.conftest import Stack, running, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

KEY = "fake-key"
STEPS = {
    "created": ("POST", "/v3/lipsyncs"),
    "polling": ("GET", "/v3/lipsyncs/ls_"),
    "downloading": ("GET", "/_files/"),
}
"""The call that the worker never hears the answer of."""
HOLD_SECONDS = 120


class RemoteStack(Stack):
    """A site whose HeyGen is the fake."""

    def __init__(self, folder: Path, fake: Server, database_url: str = "") -> None:
        super().__init__(folder, 0.2, database_url)
        self.fake = fake
        self.environment |= {
            "HEYGEN_API_KEY": KEY,
            "HEYGEN_API_ENDPOINT": fake.url,
            "HEYGEN_DOWNLOAD_HOSTS": fake.address,
            "HEYGEN_POLL_SECONDS": "0.3",
            "AVSITE_REGENERATE": "0",
        }
        self.face_id = ""

    def order(self, text: str) -> str:
        """A job for HeyGen: a filmed face says ``text``. Its id."""
        if not self.face_id:
            self.face_id = self._upload(media.write_moving_portrait(self.folder / "face.mp4", 2.0))
        wish = {"face": self.face_id, "text": text, "engine": "heygen"}
        return str(self.call("POST", "/lipsyncs", wish)["id"])

    def _upload(self, path: Path) -> str:
        with path.open("rb") as file:
            answer = httpx2.post(
                f"http://127.0.0.1:{self.web_port}/api/v1/assets",
                data={"kind": "face"},
                files={"file": (path.name, file, "video/mp4")},
                headers={"Authorization": f"Bearer {self.keys['alice']}"},
                timeout=60,
            )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


class Gate:
    """Holds back the first answer to one kind of call, until it is opened."""

    def __init__(self, world: World, method: str, path: str) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        self._call, self._lock = (method, path), threading.Lock()
        world.before_answer = self._hold

    def _hold(self, entry: dict[str, Any]) -> None:
        method, path = self._call
        with self._lock:
            is_it = entry["method"] == method and entry["path"].startswith(path)
            if not is_it or self.reached.is_set():
                return
            self.reached.set()
        self.opened.wait(HOLD_SECONDS)


@contextlib.contextmanager
def running_remote(
    place: Path, kind: type[RemoteStack] = RemoteStack, *options: Any
) -> Iterator[RemoteStack]:
    """The whole site beside a fake HeyGen."""
    folder = place / "heygen"
    folder.mkdir()
    world = World(folder=folder, keys={KEY}, start_seconds=0.1, render_seconds=1.0)
    with serving(world) as fake, running(kind, place, fake, *options) as stack:
        assert isinstance(stack, RemoteStack)
        yield stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteStack]:
    with running_remote(tmp_path_factory.mktemp("remote")) as started:
        yield started


def kill_in_mid_job(stack: RemoteStack, step: str) -> None:
    """A job whose worker dies at ``step`` must end done, and be charged once."""
    world = stack.fake.world
    before = len(world.journal), len(world.charges), len(world.renders)
    gate = Gate(world, *STEPS[step])
    try:
        job_id = stack.order(f"My worker died, and I was {step}.")
        wait_until(gate.reached.is_set, 120, f"the call of one that is {step}")
        stack.kill("worker", signal.SIGKILL)
    finally:
        gate.opened.set()
    assert stack.job(job_id)["state"] == "running"
    stack.start("worker")
    job = stack.wait_for(job_id, "done", seconds=180)
    assert [(one["engine"], one["outcome"]) for one in job["attempts"]] == [("heygen", "done")]
    journal = world.journal[before[0] :]
    creates = [one for one in journal if (one["method"], one["path"]) == STEPS["created"]]
    assert len({one["headers"]["idempotency-key"] for one in creates}) == 1
    assert len(world.renders) == before[2] + 1, "one render was ordered"
    (charge,) = world.charges[before[1] :]
    assert job["cost_usd"] == pytest.approx(charge["usd"], abs=1e-4)
    paid = sum(one["usd"] for one in world.charges)
    assert stack.call("GET", "/costs")["total_usd"] == pytest.approx(paid, abs=1e-3)


@pytest.mark.parametrize("step", STEPS)
def test_the_worker_is_killed(stack: RemoteStack, step: str) -> None:
    kill_in_mid_job(stack, step)


def test_nothing_is_left_there(stack: RemoteStack) -> None:
    wait_until(lambda: not stack.fake.world.assets, what="removing the uploads")
