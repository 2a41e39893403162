"""Words as sound: texts spoken, recordings cleaned, both kept for the next time; sounds of known texts."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from lipsync.audio.denoise import DenoiserMissing, denoise_file
from lipsync.audio.phones import Phone
from lipsync.speech.align import align_recording
from lipsync.speech.errors import SpeechError
from lipsync.speech.languages import find_language
from lipsync.speech.synthesize import synthesize_to_file
from lipsync.work import Words

SYNTHESISER = "espeak-ng 1.52, 1"
"""Part of the cache key: change the last number whenever the same text sounds different."""
CLEANER = "rnnoise 0.2"
"""Likewise: change it whenever the same recording is cleaned otherwise."""
ALIGNER = "1"
"""Likewise: change it whenever the same recording and text give other phone times."""

Tell = Callable[[float], None]
"""Told how much is done, 0..1."""


def speak(words: Words, speech_dir: Path, tell: Tell) -> tuple[Path, tuple[Phone, ...]]:
    """The text as a sound file in ``speech_dir``, with the times of its phones. Raises SpeechError."""
    name = hashlib.sha256(
        json.dumps([words.text, words.voice, words.voice_rate, SYNTHESISER]).encode()
    ).hexdigest()
    sound_path, phones_path = speech_dir / f"{name}.wav", speech_dir / f"{name}.json"
    speech_dir.mkdir(parents=True, exist_ok=True)
    if not phones_path.exists() or not sound_path.exists():
        fresh_path = speech_dir / f".{name}.{uuid4().hex}"
        phones = synthesize_to_file(fresh_path, words.text, words.voice, words.voice_rate, tell)
        os.replace(fresh_path, sound_path)
        fresh_path.write_text(json.dumps(phones))
        os.replace(fresh_path, phones_path)
    os.utime(sound_path)
    return sound_path, tuple(Phone(*phone) for phone in json.loads(phones_path.read_text()))


def clean(path: Path, speech_dir: Path) -> Path:
    """The recording at ``path`` without noise, as a sound file in ``speech_dir``.

    Raises FileNotFoundError, MediaError, and SpeechError where noise cannot be removed here.
    """
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    name = hashlib.sha256(json.dumps([content, CLEANER]).encode()).hexdigest()
    sound_path = speech_dir / f"{name}.wav"
    speech_dir.mkdir(parents=True, exist_ok=True)
    if not sound_path.exists():
        fresh_path = speech_dir / f".{name}.{uuid4().hex}"
        try:
            denoise_file(path, fresh_path)
            os.replace(fresh_path, sound_path)
        except DenoiserMissing as error:
            raise SpeechError(str(error)) from error
        finally:
            fresh_path.unlink(missing_ok=True)
    os.utime(sound_path)
    return sound_path


def align(words: Words, path: Path, tell: Tell) -> tuple[tuple[Phone, ...] | None, tuple[str, ...]]:
    """The phones of the transcript of the recording at ``path``, and warnings.

    Without one, or where it does not fit, there are none: the sound alone leads.
    """
    if not words.transcript:
        return None, ()
    try:
        language = find_language(words.transcript_language)
        return tuple(align_recording(path, words.transcript, language, tell)), ()
    except SpeechError as error:
        return None, (str(error),)
