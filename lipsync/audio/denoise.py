"""Noise taken out of speech, by RNNoise (Valin, 2018): a small recurrent net that knows how voices sound.

The library is the one in the ``pyrnnoise`` wheel; that package's own code is not imported.
"""

from __future__ import annotations

import ctypes
import wave
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

import numpy as np

from lipsync.audio.load import FloatArray, stream_audio

RATE = 48_000
FRAME = 480
"""Samples taken and given at once."""
DELAY = 2 * FRAME
"""By which what comes out is behind what went in."""
FULL_SCALE = 32_767.0
"""RNNoise's floats are those of 16-bit sound."""
LIBRARIES = ("librnnoise.so", "librnnoise.dylib", "rnnoise.dll")


class DenoiserMissing(RuntimeError):
    """RNNoise is not installed, or not for this kind of machine."""

    def __init__(self) -> None:
        super().__init__(
            "Noise cannot be removed here, as RNNoise is not installed; run `make run` again to install it, "
            "or leave the recording as it is."
        )


def can_denoise() -> bool:
    """Whether RNNoise is here."""
    try:
        _library()
    except DenoiserMissing:
        return False
    return True


@cache
def _library() -> ctypes.CDLL:
    spec = find_spec("pyrnnoise")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    for path in (folder / name for folder in folders for name in LIBRARIES):
        if path.is_file():
            with suppress(OSError):  # of another kind of machine
                return _typed(ctypes.CDLL(str(path)))
    raise DenoiserMissing


def _typed(library: ctypes.CDLL) -> ctypes.CDLL:
    library.rnnoise_create.restype = ctypes.c_void_p
    library.rnnoise_create.argtypes = [ctypes.c_void_p]
    library.rnnoise_destroy.restype = None
    library.rnnoise_destroy.argtypes = [ctypes.c_void_p]
    library.rnnoise_process_frame.restype = ctypes.c_float
    library.rnnoise_process_frame.argtypes = [ctypes.c_void_p] * 3
    return library


class Denoiser:
    """One voice, as it comes: float32 mono at 48 kHz in, the same without noise out, DELAY samples later.

    Raises DenoiserMissing where RNNoise is not installed.
    """

    def __init__(self) -> None:
        self._library = _library()
        self._state: int | None = self._library.rnnoise_create(None)
        self._held = np.zeros(0, np.float32)

    def __enter__(self) -> Denoiser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def process(self, samples: FloatArray) -> FloatArray:
        """What is ready: a multiple of FRAME samples, perhaps none."""
        if self._state is None:
            raise ValueError("This denoiser was closed.")
        held = np.concatenate([self._held, samples])
        count = len(held) // FRAME * FRAME
        self._held = held[count:]
        taken = np.ascontiguousarray(held[:count] * FULL_SCALE, np.float32)
        given = np.empty_like(taken)
        size = taken.itemsize
        for start in range(0, count, FRAME):
            self._library.rnnoise_process_frame(
                self._state, given.ctypes.data + start * size, taken.ctypes.data + start * size
            )
        return np.asarray(np.clip(given / FULL_SCALE, -1.0, 1.0), np.float32)

    def close(self) -> None:
        """Give its memory back; more than once is no error."""
        if self._state is not None:
            self._library.rnnoise_destroy(self._state)
            self._state = None


def denoised(blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """Mono blocks at 48 kHz without noise: as many samples as went in, each in its place."""
    taken = given = 0
    with Denoiser() as denoiser:
        late = DELAY
        for block in blocks:
            taken += len(block)
            ready = denoiser.process(block)
            skipped = min(late, len(ready))
            late -= skipped
            given += len(ready) - skipped
            yield ready[skipped:]
        rest = denoiser.process(np.zeros(late + taken - given + FRAME, np.float32))[late:]
        yield rest[: taken - given]


def denoise_file(path: Path, output_path: Path) -> None:
    """The sound of any file without noise, as 16-bit mono WAV at 48 kHz, as long as it was.

    Raises FileNotFoundError, MediaError for a file without sound, and DenoiserMissing.
    """
    with wave.open(str(output_path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for block in denoised(stream_audio(path, RATE)):
            file.writeframes(np.round(block * FULL_SCALE).astype("<i2").tobytes())
