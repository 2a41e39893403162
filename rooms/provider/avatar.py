"""An ``AvatarSession`` of livekit-agents whose face is drawn by avsite's agents.

The agents are asked in one of two ways: through LiveKit's own dispatch, with the server's key and secret, or
through an avsite site, with one of its API keys. Either way an avatar joins the room on behalf of the agent
and takes its voice over LiveKit's avatar protocol.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
from livekit import api, rtc
from livekit.agents import AgentSession
from livekit.agents.voice.avatar import AvatarSession as BaseAvatarSession

from .voice import PacedAudioOutput

SAMPLE_RATE = 24_000
AGENT_NAME = "avsite-avatar"
REQUEST_SECONDS = 10.0
KINDS = ("photo", "loop", "house", "wave", "spectrum", "hue", "file")


class AvatarError(Exception):
    """Why no avatar could be had, in one sentence."""


@dataclass(frozen=True)
class _Place:
    """Where avatars are asked for."""

    livekit_url: str
    livekit_api_key: str
    livekit_api_secret: str
    site_url: str
    site_api_key: str


class AvatarSession(BaseAvatarSession[Any]):
    """The face of an agent.

    avatar      ``house:<look>``, ``wave``, ``spectrum`` or ``hue``; with a site, the id of an avatar there
    site_url    an avsite site to ask, with ``site_api_key``; else the LiveKit server is asked directly
    livekit_*   of the LiveKit server; by default LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET
    """

    def __init__(
        self,
        *,
        avatar: str = "house:maya",
        name: str = "Avatar",
        width: int = 512,
        height: int = 512,
        fps: float = 25.0,
        expression: str = "neutral",
        site_url: str | None = None,
        site_api_key: str | None = None,
        livekit_url: str | None = None,
        livekit_api_key: str | None = None,
        livekit_api_secret: str | None = None,
    ) -> None:
        super().__init__()
        self._avatar = avatar
        self._look = {"width": width, "height": height, "fps": fps, "expression": expression}
        self._name = name
        self._session_id = str(uuid.uuid4())
        self._place = _Place(
            livekit_url=livekit_url or os.environ.get("LIVEKIT_URL", ""),
            livekit_api_key=livekit_api_key or os.environ.get("LIVEKIT_API_KEY", ""),
            livekit_api_secret=livekit_api_secret or os.environ.get("LIVEKIT_API_SECRET", ""),
            site_url=(site_url or os.environ.get("AVSITE_URL", "")).rstrip("/"),
            site_api_key=site_api_key or os.environ.get("AVSITE_API_KEY", ""),
        )
        self._output: PacedAudioOutput | None = None

    @property
    def avatar_identity(self) -> str:
        """The avatar's identity in the room; final once ``start`` has returned."""
        return f"avatar-{self._session_id[:8]}"

    @property
    def provider(self) -> str:
        """Shown in metrics."""
        return "avsite"

    async def start(self, agent_session: AgentSession[Any], room: rtc.Room) -> None:
        """Ask for the avatar and hand it the agent's voice. ``room`` must be connected.

        Call it before ``agent_session.start``. Raises AvatarError when there is nobody to ask.
        """
        if not room.isconnected():
            raise AvatarError("The room is not connected; call ctx.connect() before avatar.start().")
        agent_identity = room.local_participant.identity
        if self._place.site_url:
            await self._ask_site(room.name, agent_identity)
        else:
            await self._ask_livekit(room.name, agent_identity)
        await super().start(agent_session, room)
        self._output = PacedAudioOutput(
            room,
            destination_identity=self.avatar_identity,
            sample_rate=SAMPLE_RATE,
            wait_remote_track=rtc.TrackKind.KIND_VIDEO,
            wait_playback_start=True,
        )
        agent_session.output.replace_audio_tail(self._output)

    def order(self, room: str, agent_identity: str) -> dict[str, Any]:
        """What the avatar's agent is told."""
        kind, _, look = self._avatar.partition(":")
        if kind not in KINDS:
            raise AvatarError(f"There is no avatar {self._avatar[:60]!r}; try house:maya, wave or spectrum.")
        return {
            "session": self._session_id,
            "room": room,
            "avatar": {"name": self._name, "kind": kind, "look": look or None},
            "protocol": {"agent_identity": agent_identity},
            **self._look,
        }

    async def _ask_livekit(self, room: str, agent_identity: str) -> None:
        place = self._place
        if not (place.livekit_url and place.livekit_api_key and place.livekit_api_secret):
            raise AvatarError(
                "Set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET, or AVSITE_URL and AVSITE_API_KEY."
            )
        order = self.order(room, agent_identity)
        request = api.CreateAgentDispatchRequest(agent_name=AGENT_NAME, room=room, metadata=json.dumps(order))
        livekit = api.LiveKitAPI(place.livekit_url, place.livekit_api_key, place.livekit_api_secret)
        try:
            await livekit.agent_dispatch.create_dispatch(request)
        except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
            raise AvatarError(f"LiveKit did not send an avatar: {error}.") from error
        finally:
            await livekit.aclose()

    async def _ask_site(self, room: str, agent_identity: str) -> None:
        url = f"{self._place.site_url}/api/v1/rooms/{quote(room, safe='')}/avatars"
        body = {
            "avatar": self._avatar,
            "expression": self._look["expression"],
            "protocol": {"agent_identity": agent_identity},
        }
        headers = {"Authorization": f"Bearer {self._place.site_api_key}"}
        timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.post(url, json=body) as answer,
            ):
                said = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise AvatarError(f"The avsite site did not answer: {error}.") from error
        if answer.status >= 300:
            message = said.get("error", {}).get("message") if isinstance(said, dict) else None
            raise AvatarError(message or f"The avsite site answered {answer.status}.")
        self._session_id = str(said["id"])
