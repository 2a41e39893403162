"""Which recogniser hears: the best Whisper that is installed, else the English one that needs nothing."""

from __future__ import annotations

from avsite.ai.asr.base import Recognizer
from avsite.ai.asr.faster import FasterWhisper
from avsite.ai.asr.gate import best_gate
from avsite.ai.asr.pool import StreamMaker
from avsite.ai.asr.sphinx import SphinxRecognizer
from avsite.ai.asr.sphinx_stream import DecoderPool, SphinxStream
from avsite.ai.asr.stream import GrowingWindow
from avsite.ai.errors import ModelUnavailable
from avsite.ai.registry import Registry
from avsite.ai.spec import model_specs

TASK = "asr"


def recognizer_names() -> list[str]:
    """All there are, the best first; PocketSphinx, which is always there, last."""
    return [*(name for name, spec in model_specs().items() if spec.task == TASK), SphinxRecognizer.name]


def open_recognizer(registry: Registry, wanted: str = "") -> Recognizer:
    """The recogniser called ``wanted``, or the best there is. Raises ModelUnavailable and BadWeights."""
    if wanted and wanted not in recognizer_names():
        raise ModelUnavailable(
            wanted,
            f"There is no recogniser called {wanted!r}.",
            f"There are {', '.join(recognizer_names())}.",
            SphinxRecognizer.name,
        )
    for name in [wanted] if wanted else recognizer_names():
        if name == SphinxRecognizer.name:
            return SphinxRecognizer()
        if wanted or registry.installed(name):
            return FasterWhisper(registry.path(name, SphinxRecognizer.name).parent, name=name)
    raise AssertionError("PocketSphinx is always there")


def live_recognizer(recognizer: Recognizer, *, language: str | None = None) -> StreamMaker:
    """What hears voices while they speak by ``recognizer``. All of its streams belong into one thread.

    language  None: found out, in every stretch anew
    """
    if isinstance(recognizer, SphinxRecognizer):
        decoders = DecoderPool()
        return lambda: SphinxStream(decoders, best_gate())
    return lambda: GrowingWindow(recognizer, best_gate(), language=language)
