"""A video with another sound: its pictures are copied as they are, nothing of them is encoded again."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.packet import Packet
from av.video.stream import VideoStream

from lipsync.audio.load import FloatArray
from lipsync.video.container import open_media, video_stream
from lipsync.video.errors import MediaError

SOUND_RATE = 48_000
BITS_PER_SECOND = 192_000


def replace_sound(video_path: Path, blocks: Iterable[FloatArray], output_path: Path) -> None:
    """Write an MP4 with the pictures of ``video_path`` and the sound in ``blocks``, (2, samples) at 48 kHz.

    The first sample goes with the first picture. The file appears only when all went well. Raises
    FileNotFoundError, and MediaError for a file without pictures.
    """
    part = output_path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        _write(video_path, iter(blocks), part)
        os.replace(part, output_path)
    finally:
        part.unlink(missing_ok=True)


def _write(video_path: Path, blocks: Iterator[FloatArray], part: Path) -> None:
    with open_media(video_path) as source:
        pictures = video_stream(source)
        if pictures is None:
            raise MediaError("This file has no moving picture; choose a video.", "no_video")
        with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as target:
            target.metadata.update(source.metadata)
            video = target.add_stream_from_template(pictures)
            audio = target.add_stream("aac", rate=SOUND_RATE, layout="stereo")
            audio.bit_rate = BITS_PER_SECOND
            sound = _Sound(blocks, Fraction(1, SOUND_RATE))
            zero = pictures.start_time or 0
            for packet in source.demux(pictures):
                if packet.dts is None:  # the end, not a picture
                    continue
                seconds = float((packet.dts - zero) * (pictures.time_base or Fraction(1, 90_000)))
                for frame in sound.until(seconds):
                    target.mux(audio.encode(frame))
                target.mux(_moved(packet, zero, video))
            for frame in sound.until(float("inf")):
                target.mux(audio.encode(frame))
            target.mux(audio.encode(None))


def _moved(packet: Packet[VideoStream], zero: int, stream: VideoStream) -> Packet[VideoStream]:
    """To a clock on which the first picture is shown at 0."""
    packet.dts = None if packet.dts is None else packet.dts - zero
    packet.pts = None if packet.pts is None else packet.pts - zero
    packet.stream = stream
    return packet


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
