"""Text spoken by a voice: sentence by sentence, the first one heard while the next is made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from lipsync.speech.synthesize import SpeechChunk, stream_speech
from rooms.agent.generators.base import FrameGenerator
from rooms.agent.generators.speech import Speech, audio_frame, to_int16

AHEAD_SECONDS = 20.0
"""Speech made ahead of its being said; a book read out fills no memory."""
OnSentence = Callable[[SpeechChunk], None]


async def speak_text(
    generator: FrameGenerator,
    speech: Speech,
    text: str,
    voice: str,
    speed: float = 1.0,
    on_sentence: OnSentence = lambda chunk: None,
) -> None:
    """Push ``text`` as ``speech``; returns when all of it was made, or it was closed by an interrupt.

    Raises SpeechError for text or a voice that cannot be spoken. Always closes the speech.
    """
    try:
        chunks = await asyncio.to_thread(stream_speech, text, voice, speed)
        while (chunk := await asyncio.to_thread(_next, chunks)) is not None:
            if speech.is_closed:
                return
            frame = audio_frame(to_int16(chunk.samples), chunk.sample_rate)
            frame.userdata["phones"] = chunk.phones
            on_sentence(chunk)
            speech.push(frame)
            generator.on_speech()
            await speech.wait_below(AHEAD_SECONDS)
    finally:
        speech.close()
        generator.on_speech()


def _next(chunks: Iterator[SpeechChunk]) -> SpeechChunk | None:
    return next(chunks, None)
