"""How well the mouth follows speech whose sounds are known, beside other ways to do so, and what it costs."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lipsync.audio.mouth import MouthModel, mouth_track
from lipsync.audio.phones import Phone
from lipsync.speech.espeak_process import ESPEAK
from lipsync.speech.synthesize import synthesize
from lipsync.speech.training.report import (
    MouthReport,
    held_out_speech,
    measure_loudness,
    measure_model,
    measure_rhubarb,
    noisy,
)
from lipsync.speech.training.rhubarb import find_rhubarb

FPS = 25
CLOSED_BELOW = 0.06
"""Openness under which lips look closed."""
EDGE_SECONDS = 0.12
"""Left out beside speech, where lips are on their way."""
SENTENCES = (
    ("en-us", "Mama, my boat is blue. Please open the window and let me out."),
    ("en-us", "Why would five brave pilots buy a paper map? Nobody knows."),
    ("de", "Papa baut ein Boot. Morgen fahren wir über das Wasser nach Hause."),
    ("fr", "Bonjour, je m'appelle Marie. Le petit bateau est beau."),
)

UNHEARD_CLIPS = 16
COMPARED = (
    "openness",
    "lag in frames",
    "bilabials hit",
    "closures meant",
    "falsely shut",
    "closed in silence",
)
PIECE_SECONDS = 0.01
REPEATS = 5

FloatArray = npt.NDArray[np.float64]


def loudness(samples: npt.NDArray[np.float32], sample_rate: int, frames: int) -> FloatArray:
    """Root mean square of the sound in each frame's time."""
    edges = (np.arange(frames + 1) / FPS * sample_rate).astype(int)
    pieces = [samples[start:stop] for start, stop in zip(edges, edges[1:], strict=False)]
    return np.array([np.sqrt(np.mean(piece**2)) if len(piece) else 0.0 for piece in pieces])


def silent_frames(phones: list[Phone], frames: int) -> npt.NDArray[np.bool_]:
    """Frames that lie in a pause, away from its edges."""
    times = np.arange(frames) / FPS
    silent = np.zeros(frames, bool)
    for phone in phones:
        if not phone.ipa:
            silent |= (times >= phone.start_seconds + EDGE_SECONDS) & (
                times <= phone.end_seconds - EDGE_SECONDS
            )
    return silent


def rows(folder: Path) -> list[list[str]]:
    """One row for each sentence, and the mean."""
    figures = [measure(voice, text) for voice, text in SENTENCES]
    labels = [f"{voice}: {text[:34]}" for voice, text in SENTENCES]
    mean = [float(np.nanmean(column)) for column in zip(*figures, strict=True)]
    return [[label, *map(show, row)] for label, row in zip([*labels, "mean"], [*figures, mean], strict=True)]


def measure(voice: str, text: str) -> list[float]:
    """Correlation of listening and of loudness with the target; closed in silence, heard and known."""
    speech = synthesize(text, voice)
    known = mouth_track(speech.samples, speech.sample_rate, FPS, speech.phones)
    heard = mouth_track(speech.samples, speech.sample_rate, FPS)
    level = loudness(speech.samples, speech.sample_rate, len(known))
    silent = silent_frames(speech.phones, len(known))
    return [
        correlation(heard.openness, known.openness),
        correlation(level, known.openness),
        share_closed(heard.openness, silent),
        share_closed(known.openness, silent),
    ]


def correlation(values: npt.ArrayLike, target: npt.ArrayLike) -> float:
    return float(np.corrcoef(values, target)[0, 1])


def share_closed(openness: npt.NDArray[np.float32], silent: npt.NDArray[np.bool_]) -> float:
    return float(np.mean(openness[silent] < CLOSED_BELOW)) if silent.any() else float("nan")


def show(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"


def compared() -> list[list[str]]:
    """COMPARED of each way to move a mouth, over synthetic voices and languages the model never heard."""
    clean = list(held_out_speech(ESPEAK, UNHEARD_CLIPS, seed=7))
    rows = []
    for label, speeches in (("clean", clean), ("noisy", list(noisy(clean, seed=8)))):
        rows.append(figures_of(f"{label}: this model", measure_model(speeches, FPS)))
        rows.append(figures_of(f"{label}: loudness", measure_loudness(speeches, FPS)))
        if find_rhubarb():
            drawn, fitted = measure_rhubarb(speeches, FPS)
            rows.append(figures_of(f"{label}: Rhubarb, as drawn", drawn))
            rows.append(figures_of(f"{label}: Rhubarb, best fit", fitted))
    return rows


def figures_of(label: str, report: MouthReport) -> list[str]:
    figures = report.figures()
    return [label, *(show(figures[name]) for name in COMPARED)]


def costs() -> list[list[str]]:
    """Milliseconds of CPU for a second of sound, in pieces of PIECE_SECONDS and whole, per sample rate."""
    rows = []
    for sample_rate in (16000, 22050, 44100, 48000):
        sound = np.random.default_rng(0).normal(0, 0.1, 3 * sample_rate).astype(np.float32)
        pieces = [
            min(cpu_seconds(sound, sample_rate, size) for _ in range(REPEATS)) / 3 * 1000
            for size in (round(PIECE_SECONDS * sample_rate), len(sound))
        ]
        rows.append([f"{sample_rate} Hz", *(f"{milliseconds:.1f}" for milliseconds in pieces)])
    return rows


def cpu_seconds(sound: npt.NDArray[np.float32], sample_rate: int, size: int) -> float:
    model = MouthModel(sample_rate, FPS)
    began = time.process_time()
    for start in range(0, len(sound), size):
        model.push(sound[start : start + size])
    model.flush()
    return time.process_time() - began
