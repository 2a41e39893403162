"""Sound and pictures out at their time. The sound's clock is master: nothing ever waits for a picture.

Sound is kept a little ahead in the native queue, silence when nobody speaks, so its position is known at any
time without asking. A picture is due when the sound behind it begins to play: early ones are held, late ones
dropped. Everything carries its utterance's number; an interrupt makes all older numbers stale.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from rooms.agent.generators.base import FrameGenerator, Picture, SpeechEnd
from rooms.agent.generators.speech import SAMPLE_RATE, Sound, mono_samples
from rooms.agent.outlet import SoundOutlet
from rooms.agent.publisher import Publisher

SHORTEST_TICK_SECONDS, LONGEST_TICK_SECONDS = 0.002, 0.04
PIECE_SECONDS = 0.01
"""What the native queue plays at a time."""
LEAD_SECONDS = 0.12
"""Sound kept ahead: how long the event loop may be held up before the voice breaks. It delays nothing, for
silence that waits is taken back when somebody speaks, and speech when it is interrupted."""
LIVE_LEAD_SECONDS = 0.05
"""Silence left before a voice that comes as it is spoken: room for its next piece to be late."""
STARVED_SECONDS = 0.03
"""With less than this of an utterance queued, silence fills in for what has not come."""
BEHIND_SECONDS = 0.015
"""With less speech than this queued and more at hand, drawing has to wait."""
BEATS_AHEAD = 4
FADE_SECONDS = 0.008
SHOW_EARLY_SECONDS = 0.004
"""A picture is sent this early rather than late: half a piece, as the native queue is ahead on average."""
_LIVE_CUSHION: Sound = np.zeros(round(LIVE_LEAD_SECONDS * SAMPLE_RATE), np.int16)


class Finished(NamedTuple):
    """How an utterance ended: seconds of it that were played, and whether it was cut."""

    utterance: int
    seconds: float
    interrupted: bool


@dataclass
class Played:
    """What a pacer counted since it began."""

    shown: int = 0
    dropped: int = 0
    undrawn: int = 0
    late_slots: int = 0
    """Frame times at which no new picture was there to be shown."""
    starved_seconds: float = 0.0
    """Silence put into utterances whose sound did not come in time."""
    stalls: int = 0
    """Times the native queue ran dry."""
    offsets: deque[float] = field(default_factory=lambda: deque(maxlen=750))
    """Seconds by which pictures of speech left after (+) or before (-) their sound began to play."""


class _Beat(NamedTuple):
    utterance: int
    sound: Sound
    picture: Picture | None


class _Span(NamedTuple):
    """Sound of an utterance in the track: first sample there, first sample in the utterance, how many."""

    utterance: int
    start: int
    done: int
    length: int
    sound: Sound


class Clock:
    """Which sample of the track plays now, told from what was pushed and when."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.pushed = 0
        self._dry_at = 0.0

    @property
    def played(self) -> int:
        """Samples that have left the native queue."""
        return self.pushed - round(self.lead_seconds * SAMPLE_RATE)

    @property
    def lead_seconds(self) -> float:
        """Sound still queued."""
        return max(0.0, self._dry_at - self._now())

    def push(self, count: int) -> bool:
        """``count`` samples were queued; returns whether the queue had run dry before."""
        now = self._now()
        was_dry = self.pushed > 0 and now > self._dry_at
        self._dry_at = max(now, self._dry_at) + count / SAMPLE_RATE
        self.pushed += count
        return was_dry

    def cut(self) -> None:
        """The queue was emptied."""
        self.pushed = self.played
        self._dry_at = self._now()


