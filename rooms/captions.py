"""Live captions of rooms: which process hears which room, and what was said.

A captions process (``manage.py run_captions``) tells every second that it lives, brings the lines that have
become final, and is told which rooms are its own. One that falls silent loses its rooms to another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from avsite.ai.captions import Cue, as_webvtt, break_lines
from rooms.bell import ring
from rooms.models import AvatarSession, CaptionLine, CaptionWorker, Room
from rooms.schemas import CaptionsOut

WORKER_SECONDS = 6
"""A captions process that was silent for this long is gone; it says so every second."""
FORGET_WORKER_SECONDS = 600
TEXT_LENGTH = 2000
NOT_RUNNING = "No captions process is running; they begin as soon as one is (manage.py run_captions)."
NOBODY_HERE = "They begin when someone is in the room."
STARTING = "They begin in a moment."


def alive(now: datetime | None = None) -> list[CaptionWorker]:
    """The captions processes that were heard of lately."""
    since = (now or timezone.now()) - timedelta(seconds=WORKER_SECONDS)
    return list(CaptionWorker.objects.filter(seen_at__gt=since))


def describe(room: Room) -> CaptionsOut:
    """How it stands with the captions of ``room``."""
    if not room.captions or not room.is_open:
        return CaptionsOut(wanted=room.captions, state="off", message="", model="", languages=[])
    workers = alive()
    worker = next((one for one in workers if one.name == room.captioner), None)
    if worker is not None and room.slug in worker.rooms:
        return _told("on", worker.note, worker)
    if not workers:
        return _told("unavailable", NOT_RUNNING)
    if not room.participants.filter(state="present").exists():
        return _told("waiting", NOBODY_HERE, workers[0])
    return _told("starting", STARTING, worker or workers[0])


def _told(state: str, message: str, worker: CaptionWorker | None = None) -> CaptionsOut:
    model, languages = (worker.model, worker.languages) if worker else ("", [])
    return CaptionsOut.model_validate(
        {"wanted": True, "state": state, "message": message, "model": model, "languages": languages}
    )


def has_lines(room: Room) -> bool:
    known = getattr(room, "lines_exist", None)
    return room.lines.exists() if known is None else bool(known)


def note_worker(
    name: str, model: str, languages: Sequence[str], note: str, rooms: Sequence[str], *, leaving: bool
) -> list[Room]:
    """A captions process is alive and in these ``rooms``; those it is to be in."""
    if leaving:
        CaptionWorker.objects.filter(name=name).delete()
        _hand_on(Room.objects.filter(captioner=name))
        return []
    now = timezone.now()
    before = CaptionWorker.objects.filter(name=name).first()
    values = {
        "model": model,
        "languages": list(languages),
        "note": note,
        "rooms": list(rooms),
        "seen_at": now,
    }
    CaptionWorker.objects.update_or_create(name=name, defaults=values)
    changed = set(rooms) ^ set(before.rooms if before else [])
    if before is None:
        changed |= set(Room.objects.filter(captions=True, state="open").values_list("slug", flat=True))
    for room_id in Room.objects.filter(slug__in=changed).values_list("pk", flat=True):
        ring(room_id)
    _take_on(name, now)
    return list(_wanted().filter(captioner=name))


def look_after(room: Room) -> None:
    """Should the process that hears ``room`` be gone, another one may take over."""
    if room.captioner and all(worker.name != room.captioner for worker in alive()):
        _hand_on(Room.objects.filter(pk=room.pk, captioner=room.captioner))


def _hand_on(rooms: Iterable[Room]) -> None:
    for room in rooms:
        if Room.objects.filter(pk=room.pk, captioner=room.captioner).update(captioner=""):
            ring(room.pk)


def _wanted() -> QuerySet[Room]:
    """Rooms that want captions, with somebody in them."""
    return Room.objects.filter(captions=True, state="open", participants__state="present").distinct()


def _take_on(name: str, now: datetime) -> None:
    """Rooms that nobody hears, unless another process has fewer of its own."""
    others = [worker.name for worker in alive(now) if worker.name != name]
    orphans = _wanted().exclude(captioner__in=[name, *others])
    held = {one: Room.objects.filter(captions=True, captioner=one).count() for one in [name, *others]}
    for room in orphans:
        if held[name] > min(held.values()):
            return
        if Room.objects.filter(pk=room.pk, captioner=room.captioner).update(captioner=name):
            held[name] += 1
            ring(room.pk)


def keep_lines(room: Room, lines: Iterable[CaptionLine]) -> None:
    """Lines that are final. One that is known already stays as it is."""
    people = dict(room.participants.values_list("identity", "name"))
    for session in AvatarSession.objects.filter(room=room):
        people[session.identity] = session.name
    had_none = not room.lines.exists()
    fresh = []
    for line in lines:
        line.room = room
        line.name = people.get(line.identity, line.name)[:60]
        line.text = " ".join(line.text.split())[:TEXT_LENGTH]
        if line.text:
            fresh.append(line)
    CaptionLine.objects.bulk_create(fresh, ignore_conflicts=True)
    if fresh and had_none:
        ring(room.pk)


def as_vtt(room: Room) -> str:
    """All that was said, as WebVTT; its clock begins with the first line."""
    lines = list(room.lines.all())
    if not lines:
        return as_webvtt([])
    zero = lines[0].started_at
    cues = (
        Cue(
            (line.started_at - zero).total_seconds(),
            (max(line.ended_at, line.started_at + timedelta(seconds=0.5)) - zero).total_seconds(),
            tuple(break_lines(line.text)),
            line.name,
        )
        for line in lines
    )
    note = f"WEBVTT\n\nNOTE 00:00 is {zero.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC\n"
    return as_webvtt(cues).replace("WEBVTT\n", note, 1)


def as_text(room: Room) -> Iterator[str]:
    """A line for each that was said, with the time (UTC) and who said it."""
    for line in room.lines.all():
        yield f"[{line.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}] {line.name}: {line.text}\n"


def forget_workers() -> None:
    """Captions processes that have been gone for long."""
    since = timezone.now() - timedelta(seconds=FORGET_WORKER_SECONDS)
    CaptionWorker.objects.filter(seen_at__lt=since).delete()
