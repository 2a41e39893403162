"""An avatar in a room of the real server, as its viewers and the site see it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from aiohttp import web
from livekit import api, rtc

from lipsync.audio.load import save_wav
from rooms.agent.generators.speech import audio_frame
from rooms.agent.media import MediaCache
from rooms.agent.order import Avatar, SessionOrder, SpokenVoice
from rooms.agent.session import AvatarSession
from tests import media
from tests.rooms.agent.sfu import Sfu, Viewer, until


class Site:
    """The site as an agent knows it: takes events, gives files to who has the token."""

    def __init__(self, folder: Path) -> None:
        self.events: list[dict[str, Any]] = []
        self.folder = folder
        self.status = 204
        self.fetched = 0

    async def start(self) -> None:
        app = web.Application()
        app.add_routes([web.post("/s/{id}/events", self._take), web.get("/media/{name}", self._give)])
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    def kinds(self, command: str | None = None) -> list[str]:
        return [
            event["type"]
            for event in self.events
            if event["type"] != "stats" and (command is None or event["command"] == command)
        ]

    async def _take(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer good"
        self.events.append(await request.json())
        return web.Response(status=self.status)

    async def _give(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Bearer good":
            return web.Response(status=401)
        self.fetched += 1
        return web.FileResponse(self.folder / request.match_info["name"])


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    started = Site(tmp_path)
    await started.start()
    yield started
    await started.stop()


class Stage:
    """An avatar, one viewer, and the site's way to command it."""

    def __init__(self, sfu: Sfu, room: str, site: Site, folder: Path) -> None:
        self._sfu, self.name, self.site = sfu, room, site
        self.order = SessionOrder(
            str(uuid4()),
            room,
            Avatar("Maya", "house", "maya"),
            voice=SpokenVoice("en-us", speed=1.5),
            width=128,
            height=128,
            callback_url=f"{site.url}/s/1",
            token="good",
            run=3,
            chat=True,
        )
        self._cache = MediaCache(folder / "cache")

    async def open(self, **changes: Any) -> None:
        self.order = replace(self.order, **changes)
        self.viewer = await Viewer.join(self._sfu, self.name)
        self.room = await self._sfu.join(self.order.identity, self.name, "agent")
        self.session = AvatarSession(self.room, self.order, self._cache)
        self.running = asyncio.create_task(self.session.run(await self.session.prepare()))
        await until(lambda: "ready" in self.site.kinds() and len(self.viewer.pictures) > 3)

    async def command(self, **body: Any) -> None:
        livekit = self._sfu.api()
        request = api.SendDataRequest(
            room=self.name,
            data=json.dumps(body).encode(),
            topic="avsite.command",
            destination_identities=[self.order.identity],
        )
        await livekit.room.send_data(request)
        await livekit.aclose()

    async def close(self) -> None:
        self.session.ending.set("stopped")
        await asyncio.wait_for(self.running, 20)
        await self.room.disconnect()
        await self.viewer.leave()


