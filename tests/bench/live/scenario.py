"""One publisher before one viewer: it idles, speaks words, is interrupted in the middle of sentences."""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rooms.agent.order import Avatar, Protocol, SessionOrder
from tests.bench.live import figures, material
from tests.bench.live.actor import Actor
from tests.bench.live.avatars import AGENT, AVATAR
from tests.bench.live.figures import FloatArray, Noted, Starts
from tests.bench.live.server import Server

VIEWER = "viewer"
WARM_SECONDS = 6.0
"""For an agent to load its models; what a cold one is like is told by ``crowd``."""
IDLE_SECONDS = 1.5
INTERRUPTS = 5
SPEAKS_SECONDS = (1.1, 1.3, 0.9, 1.5, 1.2)
RESTS_SECONDS = 1.2
"""After an interrupt: anything seen or heard in it, once it was still, is stale."""
SETTLE_SECONDS = 1.0
"""Left out at the ends of the words."""


@dataclass
class Seen:
    """What one publisher looked like to its viewer; milliseconds where nothing else is said.

    windows   (n, 3), see ``figures.window_offsets``
    cores     CPU time of the publisher's process over the time it spoke
    megabytes of its memory before it spoke and after each round
    held      by the viewer's own buffers, sound and pictures
    """

    name: str
    windows: FloatArray
    onsets: FloatArray
    fps: float
    gap_p99: float
    spoilt: int
    cores: float
    first_picture: float
    megabytes: list[float]
    held: tuple[float, float]
    first_sound: list[float] = field(default_factory=list)
    first_motion: list[float] = field(default_factory=list)
    silence: list[float] = field(default_factory=list)
    still: list[float] = field(default_factory=list)
    stale: int = 0
    starts: Starts | None = None

    @property
    def offset(self) -> float:
        """Mean of all windows."""
        return float(self.windows[:, 1].mean()) if len(self.windows) else float("nan")

    @property
    def offset_as_it_came(self) -> float:
        """The middle one of all windows as they came in."""
        known = self.windows[~np.isnan(self.windows[:, 2]), 2]
        return float(np.median(known)) if len(known) else float("nan")


@dataclass(frozen=True)
class _Cut:
    """An interrupted sentence: handed over, interrupted, and when the next thing was done."""

    handed: float
    cut: float
    until: float


@dataclass(frozen=True)
class _Cast:
    """The processes of one run. ``speaks`` is told what to say; ``identity`` is the avatar's in the room."""

    viewer: Actor
    avatar: Actor
    speaks: Actor
    identity: str
    asked_at: float


async def _enter(stack: AsyncExitStack, server: Server, folder: Path, kind: str, offset: float) -> _Cast:
    room, log = f"{kind}{offset:+g}", folder / f"{kind}.log"
    identity = AVATAR
    viewer = await stack.enter_async_context(
        Actor("viewer", log, server.url, server.token(room, VIEWER), str(folder / f"{room}.npz"))
    )
    await viewer.expect("joined")
    over_stream = kind in ("agent", "stock-stream")
    if kind == "agent":
        order = make_order(room, Protocol(AGENT))
        identity = order.identity
        avatar = await stack.enter_async_context(
            Actor("agent", log, server.url, server.key, server.secret, str(folder))
        )
    else:
        token = server.token(room, AVATAR, is_agent=True, behalf=AGENT if over_stream else "")
        avatar = await stack.enter_async_context(
            Actor("avatars", log, kind, server.url, token, str(folder), str(offset))
        )
    speaks = avatar
    if over_stream:
        token = server.token(room, AGENT, is_agent=True)
        output = "paced" if kind == "agent" else "stock"
        speaks = await stack.enter_async_context(
            Actor("voice", log, server.url, token, str(folder), identity, output)
        )
        await speaks.expect("ready")
    asked_at = (await avatar.expect("ready"))["at"]
    if kind == "agent":
        await asyncio.sleep(WARM_SECONDS)
        asked_at = time.monotonic()
        await server.dispatch(order)
    if not kind.startswith("stock"):  # that one is seen only once somebody listens
        await viewer.expect("picture")
    return _Cast(viewer, avatar, speaks, identity, asked_at)


