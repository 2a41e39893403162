"""Speaks text with espeak-ng over standard input and output. The protocol is in README.md beside this file.

SPDX-License-Identifier: GPL-3.0-or-later
"""

import ctypes
import json
import os
import struct
import sys
from typing import Any, BinaryIO

import espeakng_loader

HEADER_LIMIT_BYTES = 1 << 20

# espeak-ng's speak_lib.h
AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_PHONEME_EVENTS = 0x0001
INITIALIZE_PHONEME_IPA = 0x0002
INITIALIZE_DONT_EXIT = 0x8000
CHARS_UTF8 = 1
END_PAUSE = 0x1000
POSITION_CHARACTER = 1
EVENT_LIST_TERMINATED = 0
EVENT_WORD = 1
EVENT_PHONEME = 7
PARAMETERS = {"words_per_minute": 1, "pitch": 3, "pitch_range": 4, "word_gap": 7}


class Event(ctypes.Structure):
    """espeak_EVENT. ``name`` is the union's 8 bytes, a phoneme's name in UTF-8."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_ubyte * 8),
    ]


class VoiceFile(ctypes.Structure):
    """espeak_VOICE. ``languages`` starts with one byte of priority."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("padding", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    ]


SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
)


class Synthesiser:
    """The library, loaded once. Its state is global, so there is one per process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(VoiceFile))
        options = INITIALIZE_PHONEME_EVENTS | INITIALIZE_PHONEME_IPA | INITIALIZE_DONT_EXIT
        data_path = os.fsencode(espeakng_loader.get_data_path())
        self.sample_rate: int = self._library.espeak_Initialize(
            AUDIO_OUTPUT_SYNCHRONOUS, 0, data_path, options
        )
        if self.sample_rate <= 0:
            raise RuntimeError("espeak-ng did not start")
        self._pieces: list[bytes] = []
        self._phones: list[tuple[str, int]] = []
        self._words: list[tuple[int, int]] = []
        self._callback = SynthCallback(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, count * 2))
        index = 0
        while events[index].type != EVENT_LIST_TERMINATED:
            event = events[index]
            if event.type == EVENT_PHONEME:
                name = bytes(event.name).split(b"\0")[0].decode("utf-8", "ignore")
                self._phones.append((name, event.sample))
            elif event.type == EVENT_WORD:
                self._words.append((event.text_position - 1, event.sample))
            index += 1
        return 0

    def list_voices(self) -> list[dict[str, str]]:
        found = self._library.espeak_ListVoices(None)
        voices = []
        index = 0
        while found[index]:
            voice = found[index].contents
            identifier = voice.identifier.decode()
            voices.append(
                {"id": identifier.rsplit("/", 1)[-1], "name": voice.name.decode(), "path": identifier}
            )
            index += 1
        return voices

    def speak(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        if self._library.espeak_SetVoiceByName(str(request["voice"]).encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {request['voice']!r}")
        for name, number in PARAMETERS.items():
            if name in request:
                self._library.espeak_SetParameter(number, int(request[name]), 0)
        text = str(request["text"]).encode("utf-8", "ignore").replace(b"\0", b" ")
        self._pieces, self._phones, self._words = [], [], []
        status = self._library.espeak_Synth(
            text, len(text) + 1, 0, POSITION_CHARACTER, 0, CHARS_UTF8 | END_PAUSE, None, None
        )
        if status != 0:
            raise RuntimeError(f"espeak-ng failed with status {status}")
        sound = b"".join(self._pieces)
        header = {
            "sample_rate": self.sample_rate,
            "samples": len(sound) // 2,
            "phones": self._phones,
            "words": self._words,
        }
        self._pieces, self._phones, self._words = [], [], []
        return header, sound

    def answer(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        if request.get("op") == "voices":
            return {"voices": self.list_voices()}, b""
        if request.get("op") == "speak":
            return self.speak(request)
        raise ValueError("unknown op")


def read_exactly(stream: BinaryIO, count: int) -> bytes | None:
    data = stream.read(count)
    return data if len(data) == count else None


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until ``source`` ends: the other side closed its pipe, or is gone."""
    synthesiser = Synthesiser()
    while (prefix := read_exactly(source, 4)) is not None:
        (length,) = struct.unpack(">I", prefix)
        body = read_exactly(source, length) if length <= HEADER_LIMIT_BYTES else None
        if body is None:
            return
        try:
            header, sound = synthesiser.answer(json.loads(body))
        except (ValueError, KeyError, TypeError, RuntimeError) as error:
            header, sound = {"error": str(error) or type(error).__name__}, b""
        encoded = json.dumps(header, ensure_ascii=False).encode()
        sink.write(struct.pack(">I", len(encoded)) + encoded + sound)
        sink.flush()


if __name__ == "__main__":
    # The library may write to file descriptor 1; keep the answers on one that it does not know.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(sys.stdin.buffer, answers)
    except BrokenPipeError:
        os._exit(0)
