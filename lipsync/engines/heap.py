"""How the C library holds memory, where it is glibc: nothing changes elsewhere."""

from __future__ import annotations

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
KEEP_ALL = 1 << 30
LARGE = 1 << 20
"""Bytes; pictures are larger."""


def keep_freed_memory() -> None:
    """Keep freed blocks for the next: asking the system for them anew costs a network a third of its time."""
    _set(KEEP_ALL, KEEP_ALL)


def give_back_pictures() -> None:
    """Ask the system for each large block, and give it back at once.

    Left to itself the library learns to keep them in heaps, a heap for each thread: pictures that go from
    thread to thread then leave holes, and a long film takes some 60 MB more than a short one.
    """
    _set(LARGE, LARGE)


def _set(mmap_bytes: int, trim_bytes: int) -> None:
    if platform.libc_ver()[0] == "glibc":
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, mmap_bytes)
        mallopt(_M_TRIM_THRESHOLD, trim_bytes)
