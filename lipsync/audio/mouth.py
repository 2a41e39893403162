"""From speech to a mouth: one streaming model for the engines and the live avatar."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lipsync.audio.features import HOP, HOP_OFFSET, HOP_SECONDS, SAMPLE_RATE, LogMel, Normaliser
from lipsync.audio.network import LOOK_AHEAD_HOPS, Network, NetworkStream, load_network
from lipsync.audio.phones import Phone
from lipsync.audio.phonetics import track_from_phones, track_of
from lipsync.audio.resample import Resampler
from lipsync.audio.shape import CLOSED, MouthShape, MouthTrack
from lipsync.audio.shaping import Shaper

FloatArray = npt.NDArray[np.float32]

LOUDEST = 4.0
"""What is louder, where full scale is 1, is no sound."""
SILENCE_ENERGY = HOP * 10 ** (-58 / 10)
"""A hop with less is silence, whatever its shape: 58 dB below full scale."""


class MouthModel:
    """Samples in, one MouthShape per video frame out, LOOK_AHEAD_SECONDS behind at most.

    Frame n belongs to the time n / fps. The output is the same to the bit however the samples are cut.
    """

    def __init__(self, sample_rate: int, fps: float, network: Network | None = None) -> None:
        """Raises ValueError for a sample rate or frame rate that no media has."""
        if not 1 <= fps <= 240:
            raise ValueError(f"a frame rate of {fps:g} is not 1 to 240")
        self._sample_rate = sample_rate
        self._fps = fps
        self._resampler = Resampler(sample_rate, SAMPLE_RATE, HOP)
        self._log_mel = LogMel()
        self._normaliser = Normaliser()
        self._network = NetworkStream(network or load_network())
        self._shaper = Shaper(fps)
        self._waiting: deque[FloatArray] = deque()
        self._heard_blocks = 0
        self._quiet_blocks = 0
        self._next_frame = 0
        self._pushed_samples = 0

    def push(self, samples: FloatArray) -> list[MouthShape]:
        """Take ``samples``, float32 mono of any length; return the frames that they complete, in order."""
        self._pushed_samples += len(samples)
        return self._hear(np.asarray(samples, np.float32))

    def flush(self) -> list[MouthShape]:
        """The speech has ended: return the frames still held back. Start a new model for the next speech."""
        frame_count = int(np.ceil(self._pushed_samples / self._sample_rate * self._fps - 1e-9))
        frames: list[MouthShape] = []
        missing = frame_count - self._next_frame
        while len(frames) < missing:
            frames += self._hear(np.zeros(max(self._sample_rate // 10, 1), np.float32))
        return frames[: max(missing, 0)]

    def _hear(self, samples: FloatArray) -> list[MouthShape]:
        # Broken decoders give what is no number, or far out of range; neither may stay in the running means.
        if not float(samples @ samples) <= LOUDEST**2:
            samples = np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -LOUDEST, LOUDEST)
        self._waiting.extend(self._resampler.push(samples))
        frames: list[MouthShape] = []
        while True:
            position = self._next_frame / self._fps / HOP_SECONDS - HOP_OFFSET
            # Blocks until the hop at or after the frame is known; the first hop takes two.
            needed = max(ceil(position) + LOOK_AHEAD_HOPS + 2, 0)
            if needed > self._heard_blocks + len(self._waiting):
                return frames
            # All hops since the last frame at once: it costs little more than one, and the portions are the
            # same however the sound came.
            self._process([self._waiting.popleft() for _ in range(needed - self._heard_blocks)])
            frames.append(self._shaper.frame_at(position) if position >= 0 else CLOSED)
            self._next_frame += 1

    def _process(self, blocks: list[FloatArray]) -> None:
        if not blocks:
            return
        first = self._heard_blocks
        self._heard_blocks += len(blocks)
        spectra = self._log_mel.push(np.concatenate(blocks))
        quiet = [float(block @ block) < SILENCE_ENERGY for block in blocks]
        values = iter(self._network.push(self._normaliser.push(spectra)).tolist() if len(spectra) else ())
        for block, is_quiet in enumerate(quiet, first):
            self._quiet_blocks = self._quiet_blocks + 1 if is_quiet else 0
            if block >= 1:
                hop = next(values)
                if block > LOOK_AHEAD_HOPS:
                    self._shaper.push(hop, self._quiet_blocks > LOOK_AHEAD_HOPS)


# Half a spectrum window and the reach of the resampler (at most 12 samples of the slower rate) come on top of
# the network's own look-ahead, and a frame waits for the hop after it.
LOOK_AHEAD_SECONDS = LOOK_AHEAD_HOPS * HOP_SECONDS + 0.0125 + 0.0015 + HOP_SECONDS


def _stack(frames: list[MouthShape], frame_count: int) -> FloatArray:
    values = np.zeros((frame_count, len(MouthShape._fields)), np.float32)
    if frames and frame_count:
        kept = frames[:frame_count]
        values[: len(kept)] = np.array(kept, np.float32)
    return values


def _model_track(
    blocks: Iterable[FloatArray],
    sample_rate: int,
    fps: float,
    frame_count: int | None,
    network: Network | None = None,
) -> MouthTrack:
    model = MouthModel(sample_rate, fps, network)
    frames: list[MouthShape] = []
    heard = 0
    for block in blocks:
        heard += len(block)
        frames += model.push(block)
    frames += model.flush()
    count = round(heard / sample_rate * fps) if frame_count is None else frame_count
    return track_of(_stack(frames, count), fps)


def mouth_track(
    samples: FloatArray,
    sample_rate: int,
    fps: float,
    phones: Sequence[Phone] | None = None,
    frame_count: int | None = None,
    network: Network | None = None,
) -> MouthTrack:
    """The mouth over ``samples``, float32 mono of shape (n,). Known phones lead; else the model listens."""
    if phones:
        count = round(len(samples) / sample_rate * fps) if frame_count is None else frame_count
        return track_from_phones(phones, fps, count)
    return _model_track([samples], sample_rate, fps, frame_count, network)


def speech_mouth(
    path: Path, fps: float, frame_count: int | None = None, phones: Sequence[Phone] | None = None
) -> MouthTrack:
    """The mouth over the speech in the file at ``path``, read as a stream.

    ``frame_count`` defaults to the length of the speech; past its end the mouth is closed. Raises MediaError
    for a file without sound that can be read.
    """
    if phones:
        count = round(phones[-1].end_seconds * fps) if frame_count is None else frame_count
        return track_from_phones(phones, fps, count)
    # Opening files pulls in the media libraries, which the live path has no use for.
    from lipsync.audio.load import stream_audio

    return _model_track(stream_audio(path, SAMPLE_RATE), SAMPLE_RATE, fps, frame_count)
