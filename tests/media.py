"""Media made for tests: clips whose frames carry their number, tones, portraits that move, broken files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

BITS = 12
VIDEO_CODECS = {
    ".mp4": "libx264",
    ".mov": "libx264",
    ".mkv": "libx264",
    ".webm": "libvpx-vp9",
    ".avi": "mpeg4",
}
AUDIO_CODECS = {
    ".mp4": "aac",
    ".mov": "aac",
    ".mkv": "libopus",
    ".webm": "libopus",
    ".avi": "libmp3lame",
    ".wav": "pcm_s16le",
    ".mp3": "libmp3lame",
    ".m4a": "aac",
    ".opus": "libopus",
    ".ogg": "libopus",
    ".flac": "flac",
}


def numbered_picture(number: int, width: int = 320, height: int = 240, channels: int = 3) -> Image:
    """A picture with ``number`` written into it as black and white blocks, and something that moves."""
    picture = np.full((height, width, channels), 90, np.uint8)
    picture[..., 2] = np.linspace(40, 200, width, dtype=np.uint8)
    x = number * 3 % max(1, width - 20)
    picture[height * 3 // 4 : height * 3 // 4 + 10, x : x + 20, :3] = (220, 60, 40)
    for bit in range(BITS):
        row, column = divmod(bit, BITS // 2)
        top, bottom = (height * row // 4, height * (row + 1) // 4)
        left, right = (width * column // (BITS // 2), width * (column + 1) // (BITS // 2))
        picture[top:bottom, left:right, :3] = 235 if number >> bit & 1 else 20
    if channels == 4:
        picture[..., 3] = 255
    return picture


def picture_number(picture: Image) -> int:
    """The number a picture from ``numbered_picture`` carries, read after any coding and scaling."""
    height, width = picture.shape[:2]
    number = 0
    for bit in range(BITS):
        row, column = divmod(bit, BITS // 2)
        y = int(height * (row + 0.5) / 4)
        x = int(width * (column + 0.5) / (BITS // 2))
        number |= int(picture[y - 2 : y + 3, x - 2 : x + 3].mean() > 128) << bit
    return number


def tone(seconds: float, sample_rate: int, hertz: float = 440.0, level: float = 0.5) -> FloatArray:
    """A sine, float32 mono."""
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    return (level * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def clicks(at_seconds: Sequence[float], seconds: float, sample_rate: int) -> FloatArray:
    """Silence with short loud bursts starting at the given times."""
    samples = np.zeros(round(seconds * sample_rate), np.float32)
    for start in at_seconds:
        first = round(start * sample_rate)
        length = round(0.004 * sample_rate)
        samples[first : first + length] = 0.9 * np.cos(np.arange(length) * 2 * np.pi * 1500 / sample_rate)
    return samples[: round(seconds * sample_rate)]


def click_times(samples: FloatArray, sample_rate: int, apart: float = 0.2) -> list[float]:
    """When bursts start: where the level passes a third of the loudest, ``apart`` seconds apart."""
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() / 3)
    times: list[float] = []
    for index in loud:
        if not times or index / sample_rate - times[-1] > apart:
            times.append(float(index / sample_rate))
    return times


def write_audio(
    path: Path,
    samples: FloatArray,
    sample_rate: int,
    *,
    codec: str | None = None,
    layout: str = "mono",
    container_format: str | None = None,
) -> Path:
    """Encode mono (samples,) or per-channel (channels, samples) float32 sound; the suffix picks the codec."""
    codec = codec or AUDIO_CODECS[path.suffix]
    channels = samples[None] if samples.ndim == 1 else samples
    with av.open(str(path), "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=sample_rate, layout=layout)
        _encode_audio(container, stream, channels, sample_rate, layout)
        container.mux(stream.encode(None))
    return path


def _encode_audio(container, stream, channels: FloatArray, sample_rate: int, layout: str) -> None:
    resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=sample_rate)
    step = sample_rate
    for start in range(0, channels.shape[1], step):
        block = np.ascontiguousarray(channels[:, start : start + step])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
        frame.sample_rate = sample_rate
        frame.pts = start
        frame.time_base = Fraction(1, sample_rate)
        for part in resampler.resample(frame):
            container.mux(stream.encode(part))


def write_video(
    path: Path,
    pictures: Iterable[Image] | int = 25,
    *,
    fps: Fraction | int = 25,
    times: Sequence[float] | None = None,
    codec: str | None = None,
    pixel_format: str = "yuv420p",
    rotation: int = 0,
    mirrored: bool = False,
    aspect: Fraction | None = None,
    size: tuple[int, int] = (320, 240),
    sound: FloatArray | None = None,
    sample_rate: int = 48_000,
    audio_codec: str | None = None,
    color: tuple[int, int, int] | None = None,
    options: dict[str, str] | None = None,
    container_format: str | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Encode pictures, or that many numbered ones, with or without sound.

    times     seconds at which each picture is shown, for a variable rate
    rotation  clockwise degrees a player must turn the stored picture
    color     (primaries, transfer, matrix) as H.273 numbers; pixels are stored as they are
    """
    codec = codec or VIDEO_CODECS[path.suffix]
    channels = 4 if "a" in pixel_format.replace("gray", "") and pixel_format != "yuv420p" else 3
    if isinstance(pictures, int):
        pictures = (numbered_picture(number, *size, channels) for number in range(pictures))
    time_base = Fraction(1, 1000) if times else 1 / Fraction(fps)
    with av.open(str(path), "w", format=container_format, options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=Fraction(fps), options=options or {})
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = time_base
        _describe(stream, aspect, rotation, mirrored, color)
        audio = None
        if sound is not None:
            audio_name = audio_codec or AUDIO_CODECS[path.suffix]
            audio = container.add_stream(audio_name, rate=sample_rate, layout="mono")
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = _video_frame(picture, pixel_format, color)
            frame.pts = round(times[number] * 1000) if times else number
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None and sound is not None:
            _encode_audio(container, audio, sound[None], sample_rate, "mono")
            container.mux(audio.encode(None))
    return path


