"""HeyGen as an engine: in steps, each of which another process can go on from."""

from __future__ import annotations

import logging
import random
import time
import uuid
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from lipsync.engines.base import (
    Ended,
    EngineError,
    FaceKind,
    Keep,
    Memo,
    OnProgress,
    RemoteDeadline,
    RemoteEngine,
    RemoteError,
    RenderRequest,
    RenderResult,
    Wait,
)
from lipsync.engines.heygen.client import HeyGenClient, open_client
from lipsync.engines.heygen.config import HeyGenConfig
from lipsync.engines.heygen.errors import Answer, HeyGenFailure, is_refusal
from lipsync.engines.heygen.prepare import Prepared, has_moved, prepare
from lipsync.engines.heygen.transfer import Download, upload_file
from lipsync.engines.heygen.wire import Lipsync
from lipsync.video.errors import MediaError
from lipsync.video.probe import probe

logger = logging.getLogger(__name__)

POLL_LONGEST = 30.0
LOST_LOOKS = 5
"""Looks in a row that may fail before a render is given up."""
LOST_ANSWERS = 3
"""Likewise with a render that may have been started: it is asked for again with the same key."""
KEY_LIFE_SECONDS = 23 * 3600
"""HeyGen remembers idempotency keys for a day."""
SETTLED_SECONDS = 120.0
"""After this, a render that is not in HeyGen's list was never made."""
TITLE = "avsite"


