"""What agents say about the sessions they have in hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from rooms import control
from rooms.bell import ring
from rooms.models import AgentWorker, AvatarSession
from rooms.sessions import ENDED, FAILED

SPOKEN = {"speaking": "speaking", "finished": "finished", "interrupted": "interrupted"}
STATS = ("fps", "frames_late", "cpu", "first_sound_ms")
OFFSETS = ("mean", "p1", "p99")
MESSAGE_LENGTH = 300
TRIES_AFTER_ERROR = 1
"""An agent that says it cannot is believed the second time."""
FORGET_WORKER_SECONDS = 600


def note_heartbeat(
    name: str, places: int, busy: int, load: float, draining: bool, sessions: Sequence[str]
) -> bool:
    """An agent process is alive and has these sessions in hand. True when it had no places before."""
    now = timezone.now()
    lately = now - timedelta(seconds=control.WORKER_SECONDS)
    known = AgentWorker.objects.filter(name=name, places__gt=0, draining=False, seen_at__gt=lately).exists()
    values = {"places": places, "busy": busy, "load": load, "draining": draining, "seen_at": now}
    AgentWorker.objects.update_or_create(name=name, defaults=values)
    if sessions:
        AvatarSession.objects.heard_of(sessions)
    return places > busy and not draining and not known


def note_event(session: AvatarSession, run: int, kind: str, detail: dict[str, Any]) -> bool:
    """One event of the agent of ``run``. False when that run is over and its agent must leave."""
    if kind == "ready":
        held = AvatarSession.objects.ready(session.pk, run)
    elif kind in SPOKEN:
        held = _note_speech(session, run, kind, detail)
    elif kind == "stats":
        return AvatarSession.objects.touch(session.pk, run, stats=clean_stats(detail)) and _rung(session)
    elif kind == "refused":
        message = _sentence(detail, control.BUSY)
        held = AvatarSession.objects.wait(session.pk, run, message, control.RETRY_SECONDS)
    elif kind == "error":
        held = _note_error(session, run, detail)
    elif kind == "ended":
        held = _note_end(session, run, detail)
    else:  # a kind that this version does not know is a sign of life all the same
        held = AvatarSession.objects.touch(session.pk, run)
    return held and _rung(session)


def clean_stats(detail: dict[str, Any]) -> dict[str, Any]:
    """The figures of a report, and nothing else that may be in it."""
    offsets = detail.get("av_offset_ms")
    offsets = offsets if isinstance(offsets, dict) else {"mean": offsets}
    return {name: _number(detail.get(name)) for name in STATS} | {
        "av_offset_ms": {name: _number(offsets.get(name)) for name in OFFSETS}
    }


def _rung(session: AvatarSession) -> bool:
    ring(session.room_id)
    return True


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return round(float(value), 2) if is_number and abs(value) < 1e9 else None


def _note_speech(session: AvatarSession, run: int, kind: str, detail: dict[str, Any]) -> bool:
    at_rest = "listening" if session.listen_to else "idle"
    changes: dict[str, Any] = {"activity": "speaking" if kind == "speaking" else at_rest}
    command = detail.get("command")
    if command:
        changes["utterance"] = {"id": str(command)[:64], "state": SPOKEN[kind], "message": ""}
    return AvatarSession.objects.touch(session.pk, run, **changes)


def _note_error(session: AvatarSession, run: int, detail: dict[str, Any]) -> bool:
    message = _sentence(detail, "The avatar's agent could not do what it was asked to.")
    if detail.get("fatal") and session.attempts < TRIES_AFTER_ERROR:
        held = AvatarSession.objects.wait(session.pk, run, message, control.RETRY_SECONDS, lost=True)
    elif detail.get("fatal"):
        held = AvatarSession.objects.finish(session.pk, FAILED, message, run=run)
    else:
        command = detail.get("command")
        spoken = {"id": str(command)[:64], "state": "failed", "message": message} if command else None
        changes = {"utterance": spoken} if spoken else {}
        held = AvatarSession.objects.touch(session.pk, run, **changes)
    if held:
        control.note(session.room, "avatar_error", message)
    return held


def _note_end(session: AvatarSession, run: int, detail: dict[str, Any]) -> bool:
    """A file that has been played to its end is done; any other end is not what was asked for."""
    if detail.get("reason") == "finished":
        return AvatarSession.objects.finish(session.pk, ENDED, "It was played to its end.", run=run)
    if not control.is_expected(session.room, timezone.now()):  # LiveKit closed a room that all had left
        return AvatarSession.objects.rest(session.pk, run, control.NOBODY_HERE)
    is_draining = detail.get("reason") == "draining"
    message = "The avatar's agent is being stopped; another one takes over."
    held = AvatarSession.objects.wait(
        session.pk, run, message if is_draining else control.TAKEN_OVER, 0, lost=not is_draining
    )
    if held:
        control.note(session.room, "avatar_lost", message if is_draining else control.TAKEN_OVER)
    return held


def _sentence(detail: dict[str, Any], default: str) -> str:
    said = detail.get("message")
    return said.strip()[:MESSAGE_LENGTH] if isinstance(said, str) and said.strip() else default


def forget_workers() -> None:
    """Agents that have been gone for long."""
    since = timezone.now() - timedelta(seconds=FORGET_WORKER_SECONDS)
    AgentWorker.objects.filter(seen_at__lt=since).delete()
