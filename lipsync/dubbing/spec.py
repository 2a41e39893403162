"""What a dub is asked to be, its stages, and how a stage can end otherwise than well.

Exception
|-- DubError      the stage cannot be done; a sentence for people, what came before it stays
|-- NeedsPerson   the stage waits for somebody: to look a translation over, or to type one
`-- Later         the stage waits for work elsewhere that will tell
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

STAGES = {
    "words": "Words",
    "sentences": "Sentences",
    "translate": "Translation",
    "edit": "Editing",
    "voice": "Voice",
    "fit": "Fit to time",
    "mix": "Mix",
    "lipsync": "Lip-sync",
    "finish": "Captions and video",
}
"""In the order in which they are done, as people call them."""

Background = Literal["remove", "lower", "none"]
"""The original sound where somebody is dubbed: cut out, lowered, or left out of the whole video."""

OnProgress = Callable[[str, float], None]
"""``on_progress(stage, fraction)``, of the stage, 0..1; raises to stop."""

Json = dict[str, Any]


class DubError(RuntimeError):
    """Why a stage cannot be done: what happened, why, and what to do. ``code`` is for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NeedsPerson(Exception):  # noqa: N818 -- a request, not an error
    """Somebody has to do something before ``stage`` goes on; the message says what."""

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage


class Later(Exception):  # noqa: N818 -- nothing is wrong
    """What the stage needs is being made elsewhere."""


@dataclass(frozen=True)
class Edit:
    """What somebody changed of one sentence; None: nothing.

    text         as it was said, where it was heard wrongly
    translation  as it is to be said
    keep         leave the original speaker's voice
    """

    text: str | None = None
    translation: str | None = None
    speaker: str | None = None
    keep: bool = False


@dataclass(frozen=True)
class DubSpec:
    """What is asked.

    video_sha256  stands for the video in the hashes of what is made of it
    target        BCP 47 tag of the new language; ``source``: ISO 639-1, "" found out
    voices        id of the voice of each speaker; others get one of the language
    edits         by the id of the sentence
    duck_db       by which ``background="lower"`` lowers
    stop_before   a stage that begins only when somebody says so, "" for none
    """

    video: Path
    video_sha256: str
    target: str
    source: str = ""
    recognizer: str = ""
    glossary: Mapping[str, str] = field(default_factory=dict)
    voices: Mapping[str, str] = field(default_factory=dict)
    edits: Mapping[str, Edit] = field(default_factory=dict)
    background: Background = "remove"
    duck_db: float = 18.0
    lipsync: bool = True
    engine: str = "auto"
    stop_before: str = ""


def key_of(*parts: Any) -> str:
    """64 hexadecimal digits that change when one of ``parts``, plain values, does."""
    told = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()
