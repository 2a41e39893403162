"""Sound leaves in order, whole, and not at all once it was taken back."""

from __future__ import annotations

import asyncio
from typing import cast

import numpy as np
from livekit import rtc

from rooms.agent.generators.speech import Sound, mono_samples
from rooms.agent.outlet import TRIES, SoundOutlet
from tests.rooms.agent.sfu import until


class BusyQueue:
    """Takes one piece at a time, as the native queue does, and refuses the first ``refusals``."""

    def __init__(self, refusals: int = 0) -> None:
        self.taken: list[int] = []
        self.cleared = 0
        self._refusals = refusals
        self._is_busy = False

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        if self._is_busy or self._refusals:
            self._refusals = max(0, self._refusals - 1)
            raise RuntimeError("InvalidState")
        self._is_busy = True
        await asyncio.sleep(0.002)
        self._is_busy = False
        self.taken.append(int(mono_samples(frame)[0]))

    def clear_queue(self) -> None:
        self.cleared += 1


def piece(number: int) -> Sound:
    return np.full(480, number, np.int16)


async def send(queue: BusyQueue, pieces: list[Sound]) -> SoundOutlet:
    """Push them all at once, and wait for the last."""
    outlet = SoundOutlet(cast(rtc.AudioSource, queue))
    running = asyncio.create_task(outlet.run())
    for sound in pieces:
        outlet.push(sound)
    await until(lambda: pieces[-1][0] in queue.taken)
    running.cancel()
    return outlet


async def test_pieces_leave_in_order_though_they_come_at_once() -> None:
    queue = BusyQueue()
    outlet = await send(queue, [piece(number) for number in range(1, 9)])
    assert queue.taken == list(range(1, 9))
    assert outlet.lost_seconds == 0


async def test_a_refused_piece_is_sent_again_before_the_next() -> None:
    queue = BusyQueue(refusals=3)
    outlet = await send(queue, [piece(1), piece(2)])
    assert queue.taken == [1, 2]
    assert outlet.lost_seconds == 0


async def test_a_piece_that_is_never_taken_is_counted_and_the_next_one_leaves() -> None:
    queue = BusyQueue(refusals=TRIES)
    outlet = await send(queue, [piece(1), piece(2)])
    assert queue.taken == [2]
    assert outlet.lost_seconds > 0


async def test_what_is_taken_back_never_leaves() -> None:
    queue = BusyQueue()
    outlet = SoundOutlet(cast(rtc.AudioSource, queue))
    running = asyncio.create_task(outlet.run())
    outlet.push(piece(1))
    outlet.push(piece(2))
    outlet.clear()
    outlet.push(piece(3))
    await until(lambda: 3 in queue.taken)
    running.cancel()
    assert (queue.taken, queue.cleared) == ([3], 1)
