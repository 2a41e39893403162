"""Live captions with every real process: people speak through the SDK, everybody reads along, it is kept."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import av
import numpy as np
import pytest
from livekit import rtc

from lipsync.speech.synthesize import synthesize
from tests.stack.conftest import ROOT, wait_until
from tests.stack.test_rooms import RoomStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]
SAYS = (
    "Good morning everybody. I would like to tell you about the meeting. "
    "People want to know what happened to the money."
)
LIES = ("I owe you all of my money.", "So do I.")
AVATAR_SAYS = "Papa bought a big blue boat, and we all went out to sea."
RATE = 48_000


class CaptionStack(RoomStack):
    """The site with the process that captions rooms."""

    def start(self, name: str) -> None:
        if name != "captions":
            super().start(name)
            return
        with (self.folder / "captions.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "manage.py", "run_captions", "--model", "pocketsphinx"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def captions(self, slug: str, who: str = "alice") -> dict[str, Any]:
        return dict(self.call("GET", f"/rooms/{slug}", who=who)["captions"])

    def lines(self, slug: str, who: str = "alice") -> list[dict[str, Any]]:
        return list(self.call("GET", f"/rooms/{slug}/captions", who=who)["items"])[::-1]

    def download(self, slug: str) -> str:
        import urllib.request

        request = urllib.request.Request(
            f"http://127.0.0.1:{self.web_port}/api/v1/rooms/{slug}/captions.vtt",
            headers={"Authorization": f"Bearer {self.keys['alice']}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(answer.read().decode())


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[CaptionStack]:
    folder = tmp_path / "stack"
    folder.mkdir()
    stack = CaptionStack(folder)
    try:
        stack.prepare()
        for name in ("redis", "livekit", "web", "worker", "beat", "agent"):
            stack.start(name)
        stack.wait_for_agents(1)
        yield stack
    finally:
        stack.stop()
        for name in ("web", "worker", "agent", "captions"):
            log = folder / f"{name}.log"
            if log.exists():
                sys.stdout.write(f"--- {name}\n{log.read_text()[-3000:]}\n")


class Person:
    """Somebody with a real client, who speaks recordings and keeps every caption that comes."""

    def __init__(self, url: str, token: str) -> None:
        self.captions: list[tuple[str, dict[str, str], str | None]] = []
        """Who said it, the stream's attributes, the text once all of it came; as the streams began."""
        self.track_sid = ""
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pieces: deque[Any] = deque()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._run(self._join(url, token))

    def speak(self, text: str) -> None:
        """Say it in real time. Before and after it the microphone is on, and silent."""
        said = synthesize(text, "en-us")
        at = np.arange(0, len(said.samples), said.sample_rate / RATE)
        sound = np.interp(at, np.arange(len(said.samples)), said.samples) * 32767
        step = RATE // 100
        pieces = [sound[start : start + step].astype(np.int16) for start in range(0, len(sound) - step, step)]
        self._loop.call_soon_threadsafe(self._pieces.extend, pieces)
        wait_until(lambda: not self._pieces, 600, "the end of what was said")

    def claim(self, text: str, sid: str) -> None:
        """Send a caption for somebody's track."""
        self._run(self._claim(text, sid))

    async def _claim(self, text: str, sid: str) -> None:
        kept = {
            "lk.segment_id": f"SG_{text}",
            "lk.transcribed_track_id": sid,
            "lk.transcription_final": "true",
        }
        await self.room.local_participant.send_text(text, topic="lk.transcription", attributes=kept)

    def leave(self) -> None:
        self._run(self._leave())
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.room.disconnect()

    def of(self, segment: str) -> list[tuple[dict[str, str], str]]:
        return [
            (kept, text)
            for _, kept, text in list(self.captions)
            if text is not None and kept["lk.segment_id"] == segment
        ]

    @property
    def segments(self) -> list[str]:
        said = [kept["lk.segment_id"] for _, kept, text in list(self.captions) if text is not None]
        return list(dict.fromkeys(said))

    async def _join(self, url: str, token: str) -> None:
        self.room = rtc.Room()
        self.room.register_text_stream_handler("lk.transcription", self._open)
        await self.room.connect(url, token)
        self._source = rtc.AudioSource(RATE, 1)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        self._tasks.add(self._loop.create_task(self._play()))
        self.track_sid = (await self.room.local_participant.publish_track(track, options)).sid

    def _open(self, reader: rtc.TextStreamReader, who: str) -> None:
        place = len(self.captions)
        self.captions.append((who, dict(reader.info.attributes or {}), None))
        self._tasks.add(self._loop.create_task(self._read(reader, place)))

    async def _read(self, reader: rtc.TextStreamReader, place: int) -> None:
        text = await reader.read_all()
        self.captions[place] = self.captions[place][0], dict(reader.info.attributes or {}), text

    async def _play(self) -> None:
        step = RATE // 100
        silence = np.zeros(step, np.int16)
        while True:
            piece = self._pieces.popleft() if self._pieces else silence
            await self._source.capture_frame(rtc.AudioFrame(piece.tobytes(), RATE, 1, step))

    def _run(self, coroutine: Any, seconds: float = 60.0) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(seconds)


