"""The name of a render: equal inputs, options and engine give the same name, and nothing else does."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from lipsync.engines.base import RenderOptions


def render_key(
    *,
    engine: str,
    engine_version: str,
    options: RenderOptions,
    face: str,
    speech: str,
    music: str | None = None,
) -> str:
    """64 hexadecimal digits. ``face``, ``speech`` and ``music`` are names by content: made below."""
    parts = {
        "engine": engine,
        "engine_version": engine_version,
        "options": asdict(options),
        "face": face,
        "speech": speech,
        "music": music,
    }
    return _digest(parts)


def file_content(sha256: str) -> str:
    """The name of an uploaded file's content."""
    return f"file:{sha256}"


def house_content(look: str) -> str:
    """The name of a drawn face. How it is drawn belongs to the engine's version."""
    return f"house:{look}"


def text_content(text: str, voice: str, rate: float, synthesiser_version: str) -> str:
    """The name of a text as spoken by one voice at one speed."""
    return "text:" + _digest([text, voice, round(rate, 4), synthesiser_version])


def transcribed_content(speech: str, text: str, language: str, aligner_version: str) -> str:
    """The name of a recording whose text is known."""
    return f"{speech} as " + _digest([text, language, aligner_version])


def segments_content(segments: list[list[object]]) -> str:
    """The name of what several people say; each segment is what JSON takes, its words by their name."""
    return "segments:" + _digest(segments)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
