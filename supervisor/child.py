"""A spawned program: its output as a stream, its death as an event.

asyncio's own subprocesses report a death only once every pipe is closed; a grandchild that holds a pipe open
would hide it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

PR_SET_PDEATHSIG = 1
LAST_WORDS_SECONDS = 0.3
"""How long output is still waited for after a death."""

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Runs in the child: SIGTERM reaches it even when the supervisor is killed with -9."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One life of a program, in a session of its own."""

    def __init__(
        self, popen: subprocess.Popen[bytes], reader: asyncio.StreamReader, pipe: asyncio.BaseTransport
    ):
        self._popen, self._reader, self._pipe = popen, reader, pipe
        self._ended = asyncio.Event()
        self._pid_file = os.pidfd_open(popen.pid)
        asyncio.get_running_loop().add_reader(self._pid_file, self._note_end)

    @classmethod
    async def spawn(
        cls, argv: Sequence[str], environment: Mapping[str, str], stdin: bytes | None = None
    ) -> Child:
        """Start ``argv``. Raises OSError when it cannot be started."""
        popen = subprocess.Popen(  # noqa: ASYNC220, S603 -- from our own table; quick
            argv,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 -- this process has one thread
        )
        if popen.stdin is not None and stdin is not None:
            with contextlib.suppress(BrokenPipeError), popen.stdin:
                popen.stdin.write(stdin)
        reader = asyncio.StreamReader()
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), popen.stdout
        )
        return cls(popen, reader, pipe)

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it lives."""
        return self._popen.returncode

    async def wait(self) -> int:
        """Its exit status, once it is dead."""
        await self._ended.wait()
        return self._popen.wait()

    async def read(self, size: int) -> bytes:
        """The next output; empty at its end, or when only a dead process's child still holds the pipe."""
        read = asyncio.ensure_future(self._reader.read(size))
        ended = asyncio.ensure_future(self._ended.wait())
        await asyncio.wait({read, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not read.done():
            await asyncio.wait({read}, timeout=LAST_WORDS_SECONDS)
        ended.cancel()
        if read.done():
            return read.result()
        read.cancel()
        return b""

    def send(self, number: int) -> None:
        """Signal the program itself."""
        self._popen.send_signal(number)

    def kill_group(self) -> None:
        """End it and all it started in its group, now."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let go of the pipe."""
        self._pipe.close()

    def _note_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pid_file)
        os.close(self._pid_file)
        self._popen.wait()
        self._ended.set()