def check_streams(reader: Person, speaker: str, sid: str) -> list[str]:
    """Interim and final streams as LiveKit documents them, and nothing taken back; the final texts."""
    final = []
    for segment in reader.segments:
        streams = reader.of(segment)
        if streams[0][0]["lk.transcribed_track_id"] != sid:
            continue
        settled = ""
        for number, (kept, text) in enumerate(streams):
            is_final = kept["lk.transcription_final"] == "true"
            assert not is_final or number == len(streams) - 1, "a final text is the last of its line"
            assert text.startswith(settled), f"{settled!r} was final, and became {text!r}"
            settled = text[: int(kept["avsite.settled"])]
        if text and is_final:
            final.append(text)
    told = {who for who, kept, _ in reader.captions if kept["lk.transcribed_track_id"] == sid}
    assert told <= {speaker}
    return final


def test_people_and_avatars_are_captioned(stack: CaptionStack) -> None:
    slug = stack.call("POST", "/rooms", {"name": "Morning call", "avatar": "house:maya"})["slug"]
    link = urlsplit(stack.call("POST", f"/rooms/{slug}/invites", {})["url"])
    invite = parse_qs(link.query)["invite"][0]
    told = stack.call("PATCH", f"/rooms/{slug}", {"captions": True})["captions"]
    assert told["state"] == "unavailable" and "run_captions" in told["message"]
    stack.start("captions")
    ways = [
        stack.call("POST", f"/rooms/{slug}/token", {}),
        stack.call("POST", f"/rooms/{slug}/token", {"invite": invite}, who="bob"),
    ]
    alice, bob = (Person(way["url"], way["token"]) for way in ways)
    wait_until(lambda: stack.mend() or stack.captions(slug)["state"] == "on", 400, "captions")
    told = stack.captions(slug, who="bob")
    assert told["model"] == "pocketsphinx" and "many words wrong" in told["message"]
    assert all(one.identity != "captions" for one in bob.room.remote_participants.values()), "it is unseen"

    alice.speak(SAYS)
    identity = ways[0]["identity"]

    def kept() -> bool:
        """All that was shown as final, and enough of it."""
        lines = [one["text"] for one in stack.lines(slug)]
        enough = len(lines) >= 2 and len(" ".join(lines).split()) >= 8
        return enough and lines == check_streams(bob, identity, alice.track_sid)

    wait_until(kept, 400, "what was shown to be kept")
    interim = [one for one in bob.captions if one[1]["lk.transcription_final"] == "false"]
    assert len(interim) >= 3, "words appear while they are spoken"
    assert {(one["identity"], one["name"]) for one in stack.lines(slug)} == {(identity, "alice")}

    stack.wait_for_avatar(slug, "live", 240)

    # Nobody puts words into another's mouth.
    bob.claim(LIES[0], alice.track_sid)
    bob.claim(LIES[1], next(iter(tracks_of(bob, "avatar-"))))

    # The avatar knows its words: they are kept as they are, and not heard once more.
    stack.call("POST", f"/rooms/{slug}/say", {"text": AVATAR_SAYS})
    wait_until(lambda: any(one["name"] == "Maya" for one in stack.lines(slug)), 400, "the avatar's line")
    alice.speak("People want to know what happened to the money.")
    wait_until(lambda: stack.lines(slug)[-1]["name"] == "alice", 400, "what she said after it")
    said = [one["text"] for one in stack.lines(slug, who="bob") if one["name"] == "Maya"]
    assert said == [AVATAR_SAYS]
    assert not [one for one in stack.lines(slug) if one["text"] in LIES]

    vtt = stack.download(slug)
    with av.open(io.BytesIO(vtt.encode()), format="webvtt") as parsed:
        cues = [packet for packet in parsed.demux() if packet.size]
    assert 4 <= len(cues) <= len(stack.lines(slug))
    starts = [float(cue.pts * cue.time_base) for cue in cues]
    assert starts == sorted(starts) and starts[0] == 0.0 and starts[-1] > 5.0
    assert "<v alice>" in vtt and f"<v Maya>{AVATAR_SAYS.split()[0]}" in vtt

    # Switched off, nobody is heard any more; the process never wrote a word into its log.
    stack.call("PATCH", f"/rooms/{slug}", {"captions": False})
    wait_until(lambda: not stack.manage(HEARD).strip(), 400, "the process to leave")
    log = (stack.folder / "captions.log").read_text()
    assert not [
        word for line in stack.lines(slug) for word in line["text"].split() if len(word) > 6 and word in log
    ]
    alice.leave()
    bob.leave()


def tracks_of(person: Person, prefix: str) -> list[str]:
    """The tracks of those whose identity begins so."""
    others = person.room.remote_participants.items()
    return [sid for identity, one in others if identity.startswith(prefix) for sid in one.track_publications]


HEARD = """
from rooms.models import CaptionWorker
print("".join(slug for worker in CaptionWorker.objects.all() for slug in worker.rooms))
"""
