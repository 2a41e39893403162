"""Where a voice comes from and where voices go: the sound card, or files where there is none.

All sound is float32 mono at RATE in [-1, 1], in steps of STEP samples.
"""

from __future__ import annotations

import asyncio
import time
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lipsync.audio.load import FloatArray, stream_audio
from lipsync.video.errors import MediaError
from rooms.client.errors import CallError

RATE = 48_000
STEP = RATE // 100
STEP_SECONDS = STEP / RATE
MOST_WAITING = 50
"""Steps of a microphone that nobody has taken yet; older ones are dropped."""

Pull = Callable[[int], FloatArray]
"""Gives so many samples of what is heard now."""


class Microphone(Protocol):
    """Something that listens."""

    def steps(self) -> AsyncIterator[FloatArray]:
        """(STEP,) samples at a time, as fast as time passes; ends when there is nothing more to say."""


class Speaker(Protocol):
    """Something that is heard."""

    async def play(self, pull: Pull) -> None:
        """Play what ``pull`` gives until cancelled."""


class FileMicrophone:
    """A recording said once, as fast as it was spoken, and silence after it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def steps(self) -> AsyncIterator[FloatArray]:
        """See Microphone. Never ends. Raises CallError for a file without sound."""
        held, began, given = np.zeros(0, np.float32), time.monotonic(), 0
        blocks = stream_audio(self._path, RATE)
        while True:
            while len(held) < STEP:
                held = np.concatenate([held, self._next(blocks)])
            yield held[:STEP]
            held, given = held[STEP:], given + 1
            await asyncio.sleep(max(0.0, began + given * STEP_SECONDS - time.monotonic()))

    def _next(self, blocks: Any) -> FloatArray:
        try:
            block: FloatArray = next(blocks, np.zeros(STEP, np.float32))
        except (MediaError, OSError) as error:
            raise CallError(f"{self._path} cannot be heard: {error}") from error
        return block


class FileSpeaker:
    """Everything heard, as a 16-bit WAV."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def play(self, pull: Pull) -> None:
        """See Speaker."""
        began, given = time.monotonic(), 0
        with wave.open(str(self._path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            while True:
                due = int((time.monotonic() - began) * RATE) // STEP * STEP
                if due > given:
                    samples = np.clip(pull(due - given), -1.0, 1.0)
                    file.writeframesraw(np.round(samples * 32_767).astype("<i2").tobytes())
                    given = due
                await asyncio.sleep(STEP_SECONDS)


def _sounddevice() -> Any:
    """The library, which looks for the sound card when it is loaded. Raises CallError."""
    try:
        import sounddevice  # type: ignore[import-untyped]
    except OSError as error:
        raise CallError(
            "There is no PortAudio on this machine, which the microphone and the speaker need; install "
            "libportaudio2, or use files with --input and --output."
        ) from error
    return sounddevice


class DeviceMicrophone:
    """The microphone of this machine, or the one whose name holds ``name``."""

    def __init__(self, name: str | None = None) -> None:
        self._sounddevice, self._name = _sounddevice(), name

    async def steps(self) -> AsyncIterator[FloatArray]:
        """See Microphone. Raises CallError where there is none."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[FloatArray] = asyncio.Queue(MOST_WAITING)

        def keep(block: FloatArray) -> None:
            if waiting.full():
                waiting.get_nowait()
            waiting.put_nowait(block)

        def heard(data: FloatArray, count: int, when: object, status: object) -> None:
            loop.call_soon_threadsafe(keep, data[:, 0].copy())

        with self._open(heard):
            while True:
                yield await waiting.get()

    def _open(self, heard: Callable[..., None]) -> Any:
        try:
            return self._sounddevice.InputStream(
                samplerate=RATE,
                blocksize=STEP,
                channels=1,
                dtype="float32",
                device=self._name,
                callback=heard,
            )
        except (self._sounddevice.PortAudioError, ValueError) as error:
            raise CallError(
                f"No microphone could be opened ({error}); plug one in, or use --input."
            ) from error


class DeviceSpeaker:
    """The speaker of this machine, or the one whose name holds ``name``."""

    def __init__(self, name: str | None = None) -> None:
        self._sounddevice, self._name = _sounddevice(), name

    async def play(self, pull: Pull) -> None:
        """See Speaker. Raises CallError where there is none."""

        def wanted(data: FloatArray, count: int, when: object, status: object) -> None:
            data[:, 0] = pull(count)

        try:
            stream = self._sounddevice.OutputStream(
                samplerate=RATE,
                blocksize=STEP,
                channels=1,
                dtype="float32",
                device=self._name,
                callback=wanted,
            )
        except (self._sounddevice.PortAudioError, ValueError) as error:
            raise CallError(f"No speaker could be opened ({error}); plug one in, or use --output.") from error
        with stream:
            await asyncio.Event().wait()
