"""LiveKit's avatar protocol, with a real AgentSession on the other side and no model behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import pytest
from aiohttp import web
from livekit import api, rtc
from livekit.agents import Agent, AgentSession
from livekit.agents.voice.avatar import AvatarRunner, DataStreamAudioOutput, DataStreamAudioReceiver

from lipsync.speech.synthesize import synthesize_to_file
from rooms import provider as avsite
from rooms.agent.generators.base import options_for
from rooms.agent.generators.speech import audio_frame
from rooms.agent.generators.wave import AudioWaveGenerator
from rooms.agent.media import MediaCache
from rooms.agent.order import Avatar, Protocol, SessionOrder
from rooms.agent.session import AvatarSession
from tests.rooms.agent.sfu import KEY, ROOT, SECRET, Sfu, Viewer, until

RATE = 24_000


async def spoken(tone: np.ndarray, seconds: float) -> AsyncIterator[rtc.AudioFrame]:
    samples = np.resize(tone, round(seconds * RATE))
    for start in range(0, len(samples), 2400):
        yield audio_frame(samples[start : start + 2400], RATE)


class OurAvatar:
    """An avatar of ours that serves the agent ``identity``, in a room of the real server."""

    def __init__(self, sfu: Sfu, room: str, identity: str, cache: Path, session: str | None = None) -> None:
        protocol = Protocol(identity)
        look = Avatar("Wave", "wave")
        self.order = SessionOrder(
            session or str(uuid4()), room, look, width=128, height=128, protocol=protocol
        )
        self._sfu, self._room_name, self._cache = sfu, room, cache

    async def __aenter__(self) -> AvatarSession:
        attributes = {"lk.publish_on_behalf": self.order.protocol.agent_identity}
        self.room = await self._sfu.join(self.order.identity, self._room_name, "agent", **attributes)
        self.session = AvatarSession(self.room, self.order, MediaCache(self._cache))
        await self.session.start(await self.session.prepare())
        return self.session

    async def __aexit__(self, *_: object) -> None:
        await self.session.aclose()
        await self.room.disconnect()


class Heard:
    """What an audio output is told of its playback."""

    def __init__(self, output: DataStreamAudioOutput) -> None:
        self.started = 0
        self.finished: list[tuple[float, bool]] = []
        output.on("playback_started", lambda _: self._start())
        output.on("playback_finished", lambda event: self._finish(event))

    def _start(self) -> None:
        self.started += 1

    def _finish(self, event: object) -> None:
        self.finished.append((round(event.playback_position, 2), event.interrupted))  # type: ignore[attr-defined]


async def test_stock_sender_and_our_avatar(
    sfu: Sfu, room_name: str, tone: np.ndarray, tmp_path: Path
) -> None:
    agent = await sfu.join("agent", room_name, "agent")
    async with OurAvatar(sfu, room_name, "agent", tmp_path) as session:
        output = DataStreamAudioOutput(
            agent,
            destination_identity=session.order.identity,
            wait_remote_track=rtc.TrackKind.KIND_VIDEO,
            wait_playback_start=True,
        )
        heard = Heard(output)
        for seconds in (0.4, 0.6):
            async for frame in spoken(tone, seconds):
                await output.capture_frame(frame)
            output.flush()
        await asyncio.wait_for(output.wait_for_playout(), 20)
        assert heard.finished == [(0.4, False), (0.6, False)]
        assert heard.started == 2
        # Interrupted five times: once a start, once an end, and never more of either.
        for _ in range(5):
            started = heard.started
            async for frame in spoken(tone, 10.0):
                await output.capture_frame(frame)
            output.flush()
            await until(lambda started=started: heard.started > started)
            await asyncio.sleep(0.1)
            output.clear_buffer()
            await asyncio.wait_for(output.wait_for_playout(), 20)
        await asyncio.sleep(0.5)
        assert heard.started == 7
        assert len(heard.finished) == 7
        assert all(cut and 0 < seconds < 10 for seconds, cut in heard.finished[2:])
    await agent.disconnect()


async def test_every_segment_that_was_cleared_gets_its_end(
    sfu: Sfu, room_name: str, tone: np.ndarray, tmp_path: Path
) -> None:
    agent = await sfu.join("agent", room_name, "agent")
    async with OurAvatar(sfu, room_name, "agent", tmp_path) as session:
        output = DataStreamAudioOutput(
            agent, destination_identity=session.order.identity, wait_remote_track=rtc.TrackKind.KIND_VIDEO,
            clear_buffer_timeout=None, wait_playback_start=True,
        )  # fmt: skip
        heard = Heard(output)
        for _ in range(3):
            async for frame in spoken(tone, 2.0):
                await output.capture_frame(frame)
            output.flush()
        await until(lambda: heard.started == 1)
        await asyncio.sleep(0.3)
        output.clear_buffer()
        await asyncio.wait_for(output.wait_for_playout(), 10)
        assert len(heard.finished) == 3
        assert heard.finished[0][0] > 0.2 and [seconds for seconds, _ in heard.finished[1:]] == [0.0, 0.0]
        assert all(cut for _, cut in heard.finished)
    await agent.disconnect()


async def test_agents_of_one_name_silence_only_the_avatar_of_their_own_room(
    sfu: Sfu, room_name: str, tone: np.ndarray, tmp_path: Path
) -> None:
    """One process shows avatars in many rooms."""
    rooms = [f"{room_name}-{number}" for number in range(2)]
    agents = [await sfu.join("agent", room, "agent") for room in rooms]
    async with (
        OurAvatar(sfu, rooms[0], "agent", tmp_path) as one,
        OurAvatar(sfu, rooms[1], "agent", tmp_path) as other,
    ):
        heard = []
        outputs = [
            DataStreamAudioOutput(
                agent,
                destination_identity=session.order.identity,
                wait_remote_track=rtc.TrackKind.KIND_VIDEO,
                wait_playback_start=True,
            )
            for agent, session in zip(agents, (one, other), strict=True)
        ]
        for output in outputs:
            heard.append(Heard(output))
            async for frame in spoken(tone, 5.0):
                await output.capture_frame(frame)
            output.flush()
        await until(lambda: all(each.started for each in heard))
        outputs[0].clear_buffer()
        await until(lambda: heard[0].finished)
        assert heard[0].finished[0][1] and not heard[1].finished
        await until(lambda: heard[1].finished)
        assert heard[1].finished == [(5.0, False)]
    for agent in agents:
        await agent.disconnect()


async def test_our_provider_and_a_stock_receiver(
    sfu: Sfu, room_name: str, tone: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stock runner answers the dispatch that our plugin asks for, under the identity it was promised."""
    asked: list[api.CreateAgentDispatchRequest] = []

    async def note(_: object, request: api.CreateAgentDispatchRequest) -> None:
        asked.append(request)

    monkeypatch.setattr("livekit.api.agent_dispatch_service.AgentDispatchService.create_dispatch", note)
    room = await sfu.join("agent", room_name, "agent")
    session: AgentSession = AgentSession(resume_false_interruption=False)
    avatar = avsite.AvatarSession(
        avatar="wave", livekit_url=sfu.url, livekit_api_key=KEY, livekit_api_secret=SECRET
    )
    await avatar.start(session, room=room)
    assert asked[0].agent_name == "avsite-avatar" and asked[0].room == room_name
    order = SessionOrder.from_json(asked[0].metadata)
    assert order.identity == avatar.avatar_identity and order.protocol == Protocol("agent")
    stock = await sfu.join(avatar.avatar_identity, room_name, "agent", **{"lk.publish_on_behalf": "agent"})
    runner = AvatarRunner(
        stock,
        audio_recv=DataStreamAudioReceiver(stock, sender_identity="agent"),
        video_gen=AudioWaveGenerator(options_for(128, 128, 25)),
        options=options_for(128, 128, 25),
    )
    viewer = await Viewer.join(sfu, room_name)
    await runner.start()
    await session.start(agent=Agent(instructions="Say what is given."), room=room)
    await asyncio.wait_for(avatar.wait_for_join(), 20)
    said = session.say("Half a second.", audio=spoken(tone, 0.5))
    await asyncio.wait_for(said.wait_for_playout(), 20)
    assert not said.interrupted
    await until(viewer.has_heard)
    await session.aclose()
    await avatar.aclose()
    await runner.aclose()
    for joined in (stock, room):
        await joined.disconnect()
    await viewer.leave()


