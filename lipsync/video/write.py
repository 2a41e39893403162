"""Writing MP4: H.264 and AAC, index in front, sound in step with the picture to the sample."""

from __future__ import annotations

import os
import secrets
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from lipsync.audio.load import FloatArray
from lipsync.video.color import ColorTags, Image, YuvConverter, default_tags

CRF = 18
PRESET = "veryfast"
AUDIO_BITS_PER_SECOND = 128_000
AI_NOTICE = "AI-generated: the mouth in this video was made by avsite."
AAC_RATES = (
    96_000,
    88_200,
    64_000,
    48_000,
    44_100,
    32_000,
    24_000,
    22_050,
    16_000,
    12_000,
    11_025,
    8_000,
    7_350,
)


class VideoWriter:
    """An MP4 being written; a context manager. The file appears at ``path`` only when all went well.

    Hand over pictures and sound roughly as they play: what runs ahead waits in memory, ten seconds at most.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: Fraction | float,
        sample_rate: int | None = None,
        color_tags: ColorTags | None = None,
        *,
        crf: int = CRF,
        preset: str = PRESET,
        odd_size: Literal["exact", "pad"] = "exact",
        metadata: dict[str, str] | None = None,
    ) -> None:
        """sample_rate: of the sound, one AAC knows; None for a silent film.

        color_tags: what the RGB numbers mean, from FrameReader; by size when None.
        odd_size: 4:2:0 needs even sides. "exact" keeps an odd size by coding 4:4:4, which Firefox, Safari and
        phones may not play; "pad" repeats the last row or column and plays everywhere.
        """
        if sample_rate is not None and sample_rate not in AAC_RATES:
            raise ValueError(f"AAC has no sample rate of {sample_rate} Hz; use one of {AAC_RATES}")
        self.path = Path(path)
        self._part = self.path.with_name(f".{secrets.token_hex(8)}.part")
        self._size = (width, height)
        is_odd = width % 2 == 1 or height % 2 == 1
        self._pads = is_odd and odd_size == "pad"
        self.pixel_format = "yuv444p" if is_odd and not self._pads else "yuv420p"
        self.coded_size = (width + width % 2, height + height % 2) if self._pads else (width, height)
        self._tags = _writable_tags(color_tags or default_tags(min(width, height)))
        self._fps = Fraction(fps).limit_denominator(1001)
        self._rate = sample_rate
        self._crf = crf
        self._preset = preset
        self._metadata = {"comment": AI_NOTICE, "description": AI_NOTICE} | (metadata or {})
        self.frame_count = 0
        self.sample_count = 0
        self._converter = YuvConverter(self.pixel_format, self._tags)

    def __enter__(self) -> Self:
        self._container = av.open(str(self._part), "w", format="mp4", options={"movflags": "+faststart"})
        self._container.metadata.update(self._metadata)
        self._video = self._add_video()
        self._audio = self._add_audio()
        return self

    def _add_video(self) -> VideoStream:
        stream = self._container.add_stream("libx264", rate=self._fps)
        stream.width, stream.height = self.coded_size
        stream.pix_fmt = self.pixel_format
        stream.options = {"crf": str(self._crf), "preset": self._preset}
        stream.codec_context.time_base = 1 / self._fps
        stream.codec_context.colorspace = self._tags.matrix
        stream.codec_context.color_primaries = self._tags.primaries
        stream.codec_context.color_trc = self._tags.transfer
        stream.codec_context.color_range = 2 if self._tags.full_range else 1
        return stream

    def _add_audio(self) -> AudioStream | None:
        if self._rate is None:
            return None
        stream = self._container.add_stream("aac", rate=self._rate, layout="mono")
        stream.bit_rate = AUDIO_BITS_PER_SECOND
        return stream

    def write(self, image: Image) -> None:
        """Append one picture, (height, width, 3) RGB uint8. Raises ValueError for another size."""
        if image.shape != (self._size[1], self._size[0], 3):
            raise ValueError(f"the picture is {image.shape}, the video {(self._size[1], self._size[0], 3)}")
        if self._pads:
            grow = ((0, self.coded_size[1] - self._size[1]), (0, self.coded_size[0] - self._size[0]), (0, 0))
            image = np.pad(image, grow, mode="edge")
        frame = self._converter.convert(image)
        frame.pts = self.frame_count
        frame.time_base = 1 / self._fps
        self.frame_count += 1
        self._container.mux(self._video.encode(frame))

    def write_audio(self, samples: FloatArray) -> None:
        """Append mono samples in [-1, 1]; any number at a time. ValueError when opened silent."""
        if self._audio is None:
            raise ValueError("this video was opened without sound; pass sample_rate")
        if len(samples) == 0:
            return
        clipped = np.ascontiguousarray(np.clip(samples, -1.0, 1.0), np.float32)
        frame = AudioFrame.from_ndarray(clipped[None], format="fltp", layout="mono")
        frame.sample_rate = cast(int, self._rate)
        frame.pts = self.sample_count
        frame.time_base = Fraction(1, cast(int, self._rate))
        self.sample_count += len(clipped)
        self._container.mux(self._audio.encode(frame))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_whole = False
        try:
            try:
                if kind is None:
                    self._finish()
            finally:
                self._container.close()
            is_whole = kind is None
        finally:
            if not is_whole:
                self._part.unlink(missing_ok=True)
        if is_whole:
            os.replace(self._part, self.path)

    def _finish(self) -> None:
        if not self.frame_count:
            raise ValueError("no pictures were written")
        self._container.mux(self._video.encode(None))
        if self._audio is not None and self.sample_count:
            self._container.mux(self._audio.encode(None))


def _writable_tags(tags: ColorTags) -> ColorTags:
    """Tags 8-bit limited-range video can carry; HDR never gets here as such."""
    matrix = tags.matrix if tags.matrix in {1, 5, 6} else 1
    return tags._replace(matrix=matrix, full_range=False)
