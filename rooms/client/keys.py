"""Single keys from a terminal, without Enter."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def watching(on_key: Callable[[str], None]) -> Iterator[None]:
    """Tell ``on_key`` of every key while the block runs; nothing where there is no terminal to read from."""
    try:
        import termios
        import tty
    except ImportError:  # not on Windows
        yield
        return
    if not sys.stdin.isatty():
        yield
        return
    number, loop = sys.stdin.fileno(), asyncio.get_running_loop()
    before = termios.tcgetattr(number)
    tty.setcbreak(number)

    def read() -> None:
        for key in os.read(number, 64).decode(errors="ignore"):
            on_key(key)

    loop.add_reader(number, read)
    try:
        yield
    finally:
        loop.remove_reader(number)
        termios.tcsetattr(number, termios.TCSADRAIN, before)
