"""The fake's state: files, renders, money, a clock that can be moved, and a journal of all that was asked."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.heygen import film, hooks

MESSAGES = {
    "failed_status": "The face could not be followed.",
    "moderated": "This content was blocked by our moderation policy.",
}
PRICES = {"speed": 0.0333, "precision": 0.0667}
URL_SECONDS = 3600.0
KEY_SECONDS = 24 * 3600.0
ENDED = ("completed", "failed", "gone")


@dataclass
class Scenario:
    """How the fake misbehaves. ``times``: how often, where it stops misbehaving."""

    name: str = "ok"
    times: int = 2
    how: str = ""
    used: dict[str, int] = field(default_factory=dict)

    def is_on(self, *names: str, at: str = "") -> bool:
        """Whether one of ``names`` is played, for the first ``times`` at this place when one is named."""
        if self.name not in names:
            return False
        if at:
            self.used[at] = self.used.get(at, 0) + 1
            return self.used[at] <= self.times
        return True


@dataclass
class Asset:
    id: str
    path: Path
    mime_type: str
    ready: bool = True
    upload: dict[str, Any] | None = None


@dataclass
class Render:
    id: str
    video: Asset
    audio: Asset
    mode: str
    title: str
    callback_id: str
    created_at: float
    seconds: float
    scenario: Scenario
    state: str = "pending"
    charged_usd: float = 0.0
    film: Path | None = None
    looks: int = 0


@dataclass
class World:
    """Everything. Its methods are called with ``lock`` held."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="fake-heygen-")))
    keys: set[str] = field(default_factory=lambda: {"fake-key"})
    balance_usd: float | None = 100.0
    start_seconds: float = 0.1
    render_seconds: float = 0.2
    max_jobs: int = 10
    upload_bytes: int = 32 * 1024 * 1024
    good_films: bool = False
    secret: str = "whsec_fake"
    """What webhooks are signed with."""
    films: Path | None = None
    """Where films are kept for other worlds."""

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.moved_seconds = 0.0
        self.scenario = Scenario()
        self.assets: dict[str, Asset] = {}
        self.renders: dict[str, Render] = {}
        self.answers: dict[tuple[str, str], tuple[float, int, Any]] = {}
        self.tokens: dict[str, tuple[float, str, str]] = {}
        self.journal: list[dict[str, Any]] = []
        self.charges: list[dict[str, Any]] = []
        self.most_in_flight = 0
        self.hooks: list[dict[str, Any]] = []
        self.endpoints: list[dict[str, Any]] = []
        self.closed = threading.Event()
        self.before_answer: Callable[[dict[str, Any]], None] = lambda entry: None
        """Hears of each request once it has been done; nobody is told so until it returns."""

    def now(self) -> float:
        return time.time() + self.moved_seconds

    def new_asset(self, content: bytes, mime_type: str, *, ready: bool = True) -> Asset:
        asset_id = secrets.token_hex(8)
        suffix = {"video/mp4": ".mp4", "video/webm": ".webm", "audio/wav": ".wav"}.get(mime_type, ".mp3")
        path = self.folder / f"{asset_id}{suffix}"
        path.write_bytes(content)
        self.assets[asset_id] = Asset(asset_id, path, mime_type, ready)
        return self.assets[asset_id]

    def in_flight(self) -> list[Render]:
        self.settle()
        return [one for one in self.renders.values() if one.state not in ENDED]

    def new_render(self, video: Asset, audio: Asset, body: dict[str, Any]) -> Render:
        scenario = self.scenario
        title = str(body.get("title") or "")
        if title.startswith("fake:"):
            scenario = Scenario(title.removeprefix("fake:").split()[0])
        render = Render(
            id=f"ls_{secrets.token_hex(8)}",
            video=video,
            audio=audio,
            mode=str(body.get("mode") or "speed"),
            title=title,
            callback_id=str(body.get("callback_id") or ""),
            created_at=self.now(),
            seconds=round(film.seconds_of(audio.path), 3),
            scenario=scenario,
        )
        self.renders[render.id] = render
        self.most_in_flight = max(self.most_in_flight, len(self.in_flight()))
        if body.get("callback_url"):
            hooks.watch(self, render, str(body["callback_url"]))
        return render

    def settle(self) -> None:
        """Move every render on to where the clock says it is."""
        for render in self.renders.values():
            if render.state in ENDED:
                continue
            age = self.now() - render.created_at
            render.state = "pending" if age < self.start_seconds else "running"
            if render.scenario.name == "never_completes":
                continue
            takes = self.render_seconds * (20 if render.scenario.name == "slow" else 1)
            if age >= self.start_seconds + takes:
                self._end(render)

    def _end(self, render: Render) -> None:
        if render.scenario.name in ("failed_status", "moderated"):
            render.state = "failed"
            return
        render.state = "completed"
        render.charged_usd = round(render.seconds * PRICES.get(render.mode, 0.0667), 4)
        self.charges.append({"id": render.id, "usd": render.charged_usd})
        if self.balance_usd is not None:
            self.balance_usd -= render.charged_usd

    def film_of(self, render: Render) -> Path:
        if render.film is None:
            content = render.video.path.read_bytes() + render.audio.path.read_bytes()
            name = hashlib.sha256(content + render.scenario.name.encode()).hexdigest()[:24]
            target = (self.films or self.folder) / f"{name}.mp4"
            if target.exists():
                render.film = target
                return target
            video, audio, name = render.video.path, render.audio.path, render.scenario.name
            if name == "wrong_content":
                target.write_text("<html><body>Not found</body></html>")
            elif name == "unmoved_mouth":
                film.make_film(video, audio, target, moves=False)
            elif name == "wrong_duration":
                film.make_film(video, audio, target, longer=2.0)
            elif self.good_films:
                film.make_good_film(video, audio, target)
            else:
                film.make_film(video, audio, target)
            render.film = target
        return render.film

    def sign(self, kind: str, identifier: str, seconds: float = URL_SECONDS) -> str:
        """A token that is good for one file, for a while."""
        token = hashlib.sha256(secrets.token_bytes(16)).hexdigest()[:32]
        self.tokens[token] = (self.now() + seconds, kind, identifier)
        return token

    def report(self) -> dict[str, Any]:
        return {
            "requests": self.journal,
            "charges": self.charges,
            "balance_usd": self.balance_usd,
            "most_in_flight": self.most_in_flight,
            "webhooks": self.hooks,
            "renders": [
                {"id": one.id, "state": one.state, "callback_id": one.callback_id, "title": one.title}
                for one in self.renders.values()
            ],
            "assets": list(self.assets),
        }
