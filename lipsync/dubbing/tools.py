"""What the chain works with on this machine: the models that are installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from avsite.ai.asr.choose import open_recognizer
from avsite.ai.registry import Registry
from avsite.ai.translate.choose import open_translator, translator_name
from lipsync.dubbing.chain import Tools, ToSync
from lipsync.dubbing.spec import Json


def make_tools(models_dir: Path, sync: Callable[[ToSync, Callable[[float], None]], Json]) -> Tools:
    """``sync`` makes the lips; everything else is by the models under ``models_dir``."""
    registry = Registry(models_dir)
    return Tools(
        recognizer=lambda name: open_recognizer(registry, name),
        choose=lambda source, target: translator_name(registry, source, target),
        translator=lambda name, source, target: open_translator(registry, name, source, target),
        sync=sync,
    )