async def test_an_agent_session_speaks_through_our_avatar(
    sfu: Sfu, room_name: str, tone: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody(*_: object) -> None:
        """The agent process is tested elsewhere; here the avatar runs in this one."""

    monkeypatch.setattr("livekit.api.agent_dispatch_service.AgentDispatchService.create_dispatch", nobody)
    viewer = await Viewer.join(sfu, room_name)
    room = await sfu.join("agent", room_name, "agent")
    session: AgentSession = AgentSession(resume_false_interruption=False)
    avatar = avsite.AvatarSession(
        avatar="wave", livekit_url=sfu.url, livekit_api_key=KEY, livekit_api_secret=SECRET
    )
    await avatar.start(session, room=room)
    session_id = avatar.order(room_name, "agent")["session"]
    async with OurAvatar(sfu, room_name, "agent", tmp_path, session_id):
        await session.start(agent=Agent(instructions="Say what is given."), room=room)
        await asyncio.wait_for(avatar.wait_for_join(), 20)
        first = session.say("One two three four five six.", audio=spoken(tone, 1.0))
        await asyncio.wait_for(first.wait_for_playout(), 20)
        await until(lambda: "six" in viewer.words)
        assert viewer.words.split() == ["One", "two", "three", "four", "five", "six."]
        long = session.say("This is cut off after a while, long before its end.", audio=spoken(tone, 6.0))
        await until(lambda: viewer.states[-1:] == ["speaking"] and len(viewer.states) >= 3)
        await asyncio.sleep(0.4)
        await long.interrupt()
        await asyncio.wait_for(long.wait_for_playout(), 20)
        assert long.interrupted
        texts = [item.text_content for item in session.history.items if item.type == "message"]
        assert texts[0] == "One two three four five six."
        assert all("its end" not in (text or "") for text in texts[1:])
        await until(lambda: not viewer.is_loud())
        assert viewer.states[-1] in {"idle", "listening"}
    await session.aclose()
    await avatar.aclose()
    await room.disconnect()
    await viewer.leave()


class Site:
    """An avsite site as the plugin knows it: is asked for an avatar in a room."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict]] = []
        self.answer: tuple[int, dict] = (201, {"id": str(uuid4())})

    async def __aenter__(self) -> Site:
        app = web.Application()
        app.add_routes([web.post("/api/v1/rooms/{room}/avatars", self._add)])
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _add(self, request: web.Request) -> web.Response:
        key = request.headers["Authorization"].removeprefix("Bearer ")
        self.asked.append((request.match_info["room"], key, await request.json()))
        status, body = self.answer
        return web.json_response(body, status=status)


async def test_the_site_is_asked_for_an_avatar_of_its_own(
    sfu: Sfu, room_name: str, tone: np.ndarray, tmp_path: Path
) -> None:
    room = await sfu.join("agent", room_name, "agent")
    session: AgentSession = AgentSession(resume_false_interruption=False)
    async with Site() as site:
        avatar = avsite.AvatarSession(
            avatar="an-avatar-of-mine", expression="happy", site_url=site.url + "/", site_api_key="avs_key"
        )
        await avatar.start(session, room=room)
        wanted = {
            "avatar": "an-avatar-of-mine",
            "expression": "happy",
            "protocol": {"agent_identity": "agent"},
        }
        assert site.asked == [(room_name, "avs_key", wanted)]
        given = site.answer[1]["id"]
        assert avatar.avatar_identity == f"avatar-{given[:8]}"
        async with OurAvatar(sfu, room_name, "agent", tmp_path, given):
            await session.start(agent=Agent(instructions="Say what is given."), room=room)
            await asyncio.wait_for(avatar.wait_for_join(), 20)
            said = session.say("Half a second.", audio=spoken(tone, 0.5))
            await asyncio.wait_for(said.wait_for_playout(), 20)
            assert not said.interrupted
            await session.aclose()
            await avatar.aclose()
        site.answer = 409, {"error": {"message": "The room is closed."}}
        refused = avsite.AvatarSession(site_url=site.url, site_api_key="avs_key")
        with pytest.raises(avsite.AvatarError, match="The room is closed"):
            await refused.start(AgentSession(), room)
    gone = avsite.AvatarSession(site_url=site.url, site_api_key="avs_key")
    with pytest.raises(avsite.AvatarError, match="did not answer"):
        await gone.start(AgentSession(), room)
    await room.disconnect()


async def test_the_agents_transcription_sets_the_face_and_nobody_elses_does(
    sfu: Sfu, room_name: str, tmp_path: Path
) -> None:
    agent = await sfu.join("agent", room_name, "agent")
    stranger = await sfu.join("stranger", room_name)
    order = SessionOrder(str(uuid4()), room_name, width=128, height=128, protocol=Protocol("agent"))
    avatar = await sfu.join(order.identity, room_name, "agent")
    session = AvatarSession(avatar, order, MediaCache(tmp_path))
    stage = await session.prepare()
    await session.start(stage)
    mood = stage.generator.mood

    async def write(room: rtc.Room, expression: str) -> None:
        attributes = {"lk.expression": expression, "lk.transcription_final": "true"}
        await room.local_participant.send_text("Oh!", topic="lk.transcription", attributes=attributes)

    await until(lambda: {"agent", "stranger"} <= avatar.remote_participants.keys())
    await write(stranger, '{"value": "speak angry"}')
    await write(agent, '{"value": "speak happy"}')
    await until(lambda: mood.expression.happy > 0)
    assert mood.expression.angry == 0
    await write(agent, "sadly")
    await until(lambda: mood.expression.sad > 0)
    assert mood.expression.happy == 0
    await session.aclose()
    for room in (avatar, agent, stranger):
        await room.disconnect()


async def test_the_provider_says_what_is_missing(sfu: Sfu, room_name: str) -> None:
    session: AgentSession = AgentSession()
    with pytest.raises(avsite.AvatarError, match="not connected"):
        await avsite.AvatarSession().start(session, rtc.Room())
    room = await sfu.join("agent", room_name, "agent")
    keys = {"livekit_url": sfu.url, "livekit_api_key": KEY, "livekit_api_secret": SECRET}
    with pytest.raises(avsite.AvatarError, match="no avatar 'nobody'"):
        await avsite.AvatarSession(avatar="nobody", **keys).start(session, room)
    keys["livekit_api_secret"] = "not the secret, but just as long as it"
    with pytest.raises(avsite.AvatarError, match="LiveKit did not send an avatar"):
        await avsite.AvatarSession(**keys).start(session, room)
    await room.disconnect()


def test_the_guide_prints_the_example() -> None:
    program = (ROOT / "rooms" / "provider" / "example.py").read_text()
    assert len(program.splitlines()) <= 30
    guide = (ROOT / "docs" / "guide" / "avatar-provider.md").read_text()
    assert program.partition("\n\n")[2].strip() in guide


async def test_the_example_of_the_guide_speaks(
    sfu: Sfu, room_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is printed; only LiveKit's dispatch is answered here, by an avatar of ours in this process."""
    for name, value in (("URL", sfu.url), ("API_KEY", KEY), ("API_SECRET", SECRET)):
        monkeypatch.setenv(f"LIVEKIT_{name}", value)
    monkeypatch.chdir(tmp_path)
    synthesize_to_file(tmp_path / "hello.wav", "Hello! It is good to see you.", "en-us")
    avatars: list[tuple[OurAvatar, AvatarSession]] = []

    async def answer(_: object, request: api.CreateAgentDispatchRequest) -> None:
        session = SessionOrder.from_json(request.metadata).session
        avatar = OurAvatar(sfu, room_name, "agent", tmp_path / "cache", session)
        avatars.append((avatar, await avatar.__aenter__()))

    monkeypatch.setattr("livekit.api.agent_dispatch_service.AgentDispatchService.create_dispatch", answer)
    from rooms.provider import example

    viewer = await Viewer.join(sfu, room_name)
    room = await sfu.join("agent", room_name, "agent")

    async def connect() -> None:
        """It is already connected."""

    await asyncio.wait_for(example.greet(SimpleNamespace(connect=connect, room=room)), 40)  # type: ignore[arg-type]
    await until(lambda: "good to see you." in viewer.words)
    await until(viewer.has_heard)
    for avatar, _ in avatars:
        await avatar.__aexit__()
    await room.disconnect()
    await viewer.leave()
