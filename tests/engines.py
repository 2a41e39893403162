"""Engines for tests: real little MP4 files, at a pace and with mishaps that the test chooses."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import av
import numpy as np

from lipsync.audio.shape import MouthTrack
from lipsync.engines.base import Engine, OnProgress, RenderRequest, RenderResult

FPS = 25
FRAMES = 10


def write_clip(path: Path, frame_count: int = FRAMES, grey: int = 90) -> None:
    """A grey clip of 64 x 48 pixels."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(frame_count):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), grey, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def mouth_track() -> MouthTrack:
    """A mouth that opens over the clip, at values that have more than three places."""
    opening = np.linspace(0, 1, FRAMES, dtype=np.float32) / 3
    rest = np.zeros(FRAMES, np.float32)
    return MouthTrack(FPS, opening, opening / 2, rest, rest, 1 - opening)


class ScriptedEngine(Engine):
    """Does what the test put into ``script``, then writes a clip. Counts its renders."""

    name = "scripted"
    version = "1"
    label = "Scripted"
    multi_face = True
    script: ClassVar[Callable[[RenderRequest, OnProgress], None] | None] = None
    requests: ClassVar[list[RenderRequest]] = []
    why_not: ClassVar[str | None] = None
    mouth: ClassVar[MouthTrack | None] = mouth_track()

    def check(self) -> str | None:
        return self.why_not

    def render(self, request: RenderRequest, on_progress: OnProgress) -> RenderResult:
        self.requests.append(request)
        for step in range(1, 5):
            on_progress("render", step / 4)
        if self.script is not None:
            type(self).script(request, on_progress)  # type: ignore[misc]
        write_clip(request.output_path)
        return RenderResult(
            request.output_path,
            FRAMES / FPS,
            FRAMES,
            cost_usd=0.02,
            warnings=("One warning.",),
            mouth=self.mouth,
        )


class SecondEngine(ScriptedEngine):
    """Another one, to fall back on."""

    name = "second"
    label = "Second"
    script = None
    requests: ClassVar[list[RenderRequest]] = []
    usd_per_second = 0.05
    queue = "remote"


class SlowEngine(Engine):
    """Takes AVSITE_TEST_RENDER_SECONDS; notes its start and its end in AVSITE_TEST_RENDER_LOG."""

    name = "slow"
    version = "1"
    label = "Slow"

    def render(self, request: RenderRequest, on_progress: OnProgress) -> RenderResult:
        steps = max(1, round(float(os.environ["AVSITE_TEST_RENDER_SECONDS"]) / 0.1))
        self.log(f"start {request.work_dir}")
        for step in range(steps):
            on_progress("face" if step < steps / 10 else "render", step / steps)
            time.sleep(0.1)
        write_clip(request.output_path)
        self.log(f"end {request.work_dir}")
        return RenderResult(request.output_path, FRAMES / FPS, FRAMES)

    def log(self, line: str) -> None:
        with Path(os.environ["AVSITE_TEST_RENDER_LOG"]).open("a") as log:
            log.write(f"{line}\n")