def _describe(
    stream: av.VideoStream,
    aspect: Fraction | None,
    rotation: int,
    mirrored: bool,
    color: tuple[int, int, int] | None,
) -> None:
    """What players are told of the stored pictures."""
    context = stream.codec_context
    if aspect:
        context.sample_aspect_ratio = aspect
    if rotation or mirrored:
        stream.set_display_rotation(-rotation, hflip=mirrored)
    if color:
        context.color_primaries, context.color_trc, context.colorspace = color


def _video_frame(picture: Image, pixel_format: str, color: tuple[int, int, int] | None) -> av.VideoFrame:
    source = "rgba" if picture.shape[2] == 4 else "rgb24"
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=source)
    matrix = {1: "ITU709", 9: "BT2020"}.get(color[2] if color else 0, "ITU601")
    frame = frame.reformat(format=pixel_format, dst_colorspace=matrix)
    if color:
        frame.color_primaries, frame.color_trc, frame.colorspace = color
    return frame


def hdr_grey_video(path: Path, level: float, transfer: int, frames: int = 5) -> Path:
    """A 10-bit BT.2020 clip of one grey; ``level`` is the coded signal, 0..1; transfer 16 PQ, 18 HLG."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "8"})
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = (
            9,
            transfer,
            9,
            1,
        )
        for number in range(frames):
            frame = av.VideoFrame(64, 64, "yuv420p10le")
            for index, plane in enumerate(frame.planes):
                np.frombuffer(plane, np.uint16)[:] = round(64 + 876 * level) if index == 0 else 512
            frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range = 9, transfer, 9, 1
            frame.pts = number
            frame.time_base = Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def portrait() -> Image:
    """A photo of a face: the astronaut, (512, 512, 3) RGB."""
    from skimage import data

    return np.ascontiguousarray(data.astronaut()[..., :3])


def moving_portrait(
    frames: int, width: int = 640, height: int = 480, *, sway: float = 1.0, turn_degrees: float = 8.0
) -> Iterator[Image]:
    """The portrait moved, scaled and rotated smoothly inside a larger picture, (height, width, 3) each."""
    photo = portrait()
    for number in range(frames):
        matrix = portrait_way(number, width, height, sway=sway, turn_degrees=turn_degrees)
        yield cv2.warpAffine(
            photo, matrix, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT_101
        )


def two_people(frames: int, size: int = 360) -> Iterator[Image]:
    """Two portraits side by side, each moving its own way, (size, 2 * size, 3)."""
    left = moving_portrait(frames, size, size, sway=0.4)
    right = moving_portrait(frames, size, size, sway=0.25, turn_degrees=-6.0)
    for one, other in zip(left, right, strict=True):
        # Mirrored and darker: not the same person twice.
        yield np.hstack([one, (other[:, ::-1] * 0.8).astype(np.uint8)])


def portrait_way(
    number: int, width: int, height: int, *, sway: float = 1.0, turn_degrees: float = 8.0
) -> npt.NDArray[np.float64]:
    """(2, 3) where the portrait is in a frame: turned, scaled and moved."""
    phase = 2 * np.pi * number / 75
    scale = height / 512 * (1.0 + 0.12 * sway * np.sin(phase * 0.7))
    matrix = cv2.getRotationMatrix2D((224, 120), turn_degrees * sway * np.sin(phase), scale)
    matrix[0, 2] += width / 2 - 224 + 0.06 * width * sway * np.sin(phase * 1.3)
    matrix[1, 2] += height * 0.4 - 120 + 0.04 * height * sway * np.cos(phase)
    return matrix


def write_moving_portrait(
    path: Path,
    seconds: float = 3.0,
    *,
    fps: int = 25,
    width: int = 640,
    height: int = 480,
    speech: FloatArray | None = None,
) -> Path:
    """A video of the moving portrait, with ``speech`` at 48 kHz as its sound when given."""
    pictures = moving_portrait(round(seconds * fps), width, height)
    return write_video(path, pictures, fps=fps, sound=speech, options={"crf": "18", "preset": "veryfast"})


def cut_short(source: Path, target: Path, fraction: float = 0.5) -> Path:
    """The first part of a file."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * fraction)])
    return target


