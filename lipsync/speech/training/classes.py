"""Speech sounds in classes that can be told apart by ear in any language, for finding them in recordings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lipsync.audio.features import HOP_OFFSET, HOP_SECONDS
from lipsync.audio.phones import Phone
from lipsync.audio.phonetics import sounds_of

PAUSE, UNKNOWN = 0, 255
_GROUPS = (
    "_", "pɓʘ", "b", "m", "tʈ", "dɖɗɾɽǃ", "nɳ", "kq", "gɡɢ", "ŋɲɴ", "f", "vʋ", "θ", "ð", "szɬɮɧ", "ʃɕʂ",
    "ʒʑʐ", "xɣχħhɦʕʜʡʢçʝɸβ", "ɹɻrʀʁʙ", "lɭɺɫʎʟǁ", "jʄɟcǂɰ", "wʍɥ", "iɪɨ", "yʏøœʉ", "uʊɯ", "eɘ", "ɛæε",
    "aɑɐʌɶ", "oɤ", "ɔɒ", "əɜɚɝɵɞ",
)  # fmt: skip
CLASSES = len(_GROUPS)
LIPS_SHUT = (1, 2, 3)
_CLASS_OF = {sound: number for number, group in enumerate(_GROUPS) for sound in group}


def classes_of(ipa: str) -> list[int]:
    """The classes a phone goes through: one, more for a diphthong, none for a glottal stop."""
    if not ipa:
        return [PAUSE]
    return [_CLASS_OF[sound] for sound in sounds_of(ipa) if sound in _CLASS_OF]


def class_track(phones: list[Phone], hops: int) -> npt.NDArray[np.uint8]:
    """The class heard at each hop, shape (hops,); PAUSE outside speech, UNKNOWN in what has no class."""
    track = np.full(hops, PAUSE, np.uint8)
    for phone in phones:
        edges = [phone.start_seconds, phone.end_seconds]
        first, last = (int(np.ceil(edge / HOP_SECONDS - HOP_OFFSET)) for edge in edges)
        first, last = max(first, 0), min(last, hops)
        if last <= first:
            continue
        parts = classes_of(phone.ipa) or [UNKNOWN]
        for place, part in enumerate(parts):
            start = first + (last - first) * place // len(parts)
            track[start : first + (last - first) * (place + 1) // len(parts)] = part
    return track
