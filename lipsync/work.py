"""What to render, in files: the face, and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lipsync.engines.base import RenderOptions
from lipsync.face.people import Person
from lipsync.face.place import FacePick
from lipsync.speech.voices import DEFAULT_VOICE


@dataclass(frozen=True, kw_only=True)
class Words:
    """What is said: exactly one of a recording and a text."""

    speech_path: Path | None = None
    text: str = ""
    transcript: str = ""
    """What is said in the file at ``speech_path``, where it is known."""
    transcript_language: str = ""
    voice: str = DEFAULT_VOICE
    voice_rate: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Part(Words):
    """What one of several people says, and when."""

    start_seconds: float | None = None
    """None: a short pause after the part before it."""
    end_seconds: float | None = None
    """Where it is cut off; None: when all is said."""
    pick: FacePick | None = None


@dataclass(frozen=True, kw_only=True)
class Work(Words):
    """Exactly one of face_path and house_look. With ``segments`` there is nothing else to say."""

    face_path: Path | None = None
    house_look: str | None = None
    segments: tuple[Part, ...] = ()
    people: tuple[Person, ...] | None = None
    """Everyone in the face's file, where that is known already."""
    music_path: Path | None = None
    """Music to put under it."""
    options: RenderOptions = field(default_factory=RenderOptions)
