"""The yardstick renders are measured against: the same clip decoded and encoded again, and nothing else."""

from pathlib import Path

from lipsync.video.probe import probe
from lipsync.video.read import FrameReader, read_audio_of
from lipsync.video.write import VideoWriter

SAMPLE_RATE = 48_000


def plain_reencode(source: Path, target: Path) -> int:
    """Decode ``source`` to RGB and write it to ``target`` as renders do; returns its frame count."""
    reader = FrameReader(source)
    has_sound = probe(source).audio_codec is not None
    sound = read_audio_of(source, SAMPLE_RATE) if has_sound else iter(())
    rate = SAMPLE_RATE if has_sound else None
    with VideoWriter(target, reader.width, reader.height, reader.fps, rate, reader.color_tags) as writer:
        for frame in reader:
            writer.write(frame.image)
            while has_sound and writer.sample_count <= (frame.index + 1) / reader.fps * SAMPLE_RATE:
                block = next(sound, None)
                if block is None:
                    has_sound = False
                else:
                    writer.write_audio(block)
        for block in sound:
            writer.write_audio(block)
    return writer.frame_count
