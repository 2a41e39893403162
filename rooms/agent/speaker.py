"""Who says what: turns texts, files and clips into utterances, and keeps account of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lipsync.face.face import Expression
from lipsync.speech.errors import SpeechError
from lipsync.speech.synthesize import SpeechChunk
from lipsync.speech.voices import DEFAULT_VOICE
from lipsync.video.errors import MediaError
from lipsync.video.probe import probe
from rooms.agent.captions import Captions
from rooms.agent.generators.base import Clip, FrameGenerator
from rooms.agent.markup import split_passages
from rooms.agent.order import expression_of
from rooms.agent.sources.clip import FilmClip
from rooms.agent.sources.file import speak_file
from rooms.agent.sources.text import speak_text

OnFailure = Callable[[str | None, str], None]


@dataclass
class Utterance:
    """What is known of one: the command that asked for it, and how it is to be said.

    is_last  the command is done when this one is
    """

    command: str | None
    asked_at: float
    expression: Expression | None = None
    is_last: bool = True
    has_failed: bool = False


class Speaker:
    """Says things through a generator, one after the other."""

    def __init__(
        self, generator: FrameGenerator, captions: Captions | None, on_failure: OnFailure, voice: str | None
    ) -> None:
        self._generator = generator
        self._captions = captions
        self._on_failure = on_failure
        self._voice = voice or DEFAULT_VOICE
        self.speed = 1.0
        self.utterances: dict[int, Utterance] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def say(
        self, text: str, command: str | None = None, voice: str | None = None, speed: float | None = None
    ) -> None:
        """Say ``text``; marks such as ``[happy]`` in it change the expression from there on."""
        passages = split_passages(text) or []
        asked_at = time.monotonic()
        if not passages:
            self._fail(command, "There is no text to say.")
        for number, passage in enumerate(passages):
            speech = self._generator.begin()
            expression = expression_of(passage.expression, 0.8) if passage.expression else None
            is_last = number == len(passages) - 1
            self.utterances[speech.number] = Utterance(command, asked_at, expression, is_last)
            words = partial(self._caption, speech.number)
            said = voice or self._voice, speed or self.speed
            self._run(speak_text(self._generator, speech, passage.text, *said, words), command)

    def speak_recording(self, path: Path, command: str | None = None) -> None:
        """Say what is on a recording."""
        speech = self._generator.begin()
        self.utterances[speech.number] = Utterance(command, time.monotonic())
        self._run(speak_file(self._generator, speech, path), command)

    async def play(self, path: Path, command: str | None = None, *, loop: bool = False) -> None:
        """A recording is spoken; a video takes the avatar's place with its own pictures and sound."""
        try:
            info = await asyncio.to_thread(probe, path)
            if info.media == "audio":
                self.speak_recording(path, command)
            elif info.media == "image":
                self._fail(command, "This file is a picture; choose a recording or a video.")
            else:
                await asyncio.to_thread(self._show, path, command, loop)
                self._generator.on_speech()
        except (MediaError, OSError) as error:
            self._fail(command, str(error))

    def note(self, number: int, command: str | None = None) -> Utterance:
        """What is known of an utterance; those that others began are noted here."""
        return self.utterances.setdefault(number, Utterance(command, time.monotonic()))

    def forget(self, number: int) -> Utterance:
        """An utterance is over."""
        return self.utterances.pop(number, None) or Utterance(None, time.monotonic())

    async def aclose(self) -> None:
        """Stop making speech."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _caption(self, number: int, chunk: SpeechChunk) -> None:
        if self._captions is not None:
            self._captions.add(number, chunk.words)

    def _fail(self, command: str | None, message: str) -> None:
        for utterance in self.utterances.values():
            if command is not None and utterance.command == command:
                utterance.has_failed = True
        self._on_failure(command, message)

    def _show(self, path: Path, command: str | None, loop: bool) -> None:
        def make(number: int) -> Clip:
            clip = FilmClip(path, self._generator.size, self._generator.fps, number, loop=loop)
            self.utterances[number] = Utterance(command, time.monotonic())
            return clip

        self._generator.show(make)

    def _run(self, speaking: Coroutine[Any, Any, None], command: str | None) -> None:
        async def guarded() -> None:
            try:
                await speaking
            except (SpeechError, MediaError, OSError) as error:
                self._fail(command, str(error))

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
