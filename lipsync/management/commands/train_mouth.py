"""Train the mouth model: ``manage.py train_mouth``; ``--report`` measures the one there is.

A seed stands for the same texts, voices, noise and order.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lipsync.audio.network import WEIGHTS, load_network, save_network
from lipsync.speech.espeak_process import EspeakProcess
from lipsync.speech.training.corpus import Clip, synthetic_clips
from lipsync.speech.training.recordings import list_recordings
from lipsync.speech.training.report import (
    MouthReport,
    held_out_speech,
    measure_loudness,
    measure_model,
    measure_rhubarb,
    noisy,
    recorded_speech,
)
from lipsync.speech.training.rhubarb import find_rhubarb
from lipsync.speech.training.sources import HELD_OUT_SOURCES, SOURCES, Source, SourceError, fetch_source

if TYPE_CHECKING:
    from lipsync.speech.training.listener import Listener

SYNTHETIC_SECONDS = 9000.0
RECORDED_SECONDS = 3600.0
"""Of one source at most."""
LISTENED_SECONDS = 600.0
"""Of one source, from which the listener learns how people sound before it times all of it."""
LISTENER_STEPS, STEPS = 1000, 9000
SEED = 1
SYNTHETIC_WEIGHT, USUAL_WEIGHT = 0.6, 0.25
RECORDED_WEIGHTS = {"kathleen": 1.0, "kerstin": 0.5, "intents": 0.8}
"""How often each source is drawn from."""
CLIPS = 40
TORCH_HINT = "Training needs torch, which avsite itself does not: pip install -r requirements/torch.txt."


class Command(BaseCommand):
    help = "Trains the mouth model on synthetic and recorded speech and measures it on voices it never heard."
    requires_system_checks: list[str] = []  # noqa: RUF012 -- Django's own type; needs no database

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--report", action="store_true", help="only measure the weights there are")
        parser.add_argument("--recordings", type=Path, help="where recordings are kept once fetched")
        parser.add_argument("--share-alike", action="store_true", help="use share-alike recordings too")
        parser.add_argument("--synthetic-only", action="store_true", help="use no recordings: fetch nothing")
        parser.add_argument("--seconds", type=float, default=SYNTHETIC_SECONDS, help="synthetic speech")
        parser.add_argument(
            "--recorded-seconds", type=float, default=RECORDED_SECONDS, help="of each source of recordings"
        )
        parser.add_argument("--listener-steps", type=int, default=LISTENER_STEPS)
        parser.add_argument("--steps", type=int, default=STEPS)
        parser.add_argument("--seed", type=int, default=SEED)
        parser.add_argument("--clips", type=int, default=CLIPS, help="held-out utterances to measure on")
        parser.add_argument("-o", "--output", type=Path, default=WEIGHTS)

    def handle(self, *args: Any, **options: Any) -> None:
        process = EspeakProcess()
        try:
            if not options["report"]:
                self._train(process, options)
            self._report(process, options)
        except SourceError as error:
            raise CommandError(str(error)) from error
        finally:
            process.close()

    def _train(self, process: EspeakProcess, options: dict[str, Any]) -> None:
        try:
            from lipsync.speech.training.fit import fit_network
        except ImportError as error:
            raise CommandError(TORCH_HINT) from error
        self.stdout.write(f"making {options['seconds']:g} s of speech")
        synthetic = list(synthetic_clips(process, options["seconds"], options["seed"]))
        sets = [(SYNTHETIC_WEIGHT, synthetic)]
        if not options["synthetic_only"]:
            sets += self._recorded(synthetic, options)
        self.stdout.write("learning mouths")
        save_network(
            fit_network(sets, options["steps"], options["seed"], self._shown("mouth")), options["output"]
        )

    def _recorded(self, synthetic: list[Clip], options: dict[str, Any]) -> list[tuple[float, list[Clip]]]:
        """The recordings of each source: timed by what synthetic speech taught, then by what they taught."""
        from lipsync.speech.training.listener import fit_listener

        sources = [source for source in SOURCES if options["share_alike"] or not source.is_share_alike]
        folders = {source: fetch_source(source, self._kept(options)) for source in sources}
        steps, seed = options["listener_steps"], options["seed"]
        self.stdout.write("learning to time recordings")
        heard = [(clip.spectrum, clip.sounds) for clip in synthetic]
        listener = fit_listener(heard, steps, seed, self._shown("listener"))
        sets = self._timed(listener, folders, seed, LISTENED_SECONDS)
        heard += [(clip.spectrum, clip.sounds) for _, clips in sets for clip in clips]
        listener = fit_listener(heard, steps // 2, seed + 1, self._shown("listener"), listener)
        return self._timed(listener, folders, seed + 1, options["recorded_seconds"])

    def _timed(
        self, listener: Listener, folders: dict[Source, Path], seed: int, seconds: float
    ) -> list[tuple[float, list[Clip]]]:
        from lipsync.speech.training.timed import recorded_clips

        random = np.random.default_rng(seed)
        sets = []
        for source, folder in folders.items():
            self.stdout.write(f"{source.name}: {source.description} ({source.licence})")
            recordings = list(list_recordings(source, folder))
            order = random.permutation(len(recordings))
            shuffled = (recordings[number] for number in order)
            clips = list(recorded_clips(listener, shuffled, random, seconds))
            self.stdout.write(f"  {len(clips)} of {len(recordings)} recordings")
            if clips:
                sets.append((RECORDED_WEIGHTS.get(source.name, USUAL_WEIGHT), clips))
        return sets

    def _shown(self, name: str) -> Callable[[int, float], None]:
        def show(step: int, loss: float) -> None:
            if step % 100 == 0:
                self.stdout.write(f"  {name} step {step}: {loss:.3f}")

        return show

    def _report(self, process: EspeakProcess, options: dict[str, Any]) -> None:
        network = load_network(options["output"])
        sets = {"synthetic voices": list(held_out_speech(process, options["clips"], seed=7))}
        if not options["synthetic_only"]:
            for source in HELD_OUT_SOURCES:
                found = list_recordings(source, fetch_source(source, self._kept(options)))
                sets[f"{source.name}, {source.licence}"] = list(recorded_speech(found, options["clips"]))
        for name, clean in sets.items():
            for label, speeches in (("clean", clean), ("noisy", list(noisy(clean, seed=8)))):
                title = f"{name}, {label}"
                self._show(f"{title}: this model", measure_model(speeches, network=network))
                self._show(f"{title}: loudness", measure_loudness(speeches))
                if find_rhubarb() is None:
                    self.stdout.write("rhubarb is not on the PATH: no figures of it")
                    continue
                drawn, fitted = measure_rhubarb(speeches)
                self._show(f"{title}: Rhubarb", drawn)
                self._show(f"{title}: Rhubarb, best fit", fitted)

    def _kept(self, options: dict[str, Any]) -> Path:
        return options["recordings"] or Path(settings.DATA_DIR) / "recordings"

    def _show(self, title: str, report: MouthReport) -> None:
        self.stdout.write(title)
        for name, value in report.figures().items():
            self.stdout.write(f"  {name:20} {value:.3f}")
