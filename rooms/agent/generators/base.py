"""What every generator shares: utterances in turn, one picture a beat, drawn off the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from abc import abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, AvatarOptions, VideoGenerator

from lipsync.audio.shape import CLOSED, MouthShape
from lipsync.face.face import NEUTRAL, Expression
from rooms.agent.generators.speech import SAMPLE_RATE, Beat, Sound, Speech, audio_frame

Image = npt.NDArray[np.uint8]

CLOSING = (0.5, 0.18)
"""Share of the last open mouth shown in the frames after the sound was cut: shut at once, without a jerk."""
SILENCE: Sound = np.zeros(0, np.int16)


class Moment(NamedTuple):
    """What a picture shows.

    mouth        of the face; closed when idle
    sound        (n,) int16 at SAMPLE_RATE heard during the picture, empty when idle
    is_speaking  whether an utterance is being said
    """

    mouth: MouthShape = CLOSED
    sound: Sound = SILENCE
    is_speaking: bool = False


class Picture(rtc.VideoFrame):
    """A video frame that knows its utterance; None for idle life."""

    def __init__(self, i420: Image, width: int, height: int, utterance: int | None) -> None:
        super().__init__(width, height, rtc.VideoBufferType.I420, i420.data)
        self.utterance = utterance


class SpeechEnd(AudioSegmentEnd):
    """Every beat of the utterance was given out."""

    def __init__(self, utterance: int) -> None:
        self.utterance = utterance


class Clip(Protocol):
    """An utterance with pictures of its own, such as a finished video."""

    number: int

    @property
    def is_over(self) -> bool: ...

    def next_frame(self) -> tuple[Image, Sound] | None:
        """The next picture, RGB of the generator's size, and its sound; None at the end."""
        ...

    def close(self) -> None: ...


Item = Picture | rtc.AudioFrame | SpeechEnd


@dataclass
class Mood:
    """The face's expression now."""

    expression: Expression = NEUTRAL


def options_for(width: int, height: int, fps: float) -> AvatarOptions:
    """The options of a generator of this size."""
    return AvatarOptions(
        video_width=width,
        video_height=height,
        video_fps=fps,
        audio_sample_rate=SAMPLE_RATE,
        audio_channels=1,
    )


