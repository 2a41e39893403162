"""How well the model reads mouths off voices it never heard, beside what plain loudness would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lipsync.audio.features import SAMPLE_RATE
from lipsync.audio.mouth import mouth_track
from lipsync.audio.network import Network
from lipsync.audio.phonetics import LEAD_SECONDS, is_bilabial, track_from_phones
from lipsync.speech.espeak_process import EspeakProcess
from lipsync.speech.training.augment import record
from lipsync.speech.training.corpus import Clip, speak_clip

FloatArray = npt.NDArray[np.float32]

SILENCE_MARGIN_SECONDS = 0.12
SHUT = 0.02


@dataclass(frozen=True)
class MouthReport:
    """Figures over held-out clips, 0..1; correlations are means over clips."""

    openness_correlation: float
    loudness_correlation: float
    width_correlation: float
    rounding_correlation: float
    closed_in_silence: float
    bilabials_hit: float
    loudness_bilabials_hit: float
    false_closures: float
    """Share of the frames in which the target is clearly open and the mouth is shut."""
    clips: int


def loudness_envelope(samples: FloatArray, fps: float, frame_count: int) -> FloatArray:
    """The usual stand-in for a mouth: RMS around each frame, shape (frames,), scaled to its loudest."""
    half = round(0.03 * SAMPLE_RATE)
    centres = ((np.arange(frame_count) / fps + LEAD_SECONDS) * SAMPLE_RATE).astype(int)
    levels = [float(np.sqrt(np.mean(samples[max(c - half, 0) : c + half + 1] ** 2 + 1e-12))) for c in centres]
    envelope = np.array(levels, np.float32)
    return np.asarray(envelope / (np.percentile(envelope, 98) + 1e-9), np.float32)


def _correlation(a: FloatArray, b: FloatArray) -> float:
    if a.std() < 1e-6 or b.std() < 1e-6:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _hits(openness: FloatArray, clip: Clip, fps: float, limit: float) -> list[bool]:
    """For each bilabial: whether the mouth is shut in a frame within one of its middle."""
    hits = []
    for phone in clip.phones:
        if not is_bilabial(phone.ipa):
            continue
        middle = 0.65 * phone.start_seconds + 0.35 * phone.end_seconds - LEAD_SECONDS
        frame = round(middle * fps)
        near = openness[max(frame - 1, 0) : frame + 2]
        if len(near):
            hits.append(bool(near.min() <= limit))
    return hits


def _silent_frames(clip: Clip, fps: float, frame_count: int) -> npt.NDArray[np.bool_]:
    times = np.arange(frame_count) / fps
    silent = np.ones(frame_count, bool)
    for phone in clip.phones:
        if phone.ipa:
            near = (times > phone.start_seconds - SILENCE_MARGIN_SECONDS) & (
                times < phone.end_seconds + SILENCE_MARGIN_SECONDS
            )
            silent &= ~near
    return silent


def measure_model(
    process: EspeakProcess,
    clips: int = 40,
    fps: float = 25.0,
    seed: int = 7,
    is_clean: bool = True,
    network: Network | None = None,
) -> MouthReport:
    """Run ``network`` (default: the shipped) over ``clips`` utterances of held-out voices and languages."""
    random = np.random.default_rng(seed)
    scores: list[tuple[float, float, float, float]] = []
    closed: list[npt.NDArray[np.bool_]] = []
    hits: list[bool] = []
    loud_hits: list[bool] = []
    falsely_shut: list[npt.NDArray[np.bool_]] = []
    while len(scores) < clips:
        clip = speak_clip(process, random, is_held_out=True)
        if clip is None:
            continue
        samples = clip.samples if is_clean else record(clip.samples, random)
        track = mouth_track(samples, SAMPLE_RATE, fps, network=network)
        target = track_from_phones(clip.phones, fps, len(track))
        loudness = loudness_envelope(samples, fps, len(track))
        scores.append(
            (
                _correlation(track.openness, target.openness),
                _correlation(loudness, target.openness),
                _correlation(track.width, target.width),
                _correlation(track.rounding, target.rounding),
            )
        )
        closed.append(track.openness[_silent_frames(clip, fps, len(track))] < SHUT)
        falsely_shut.append(track.openness[target.openness > 0.35] < SHUT)
        hits += _hits(track.openness, clip, fps, SHUT)
        loud_hits += _hits(loudness, clip, fps, 0.1)
    means = np.mean(scores, axis=0)
    return MouthReport(
        openness_correlation=float(means[0]),
        loudness_correlation=float(means[1]),
        width_correlation=float(means[2]),
        rounding_correlation=float(means[3]),
        closed_in_silence=float(np.mean(np.concatenate(closed))),
        bilabials_hit=float(np.mean(hits)),
        loudness_bilabials_hit=float(np.mean(loud_hits)),
        false_closures=float(np.mean(np.concatenate(falsely_shut))),
        clips=len(scores),
    )