def make_order(
    room: str, protocol: Protocol | None = None, session: str | None = None, callback_url: str | None = None
) -> SessionOrder:
    """Asks for the avatar of the bench."""
    face = Avatar("Bench", "house", material.LOOK)
    return SessionOrder(
        session or str(uuid.uuid4()),
        room,
        face,
        width=material.WIDTH,
        height=material.HEIGHT,
        fps=material.FPS,
        protocol=protocol,
        callback_url=callback_url,
    )


async def watch(
    server: Server,
    folder: Path,
    kind: str,
    *,
    offset_ms: float = 0.0,
    interrupts: int = INTERRUPTS,
    rounds: int = 1,
) -> Seen:
    """Run ``kind``, one of ``avatars.KINDS`` or the whole ``agent``, before a viewer; what was seen.

    ``rounds`` is how many times it says the words.
    """
    words, _ = material.load(folder)
    async with AsyncExitStack() as stack:
        cast = await _enter(stack, server, folder, kind, offset_ms)
        await asyncio.sleep(IDLE_SECONDS)
        before = await cast.avatar.ask("cost", "cost")
        said, megabytes = [], [before["megabytes"]]
        for _ in range(rounds):
            said.append((await cast.speaks.ask("say", "handed", what="words"))["at"])
            await asyncio.sleep(words.seconds)
            after = await cast.avatar.ask("cost", "cost")
            megabytes.append(after["megabytes"])
            await asyncio.sleep(SETTLE_SECONDS)
        cuts = [
            await _interrupt(cast.speaks, SPEAKS_SECONDS[n % len(SPEAKS_SECONDS)]) for n in range(interrupts)
        ]
        await cast.viewer.ask("stop", "written")
        told = [event["at"] for event in cast.speaks.events if event["event"] == "started"]
    noted = figures.read(folder / f"{kind}{offset_ms:+g}.npz", cast.identity)
    speech = noted.between(said[0], said[-1] + words.seconds)
    seen = Seen(
        kind,
        figures.window_offsets(speech),
        figures.onset_offsets(speech),
        figures.frame_rate(speech),
        figures.gap_p99(speech),
        figures.spoilt_pictures(noted),
        (after["cpu"] - before["cpu"]) / (after["at"] - before["at"]),
        (float(noted.picture_times[0]) - cast.asked_at) * 1000,
        megabytes,
        noted.held,
    )
    for cut in cuts:
        _note_cut(seen, noted, cut)
    if kind not in ("replay", "ready"):
        spoken = [(at, at + words.seconds + SETTLE_SECONDS) for at in said]
        seen.starts = figures.count_starts(told, spoken + [(cut.handed, cut.cut) for cut in cuts])
    return seen


async def _interrupt(speaks: Actor, after_seconds: float) -> _Cut:
    handed = (await speaks.ask("say", "handed", what="chatter"))["at"]
    await asyncio.sleep(after_seconds)
    cut = (await speaks.ask("interrupt", "cut"))["at"]
    await asyncio.sleep(RESTS_SECONDS)
    return _Cut(handed, cut, cut + RESTS_SECONDS)


def _note_cut(seen: Seen, noted: Noted, cut: _Cut) -> None:
    part = noted.between(cut.handed, cut.until)
    seen.first_sound.append(figures.first_sound(part, cut.handed))
    seen.first_motion.append(figures.first_motion(part, cut.handed))
    seen.silence.append(figures.silence_after(noted, cut.cut, cut.until))
    still = figures.still_after(noted, cut.cut, cut.until)
    seen.still.append(still)
    seen.stale += figures.stale_after(noted, cut.cut, cut.until)


def mean(values: list[float]) -> float:
    """Of those that are numbers."""
    return float(np.nanmean(values)) if len(values) and not np.isnan(values).all() else float("nan")