@pytest.fixture
async def stage(sfu: Sfu, room_name: str, site: Site, tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(sfu, room_name, site, tmp_path)
    yield made
    if hasattr(made, "running") and not made.running.done():
        await made.close()


async def test_says_a_sentence_with_captions_and_tells_the_site(stage: Stage) -> None:
    await stage.open()
    assert not stage.viewer.is_loud(), "silent before it is asked"
    await stage.command(id="one", type="say", text="[happy] Papa met mama. The end!")
    await until(lambda: "finished" in stage.site.kinds("one"))
    assert stage.site.kinds("one") == ["speaking", "finished"]
    assert all(event["run"] == 3 for event in stage.site.events)
    await until(lambda: stage.viewer.finals == 2)
    assert stage.viewer.words == "Papa met mama.The end!"
    assert len(stage.viewer.texts) == 5, "word by word"
    tracks = [entry.sid for entry in stage.room.local_participant.track_publications.values()]
    assert {track for track, _ in stage.viewer.texts} < set(tracks)
    await until(lambda: stage.viewer.states[-1] == "idle")
    assert "speaking" in stage.viewer.states
    assert stage.viewer.sizes == {(128, 128)}
    assert all(picture.mean() > 20 for picture in stage.viewer.pictures), "never black"


async def test_alive_while_silent(stage: Stage) -> None:
    await stage.open()
    start = len(stage.viewer.pictures)
    await until(lambda: len(stage.viewer.pictures) > start + 50)
    pictures = stage.viewer.pictures[start:]
    changed = [float(np.abs(a.astype(int) - b).mean()) for a, b in zip(pictures, pictures[10:], strict=False)]
    assert np.median(changed) > 0.1, "it breathes and moves"
    assert max(stage.viewer.loudness[-100:]) < 0.001


async def test_interrupted_it_is_silent_and_says_the_next_thing(stage: Stage) -> None:
    await stage.open()
    await stage.command(id="long", type="say", text="This is a very long story about a man. " * 6)
    await until(lambda: len(stage.viewer.texts) > 2)
    await stage.command(id="stop", type="interrupt")
    await until(lambda: stage.site.kinds("long")[-1:] == ["interrupted"])
    cut = [event for event in stage.site.events if event["type"] == "interrupted"]
    assert len(cut) == 1 and 0 < cut[0]["seconds"] < 10
    await until(lambda: not stage.viewer.is_loud())
    said = len(stage.viewer.texts)
    await stage.command(id="next", type="say", text="Next.")
    await until(lambda: "finished" in stage.site.kinds("next"))
    await until(lambda: len(stage.viewer.texts) > said)
    assert stage.viewer.texts[-1][1] == "Next."
    assert stage.site.kinds("long") == ["speaking", "interrupted"]


async def test_only_the_server_commands_it(stage: Stage) -> None:
    await stage.open()
    body = json.dumps({"id": "forged", "type": "say", "text": "I was hacked."})
    await stage.viewer.room.local_participant.publish_data(
        body, topic="avsite.command", destination_identities=[stage.order.identity]
    )
    await stage.command(id="real", type="say", text="Real.")
    await until(lambda: "finished" in stage.site.kinds("real"))
    assert "forged" not in [event["command"] for event in stage.site.events]


async def test_errors_are_told_and_change_nothing(stage: Stage) -> None:
    await stage.open()
    for body in (
        {"id": "a", "type": "say", "text": "..."},
        {"id": "b", "type": "say", "text": "Hello", "voice": "klingon"},
        {"id": "c", "type": "expression", "expression": "hungry"},
        {"id": "d", "type": "dance"},
        {"id": "e", "type": "play", "media_url": f"{stage.site.url}/media/none.wav"},
    ):
        await stage.command(**body)
    await until(lambda: stage.site.kinds().count("error") == 5)
    for command in "abde":
        assert stage.site.kinds(command) == ["error"]
    await stage.command(id="f", type="say", text="Still here.")
    await until(lambda: "finished" in stage.site.kinds("f"))


async def test_chat_is_spoken_when_one_is_alone_with_it_or_names_it(stage: Stage) -> None:
    await stage.open()
    me = stage.viewer.room.local_participant
    await me.send_text("Good day.", topic="lk.chat")
    await until(lambda: "Good day." in stage.viewer.words)
    other = await stage._sfu.join("bob", stage.name)
    await until(lambda: len(stage.room.remote_participants) == 2)
    await me.send_text("Not for you.", topic="lk.chat")
    await me.send_text("@maya, but this.", topic="lk.chat")
    await until(lambda: "but this." in stage.viewer.words)
    assert "Not" not in stage.viewer.words
    await other.disconnect()


async def test_plays_a_recording_and_a_finished_video(stage: Stage, tmp_path: Path) -> None:
    rate = 16_000
    save_wav(
        tmp_path / "tone.wav", (0.4 * np.sin(np.arange(rate) * 0.2) * np.ones(rate)).astype(np.float32), rate
    )
    media.write_video(
        tmp_path / "film.mp4",
        [np.full((96, 96, 3), (250, 20, 20), np.uint8)] * 25,
        sound=media.tone(1.0, rate),
        sample_rate=rate,
    )
    await stage.open()
    await stage.command(id="tone", type="play", media_url=f"{stage.site.url}/media/tone.wav", name="tone.wav")
    await until(lambda: "finished" in stage.site.kinds("tone"))
    heard = [event for event in stage.site.events if event["type"] == "finished"]
    assert heard[0]["seconds"] == pytest.approx(1.0, abs=0.01)
    await stage.command(id="film", type="play", media_url=f"{stage.site.url}/media/film.mp4", name="film.mp4")
    await until(lambda: "finished" in stage.site.kinds("film"))
    red = [p for p in stage.viewer.pictures if p[..., 0].mean() > 180 and p[..., 1].mean() < 90]
    assert len(red) > 10, "its own pictures were seen"
    await until(lambda: stage.viewer.pictures[-1][..., 1].mean() > 60)


async def test_becomes_the_face_of_a_microphone(stage: Stage, tone: np.ndarray) -> None:
    await stage.open(listen_to="speaker")
    room = await stage._sfu.join("speaker", stage.name)
    source = rtc.AudioSource(24_000, 1, queue_size_ms=200)
    track = rtc.LocalAudioTrack.create_audio_track("mic", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await room.local_participant.publish_track(track, options)
    speech, _ = _spoken_sentence()
    for start in range(0, len(speech), 240):
        await source.capture_frame(audio_frame(speech[start : start + 240], 24_000))
    for _ in range(150):
        await source.capture_frame(audio_frame(np.zeros(240, np.int16), 24_000))
    await until(lambda: "finished" in stage.site.kinds())
    assert stage.site.kinds()[:3] == ["ready", "speaking", "finished"]
    assert max(stage.viewer.loudness) > 0.01
    await stage.command(id="off", type="listen", identity=None)
    await until(lambda: stage.viewer.states[-1] == "idle")
    await room.disconnect()


def _spoken_sentence() -> tuple[np.ndarray, int]:
    from lipsync.speech.synthesize import synthesize

    speech = synthesize("Hello there, my good friend.", "en-us")
    at = np.arange(0, len(speech.samples), speech.sample_rate / 24_000)
    samples = np.interp(at, np.arange(len(speech.samples)), speech.samples)
    return (samples * 24_000).astype(np.int16), 24_000


async def test_leaves_when_the_site_lets_go_or_says_stop(stage: Stage) -> None:
    await stage.open()
    stage.site.status = 410
    await stage.command(id="x", type="say", text="Hm.")
    assert await asyncio.wait_for(stage.running, 20) == "stopped"
    assert stage.site.kinds()[-1] in {"ended", "speaking", "finished"}
    await stage.room.disconnect()
    await stage.viewer.leave()


async def test_a_file_avatar_plays_to_its_end(stage: Stage, tmp_path: Path) -> None:
    pictures = [np.full((64, 96, 3), (20, 20, 240), np.uint8)] * 40
    media.write_video(tmp_path / "film.mp4", pictures)
    look = Avatar("Film", "file", media_url=f"{stage.site.url}/media/film.mp4")
    await stage.open(avatar=look)
    assert await asyncio.wait_for(stage.running, 20) == "finished"
    assert stage.site.events[-1]["reason"] == "finished"
    assert stage.site.fetched == 1
    await stage.room.disconnect()
    await stage.viewer.leave()
