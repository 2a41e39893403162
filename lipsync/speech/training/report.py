"""How well the model reads mouths off voices it never heard, beside plain loudness and Rhubarb Lip Sync."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lipsync.audio.features import SAMPLE_RATE
from lipsync.audio.mouth import mouth_track
from lipsync.audio.network import Network
from lipsync.audio.phones import Phone
from lipsync.audio.phonetics import LEAD_SECONDS, is_bilabial, track_from_phones
from lipsync.speech.errors import SpeechError
from lipsync.speech.espeak_process import EspeakProcess
from lipsync.speech.languages import find_language
from lipsync.speech.training.augment import record
from lipsync.speech.training.corpus import Speech, speak
from lipsync.speech.training.recordings import Recording
from lipsync.speech.training.rhubarb import OPENNESS, SHAPES, SHUT, best_openness, rhubarb_shapes
from lipsync.video.errors import MediaError

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

SILENCE_MARGIN_SECONDS = 0.12
IS_SHUT = 0.02
IS_OPEN = 0.35
LAGS = range(-3, 4)
LOUDNESS_SHUT = 0.1
SHORTEST_PHONES = 12
"""Of a recording that is measured on; single words say little."""


@dataclass
class MouthReport:
    """Figures of one way to move a mouth, gathered clip by clip."""

    correlations: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    at_lag: list[list[float]] = field(default_factory=list)
    closed_in_silence: list[bool] = field(default_factory=list)
    bilabials_hit: list[bool] = field(default_factory=list)
    closures_meant: list[bool] = field(default_factory=list)
    falsely_shut: list[bool] = field(default_factory=list)

    def add(self, openness: FloatArray, is_shut: BoolArray, speech: Speech, fps: float) -> None:
        """Hold one clip's ``openness`` and shut frames, shape (frames,), against what was said."""
        frames = len(openness)
        target = track_from_phones(speech.phones, fps, frames).openness
        self.lengths.append(frames)
        self.correlations.append(correlation(openness, target))
        self.at_lag.append(
            [
                correlation(
                    openness[max(lag, 0) : frames + min(lag, 0)], target[max(-lag, 0) : frames - max(lag, 0)]
                )
                for lag in LAGS
            ]
        )
        silent, meant = _silent_frames(speech.phones, fps, frames), np.zeros(frames, bool)
        for phone in speech.phones:
            if not is_bilabial(phone.ipa):
                continue
            middle = 0.65 * phone.start_seconds + 0.35 * phone.end_seconds - LEAD_SECONDS
            near = is_shut[max(round(middle * fps) - 1, 0) : round(middle * fps) + 2]
            if len(near):
                self.bilabials_hit.append(bool(near.any()))
            first = int((phone.start_seconds - LEAD_SECONDS) * fps) - 1
            meant[max(first, 0) : int(np.ceil(phone.end_seconds * fps)) + 2] = True
        self.closed_in_silence += is_shut[silent].tolist()
        self.falsely_shut += is_shut[target > IS_OPEN].tolist()
        self.closures_meant += meant[is_shut & _spoken_frames(speech.phones, fps, frames)].tolist()

    @property
    def correlation(self) -> float:
        """Of openness with the phonetic target; the mean over clips, long ones counting more."""
        return float(np.average(self.correlations, weights=self.lengths))

    @property
    def lag(self) -> int:
        """Frames by which the mouth is late, where it fits best."""
        means = np.average(self.at_lag, axis=0, weights=self.lengths)
        return LAGS[int(np.argmax(means))]

    def figures(self) -> dict[str, float]:
        """All figures by name; shares are 0..1."""
        return {
            "openness": self.correlation,
            "lag in frames": float(self.lag),
            "closed in silence": _share(self.closed_in_silence),
            "bilabials hit": _share(self.bilabials_hit),
            "closures meant": _share(self.closures_meant),
            "falsely shut": _share(self.falsely_shut),
        }


def _share(hits: list[bool]) -> float:
    return float(np.mean(hits)) if hits else float("nan")


def loudness_envelope(samples: FloatArray, fps: float, frame_count: int) -> FloatArray:
    """The usual stand-in for a mouth: RMS around each frame, shape (frames,), scaled to its loudest."""
    half = round(0.03 * SAMPLE_RATE)
    centres = ((np.arange(frame_count) / fps + LEAD_SECONDS) * SAMPLE_RATE).astype(int)
    levels = [float(np.sqrt(np.mean(samples[max(c - half, 0) : c + half + 1] ** 2 + 1e-12))) for c in centres]
    envelope = np.array(levels, np.float32)
    return np.asarray(envelope / (np.percentile(envelope, 98) + 1e-9), np.float32)