class FrameGenerator(VideoGenerator):
    """Takes speech, gives pictures with their sound, and idle life in between.

    Also runs under livekit-agents' own ``AvatarRunner``. Sound is yielded at SAMPLE_RATE, a beat at a time,
    behind the picture it goes with; ``userdata["utterance"]`` of a sound frame tells its utterance.

    is_behind  set by who plays: sound is about to run out, so give it without drawing
    on_speech  called in the event loop when speech has come in
    """

    needs_mouth = False

    def __init__(self, options: AvatarOptions) -> None:
        self.options = options
        self.fps = float(options.video_fps)
        self.size = (options.video_width // 2 * 2, options.video_height // 2 * 2)
        self.mood = Mood()
        self.is_behind = False
        self.undrawn = 0
        self.on_speech: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._utterances: deque[Speech | Clip] = deque()
        self._open: Speech | None = None
        self._number = 0
        self._closing: list[MouthShape] = []
        self._mouth = CLOSED
        self._since_drawn = 0
        self._next_at = 0.0
        self._news = threading.Event()
        self._is_closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="draw")

    @abstractmethod
    def paint(self, moment: Moment) -> Image:
        """The picture of ``moment``, (height, width, 3) RGB of ``size``. Called in the drawing thread."""

    def render(self, moment: Moment) -> Image:
        """The same as WebRTC takes it, (height * 3 / 2, width)."""
        return to_i420(self.paint(moment))

    @property
    def has_speech(self) -> bool:
        """Whether a beat of speech can be had now."""
        with self._lock:
            first = self._utterances[0] if self._utterances else None
        return first is not None and (not isinstance(first, Speech) or first.may_have_more)

    @property
    def is_live(self) -> bool:
        """Whether what is said now comes as it is spoken."""
        with self._lock:
            first = self._utterances[0] if self._utterances else None
        return isinstance(first, Speech) and first.is_live

    @property
    def newest_utterance(self) -> int:
        """Number of the utterance opened last; 0 before the first."""
        return self._number

    def begin(self, *, is_live: bool = False) -> Speech:
        """A new utterance, behind those already waiting."""
        with self._lock:
            self._number += 1
            speech = Speech(self._number, self.fps, is_live=is_live, listens=self.needs_mouth)
            speech.on_news = self._news.set
            self._utterances.append(speech)
        return speech

    def show(self, make: Callable[[int], Clip]) -> Clip:
        """Play a clip with pictures of its own, behind what already waits; ``make`` gets its number.

        Opening it may take a while, so this may be called in any thread; call ``on_speech`` after it.
        """
        with self._lock:
            self._number += 1
            number = self._number
        clip = make(number)
        with self._lock:
            self._utterances.append(clip)
        self.on_speech()
        return clip

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        """Take sound of any rate; ``AudioSegmentEnd`` ends the utterance."""
        if isinstance(frame, rtc.AudioFrame):
            if self._open is None:
                self._open = self.begin()
            self._open.push(frame)
            self.on_speech()
        elif self._open is not None:
            self._open.close()
            self._open = None
            self.on_speech()

    def clear_buffer(self) -> None:
        """Forget all speech at once; the next pictures close the mouth."""
        with self._lock:
            for utterance in self._utterances:
                utterance.close()
            self._utterances.clear()
        self._open = None

    async def __aiter__(self) -> AsyncIterator[Item]:
        loop = asyncio.get_running_loop()
        while not self._is_closed:
            for item in await loop.run_in_executor(self._thread, self._produce):
                yield item

    async def first_picture(self) -> Picture:
        """An idle picture, to have one before anything is published."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._draw_idle)

    async def aclose(self) -> None:
        """Stop drawing and let go of the thread."""
        self._is_closed = True
        self.clear_buffer()
        await asyncio.to_thread(self._thread.shutdown, True, cancel_futures=True)

    def _produce(self) -> list[Item]:
        with self._lock:
            utterance = self._utterances[0] if self._utterances else None
        if utterance is None:
            return [self._draw_idle()]
        if isinstance(utterance, Speech):
            self._news.clear()
            beat = utterance.next_beat()
            if beat is not None:
                return self._with_picture(utterance.number, beat)
            if not utterance.is_over and self._news.wait(max(0.0, self._next_at - time.monotonic())):
                # An idle picture drawn now would only delay the first one that speaks.
                return []
        else:
            frame = utterance.next_frame()
            if frame is not None:
                picture = Picture(to_i420(frame[0]), *self.size, utterance.number)
                return [picture, self._sound(frame[1], utterance.number)]
        if utterance.is_over:
            with self._lock:
                if self._utterances and self._utterances[0] is utterance:
                    self._utterances.popleft()
                    return [SpeechEnd(utterance.number)]
            return []
        # Sound is still to come: rest meanwhile.
        return [self._draw_idle()]

    def _with_picture(self, number: int, beat: Beat) -> list[Item]:
        sound = self._sound(beat.sound, number)
        if self.is_behind and self._since_drawn < 4:
            self._since_drawn += 1
            self.undrawn += 1
            return [sound]
        self._since_drawn = 0
        self._note_drawn()
        self._mouth = beat.mouth
        self._closing = [faded(beat.mouth, share) for share in CLOSING]
        return [Picture(self.render(Moment(beat.mouth, beat.sound, True)), *self.size, number), sound]

    @staticmethod
    def _sound(samples: Sound, number: int) -> rtc.AudioFrame:
        frame = audio_frame(samples)
        frame.userdata["utterance"] = number
        return frame

    def _note_drawn(self) -> None:
        # When the next picture is wanted at the latest; speech is drawn some pictures ahead.
        self._next_at = max(self._next_at + 1 / self.fps, time.monotonic())

    def _draw_idle(self) -> Picture:
        self._note_drawn()
        mouth = self._closing.pop(0) if self._closing else CLOSED
        self._mouth = mouth
        return Picture(self.render(Moment(mouth)), *self.size, None)


def to_i420(image: Image) -> Image:
    """``image`` (height, width, 3) RGB as WebRTC takes it, (height * 3 / 2, width)."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420), np.uint8)


def faded(mouth: MouthShape, share: float) -> MouthShape:
    """``mouth`` on its way to rest."""
    return MouthShape(*(value * share for value in mouth))
