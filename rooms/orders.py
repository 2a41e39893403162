"""What an agent is told when it is given a session, and the files that it may fetch for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from lipsync.models import Asset, Job
from lipsync.speech.errors import UnknownVoice
from lipsync.speech.voices import find_voice
from rooms import tokens
from rooms.agent.order import Avatar as AvatarOrder
from rooms.agent.order import Protocol, SessionOrder, SpokenVoice
from rooms.models import AvatarSession, Kind

AGENT_ROOT = "/api/v1/agent/sessions"


def write_order(session: AvatarSession) -> str:
    """The order as JSON, for this run. Wants ``room``, ``face`` and ``job`` fetched along with it."""
    order = SessionOrder(
        session=str(session.uid),
        room=session.room.slug,
        avatar=AvatarOrder(
            name=session.name,
            kind=session.kind,
            look=session.look or None,
            media_url=media_url(session, face_of(session)),
        ),
        voice=describe_voice(session.voice, session.voice_rate),
        expression=session.expression,
        expression_amount=session.expression_amount,
        listen_to=session.listen_to or None,
        callback_url=f"{settings.INTERNAL_URL}{AGENT_ROOT}/{session.uid}",
        token=tokens.sign_session(session),
        chat=not session.agent_identity,
        protocol=Protocol(session.agent_identity) if session.agent_identity else None,
        run=session.run,
        loop=session.kind == Kind.FILE and session.job is None,
        media_hash=session.face.sha256 if session.face else None,
    )
    order.check()
    return order.to_json()


def describe_voice(name: str, rate: float) -> SpokenVoice | None:
    """None leaves the choice to the agent."""
    if not name:
        return None
    try:
        return SpokenVoice(name, language=find_voice(name).language, speed=rate)
    except UnknownVoice:
        return None


def face_of(session: AvatarSession) -> str:
    """The name, among the granted files, of what the avatar looks like; "" for a drawn one."""
    if session.job is not None:
        return name_of(session.job)
    return name_of(session.face) if session.face is not None else ""


def name_of(file: Asset | Job) -> str:
    """How the file is called among those that an agent may fetch."""
    return f"{'asset' if isinstance(file, Asset) else 'job'}-{file.uid}"


def media_url(session: AvatarSession, name: str) -> str | None:
    return f"{settings.INTERNAL_URL}{AGENT_ROOT}/{session.uid}/media/{name}" if name else None


def grant(session: AvatarSession, *files: Asset | Job | None) -> None:
    """Let the session's agent fetch these; the caller has made sure that whoever asked owns them."""
    names = [name_of(file) for file in files if file is not None]
    fresh = [name for name in names if name not in session.granted]
    if fresh:
        session.granted = [*session.granted, *fresh]
        AvatarSession.objects.change(session.pk, granted=session.granted)


def granted_file(session: AvatarSession, name: str) -> tuple[Path, str] | None:
    """Where a file of the session's is, and its name; None for one that it was not given, or that is gone."""
    kind, _, uid = name.partition("-")
    if name not in session.granted:
        return None
    try:
        wanted = UUID(uid)
    except ValueError:
        return None
    file: Any
    if kind == "job":
        job = Job.objects.filter(uid=wanted).exclude(result="").first()
        file = job.result if job else None
    else:
        asset = Asset.objects.filter(uid=wanted).first()
        file = asset.file if asset else None
    if not file or not Path(file.path).is_file():
        return None
    return Path(file.path), str(file.name)
