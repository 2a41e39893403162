"""Runs a piece of work in a process of its own and measures what it cost."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from lipsync.audio.load import load_audio, save_wav
from lipsync.speech.synthesize import synthesize_to_file
from tests import media

WIDTH, HEIGHT, FPS = 1280, 720, 25
RATE = 48_000
STORY = (
    "Once upon a time there was a photograph that wanted to speak. Every morning it watched the people "
    "pass by, and every evening it practised: papa, mama, baby, bubble, window, water. "
    "One day somebody typed a sentence."
)


@dataclass(frozen=True)
class Run:
    """What one run took. CPU counts every thread and helper process."""

    wall_seconds: float
    cpu_seconds: float
    peak_megabytes: float
    frames: int


def make_clip(folder: Path, seconds: float, width: int = WIDTH, height: int = HEIGHT) -> tuple[Path, Path]:
    """A video of a moving face, 720p unless told otherwise, and a recording of speech just as long."""
    clip = folder / f"clip-{seconds:g}-{height}.mp4"
    if not clip.exists():
        media.write_moving_portrait(clip, seconds, fps=FPS, width=width, height=height)
    return clip, make_speech(folder, seconds)


def make_speech(folder: Path, seconds: float) -> Path:
    """A story, told again and again for so long."""
    speech = folder / f"speech-{seconds:g}.wav"
    if not speech.exists():
        once = folder / "story.wav"
        synthesize_to_file(once, STORY, "en-us")
        save_wav(speech, np.resize(load_audio(once, RATE), round(seconds * RATE)), RATE)
    return speech


def run_apart(kind: str, clip: Path, speech: Path, folder: Path) -> Run:
    """Run ``kind`` of work on the clip in a fresh process, so that its peak memory is its own."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.bench.measure", kind, str(clip), str(speech), str(folder)],
        check=True,
        stdout=subprocess.PIPE,
    )
    return Run(**json.loads(ended.stdout))


def _work(kind: str, clip: Path, speech: Path, folder: Path) -> int:
    """The work itself; returns the number of frames written."""
    target = folder / f"{kind}.mp4"
    if kind == "plain":
        from tests.bench.media import plain_reencode

        return plain_reencode(clip, target)
    from lipsync.engines.base import RenderRequest, get_engine

    request = RenderRequest(speech_path=speech, output_path=target, work_dir=folder, face_path=clip)
    return get_engine("builtin").render(request, lambda stage, fraction: None).frame_count


def main() -> None:
    kind, clip, speech, folder = sys.argv[1], *map(Path, sys.argv[2:5])
    began = time.monotonic()
    frames = _work(kind, clip, speech, folder)
    wall = time.monotonic() - began
    own, helpers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + helpers.ru_utime + helpers.ru_stime
    sys.stdout.write(json.dumps(asdict(Run(wall, cpu, own.ru_maxrss / 1024, frames))))


if __name__ == "__main__":
    main()
