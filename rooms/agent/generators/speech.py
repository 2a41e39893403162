"""One utterance on its way to be seen and heard: sound in, one beat a video frame out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from livekit import rtc

from lipsync.audio.mouth import MouthModel
from lipsync.audio.phones import Phone
from lipsync.audio.phonetics import track_from_phones
from lipsync.audio.shape import CLOSED, MouthShape

Sound = npt.NDArray[np.int16]

SAMPLE_RATE = 48_000
"""Of everything that leaves a generator: what Opus works at."""
LIVE_BACKLOG_SECONDS = 0.24
"""A live voice further behind than this skips quiet beats until it has caught up."""
QUIET = 250  # of 32767


class Beat(NamedTuple):
    """One video frame's worth of an utterance: int16 mono at SAMPLE_RATE, and the mouth over it."""

    sound: Sound
    mouth: MouthShape


class _Mouth(Protocol):
    """Tells the mouth of each frame, as far as it is known."""

    def hear(self, samples: npt.NDArray[np.float32], phones: Sequence[Phone] | None) -> None: ...

    def end(self) -> None: ...

    def at(self, frame: int) -> MouthShape | None:
        """None while it cannot be told yet."""
        ...


class HeardMouth:
    """Listens: for recordings, microphones and other agents' voices."""

    def __init__(self, sample_rate: int, fps: float) -> None:
        self._model = MouthModel(sample_rate, fps)
        self._shapes: deque[MouthShape] = deque()
        self._first = 0
        self._has_ended = False

    def hear(self, samples: npt.NDArray[np.float32], phones: Sequence[Phone] | None) -> None:
        self._shapes.extend(self._model.push(samples))

    def end(self) -> None:
        self._shapes.extend(self._model.flush())
        self._has_ended = True

    def at(self, frame: int) -> MouthShape | None:
        while self._first < frame and self._shapes:
            self._shapes.popleft()
            self._first += 1
        if self._shapes:
            return self._shapes[0]
        return CLOSED if self._has_ended else None


