"""Train the mouth model: ``manage.py train_mouth``; a seed stands for the same texts, voices and noise."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from lipsync.audio.network import WEIGHTS, load_network, save_network
from lipsync.speech.espeak_process import EspeakProcess
from lipsync.speech.training.corpus import make_set
from lipsync.speech.training.fit import fit_network
from lipsync.speech.training.report import measure_model

TRAINING_SECONDS = 10000.0
STEPS = 20000
SEED = 1


class Command(BaseCommand):
    help = "Trains the mouth model on synthetic speech and measures it on voices it never heard (one core)."
    requires_system_checks: list[str] = []  # noqa: RUF012 -- Django's own type; needs no database

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--seconds", type=float, default=TRAINING_SECONDS, help="speech to train on")
        parser.add_argument("--steps", type=int, default=STEPS)
        parser.add_argument("--seed", type=int, default=SEED)
        parser.add_argument("--clips", type=int, default=40, help="held-out utterances to measure on")
        parser.add_argument("-o", "--output", type=Path, default=WEIGHTS)

    def handle(self, *args: Any, **options: Any) -> None:
        process = EspeakProcess()
        try:
            self.stdout.write(f"making {options['seconds']:g} s of speech")
            clips = make_set(process, options["seconds"], options["seed"])
            network = fit_network(clips, options["steps"], options["seed"], self._show_step)
            save_network(network, options["output"])
            trained = load_network(options["output"])
            for is_clean in (True, False):
                report = measure_model(process, options["clips"], is_clean=is_clean, network=trained)
                self.stdout.write("clean" if is_clean else "noisy")
                for name, value in asdict(report).items():
                    self.stdout.write(f"  {name:24} {value:.3f}")
        finally:
            process.close()

    def _show_step(self, step: int, loss: float) -> None:
        if step % 1000 == 0:
            self.stdout.write(f"step {step}: {loss:.4f}")
