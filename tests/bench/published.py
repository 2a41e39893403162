"""Runs the published Wav2Lip script, a clone of its repository, unchanged, on a Python of today.

Its face detector's weights are not ours to fetch. Random ones of the same shape cost the same time for each
frame; what they find is nothing, so the maps that leave the network are written over with a face where it is:
nine hits in each picture, decoded and sorted out by the script's own code, which is the least it ever does.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from lipsync.engines.wav2lip.boxes import box_of
from lipsync.video.read import FrameReader
from tests.bench.apart import Cost, run
from tests.lipsync.face.measured import Reader

PROGRAM = """
import math, os, runpy, sys
import librosa, torch
mel, stft = librosa.filters.mel, librosa.stft
# librosa's arguments have names now.
librosa.filters.mel = lambda sr, n_fft, **rest: mel(sr=sr, n_fft=n_fft, **rest)
librosa.stft = lambda **named: stft(pad_mode="reflect", **named)
os.makedirs("temp", exist_ok=True)
folder = sys.argv.pop(1)
left, top, right, bottom = map(float, sys.argv.pop(1).split(","))
sys.path.insert(0, folder)

import torch.utils.model_zoo
torch.manual_seed(0)
torch.utils.model_zoo.load_url = lambda url: net_s3fd.s3fd().state_dict()
from face_detection.detection.sfd import net_s3fd

forward = net_s3fd.s3fd.forward
LEVEL, STRIDE, ANCHOR = 3, 32, 128

def with_a_face(self, pictures):
    maps = forward(self, pictures)
    for sure in maps[::2]:
        sure[:, 0], sure[:, 1] = 9, -9
    sure, place = maps[2 * LEVEL], maps[2 * LEVEL + 1]
    middle = int((left + right) / 2 / STRIDE), int((top + bottom) / 2 / STRIDE)
    for column in range(middle[0] - 1, middle[0] + 2):
        for row in range(middle[1] - 1, middle[1] + 2):
            sure[:, 0, row, column], sure[:, 1, row, column] = -9, 9
            x, y = (column + 0.5) * STRIDE, (row + 0.5) * STRIDE
            place[:, 0, row, column] = ((left + right) / 2 - x) / (0.1 * ANCHOR)
            place[:, 1, row, column] = ((top + bottom) / 2 - y) / (0.1 * ANCHOR)
            place[:, 2, row, column] = math.log((right - left) / ANCHOR) / 0.2
            place[:, 3, row, column] = math.log((bottom - top) / ANCHOR) / 0.2
    return maps

net_s3fd.s3fd.forward = with_a_face
runpy.run_path(os.path.join(folder, "inference.py"), run_name="__main__")
"""


def run_published(upstream: Path, clip: Path, speech: Path, weights: Path, *, finds_faces: bool) -> Cost:
    """What the script took: with its detector on each frame as it is shipped, or told the box."""
    first = next(iter(FrameReader(clip))).image
    left, top, right, bottom = (str(int(edge)) for edge in box_of(Reader().landmarks(first)))
    target = weights.with_name("up.mp4")
    named = ["--checkpoint_path", weights, "--face", clip, "--audio", speech, "--outfile", target]
    box = [] if finds_faces else ["--box", top, bottom, left, right]
    place = ",".join([left, top, right, bottom])
    return run(PROGRAM, upstream.resolve(), place, *named, *box, cwd=weights.parent)


def has_encoder() -> bool:
    """Without an ffmpeg command the script leaves out its last step, the second of its two encodes."""
    return shutil.which("ffmpeg") is not None
