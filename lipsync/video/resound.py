"""A video with another sound: its pictures are copied as they are, nothing of them is encoded again."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from avsite.ai.captions import Cue
from lipsync.audio.load import FloatArray
from lipsync.video.container import open_media, video_stream
from lipsync.video.errors import MediaError

SOUND_RATE = 48_000
BITS_PER_SECOND = 192_000
CAPTION_BASE = Fraction(1, 1000)


def replace_sound(
    video_path: Path,
    blocks: Iterable[FloatArray],
    output_path: Path,
    cues: Sequence[Cue] = (),
    language: str = "und",
) -> None:
    """Write an MP4 with the pictures of ``video_path`` and the sound in ``blocks``, (2, samples) at 48 kHz.

    The first sample goes with the first picture. ``cues`` become a track of captions; ``language`` is the
    ISO 639-2 code of both. The file appears only when all went well. Raises
    FileNotFoundError, and MediaError for a file without pictures.
    """
    part = output_path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        _write(video_path, iter(blocks), part, cues, language)
        os.replace(part, output_path)
    finally:
        part.unlink(missing_ok=True)


def _write(
    video_path: Path, blocks: Iterator[FloatArray], part: Path, cues: Sequence[Cue], language: str
) -> None:
    with open_media(video_path) as source:
        pictures = video_stream(source)
        if pictures is None:
            raise MediaError("This file has no moving picture; choose a video.", "no_video")
        with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as target:
            target.metadata.update(source.metadata)
            video = target.add_stream_from_template(pictures)
            audio = target.add_stream("aac", rate=SOUND_RATE, layout="stereo")
            audio.bit_rate = BITS_PER_SECOND
            audio.metadata["language"] = language
            captions = _Captions(target, cues, language)
            sound = _Sound(blocks, Fraction(1, SOUND_RATE))
            zero = pictures.start_time or 0
            for packet in source.demux(pictures):
                if packet.dts is None:  # the end, not a picture
                    continue
                seconds = float((packet.dts - zero) * (pictures.time_base or Fraction(1, 90_000)))
                for frame in sound.until(seconds):
                    target.mux(audio.encode(frame))
                captions.write_until(seconds)
                target.mux(_moved(packet, zero, video))
            for frame in sound.until(float("inf")):
                target.mux(audio.encode(frame))
            target.mux(audio.encode(None))
            captions.write_until(float("inf"))


def _moved(packet: Packet[VideoStream], zero: int, stream: VideoStream) -> Packet[VideoStream]:
    """To a clock on which the first picture is shown at 0."""
    packet.dts = None if packet.dts is None else packet.dts - zero
    packet.pts = None if packet.pts is None else packet.pts - zero
    packet.stream = stream
    return packet


class _Captions:
    """A track of timed text (3GPP TS 26.245), as far as the pictures have come; none without cues."""

    def __init__(self, target: OutputContainer, cues: Sequence[Cue], language: str) -> None:
        self._target, self._left = target, sorted(cues, key=lambda cue: cue.start)
        if not cues:
            return
        # Ready-made samples need no encoder.
        self._stream = target.add_mux_stream("mov_text", time_base=CAPTION_BASE)
        self._stream.metadata["language"] = language

    def write_until(self, seconds: float) -> None:
        while self._left and self._left[0].start <= seconds:
            cue = self._left.pop(0)
            text = "\n".join(cue.lines).encode()
            packet = Packet(len(text).to_bytes(2, "big") + text)
            packet.pts = packet.dts = round(cue.start / CAPTION_BASE)
            packet.duration = max(1, round((cue.end - cue.start) / CAPTION_BASE))
            packet.time_base, packet.is_keyframe = CAPTION_BASE, True
            packet.stream = self._stream
            self._target.mux(packet)


class _Sound:
    """Frames for the encoder, as far as the pictures have come."""

    def __init__(self, blocks: Iterator[FloatArray], time_base: Fraction) -> None:
        self._blocks, self._base, self._given = blocks, time_base, 0

    def until(self, seconds: float) -> Iterator[AudioFrame]:
        while self._given * self._base <= seconds:
            block = next(self._blocks, None)
            if block is None:
                return
            clipped = np.ascontiguousarray(np.clip(block, -1.0, 1.0), np.float32)
            frame = AudioFrame.from_ndarray(clipped, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, self._given, self._base
            self._given += block.shape[1]
            yield frame