class HeyGenEngine(RemoteEngine):
    """Sends a film and a recording there, and fetches what came of it."""

    name = "heygen"
    label = "HeyGen"
    faces: ClassVar[frozenset[FaceKind]] = frozenset({"video"})
    billed_step_seconds = 1.0

    def __init__(self, config: HeyGenConfig | None = None) -> None:
        self.config = config or HeyGenConfig()
        self.version = f"{self.config.generation} {self.config.mode} 1"
        self.usd_per_second = self.config.usd_per_second
        self.max_seconds = self.config.limit("seconds")
        self.max_at_once = self.config.max_at_once
        self.queue_seconds = self.config.queue_seconds

    def check(self) -> str | None:
        if not self.config.api_key:
            return "HeyGen needs a key; set HEYGEN_API_KEY to one from your HeyGen account."
        return None

    def key_print(self) -> str:
        return self.config.key_print()

    def test(self) -> str | None:
        try:
            with open_client(self.config) as client:
                balance = client.account().balance_usd
        except HeyGenFailure as failure:
            raise failure.explain() from None
        if balance is not None and balance < self.usd_per_second:
            return "The site's HeyGen account has no money left; top it up."
        return None

    def advance(
        self, request: RenderRequest, memo: Memo, keep: Keep, on_progress: OnProgress
    ) -> RenderResult | Wait:
        if why_not := self.check():
            raise RemoteError(why_not, trip="key")
        if "key" not in memo:
            memo["key"] = uuid.uuid4().hex
            keep()
        try:
            with open_client(self.config) as client, TemporaryDirectory(dir=request.work_dir) as folder:
                here = replace(request, work_dir=Path(folder))
                step = self._step(client, here, memo, keep, on_progress)
        except HeyGenFailure as failure:
            return self._after(failure, memo, keep)
        except MediaError as error:
            raise EngineError(str(error), fallback=False) from error
        memo.pop("waiting_since", None)
        return step

    def _step(
        self, client: HeyGenClient, request: RenderRequest, memo: Memo, keep: Keep, on_progress: OnProgress
    ) -> RenderResult | Wait:
        if "remote_id" not in memo:
            self._start(client, request, memo, keep, on_progress)
            return Wait(_jittered(self.config.poll_seconds), 0.3)
        on_progress("remote", float(memo.get("fraction", 0.3)))
        found = client.get(memo["remote_id"])
        memo["lost_looks"] = 0
        if found.state == "completed":
            self._book(memo, found)
            keep()
            return self._collect(client, found, request, memo, on_progress)
        if found.state in ("failed", "not_found"):
            memo["ended"] = True
            memo["cost_usd"] = 0.0
            keep()
            raise self._failed(found.failure)
        return self._wait(memo, keep)

    def _after(self, failure: HeyGenFailure, memo: Memo, keep: Keep) -> Wait:
        """What follows a call that did not succeed: a wait, or RemoteError."""
        now = time.time()
        if failure.wait_seconds is not None:
            since = float(memo.setdefault("waiting_since", now))
            keep()
            if now - since < self.queue_seconds:
                return Wait(failure.wait_seconds, float(memo.get("fraction", 0.2)))
        if failure.kind == "media" and "remote_id" not in memo and not memo.get("anew"):
            # Written again by us it may do; another body needs another key.
            memo["useless"] = [*memo.get("useless", []), *memo.get("assets", {}).values()]
            memo.update(anew=True, key=uuid.uuid4().hex, assets={})
            keep()
            return Wait(0.0, 0.1)
        if failure.kind == "down" and "remote_id" not in memo and "sent_at" in memo:
            memo["unheard"] = int(memo.get("unheard", 0)) + 1
            keep()
            if memo["unheard"] < LOST_ANSWERS:
                return Wait(_jittered(self.config.poll_seconds), 0.25)  # then their list is looked at
        if failure.kind == "down" and "remote_id" in memo:
            memo["lost_looks"] = int(memo.get("lost_looks", 0)) + 1
            if memo["lost_looks"] < LOST_LOOKS:
                return self._wait(memo, keep)
        if failure.kind == "gone" and "remote_id" in memo:
            memo["ended"] = True
            keep()
        raise failure.explain() from None

    def _start(
        self, client: HeyGenClient, request: RenderRequest, memo: Memo, keep: Keep, on_progress: OnProgress
    ) -> None:
        asked_before = "sent_at" in memo
        if asked_before:  # and the answer was not heard
            known = client.find(memo["key"])
            if known is not None:
                self._started(memo, known.id, keep)
                return
            if time.time() - float(memo["sent_at"]) > KEY_LIFE_SECONDS:
                raise RemoteError("What became of this render at HeyGen is not known; try again.")
        assets = memo.setdefault("assets", {})
        if not {"video", "audio"} <= set(assets):
            self._upload(client, request, memo, keep, on_progress)
        body = {
            "video": {"type": "asset_id", "asset_id": assets["video"]},
            "audio": {"type": "asset_id", "asset_id": assets["audio"]},
            "mode": self.config.mode,
            "title": str(memo.get("title") or TITLE),
            "callback_id": memo["key"],
            "enable_dynamic_duration": False,
            "keep_the_same_format": True,
            "fps_mode": "passthrough",
        }
        if self.config.callback_url:
            body["callback_url"] = self.config.callback_url
        on_progress("remote", 0.25)
        memo.setdefault("sent_at", time.time())
        keep()
        try:
            remote_id = client.create(body, memo["key"])
        except HeyGenFailure as failure:
            if not asked_before and (failure.kind not in ("down", "in_flight") or not failure.sent):
                del memo["sent_at"]  # refused, or never arrived: nothing was started
                keep()
            raise
        self._started(memo, remote_id, keep)

    def _started(self, memo: Memo, remote_id: str, keep: Keep) -> None:
        now = time.time()
        memo.update(remote_id=remote_id, started_at=now, looks=0, fraction=0.3)
        memo["deadline_at"] = now + self.config.deadline(float(memo.get("seconds", 0.0)))
        keep()

    def _upload(
        self, client: HeyGenClient, request: RenderRequest, memo: Memo, keep: Keep, on_progress: OnProgress
    ) -> None:
        ready: Prepared = prepare(request, self.config, on_progress, anew=bool(memo.get("anew")))
        memo["seconds"] = ready.seconds
        files = {"video": (ready.video_path, ready.video_type), "audio": (ready.audio_path, ready.audio_type)}
        for number, (name, (path, content_type)) in enumerate(files.items()):
            on_progress("upload", 0.15 + 0.05 * number)
            if name not in memo["assets"]:
                neutral = _neutrally_named(path, request.work_dir, name)
                memo["assets"][name] = upload_file(client, neutral, content_type, f"{memo['key']}-{name}")
                keep()

    def _wait(self, memo: Memo, keep: Keep) -> Wait:
        """Until the next look. Raises RemoteDeadline when there is none."""
        now = time.time()
        if now > float(memo["deadline_at"]):
            raise RemoteDeadline(
                f"HeyGen was not ready after {now - float(memo['started_at']):.0f} s. A render that was "
                "started there may still cost money"
            )
        memo["looks"] = int(memo.get("looks", 0)) + 1
        elapsed = now - float(memo["started_at"])
        usual = 30.0 + 4.0 * float(memo.get("seconds", 0.0))
        memo["fraction"] = round(0.3 + 0.55 * elapsed / (elapsed + usual), 3)
        keep()
        seconds = min(self.config.poll_seconds * 2 ** min(memo["looks"], 10), POLL_LONGEST)
        return Wait(min(_jittered(seconds), float(memo["deadline_at"]) - now + 0.1), memo["fraction"])

    def _book(self, memo: Memo, found: Lipsync) -> None:
        seconds = found.duration_seconds or float(memo.get("seconds", 0.0))
        memo.update(ended=True, billed_seconds=seconds, cost_usd=round(seconds * self.usd_per_second, 4))

    def _failed(self, message: str) -> RemoteError:
        said = f' It said: "{message[:200].rstrip(".")}".' if message else ""
        if is_refusal(message, self.config.refusals):
            return HeyGenFailure("refusal", Answer(200, message=message)).explain()
        return RemoteError(f"HeyGen could not make this video.{said}")

    def _collect(
        self,
        client: HeyGenClient,
        found: Lipsync,
        request: RenderRequest,
        memo: Memo,
        on_progress: OnProgress,
    ) -> RenderResult:
        if not found.video_url:
            raise RemoteError("HeyGen says that the video is ready but not where; another engine may do it.")
        on_progress("fetch", 0.9)
        fetched = request.work_dir / "fetched.mp4"
        Download(self.config, fetched, lambda: client.get(memo["remote_id"]).video_url, on_progress).run(
            found.video_url
        )
        seconds, frames = self._verify(fetched, float(memo.get("seconds", 0.0)))
        on_progress("quality", 0.97)
        if request.face_path is not None and not has_moved(fetched, request.face_path):
            raise RemoteError("HeyGen sent the video back without a moving mouth.")
        fetched.replace(request.output_path)
        return RenderResult(
            output_path=request.output_path,
            duration_seconds=seconds,
            frame_count=frames,
            cost_usd=float(memo["cost_usd"]),
        )

    def _verify(self, path: Path, wanted_seconds: float) -> tuple[float, int]:
        """Length and frames of what came. Raises RemoteError when it is not the film that was ordered."""
        try:
            info = probe(path)
        except MediaError as error:
            raise RemoteError("HeyGen sent something that is not a video.") from error
        if info.media != "video" or not info.audio_codec:
            raise RemoteError("HeyGen sent a file without picture or sound.")
        if wanted_seconds and abs(info.duration_seconds - wanted_seconds) > max(0.5, 0.05 * wanted_seconds):
            raise RemoteError(
                f"HeyGen sent {info.duration_seconds:.1f} s of video instead of {wanted_seconds:.1f} s."
            )
        return info.duration_seconds, info.frame_count or round(info.duration_seconds * info.fps)

    def may_bill(self, memo: Memo) -> bool:
        return ("sent_at" in memo or "remote_id" in memo) and not memo.get("ended")

    def follow(self, memos: list[Memo]) -> list[Ended | None]:
        if not memos:
            return []
        try:
            with open_client(self.config) as client:
                ids = [memo["remote_id"] for memo in memos if "remote_id" in memo]
                told = client.statuses(ids) if ids else {}
                return [self._outcome(client, memo, told) for memo in memos]
        except HeyGenFailure as failure:
            raise failure.explain() from None

    def _outcome(self, client: HeyGenClient, memo: Memo, told: dict[str, Lipsync]) -> Ended | None:
        if "remote_id" not in memo:
            found = client.find(memo["key"])
            if found is None:
                is_settled = time.time() - float(memo["sent_at"]) > SETTLED_SECONDS
                return Ended(0.0) if is_settled else None
            memo["remote_id"] = found.id
        else:
            state = told.get(memo["remote_id"])
            if state is None or state.state == "working":
                return None
            if state.state != "completed":
                return Ended(0.0)
            found = client.get(memo["remote_id"])
        if found.state == "working":
            return None
        if found.state != "completed":
            return Ended(0.0)
        self._book(memo, found)
        return Ended(float(memo["cost_usd"]), float(memo["billed_seconds"]))

    def tidy(self, memo: Memo) -> None:
        if self.config.keep_files or not self.config.api_key:
            return
        left = [*(memo.get("assets") or {}).values(), *memo.get("useless", [])]
        try:
            with open_client(self.config) as client:
                if memo.get("ended") and "remote_id" in memo:
                    client.delete("get", memo["remote_id"])
                for asset_id in left:
                    client.delete("asset", asset_id)
        except HeyGenFailure as failure:
            raise failure.explain() from None
        memo.update(assets={}, useless=[])


def _neutrally_named(path: Path, work_dir: Path, name: str) -> Path:
    """The same file under a name that says nothing about anybody."""
    neutral = work_dir / f"{name}{path.suffix.lower()}"
    if not neutral.exists():
        neutral.symlink_to(path.absolute())
    return neutral


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.75, 1.25)  # noqa: S311 -- not a secret
