"""The agent process: registers with LiveKit as ``avsite-avatar`` and runs one session for every job."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import math
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
from livekit.agents import AgentServer, AutoSubscribe, JobContext, JobExecutorType, JobRequest
from livekit.agents.telemetry import loop_monitor

from rooms.agent import events
from rooms.agent.generators.faces import SHELF, house_name
from rooms.agent.generators.portrait import rehearse
from rooms.agent.generators.speech import audio_frame, to_int16
from rooms.agent.headroom import Headroom
from rooms.agent.health import Health
from rooms.agent.media import MediaCache
from rooms.agent.order import OrderError, SessionOrder
from rooms.agent.session import FAILURES, AvatarSession

logger = logging.getLogger("avsite.agent")

AGENT_NAME = "avsite-avatar"
JOIN_SECONDS = 15.0
WARM_SIZE = (512, 512)
REHEARSED = (
    "My two poor aunts choose five big warm yellow gloves.",
    "The birch canoe slid on the smooth planks.",
    "Rice is often served in round bowls.",
)
"""Said to nobody while nobody is there."""
TIDY_SECONDS = 1.0
"""After a session has ended, for its room to be closed and its thread to end."""
SWITCH_SECONDS = 0.001
"""For which one thread of Python may hold up the others: drawing must not make sound late."""
FULLEST = 0.69
"""Load of a full agent: LiveKit asks none that reports more than 0.7, and a full one is to answer why."""
M_ARENA_MAX, HEAPS = -8, 2
FOREVER = 1_000_000
"""Tries to reach a LiveKit server that is away; the process outlives its restarts."""


@dataclass(frozen=True)
class AgentSettings:
    """How to run an agent.

    places         avatars at once; None tells it from the cores
    port           of the health page; 0 takes any
    site_url       for the heartbeat; None sends none
    drain_seconds  for what is being said when the process is asked to stop
    """

    url: str
    api_key: str
    api_secret: str
    cache_dir: Path
    places: int | None = None
    host: str = "127.0.0.1"
    port: int = 8081
    site_url: str | None = None
    drain_seconds: float = 15.0
    agent_name: str = AGENT_NAME


class Agent:
    """One process' agent. ``run`` stays until ``stop`` is called or LiveKit refuses its key."""

    def __init__(self, settings: AgentSettings) -> None:
        self.settings = settings
        self.headroom = Headroom(settings.places)
        self._has_registered = False
        self.health = Health(self.headroom, self._is_connected)
        self._cache = MediaCache(settings.cache_dir)
        self._sessions: dict[AvatarSession, asyncio.AbstractEventLoop] = {}
        self._server = self._make_server()
        self._stopping: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def _make_server(self) -> AgentServer:
        server = AgentServer(
            # One process for all avatars: models and faces are loaded once, a join costs no new interpreter.
            job_executor_type=JobExecutorType.THREAD,
            num_idle_processes=1,
            load_fnc=self._load,
            # A full agent is still asked, and answers with the reason.
            load_threshold=math.inf,
            ws_url=self.settings.url,
            api_key=self.settings.api_key,
            api_secret=self.settings.api_secret,
            host="127.0.0.1",
            port=0,
            max_retry=FOREVER,
            shutdown_process_timeout=20.0,
        )
        server.rtc_session(
            self._run_job, agent_name=self.settings.agent_name, on_request=self._answer_request
        )
        server.on("worker_registered", lambda *_: self._note_connected())
        return server

    def _note_connected(self) -> None:
        self._has_registered = True
        self.health.tell_soon()
        logger.info("ready for avatars, %d at once", self.headroom.places)

    def _is_connected(self) -> bool:
        # The library tells of a registration but not of its loss.
        return self._has_registered and not getattr(self._server, "_connecting", False)

    def _load(self) -> float:
        return FULLEST * self.headroom.load()

    async def run(self) -> None:
        """Serve until stopped. Raises OSError when the health page's port is taken."""
        cv2.setNumThreads(1)  # every avatar has a thread of its own
        sys.setswitchinterval(SWITCH_SECONDS)
        port = await self.health.serve(self.settings.host, self.settings.port)
        logger.info("health page on port %d", port)
        self._loop = loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError, NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, self.stop)
        side = [asyncio.create_task(self._warm_up()), asyncio.create_task(self._tidy_up())]
        if self.settings.site_url:
            url = f"{self.settings.site_url.rstrip('/')}/api/v1/agent/heartbeat"
            secrets = self.settings.api_key, self.settings.api_secret
            side.append(asyncio.create_task(self.health.beat(url, *secrets)))
        try:
            await self._server.run(devmode=False)
        finally:
            for task in side:
                task.cancel()
            await asyncio.gather(*side, return_exceptions=True)
            if self._stopping is not None:
                await self._stopping
            await self.health.aclose()

    def stop(self) -> None:
        """Take nobody on any more, let what is being said end, leave the rooms, return from ``run``."""
        if self._stopping is None:
            self._stopping = asyncio.get_running_loop().create_task(self._drain())

    async def _drain(self) -> None:
        self.headroom.is_draining = True
        logger.info("stopping: %d avatars leave", len(self._sessions))
        endings = [
            asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._part(session), loop))
            for session, loop in list(self._sessions.items())
        ]
        drained = asyncio.create_task(self._server.drain(timeout=round(self.settings.drain_seconds + 20)))
        await asyncio.gather(*endings, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            await drained
        await self._server.aclose()

    async def _part(self, session: AvatarSession) -> None:
        await session.finish_speaking(self.settings.drain_seconds)
        session.ending.set("draining")

    async def _warm_up(self) -> None:
        await asyncio.to_thread(_warm, WARM_SIZE)
        logger.info("models and a first face are loaded")
        for text in REHEARSED:
            if not self._sessions:
                await asyncio.to_thread(_rehearse, text, WARM_SIZE)

    async def _tidy_up(self) -> None:
        """Give back what sessions have left, once all of it is free."""
        while True:
            await self._ended.wait()
            self._ended.clear()
            await asyncio.sleep(TIDY_SECONDS)
            give_memory_back()

    async def _answer_request(self, request: JobRequest) -> None:
        try:
            order = SessionOrder.from_json(request.job.metadata)
        except OrderError as error:
            logger.warning("refused a job: %s", error)
            await request.reject(terminate=True)
            return
        reason = self.headroom.reserve(order)
        if reason is not None:
            logger.info("refused session %s: %s", order.session, reason)
            await request.reject(terminate=False)
            if order.callback_url:
                await events.refuse(order.callback_url, order.token, order.run, reason)
            return
        attributes = {
            "avsite.session": order.session,
            "avsite.avatar": order.avatar.kind,
            "avsite.state": "starting",
        }
        if order.protocol is not None:
            attributes["lk.publish_on_behalf"] = order.protocol.agent_identity
        await request.accept(name=order.avatar.name, identity=order.identity, attributes=attributes)

    async def _run_job(self, context: JobContext) -> None:
        # It wakes the loop forty times a second to see whether it wakes in time, as the pacer sees anyway.
        loop_monitor.stop_monitoring(asyncio.get_running_loop())
        order = SessionOrder.from_json(context.job.metadata)
        session = AvatarSession(context.room, order, self._cache)
        self.headroom.add(order, session.stats)
        self._sessions[session] = asyncio.get_running_loop()
        logger.info("session %s begins", order.session)
        try:
            reason = await self._perform(context, session)
            logger.info("session %s ends: %s", order.session, reason)
        finally:
            self._sessions.pop(session, None)
            self.headroom.remove(order)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._ended.set)
            context.shutdown(session.ending.reason)

    async def _perform(self, context: JobContext, session: AvatarSession) -> str:
        prepared = asyncio.create_task(session.prepare())
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                # Nothing is received but the microphone that is asked for.
                await context.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
            stage = await prepared
        except FAILURES as error:
            prepared.cancel()
            logger.warning("session %s cannot begin: %s", session.order.session, error)
            await session.fail(str(error) or "The avatar could not join the room in time.")
            return session.ending.reason
        if self.headroom.is_draining:
            session.ending.set("draining")
        return await session.run(stage)


