"""What people choose by, made once and kept: pictures of the drawn faces, samples of the voices."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from django.conf import settings

from lipsync.engines.base import get_engine
from lipsync.face.house import HOUSE_LOOKS, house_thumbnail
from lipsync.speech.synthesize import synthesize_to_file
from lipsync.speech.voices import find_voice
from lipsync.video.thumbnail import make_thumbnail

LOOK_PIXELS = 384


def look_picture(look: str) -> Path:
    """A JPEG of the drawn face called ``look``. Raises KeyError for an unknown one."""
    if look not in HOUSE_LOOKS:
        raise KeyError(look)
    name = f"{look}-{get_engine('builtin').version}.jpg"
    return _made_once(
        Path(settings.CACHE_DIR) / "looks" / name,
        lambda target: target.write_bytes(make_thumbnail(house_thumbnail(look, LOOK_PIXELS))),
    )


def draw_look_pictures() -> None:
    """Draw every look ahead of the first visit."""
    for look in HOUSE_LOOKS:
        look_picture(look)


def voice_sample(voice_id: str) -> Path:
    """A WAV of a sentence in the voice's own language. Raises UnknownVoice and SpeechError."""
    voice = find_voice(voice_id)
    return _made_once(
        Path(settings.CACHE_DIR) / "voices" / f"{voice.id}.wav",
        lambda target: synthesize_to_file(target, voice.sample, voice),
    )


def _made_once(path: Path, make: Callable[[Path], object]) -> Path:
    """``path``, made by ``make`` when it is not there yet; half-made files are never seen."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{uuid4().hex}.part")
        try:
            make(part)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    return path
