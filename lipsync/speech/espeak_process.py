"""The other end of the pipe to espeak-ng: starts its process, asks, and starts it again when it has died.

Safe in threads (one request at a time) and after a fork: a child forgets its parent's process and starts
its own.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from lipsync.speech.errors import SpeechError

SERVER = Path(__file__).parent / "espeak" / "server.py"
REQUEST_SECONDS = 30.0
"""A bounded sentence takes milliseconds; past this the library hangs."""
HEADER_LIMIT_BYTES = 16 << 20


class _Died(Exception):  # noqa: N818 -- caught in this module
    """The process ended, or its pipe did."""


class Spoken(NamedTuple):
    """One answer: little-endian 16-bit mono PCM and the first sample of each phone.

    ``words`` are (character in the text, first sample) pairs.
    """

    pcm: bytes
    sample_rate: int
    phones: list[tuple[str, int]]
    words: list[tuple[int, int]]


class EspeakProcess:
    """A client of ``espeak/server.py``. The process starts with the first request."""

    def __init__(self, request_seconds: float = REQUEST_SECONDS) -> None:
        self._request_seconds = request_seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        os.register_at_fork(after_in_child=self._forget)

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    def speak(self, text: str, voice: str, **parameters: int) -> Spoken:
        """Speak one sentence of plain text. Raises SpeechError."""
        header, pcm = self._request({"op": "speak", "text": text, "voice": voice, **parameters})
        phones = [(str(ipa), int(sample)) for ipa, sample in header["phones"]]
        words = [(int(character), int(sample)) for character, sample in header["words"]]
        return Spoken(pcm, int(header["sample_rate"]), phones, words)

    def list_voices(self) -> list[dict[str, str]]:
        """Every language espeak-ng speaks: ``id``, ``name``, ``path``. Raises SpeechError."""
        header, _ = self._request({"op": "voices"})
        return list(header["voices"])

    def close(self) -> None:
        """End the process, if it runs. The next request starts another."""
        with self._lock:
            self._stop()

    def _request(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        with self._lock:
            try:
                header, pcm = self._exchange(request)
            except _Died:
                # It may have been killed between two requests: a second process gets one try.
                self._stop()
                try:
                    header, pcm = self._exchange(request)
                except _Died as error:
                    self._stop()
                    raise SpeechError(
                        "The speech synthesiser stopped while reading this text; shorten or change the text."
                    ) from error
        if "error" in header:
            raise SpeechError(f"The speech synthesiser refused the text: {header['error']}.")
        return header, pcm

    def _exchange(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        process = self._started()
        body = json.dumps(request, ensure_ascii=False).encode("utf-8", "ignore")
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 -- both are pipes
        try:
            process.stdin.write(struct.pack(">I", len(body)) + body)
            process.stdin.flush()
        except OSError as error:
            raise _Died from error
        deadline = time.monotonic() + self._request_seconds
        descriptor = process.stdout.fileno()
        (length,) = struct.unpack(">I", self._read(descriptor, 4, deadline))
        if length > HEADER_LIMIT_BYTES:
            raise _Died
        header: dict[str, Any] = json.loads(self._read(descriptor, length, deadline))
        return header, self._read(descriptor, 2 * int(header.get("samples", 0)), deadline)

    def _read(self, descriptor: int, count: int, deadline: float) -> bytes:
        data = bytearray()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while len(data) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                self._stop()
                raise SpeechError(
                    "The speech synthesiser did not answer in time; try again or shorten the text."
                )
            piece = os.read(descriptor, min(count - len(data), 1 << 20))
            if not piece:
                raise _Died
            data += piece
        return bytes(data)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._stop()
        # -I keeps the environment and the current folder out of the process' imports.
        self._process = subprocess.Popen(  # noqa: S603 -- our own file, no shell
            [sys.executable, "-I", str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # Ctrl-C is for the parent; the closed pipe ends this one
        )
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.kill()
        process.wait()

    def _forget(self) -> None:
        """In a forked child: the process and the lock belong to the parent; only close the copied pipes."""
        self._lock = threading.Lock()
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            # Not ours to wait for: without this, Popen's finaliser would try to.
            process.returncode = 0


ESPEAK = EspeakProcess()
"""The process everyone shares: one sentence takes milliseconds, so nobody waits long."""
atexit.register(ESPEAK.close)