def correlation(a: FloatArray, b: FloatArray) -> float:
    """Pearson's, 0 where one of them does not move."""
    if len(a) < 2 or a.std() < 1e-6 or b.std() < 1e-6:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _silent_frames(phones: list[Phone], fps: float, frames: int) -> BoolArray:
    """Frames with no speech in them nor near them."""
    times = np.arange(frames) / fps
    silent = np.ones(frames, bool)
    for phone in phones:
        if phone.ipa:
            silent &= (times <= phone.start_seconds - SILENCE_MARGIN_SECONDS) | (
                times >= phone.end_seconds + SILENCE_MARGIN_SECONDS
            )
    return silent


def _spoken_frames(phones: list[Phone], fps: float, frames: int) -> BoolArray:
    times = np.arange(frames) / fps
    spoken = np.zeros(frames, bool)
    for phone in phones:
        if phone.ipa:
            spoken |= (times >= phone.start_seconds) & (times <= phone.end_seconds)
    return spoken


def held_out_speech(process: EspeakProcess, clips: int, seed: int) -> Iterator[Speech]:
    """Utterances of synthetic voices and languages that were never trained on."""
    random = np.random.default_rng(seed)
    count = 0
    while count < clips:
        speech = speak(process, random, is_held_out=True)
        if speech is not None:
            count += 1
            yield speech


def recorded_speech(recordings: Iterable[Recording], clips: int) -> Iterator[Speech]:
    """At most ``clips`` recordings, their phones found by the aligner that people's own texts go through."""
    from lipsync.speech.align import align_recording

    count = 0
    for recording in recordings:
        if count == clips:
            return
        try:
            phones = align_recording(recording.path, recording.text, find_language(recording.language))
        except (SpeechError, MediaError):
            continue
        if sum(bool(phone.ipa) for phone in phones) >= SHORTEST_PHONES:
            count += 1
            yield Speech(recording.samples(), phones)


def noisy(speeches: Iterable[Speech], seed: int) -> Iterator[Speech]:
    """The same, each through a random microphone, room and noise."""
    random = np.random.default_rng(seed)
    for speech in speeches:
        yield Speech(record(speech.samples, random), speech.phones)


def measure_model(
    speeches: Iterable[Speech], fps: float = 25.0, network: Network | None = None
) -> MouthReport:
    """The figures of ``network`` (default: the shipped) over ``speeches``."""
    report = MouthReport()
    for speech in speeches:
        track = mouth_track(speech.samples, SAMPLE_RATE, fps, network=network)
        report.add(track.openness, track.openness < IS_SHUT, speech, fps)
    return report


def measure_loudness(speeches: Iterable[Speech], fps: float = 25.0) -> MouthReport:
    """The figures of a mouth that follows loudness."""
    report = MouthReport()
    for speech in speeches:
        envelope = loudness_envelope(speech.samples, fps, int(len(speech.samples) / SAMPLE_RATE * fps))
        report.add(envelope, envelope <= LOUDNESS_SHUT, speech, fps)
    return report


def measure_rhubarb(
    speeches: Iterable[Speech], fps: float = 25.0, is_english: bool = False
) -> tuple[MouthReport, MouthReport]:
    """The figures of Rhubarb Lip Sync: its shapes as open as its pictures, and as open as fits best."""
    drawn, fitted = MouthReport(), MouthReport()
    heard = []
    for speech in speeches:
        frames = int(len(speech.samples) / SAMPLE_RATE * fps)
        shapes = rhubarb_shapes(speech.samples, fps, frames, is_english)
        heard.append((speech, shapes, track_from_phones(speech.phones, fps, frames)))
    every = "".join(shapes for _, shapes, _ in heard)
    best = dict(
        zip(SHAPES, best_openness(every, np.concatenate([t.openness for *_, t in heard])), strict=True)
    )
    for speech, shapes, _ in heard:
        is_shut = np.array([shape in SHUT for shape in shapes])
        for report, openness in ((drawn, OPENNESS), (fitted, best)):
            report.add(np.array([openness[shape] for shape in shapes], np.float32), is_shut, speech, fps)
    return drawn, fitted
