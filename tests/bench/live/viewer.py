"""The viewer: joins a room like anybody, notes what arrives and when. viewer URL TOKEN FILE [plain].

Written to FILE (.npz), a row a picture and a row a block of sound, times of ``time.monotonic``:
picture_times, gaps (D between the lips, NaN without a face), lumas, spreads, greens, publishers;
sound_times, levels (root mean square, 1 is full scale), sound_publishers. ``plain`` looks for no faces.
"""

from __future__ import annotations

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from livekit import rtc

from tests.bench.live.actor import orders, tell
from tests.lipsync.face.measured import Reader

BLOCK_MS = 10
STATS_SECONDS = 0.5


class Notes:
    """What was seen and heard of everybody in the room."""

    def __init__(self, looks_for_faces: bool) -> None:
        self._readers: dict[int, Reader] | None = {} if looks_for_faces else None
        self._pictures: list[tuple[float, int]] = []
        self._looks: list[tuple[float, float, float, float]] = []
        self._sounds: list[tuple[float, float, int]] = []
        self._delays: list[tuple[float, float, float, bool, int]] = []
        self._thread = ThreadPoolExecutor(1)
        self._people: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []

    def follow(self, track: rtc.Track, participant: rtc.RemoteParticipant) -> None:
        if participant.identity not in self._people:
            self._people.append(participant.identity)
        number = self._people.index(participant.identity)
        is_sound = track.kind == rtc.TrackKind.KIND_AUDIO
        self._tasks.append(asyncio.create_task(self._follow(track, number, is_sound)))

    async def _follow(self, track: rtc.Track, number: int, is_sound: bool) -> None:
        delays = asyncio.create_task(self._note_delays(track, number, is_sound=is_sound))
        stream: rtc.AudioStream | rtc.VideoStream
        try:
            if is_sound:
                stream = rtc.AudioStream.from_track(track=track, frame_size_ms=BLOCK_MS)
                await self._listen(stream, number)
            else:
                stream = rtc.VideoStream.from_track(track=track, format=rtc.VideoBufferType.I420)
                await self._watch(stream, number)
        finally:
            delays.cancel()
            await stream.aclose()

    async def _watch(self, stream: rtc.VideoStream, number: int) -> None:
        is_first = True
        async for event in stream:
            now = time.monotonic()
            self._pictures.append((now, number))
            frame = event.frame
            picture = np.frombuffer(frame.data, np.uint8).reshape(frame.height * 3 // 2, frame.width)
            self._thread.submit(self._look, picture, number)
            if is_first:
                is_first = False
                tell("picture", at=now, person=self._people[number])

    async def _listen(self, stream: rtc.AudioStream, number: int) -> None:
        is_first = True
        async for event in stream:
            now = time.monotonic()
            sound = np.frombuffer(event.frame.data, np.int16).astype(np.float32) / 32768
            self._sounds.append((now, float(np.sqrt(np.mean(sound**2))), number))
            if is_first:
                is_first = False
                tell("sound", at=now, person=self._people[number])

    async def _note_delays(self, track: rtc.Track, number: int, *, is_sound: bool) -> None:
        while True:
            await asyncio.sleep(STATS_SECONDS)
            for stats in await track.get_stats():
                if stats.HasField("inbound_rtp"):
                    came = stats.inbound_rtp.inbound
                    if is_sound:
                        total, count = came.jitter_buffer_delay, came.jitter_buffer_emitted_count
                    else:
                        total, count = came.total_processing_delay, came.frames_decoded
                    self._delays.append((time.monotonic(), total, count, is_sound, number))

    def _look(self, picture: npt.NDArray[np.uint8], number: int) -> None:
        height = picture.shape[0] * 2 // 3
        luma, chroma = picture[:height], picture[height:]
        # A decoder that has seen no key frame shows zeros, which is green: both chroma planes far below 128.
        row = [float(luma.mean()), float(luma[::8, ::8].std()), float(chroma.mean())]
        self._looks.append((self._gap(picture, number), row[0], row[1], row[2]))

    def _gap(self, picture: npt.NDArray[np.uint8], number: int) -> float:
        if self._readers is None:
            return float("nan")
        reader = self._readers.setdefault(number, Reader())
        try:
            return reader.gap(np.asarray(cv2.cvtColor(picture, cv2.COLOR_YUV2RGB_I420), np.uint8))
        except (IndexError, AssertionError):
            return float("nan")

    def write(self, path: Path) -> None:
        """Wait for the faces and write all to ``path``."""
        for task in self._tasks:
            task.cancel()
        self._thread.shutdown(wait=True)
        pictures = np.array(self._pictures, float).reshape(-1, 2)
        looks = np.array(self._looks, float).reshape(-1, 4)
        sounds = np.array(self._sounds, float).reshape(-1, 3)
        np.savez(
            path,
            picture_times=pictures[:, 0],
            publishers=pictures[:, 1].astype(int),
            gaps=looks[:, 0],
            lumas=looks[:, 1],
            spreads=looks[:, 2],
            chromas=looks[:, 3],
            sound_times=sounds[:, 0],
            levels=sounds[:, 1],
            sound_publishers=sounds[:, 2].astype(int),
            delays=np.array(self._delays, float).reshape(-1, 5),
            people=np.array(self._people),
        )


async def main() -> None:
    url, token, path = sys.argv[1:4]
    cv2.setNumThreads(1)
    notes = Notes(looks_for_faces="plain" not in sys.argv[4:])
    room = rtc.Room()
    room.on("track_subscribed", lambda track, publication, participant: notes.follow(track, participant))
    await room.connect(url, token)
    tell("joined")
    async for order in orders():
        if order["do"] == "stop":
            break
    notes.write(Path(path))
    tell("written")
    await room.disconnect()


if __name__ == "__main__":
    asyncio.run(main())