def _warm(size: tuple[int, int]) -> None:
    """What a first avatar would wait for: models, a face, a voice."""
    from lipsync.speech.synthesize import synthesize

    SHELF.models()
    SHELF.give_back(SHELF.key("house", house_name(None), size), SHELF.take_house(None, size))
    synthesize("Ready.", "en-us")
    # What was loaded stays; looking through it again and again for garbage would hold up sound and pictures.
    gc.collect()
    gc.freeze()


def _rehearse(text: str, size: tuple[int, int]) -> None:
    """Let the first house avatar say ``text`` to nobody, read and heard: it keeps the mouths it made."""
    from lipsync.speech.synthesize import synthesize

    said = synthesize(text, "en-us")
    face = SHELF.take_house(None, size)
    for phones in (None, said.phones):
        sound = audio_frame(to_int16(said.samples), said.sample_rate)
        if phones is not None:
            sound.userdata["phones"] = phones
        rehearse(face, sound)
    SHELF.give_back(SHELF.key("house", house_name(None), size), face)


def quiet_environment() -> None:
    """Settings of libraries that must be made before they start threads."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE", "0")
    # The SDK tells by the root logger itself of every message in a room that is for others.
    logging.getLogger().addFilter(lambda record: record.levelno > logging.INFO)
    # Else every thread has a heap of its own, and what the short-lived ones of a call leave there stays: some
    # 2 MB with every avatar that has come and gone.
    with contextlib.suppress(OSError, AttributeError):  # only glibc knows this
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, HEAPS)


def give_memory_back() -> None:
    """Return freed memory to the system; heaps keep it otherwise."""
    with contextlib.suppress(OSError, AttributeError):  # only glibc knows this
        ctypes.CDLL(None).malloc_trim(0)
