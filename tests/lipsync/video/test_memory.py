"""Memory does not grow with the length of a clip."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import media

ROOT = Path(__file__).resolve().parents[3]
ALLOWED_GROWTH_MB = 25

REENCODE = "plain_reencode(Path(sys.argv[1]), Path(sys.argv[2]))"
BOUNCE = "deque(loop_frames(Path(sys.argv[1]), int(sys.argv[3]), 'bounce'), maxlen=0)"
PEAKS = "waveform_peaks(Path(sys.argv[1])); is_silent(stream_audio(Path(sys.argv[1]), 16_000))"

SCRIPT = """
import sys
from collections import deque
from pathlib import Path
from lipsync.audio.levels import is_silent, waveform_peaks
from lipsync.audio.load import stream_audio
from lipsync.video.loop import loop_frames
from tests.bench.media import plain_reencode
{work}
# Unlike ru_maxrss, this does not start from the size of the process that started this one.
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


def peak_megabytes(work: str, *arguments: object) -> int:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(work=work), *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.split()[-1])


def make(path: Path, seconds: int) -> Path:
    sound = media.tone(seconds, 48_000)
    return media.write_video(
        path, seconds * 25, size=(320, 180), sound=sound, options={"preset": "ultrafast"}
    )


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return make(folder / "short.mp4", 10), make(folder / "long.mp4", 60)


def test_reading_and_writing(clips, tmp_path):
    short, long = (peak_megabytes(REENCODE, clip, tmp_path / "out.mp4") for clip in clips)
    assert long - short < ALLOWED_GROWTH_MB


def test_running_back_and_forth(clips):
    # The first way back of both fills the window; the long one goes on for two lengths of the film.
    short = peak_megabytes(BOUNCE, clips[1], "unused", 2500)
    long = peak_megabytes(BOUNCE, clips[1], "unused", 5500)
    assert long - short < ALLOWED_GROWTH_MB


def test_listening(tmp_path):
    short, long = (
        peak_megabytes(
            PEAKS, media.write_audio(tmp_path / f"{seconds}.flac", media.tone(seconds, 16_000), 16_000)
        )
        for seconds in (10, 1200)
    )
    assert long - short < ALLOWED_GROWTH_MB
