"""Who translates: Whisper into English where one is installed that can, M2M100 otherwise, else nobody."""

from __future__ import annotations

from avsite.ai.asr.faster import FasterWhisper
from avsite.ai.errors import ModelUnavailable
from avsite.ai.registry import Registry
from avsite.ai.spec import model_specs
from avsite.ai.translate.base import ENGLISH, Said, Translator
from avsite.ai.translate.m2m100 import M2M100

TASK = "translate"
BY_HAND = "translations typed by hand"
NOT_TRANSLATING = frozenset({"whisper-turbo"})
"""Not trained to; it writes down what it hears in its own language."""


class Unchanged:
    """From a language into itself."""

    name = "unchanged"

    def translate(self, said: Said) -> str:
        return said.text


class WhisperToEnglish:
    """Hears a sentence of any language and writes it down in English."""

    def __init__(self, recognizer: FasterWhisper, source: str) -> None:
        self.name, self._recognizer, self._source = recognizer.name, recognizer, source

    def translate(self, said: Said) -> str:
        known = self._source if self._source in self._recognizer.languages else None
        return self._recognizer.transcribe(said.samples(), language=known, translate=True).text


def translator_name(registry: Registry, source: str, target: str) -> str:
    """Who would translate between two ISO 639-1 languages. Raises ModelUnavailable."""
    if source == target:
        return Unchanged.name
    if target == ENGLISH:
        for name, spec in model_specs().items():
            if spec.task == "asr" and name not in NOT_TRANSLATING and registry.installed(name):
                return name
    names = [name for name, spec in model_specs().items() if spec.task == TASK]
    for name in names:
        if registry.installed(name):
            return name
    registry.path(names[-1], BY_HAND)
    raise AssertionError("a model that is not installed has no path")


def open_translator(registry: Registry, name: str, source: str, target: str) -> Translator:
    """The translator called ``name``. Raises ModelUnavailable, BadWeights and UnsupportedPair."""
    if name == Unchanged.name:
        return Unchanged()
    spec, folder = registry.spec(name), registry.path(name, BY_HAND).parent
    if spec.task == TASK:
        return M2M100(folder, source, target, name=name)
    if spec.task == "asr":
        return WhisperToEnglish(FasterWhisper(folder, name=name), source)
    raise ModelUnavailable(name, f"{spec.label} translates nothing.", "Choose a model that does.", BY_HAND)