def damage(source: Path, target: Path, start: float = 0.4, stop: float = 0.6, seed: int = 1) -> Path:
    """A copy whose bytes between two fractions of the file are noise."""
    data = bytearray(source.read_bytes())
    first, last = int(len(data) * start), int(len(data) * stop)
    data[first:last] = np.random.default_rng(seed).integers(0, 256, last - first, np.uint8).tobytes()
    target.write_bytes(data)
    return target


def song_with_cover(path: Path, seconds: float = 1.0) -> Path:
    """An MP3 or M4A with cover art, which is stored as a video stream."""
    container_format = "mp4" if path.suffix == ".m4a" else None
    with av.open(str(path), "w", format=container_format) as container:
        audio = container.add_stream(AUDIO_CODECS[path.suffix], rate=44_100, layout="mono")
        cover = container.add_stream("mjpeg", rate=25)
        cover.width = cover.height = 64
        cover.pix_fmt = "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 128, np.uint8)).reformat(format="yuvj420p")
        frame.pts = 0
        container.mux(cover.encode(frame))
        container.mux(cover.encode(None))
        _encode_audio(container, audio, tone(seconds, 44_100)[None], 44_100, "mono")
        container.mux(audio.encode(None))
    return path


def spoken_like(
    seconds: float, sample_rate: int = 16_000, pauses: Callable[[float], bool] | None = None
) -> FloatArray:
    """A buzz with syllable-like swells, for tests that need sound with a shape but no words."""
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    voice = sum(np.sin(2 * np.pi * 120 * harmonic * times) / harmonic for harmonic in range(1, 12))
    swell = np.clip(np.sin(2 * np.pi * 3.5 * times), 0, None)
    if pauses:
        swell *= [0.0 if pauses(time) else 1.0 for time in times]
    return (0.3 * voice * swell).astype(np.float32)
