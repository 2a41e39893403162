"""Doing three things at once with bounded memory: reading ahead, drawing, and encoding behind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")

DEPTH = 6
_END = object()


def read_ahead(items: Iterator[T], depth: int = DEPTH) -> Iterator[T]:
    """``items``, computed up to ``depth`` ahead in a thread of its own. Errors come out where they belong."""
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as pool:
        waiting: deque[Future[object]] = deque()
        try:
            while True:
                while len(waiting) < depth:
                    waiting.append(pool.submit(next, items, _END))
                item = waiting.popleft().result()
                if item is _END:
                    return
                yield item  # type: ignore[misc]
        finally:
            for future in waiting:
                future.cancel()


class Behind(Generic[T]):
    """Calls ``work`` on items in order in a thread of its own, at most ``depth`` behind.

    Leaving the block waits for what is pending, or drops it when there was an error.
    """

    def __init__(self, work: Callable[[T], None], depth: int = DEPTH) -> None:
        self._work = work
        self._depth = depth
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Behind[T]:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="behind")
        return self

    def put(self, item: T) -> None:
        """Queue one item; raises what ``work`` raised on an earlier one."""
        while len(self._waiting) >= self._depth or (self._waiting and self._waiting[0].done()):
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._work, item))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            for future in self._waiting:
                future.cancel()
        self._pool.shutdown(wait=True)
        if kind is None:
            for future in self._waiting:
                future.result()