class Pacer:
    """Plays a generator through a publisher until closed.

    on_started   called with the utterance's number when its first sample plays
    on_finished  called exactly once for each utterance that was begun, with what was played of it
    """

    def __init__(self, generator: FrameGenerator, publisher: Publisher) -> None:
        self.generator = generator
        self.counts = Played()
        self.on_started: Callable[[int], None] = lambda number: None
        self.on_finished: Callable[[Finished], None] = lambda finished: None
        self._publisher = publisher
        self._clock = Clock()
        self._frame = SAMPLE_RATE / generator.fps
        self._beats: deque[_Beat | SpeechEnd] = deque()
        self._due: deque[tuple[int, Picture]] = deque()
        self._spans: deque[_Span] = deque()
        self._ends: deque[tuple[int, int, int]] = deque()
        self._done: dict[int, int] = {}
        self._started: set[int] = set()
        self._idle: Picture | None = None
        self._pending: Picture | None = None
        self._next_slot = 0
        self._stale = 0
        self._outlet = SoundOutlet(publisher.audio)
        self._room = asyncio.Event()
        self._tick = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: list[asyncio.Task[None]] = []
        generator.on_speech = self._room.set

    def start(self) -> None:
        """Begin to play."""
        works = (self._take(), self._play(), self._outlet.run())
        self._tasks = [asyncio.create_task(work) for work in works]

    async def aclose(self) -> None:
        """Stop; nothing is reported any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()

    async def wait_for_failure(self) -> None:
        """Returns never, or raises what ended the playing."""
        await asyncio.gather(*self._tasks)

    def seconds_of(self, utterance: int) -> float:
        """How much of the utterance has been played."""
        played = self._clock.played
        for span in reversed(self._spans):
            if span.utterance == utterance and span.start <= played:
                return (span.done + min(span.length, played - span.start)) / SAMPLE_RATE
        return 0.0

    @property
    def is_speaking(self) -> bool:
        """Whether sound of an utterance is playing or about to."""
        return bool(self._beats or self._spans or self._ends)

    def interrupt(self) -> list[Finished]:
        """Silence now: all speech that was taken or waits is dropped and reported as interrupted."""
        newest = self.generator.newest_utterance
        self.generator.clear_buffer()
        fade = self._tail()
        cut = [
            Finished(number, self.seconds_of(number), True) for number in range(self._stale + 1, newest + 1)
        ]
        self._stale = newest
        self._cut()
        self._beats.clear()
        self._due.clear()
        self._spans.clear()
        self._ends.clear()
        self._done.clear()
        self._pending = None
        self._push(np.concatenate([fade, np.zeros(round(LEAD_SECONDS * SAMPLE_RATE), np.int16)]))
        self._next_slot = min(self._next_slot, self._clock.played + round(self._frame))
        self._room.set()
        self._tick.set()
        for finished in cut:
            self.on_finished(finished)
        return cut

    def _tail(self) -> Sound:
        """What would have played next, fading out: a voice cut within a wave clicks."""
        played = self._clock.played
        for span in self._spans:
            if span.start <= played < span.start + span.length:
                count = round(FADE_SECONDS * SAMPLE_RATE)
                piece = span.sound[played - span.start :][:count]
                ramp = np.linspace(1, 0, count, dtype=np.float32)[: len(piece)]
                return np.asarray(piece * ramp, np.int16)
        return np.zeros(0, np.int16)

    # --- taking from the generator ---

    async def _take(self) -> None:
        async for item in self.generator:
            if isinstance(item, Picture):
                if item.utterance is None:
                    await self._offer_idle(item)
                elif item.utterance > self._stale:
                    self._pending = item
            elif isinstance(item, SpeechEnd):
                if item.utterance > self._stale:
                    self._beats.append(item)
                    self._tick.set()
            elif (number := item.userdata["utterance"]) > self._stale:
                self._beats.append(_Beat(number, mono_samples(item), self._pending))
                self._tick.set()
                self._pending = None
                self._idle = None
                await self._wait_for_room(number)

    async def _wait_for_room(self, number: int) -> None:
        while len(self._beats) >= BEATS_AHEAD and number > self._stale:
            self._room.clear()
            await self._room.wait()

    async def _offer_idle(self, picture: Picture) -> None:
        """Hold an idle picture until it is shown, or until speech makes it stale."""
        self._idle = picture
        self._tick.set()
        while self._idle is picture and not self.generator.has_speech:
            self._room.clear()
            await self._room.wait()
        if self.generator.has_speech and not self._beats and not self._due:
            # Speech has come in: its first picture is drawn at once, and takes this one's place.
            self._idle = None

    # --- playing ---

    async def _play(self) -> None:
        """Ticks when something is due, or has come."""
        while True:
            self._feed_sound()
            self._show_pictures()
            self._report()
            self._timer = asyncio.get_running_loop().call_later(self._seconds_to_next(), self._tick.set)
            await self._tick.wait()
            self._timer.cancel()
            self._tick.clear()

    def _seconds_to_next(self) -> float:
        """Until sound is short, a picture is due, or an utterance begins or ends."""
        early = round(SHOW_EARLY_SECONDS * SAMPLE_RATE)
        if self._due:
            marks = [self._due[0][0] - early]
        else:
            # Without a picture at hand there is only the next one to be counted as missed.
            marks = [self._next_slot - early + (0 if self._idle else round(self._frame) + early)]
        if self._spans:
            span = self._spans[0]
            marks.append(span.start + (span.length if span.utterance in self._started else 0))
        if self._ends:
            marks.append(self._ends[0][0])
        soonest = (min(marks) - self._clock.played) / SAMPLE_RATE
        floor = STARVED_SECONDS / 2 if self._done else LEAD_SECONDS / 2
        return max(
            SHORTEST_TICK_SECONDS, min(soonest, self._clock.lead_seconds - floor, LONGEST_TICK_SECONDS)
        )

    def _feed_sound(self) -> None:
        if self._beats and not self._done and isinstance(self._beats[0], _Beat):
            self._take_back_silence()
        while self._clock.lead_seconds < LEAD_SECONDS and self._beats:
            beat = self._beats.popleft()
            self._room.set()
            if isinstance(beat, SpeechEnd):
                self._ends.append((self._clock.pushed, beat.utterance, self._done.pop(beat.utterance, 0)))
                continue
            start, done = self._clock.pushed, self._done.get(beat.utterance, 0)
            self._spans.append(_Span(beat.utterance, start, done, len(beat.sound), beat.sound))
            self._done[beat.utterance] = done + len(beat.sound)
            if beat.picture is not None:
                self._due.append((start, beat.picture))
            self._push(beat.sound)
        self.counts.undrawn = self.generator.undrawn
        speaking = bool(self._done)
        is_short = self._clock.lead_seconds < BEHIND_SECONDS and not self._beats
        self.generator.is_behind = speaking and is_short and self.generator.has_speech
        missing = (STARVED_SECONDS if speaking else LEAD_SECONDS) - self._clock.lead_seconds
        if missing > 0 and not self._beats:
            pieces = int(np.ceil(missing / PIECE_SECONDS))
            self._push(np.zeros(pieces * round(PIECE_SECONDS * SAMPLE_RATE), np.int16))
            if speaking:
                self.counts.starved_seconds += pieces * PIECE_SECONDS

    def _take_back_silence(self) -> None:
        """An utterance begins: it need not wait behind silence, only behind the end of another."""
        if self._spans or self._due:
            return
        self._cut()
        if self.generator.is_live:
            self._push(_LIVE_CUSHION)

    def _push(self, sound: Sound) -> None:
        """Queue ``sound``, without waiting: it has room, and a slow answer must not hold up pictures."""
        if self._clock.push(len(sound)):
            self.counts.stalls += 1
        self._outlet.push(sound)

    def _cut(self) -> None:
        """Empty the native queue."""
        self._outlet.clear()
        self._clock.cut()

    def _show_pictures(self) -> None:
        now = self._clock.played + round(SHOW_EARLY_SECONDS * SAMPLE_RATE)
        frame = round(self._frame)
        if self._due:
            if self._due[0][0] > now:
                return
            while len(self._due) > 1 and self._due[1][0] <= now:
                self._due.popleft()
                self.counts.dropped += 1
            at, picture = self._due.popleft()
            self.counts.offsets.append((self._clock.played - at) / SAMPLE_RATE)
            self._show(picture, at, frame)
        elif self._next_slot <= now:
            if self._idle is not None:
                picture, self._idle = self._idle, None
                self._room.set()
                late = now - self._next_slot > frame
                self._show(picture, now if late else self._next_slot, frame)
            elif now - self._next_slot > frame:
                self.counts.late_slots += 1
                self._next_slot += frame

    def _show(self, picture: Picture, at: int, frame: int) -> None:
        self._publisher.show(picture)
        self.counts.shown += 1
        self._next_slot = at + frame

    def _report(self) -> None:
        """Tell of what has begun and ended since, in the order in which it is heard."""
        played = self._clock.played
        while True:
            next_start = self._spans[0].start if self._spans else played + 1
            if self._ends and self._ends[0][0] <= min(played, next_start):
                _, number, done = self._ends.popleft()
                self._stale = max(self._stale, number)
                self.on_finished(Finished(number, done / SAMPLE_RATE, False))
            elif next_start <= played:
                span = self._spans[0]
                if span.utterance not in self._started:
                    self._started = {number for number in self._started if number > self._stale}
                    self._started.add(span.utterance)
                    self.on_started(span.utterance)
                if span.start + span.length > played or not self._spans or span is not self._spans[0]:
                    return
                self._spans.popleft()
            else:
                return
