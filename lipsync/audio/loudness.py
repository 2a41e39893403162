"""Loudness as EBU R 128 measures it, and FFmpeg's filters over blocks of stereo sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph
from av.filter.context import FilterContext

from lipsync.audio.load import FloatArray

RATE = 48_000
SILENT_LUFS = -70.0
"""What EBU R 128 says of silence."""


@dataclass(frozen=True)
class Loudness:
    """Of a whole recording: integrated LUFS, and dBTP of its highest peak."""

    lufs: float
    peak_dbtp: float


def measure_loudness(blocks: Iterable[FloatArray]) -> Loudness:
    """Of (2, samples) blocks at RATE; SILENT_LUFS for silence."""
    meter = _Meter()
    for block in blocks:
        meter.add(block)
    return meter.finish()


class SoundGraph:
    """A graph of FFmpeg's that takes one or two stereo sounds and gives one."""

    def __init__(self, inputs: int = 1) -> None:
        self.graph = Graph()
        self.inputs = [
            self.graph.add_abuffer(
                name=f"in{number}",
                format="fltp",
                sample_rate=RATE,
                layout="stereo",
                time_base=Fraction(1, RATE),
            )
            for number in range(inputs)
        ]
        self._given = [0] * inputs

    def chain(self, last: FilterContext, *filters: tuple[str, str]) -> None:
        """Append filters after ``last``, and the end of the graph."""
        for name, arguments in (*filters, ("aformat", f"sample_fmts=fltp:sample_rates={RATE}")):
            following = self.graph.add(name, arguments)
            last.link_to(following)
            last = following
        self._sink = self.graph.add("abuffersink")
        last.link_to(self._sink)
        self.graph.configure()

    def put(self, number: int, block: FloatArray | None) -> None:
        """More of one input; None at its end."""
        if block is None:
            self.inputs[number].push(None)
            return
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = RATE, self._given[number]
        frame.time_base = Fraction(1, RATE)
        self._given[number] += block.shape[1]
        self.inputs[number].push(frame)

    def blocks(self) -> Iterator[FloatArray]:
        """The (2, samples) blocks that have come out."""
        return (np.asarray(frame.to_ndarray(), np.float32) for frame in self.frames())

    def frames(self) -> Iterator[AudioFrame]:
        """The same with what filters say of them."""
        while True:
            try:
                frame = self._sink.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            assert isinstance(frame, AudioFrame)  # noqa: S101 -- a graph of sounds; for the type checker
            yield frame


class _Meter:
    def __init__(self) -> None:
        self._filter = SoundGraph()
        self._filter.chain(self._filter.inputs[0], ("ebur128", "peak=true:metadata=1"))
        self._told: dict[str, str] = {}

    def add(self, block: FloatArray) -> None:
        self._filter.put(0, block)
        self._read()

    def finish(self) -> Loudness:
        self._filter.put(0, None)
        self._read()
        peak = float(self._told.get("lavfi.r128.true_peak", 0.0))
        return Loudness(
            float(self._told.get("lavfi.r128.I", SILENT_LUFS)), 20 * float(np.log10(max(peak, 1e-6)))
        )

    def _read(self) -> None:
        for frame in self._filter.frames():
            self._told.update(frame.metadata)
