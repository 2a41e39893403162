"""One recogniser, many voices: whoever has new sound gets their turn, one after the other.

Sound is taken at once and never dropped. A machine that cannot keep up hears each voice less often, in longer
pieces, and all of them alike.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from avsite.ai.asr.base import SAMPLE_RATE, FloatArray
from avsite.ai.asr.stream import Heard, StreamingASR

logger = logging.getLogger("avsite.captions")

DRIFT_SECONDS = 0.5
"""Sound that comes so much later than its length says had a gap before it."""
IDLE_SECONDS = 1.0

Member = TypeVar("Member")
OnHeard = Callable[[Heard, float], None]
"""``on_heard(heard, zero)``: ``zero`` is the clock's time from which the words' times count."""


class FairQueue(Generic[Member]):
    """Round robin: nobody comes twice before everybody else who is due came once."""

    def __init__(self) -> None:
        self._members: deque[Member] = deque()

    def __len__(self) -> int:
        return len(self._members)

    def add(self, member: Member) -> None:
        self._members.append(member)

    def remove(self, member: Member) -> None:
        self._members.remove(member)

    def take(self, is_due: Callable[[Member], bool]) -> Member | None:
        """The next who is due, who then stands last; None when nobody is."""
        for _ in range(len(self._members)):
            member = self._members[0]
            self._members.rotate(-1)
            if is_due(member):
                return member
        return None


class StreamMaker(Protocol):
    """Makes what hears one voice."""

    def __call__(self) -> StreamingASR: ...


@dataclass
class Figures:
    """What a pool has done: seconds of sound taken, of time and of processor spent hearing, and how often."""

    sound_seconds: float = 0.0
    busy_seconds: float = 0.0
    cpu_seconds: float = 0.0
    hearings: int = 0


class Voice:
    """One speaker's sound. ``push``, ``forget`` and ``close`` may be called from any thread."""

    def __init__(self, pool: HearingPool, on_heard: OnHeard) -> None:
        self._pool = pool
        self._on_heard = on_heard
        self._inbox: deque[tuple[FloatArray, float] | None] = deque()
        self._stream: StreamingASR | None = None
        self._zero = 0.0
        self._seconds = 0.0
        self._is_closed = False

    def push(self, samples: FloatArray, at: float) -> None:
        """More sound, mono at SAMPLE_RATE, that began at ``at`` by the clock."""
        self._inbox.append((samples, at))
        self._pool.wake()

    def forget(self) -> None:
        """Nothing that was pushed and not heard yet matters any more."""
        self._inbox.append(None)
        self._pool.wake()

    def close(self) -> None:
        """No more sound comes; what is left is heard."""
        self._is_closed = True
        self._pool.wake()

    # --- in the pool's thread ---

    def is_due(self) -> bool:
        try:
            self._take_in()
        except Exception as error:  # noqa: BLE001 -- see HearingPool._hear
            logger.error("a voice could not be taken in: %s", type(error).__name__)
            self.begin_anew()
        return self._is_closed or (self._stream is not None and self._stream.is_due)

    def hear(self) -> bool:
        """One turn; False when it was the last."""
        stream = self._stream
        if self._is_closed and not self._inbox and (stream is None or not stream.is_due):
            if stream is not None:
                self._on_heard(stream.finish(), self._zero)
            return False
        if stream is not None and stream.is_due:
            self._on_heard(stream.hear(), self._zero)
        return True

    def begin_anew(self) -> bool:
        """After a failure; False when there is nothing more to come."""
        stream, self._stream, self._seconds = self._stream, None, 0.0
        if stream is not None:
            stream.drop()
        return not self._is_closed

    def _take_in(self) -> None:
        while self._inbox:
            item = self._inbox.popleft()
            if item is None:
                self.begin_anew()
                self._on_heard(Heard((), (), ended=True), self._zero)
                continue
            samples, at = item
            if self._stream is None:
                self._stream = self._pool.make_stream()
            if abs(at - self._seconds - self._zero) > DRIFT_SECONDS:
                self._zero = at - self._seconds
            self._stream.push(samples)
            self._seconds += len(samples) / SAMPLE_RATE
            self._pool.figures.sound_seconds += len(samples) / SAMPLE_RATE


class HearingPool:
    """Runs the recogniser in a thread of its own. ``on_heard`` of a voice is called from there."""

    def __init__(self, make_stream: StreamMaker) -> None:
        self.make_stream = make_stream
        self.figures = Figures()
        self._queue: FairQueue[Voice] = FairQueue()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="hearing", daemon=True)
        self._thread.start()

    def open(self, on_heard: OnHeard) -> Voice:
        voice = Voice(self, on_heard)
        with self._lock:
            self._queue.add(voice)
        return voice

    def wake(self) -> None:
        self._news.set()

    def finish(self, seconds: float) -> None:
        """Wait until every voice that was closed has been heard, but no longer than ``seconds``."""
        end = time.monotonic() + seconds
        while len(self._queue) and time.monotonic() < end:
            time.sleep(0.02)

    def close(self) -> None:
        """Stop after what is being heard just now."""
        self._is_over = True
        self.wake()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._is_over:
            self._news.clear()
            with self._lock:
                voice = self._queue.take(Voice.is_due)
            if voice is None:
                self._news.wait(IDLE_SECONDS)
            elif not self._hear(voice):
                with self._lock:
                    self._queue.remove(voice)

    def _hear(self, voice: Voice) -> bool:
        began, cpu = time.monotonic(), time.thread_time()
        try:
            return voice.hear()
        except Exception as error:  # noqa: BLE001 -- one voice that cannot be heard must not silence the others
            logger.error("a voice could not be heard: %s", type(error).__name__)
            return voice.begin_anew()
        finally:
            self.figures.busy_seconds += time.monotonic() - began
            self.figures.cpu_seconds += time.thread_time() - cpu
            self.figures.hearings += 1