class KnownMouth:
    """Knows the phones: for speech synthesised here."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._shapes: dict[int, MouthShape] = {}
        self._known = 0
        self._has_ended = False

    def hear(self, samples: npt.NDArray[np.float32], phones: Sequence[Phone] | None) -> None:
        if not phones:
            return
        first = max(self._known, int(phones[0].start_seconds * self._fps))
        shift = first / self._fps
        until = int(np.ceil(phones[-1].end_seconds * self._fps))
        moved = [
            Phone(phone.ipa, phone.start_seconds - shift, phone.end_seconds - shift)
            for phone in phones
            if phone.end_seconds > shift
        ]
        track = track_from_phones(moved, self._fps, max(0, until - first)) if moved else ()
        self._shapes |= {first + number: track[number] for number in range(len(track))}
        self._known = until

    def end(self) -> None:
        self._has_ended = True

    def at(self, frame: int) -> MouthShape | None:
        self._shapes.pop(frame - 1, None)
        if frame < self._known:
            return self._shapes.get(frame, CLOSED)
        return CLOSED if self._has_ended else None


class Speech:
    """One utterance. Pushed to from the event loop, taken from by the thread that draws.

    number   counts utterances of a session; what carries an older number is stale
    is_live  sound comes as it is spoken and must not fall behind
    on_news  called when sound or its end has come in
    """

    def __init__(self, number: int, fps: float, *, is_live: bool = False, listens: bool = True) -> None:
        self.number = number
        self.is_live = is_live
        self._fps = fps
        self._listens = listens
        self._incoming: deque[rtc.AudioFrame | None] = deque()
        self._mouth: _Mouth | None = None
        self._resampler: rtc.AudioResampler | None = None
        self._pieces: deque[Sound] = deque()
        self._held = 0
        self._waiting = 0.0
        self._frame = 0
        self._taken = 0
        self._has_ended = False
        self._is_starved = True
        self.is_closed = False
        self.on_news: Callable[[], None] = lambda: None

    def push(self, frame: rtc.AudioFrame) -> None:
        """Take sound. ``userdata["phones"]`` are its phones, seconds from the utterance's start, if known."""
        self._incoming.append(frame)
        self._waiting += frame.samples_per_channel / frame.sample_rate
        self.on_news()

    def close(self) -> None:
        """There will be no more sound."""
        if not self.is_closed:
            self.is_closed = True
            self._incoming.append(None)
            self.on_news()

    @property
    def may_have_more(self) -> bool:
        """Whether a beat may be had without waiting for more sound."""
        return bool(self._incoming) or not self._is_starved

    @property
    def seconds_waiting(self) -> float:
        """Sound that was pushed and not yet taken."""
        return self._waiting - self._taken / SAMPLE_RATE

    async def wait_below(self, seconds: float) -> None:
        """Until less than ``seconds`` of sound wait, or the utterance was closed."""
        while not self.is_closed:
            too_much = self.seconds_waiting - seconds
            if too_much <= 0:
                return
            await asyncio.sleep(min(too_much, 0.2))

    @property
    def is_over(self) -> bool:
        """Whether every beat was taken."""
        return self._has_ended and self._held == 0

    def next_beat(self) -> Beat | None:
        """The next beat; None when it needs more sound first, or when it is over."""
        self._is_starved = False
        while True:
            wanted = self._samples_until(self._frame + 1) - self._taken
            if self._held >= wanted or (self._has_ended and self._held > 0):
                mouth = self._mouth_at(self._frame)
                if mouth is not None:
                    self._frame += 1
                    beat = Beat(self._take(min(wanted, self._held)), mouth)
                    if self._should_skip(beat):
                        continue
                    return beat
            if not self._hear_more():
                self._is_starved = True
                return None

    def _should_skip(self, beat: Beat) -> bool:
        if not self.is_live or self.seconds_waiting < LIVE_BACKLOG_SECONDS:
            return False
        return int(np.abs(beat.sound).max(initial=0)) < QUIET

    def _samples_until(self, frame: int) -> int:
        return round(frame * SAMPLE_RATE / self._fps)

    def _mouth_at(self, frame: int) -> MouthShape | None:
        if not self._listens or self._mouth is None:
            return CLOSED
        return self._mouth.at(frame)

    def _hear_more(self) -> bool:
        if not self._incoming:
            return False
        frame = self._incoming.popleft()
        if frame is None:
            if self._resampler is not None:
                self._keep(self._resampler.flush())
            if self._mouth is not None:
                self._mouth.end()
            self._has_ended = True
            return True
        mono = mono_samples(frame)
        if self._listens:
            phones = frame.userdata.get("phones")
            if self._mouth is None:
                known = phones is not None
                self._mouth = KnownMouth(self._fps) if known else HeardMouth(frame.sample_rate, self._fps)
            self._mouth.hear(mono.astype(np.float32) / np.float32(32768), phones)
        if frame.sample_rate == SAMPLE_RATE:
            self._pieces.append(mono)
            self._held += len(mono)
        else:
            if self._resampler is None:
                self._resampler = rtc.AudioResampler(frame.sample_rate, SAMPLE_RATE, num_channels=1)
            self._keep(self._resampler.push(bytearray(mono.tobytes())))
        return True

    def _keep(self, frames: list[rtc.AudioFrame]) -> None:
        for frame in frames:
            piece = mono_samples(frame)
            self._pieces.append(piece)
            self._held += len(piece)

    def _take(self, count: int) -> Sound:
        parts: list[Sound] = []
        left = count
        while left > 0:
            piece = self._pieces.popleft()
            if len(piece) > left:
                self._pieces.appendleft(piece[left:])
                piece = piece[:left]
            parts.append(piece)
            left -= len(piece)
        self._held -= count
        self._taken += count
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def mono_samples(frame: rtc.AudioFrame) -> Sound:
    """The frame's samples, channels averaged, shape (n,)."""
    samples = np.frombuffer(frame.data, np.int16)
    if frame.num_channels == 1:
        return samples
    mixed = samples.reshape(-1, frame.num_channels).astype(np.int32).mean(axis=1)
    return np.asarray(mixed, np.int16)


def audio_frame(sound: Sound, sample_rate: int = SAMPLE_RATE) -> rtc.AudioFrame:
    """``sound`` (n,) int16 mono as LiveKit carries it."""
    return rtc.AudioFrame(sound.tobytes(), sample_rate, 1, len(sound))


def to_int16(samples: npt.NDArray[np.float32]) -> Sound:
    """Samples in [-1, 1] as 16-bit."""
    return np.asarray(np.clip(samples, -1, 1) * 32767, np.int16)
