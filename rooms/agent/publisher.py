"""The two tracks of an avatar: published together, encoded at the rate they are drawn."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from livekit import rtc

from rooms.agent.generators.base import Picture
from rooms.agent.generators.speech import SAMPLE_RATE

QUEUE_MS = 200
"""Room in the native sound queue; the pacer keeps far less in it."""
BITS_PER_PIXEL = 1_500_000 / (512 * 512 * 25)
STREAM = "avatar"
"""Both tracks belong to one media stream, so that browsers keep lips and voice together."""


def video_bitrate(width: int, height: int, fps: float) -> int:
    """Bits a second at which a face stays crisp: 1.5 Mbit/s at 512 x 512, 25 fps."""
    return int(min(6_000_000, max(300_000, BITS_PER_PIXEL * width * height * fps)))


class Publisher:
    """Sound and picture of one participant. Make it in the event loop that uses it."""

    def __init__(self, room: rtc.Room, width: int, height: int, fps: float) -> None:
        self.room = room
        self.fps = fps
        self._size = (width, height)
        self.audio = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=QUEUE_MS)
        self.video = rtc.VideoSource(width, height)
        self._published: tuple[rtc.LocalTrackPublication, ...] = ()
        self.audio_sid = ""
        self.video_sid = ""

    async def publish(self, first: Picture) -> None:
        """Publish both tracks at once. ``first`` is captured before: an empty source would send black."""
        self.video.capture_frame(first)
        audio = rtc.LocalAudioTrack.create_audio_track("avatar_audio", self.audio)
        video = rtc.LocalVideoTrack.create_video_track("avatar_video", self.video)
        me = self.room.local_participant
        self._published = await asyncio.gather(
            me.publish_track(audio, self._audio_options()), me.publish_track(video, self._video_options())
        )
        self.audio_sid, self.video_sid = (publication.sid for publication in self._published)

    async def wait_for_viewer(self, seconds: float) -> None:
        """Until somebody receives both tracks, but no longer than ``seconds``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(entry.wait_for_subscription() for entry in self._published))

    def show(self, picture: Picture) -> None:
        """Send a picture now."""
        self.video.capture_frame(picture)

    async def aclose(self) -> None:
        """Let go of the sources."""
        await self.audio.aclose()
        await self.video.aclose()

    @staticmethod
    def _audio_options() -> rtc.TrackPublishOptions:
        options = rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_MICROPHONE,
            dtx=False,  # a sound track that pauses would lose its place beside the picture
            stream=STREAM,
        )
        options.audio_encoding.max_bitrate = 48_000
        return options

    def _video_options(self) -> rtc.TrackPublishOptions:
        # Without an encoding the SDK picks a preset of its own, which caps the frame rate at 15 or 20.
        encoding = rtc.VideoEncoding(max_framerate=self.fps, max_bitrate=video_bitrate(*self._size, self.fps))
        return rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_CAMERA,
            video_encoding=encoding,
            video_codec=rtc.VideoCodec.VP8,
            simulcast=False,
            stream=STREAM,
        )
