"""When each sound of an English text was said, by PocketSphinx.

It finds the brief closures of /p b/, which a listener that synthetic speech taught
takes for their bursts.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pocketsphinx import Decoder, get_model_path

from lipsync.audio.phones import Phone

FloatArray = npt.NDArray[np.float32]

FRAME_SECONDS = 0.01
_BEAMS = {"beam": 1e-80, "wbeam": 1e-60, "pbeam": 1e-80}
_IPA = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AY": "aɪ", "EH": "ɛ", "ER": "ɝ",
    "EY": "eɪ", "IH": "ɪ", "IY": "i", "OW": "oʊ", "OY": "ɔɪ", "UH": "ʊ", "UW": "u", "B": "b",
    "CH": "tʃ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "dʒ", "K": "k",
    "L": "l", "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ",
    "T": "t", "TH": "θ", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip


def sphinx_phones(samples: FloatArray, text: str) -> list[Phone] | None:
    """The phones of ``text`` with their times in ``samples`` at 16 kHz; None where they are not found.

    Only words of its dictionary are known to it.
    """
    words = re.findall(r"[a-z']+", text.lower().replace("’", "'"))  # noqa: RUF001
    if not words or not set(words) <= _known_words():
        return None
    sound = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    decoder = _decoder()
    try:
        decoder.set_align_text(" ".join(words))
        _hear(decoder, sound)
        if not decoder.hyp():
            return None
        # A second time, now for the sounds inside the words.
        decoder.set_alignment()
        _hear(decoder, sound)
        # Copied at once: what it gives is only good until the next is asked for.
        heard = [
            (word.name, [(phone.name, phone.start, phone.duration) for phone in word])
            for word in decoder.get_alignment()
        ]
    except RuntimeError:
        return None
    # It may lose the way and call the rest a pause.
    if sum(word[0] not in "<[+" for word, _ in heard) < len(words):
        return None
    return [
        Phone(_IPA.get(name, ""), start * FRAME_SECONDS, (start + duration) * FRAME_SECONDS)
        for _, phones in heard
        for name, start, duration in phones
    ]


def _hear(decoder: Any, sound: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()


def _model() -> Path:
    return Path(get_model_path()) / "en-us"


def _decoder() -> Any:
    model = _model()
    return Decoder(
        hmm=str(model / "en-us"),
        dict=str(model / "cmudict-en-us.dict"),
        lm=None,
        loglevel="FATAL",
        # In silence without any noise at all, as synthesised speech has it, it loses the way.
        dither=True,
        seed=1,
        **_BEAMS,
    )


@cache
def _known_words() -> frozenset[str]:
    lines = (_model() / "cmudict-en-us.dict").read_text("utf8").splitlines()
    return frozenset(line.split()[0] for line in lines if line)
