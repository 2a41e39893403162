"""Rooms in the administration: who is there, what the avatars measure, and the means to end it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from lipsync.admin import ReadOnly
from rooms import control, presence, sfu, tasks
from rooms.bell import ring
from rooms.models import AgentWorker, Avatar, AvatarSession, Invite, Participant, Room, RoomEvent

if TYPE_CHECKING:
    Inline = admin.TabularInline[Any, Room]
    RoomModelAdmin = admin.ModelAdmin[Room]
    PersonModelAdmin = admin.ModelAdmin[Participant]
    SessionModelAdmin = admin.ModelAdmin[AvatarSession]
    AvatarModelAdmin = admin.ModelAdmin[Avatar]
    WorkerModelAdmin = admin.ModelAdmin[AgentWorker]
else:
    Inline = admin.TabularInline
    RoomModelAdmin = PersonModelAdmin = SessionModelAdmin = AvatarModelAdmin = WorkerModelAdmin = (
        admin.ModelAdmin
    )

# The job list's colours, by what the states mean.
SHOWN_AS = {
    "live": "running", "present": "running", "open": "running",
    "waiting": "queued", "starting": "queued", "admitted": "queued",
    "failed": "failed", "removed": "failed", "refused": "failed",
}  # fmt: skip


def badge(state: str) -> SafeString:
    shown = SHOWN_AS.get(state, "cancelled")
    return format_html('<span class="job-status" data-state="{}">{}</span>', shown, state.capitalize())


class Record(ReadOnly):
    """Nothing is changed but by the actions, which go the way that hosts go."""

    class Media:
        css = {"all": ("lipsync/admin_jobs.css",)}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Rows(Record, Inline):
    can_delete = False
    extra = 0


class PersonRows(Rows):
    model = Participant
    fields = readonly_fields = ("identity", "name", "user", "role", "state", "joined_at", "left_at")


class SessionRows(Rows):
    model = AvatarSession
    fields = readonly_fields = ("name", "kind", "state", "message", "run", "started_at", "ended_at")


class InviteRows(Rows):
    model = Invite
    fields = readonly_fields = ("role", "label", "uses", "max_uses", "expires_at", "created_at")


class EventRows(Rows):
    model = RoomEvent
    fields = readonly_fields = ("at", "kind", "message")
    verbose_name_plural = "events"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(webhook_id=None)


@admin.register(Room)
class RoomAdmin(Record, RoomModelAdmin):
    list_display = ("slug", "name", "owner", "status", "people", "waiting", "avatars", "locked", "created_at")
    list_filter = ("state", "locked", "created_at", "owner")
    list_select_related = ("owner",)
    search_fields = ("slug", "name", "owner__username")
    actions = ("close_rooms",)
    inlines = (PersonRows, SessionRows, InviteRows, EventRows)
    fields = (
        *("slug", "name", "owner", "status", "locked", "waiting_room", "max_people"),
        *("created_at", "closed_at", "awake_until"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        def count(path: str, *states: str) -> Count:
            return Count(path, filter=Q(**{f"{path}__state__in": states}), distinct=True)

        rooms: QuerySet[Room] = super().get_queryset(request)
        return rooms.annotate(
            people_count=count("participants", "present"),
            waiting_count=count("participants", "waiting"),
            avatar_count=count("sessions", "waiting", "starting", "live"),
        )

    @admin.display(description="State", ordering="state")
    def status(self, room: Room) -> SafeString:
        return badge(room.state)

    @admin.display(description="People", ordering="people_count")
    def people(self, room: Room) -> str:
        return f"{getattr(room, 'people_count', 0)} of {room.max_people}"

    @admin.display(description="Waiting", ordering="waiting_count")
    def waiting(self, room: Room) -> int:
        return int(getattr(room, "waiting_count", 0))

    @admin.display(description="Avatars", ordering="avatar_count")
    def avatars(self, room: Room) -> int:
        return int(getattr(room, "avatar_count", 0))

    @admin.action(description="Close the chosen rooms", permissions=["view"])
    def close_rooms(self, request: HttpRequest, rooms: QuerySet[Room]) -> None:
        chosen = [room for room in rooms if room.is_open]
        for room in chosen:
            presence.close(room)
        self.message_user(request, f"{len(chosen)} closed.", messages.SUCCESS)


@admin.register(Participant)
class ParticipantAdmin(Record, PersonModelAdmin):
    list_display = ("identity", "name", "user", "room", "role", "status", "joined_at", "left_at")
    list_filter = ("state", "role", "joined_at")
    list_select_related = ("room", "user")
    search_fields = ("identity", "name", "room__slug", "user__username")
    actions = ("remove_people", "ban_people")
    fields = (*("identity", "name", "user", "room", "invite", "role", "status"), "joined_at", "left_at")

    @admin.display(description="State", ordering="state")
    def status(self, person: Participant) -> SafeString:
        return badge(person.state)

    @admin.action(description="Remove the chosen people from their rooms", permissions=["view"])
    def remove_people(self, request: HttpRequest, people: QuerySet[Participant]) -> None:
        self._remove(request, people, for_good=False)

    @admin.action(description="Remove them and let them in no more", permissions=["view"])
    def ban_people(self, request: HttpRequest, people: QuerySet[Participant]) -> None:
        self._remove(request, people, for_good=True)

    def _remove(self, request: HttpRequest, people: QuerySet[Participant], *, for_good: bool) -> None:
        gone = 0
        for person in people.select_related("room"):
            slug, identity = person.room.slug, person.identity
            gone += Participant.objects.all().remove_from_room(person.pk, for_good=for_good)
            try:
                put_out(slug, identity)
            except (sfu.LiveKitAway, sfu.LiveKitRefused):
                self.message_user(request, "LiveKit does not answer; try again.", messages.WARNING)
            ring(person.room_id)
            tasks.look_soon(person.room)
        self.message_user(request, f"{gone} removed.", messages.SUCCESS)


def put_out(slug: str, identity: str) -> None:
    """Raises LiveKitAway and LiveKitRefused."""
    sfu.call(lambda livekit: sfu.remove(livekit, slug, identity))


@admin.register(AvatarSession)
class AvatarSessionAdmin(Record, SessionModelAdmin):
    list_display = (
        *("name", "kind", "room", "status", "activity", "fps", "offset", "latency", "late", "run"),
        *("lasted", "message"),
    )
    list_filter = ("state", "kind", "created_at")
    list_select_related = ("room",)
    search_fields = ("uid", "name", "room__slug")
    actions = ("stop_sessions",)
    fields = (
        *("uid", "identity", "room", "requested_by", "name", "kind", "look", "face", "job"),
        *("voice", "voice_rate", "expression", "expression_amount", "listen_to", "agent_identity"),
        *("status", "message", "activity", "run", "attempts", "fps", "offset", "latency", "late", "cpu"),
        *("created_at", "started_at", "ended_at", "seen_at"),
    )

    @admin.display(description="State", ordering="state")
    def status(self, session: AvatarSession) -> SafeString:
        return badge(session.state)

    @admin.display(description="Pictures a second")
    def fps(self, session: AvatarSession) -> str:
        return show(session, "fps", "{:.1f}")

    @admin.display(description="Sound to picture, mean (1st to 99th percentile)")
    def offset(self, session: AvatarSession) -> str:
        offsets = (session.stats or {}).get("av_offset_ms") or {}
        if offsets.get("mean") is None:
            return ""
        spread = [offsets.get(name) for name in ("p1", "p99")]
        range_shown = "" if None in spread else f" ({spread[0]:.0f} to {spread[1]:.0f})"
        return f"{offsets['mean']:.0f} ms{range_shown}"

    @admin.display(description="First sound after")
    def latency(self, session: AvatarSession) -> str:
        return show(session, "first_sound_ms", "{:.0f} ms")

    @admin.display(description="Late")
    def late(self, session: AvatarSession) -> str:
        return show(session, "frames_late", "{:.0f}")

    @admin.display(description="Of a core")
    def cpu(self, session: AvatarSession) -> str:
        return show(session, "cpu", "{:.0%}")

    @admin.display(description="Lasted")
    def lasted(self, session: AvatarSession) -> str:
        if session.started_at is None:
            return ""
        length = (session.ended_at or timezone.now()) - session.started_at
        return f"{int(length.total_seconds()) // 60}:{int(length.total_seconds()) % 60:02}"

    @admin.action(description="Stop the chosen avatars", permissions=["view"])
    def stop_sessions(self, request: HttpRequest, sessions: QuerySet[AvatarSession]) -> None:
        chosen = [one for one in sessions.select_related("room") if one.ended_at is None]
        for session in chosen:
            control.stop(session, "It was stopped by the site's administration.")
        self.message_user(request, f"{len(chosen)} stopped.", messages.SUCCESS)


def show(session: AvatarSession, name: str, pattern: str) -> str:
    value = (session.stats or {}).get(name)
    return "" if value is None else pattern.format(value)


@admin.register(Avatar)
class AvatarAdmin(Record, AvatarModelAdmin):
    list_display = ("name", "kind", "owner", "voice", "expression", "created_at")
    list_filter = ("kind", "created_at")
    list_select_related = ("owner",)
    search_fields = ("uid", "name", "owner__username")
    fields = (
        *("uid", "name", "kind", "owner", "face", "look", "voice", "voice_rate"),
        *("expression", "expression_amount", "preview", "created_at"),
    )


@admin.register(AgentWorker)
class AgentWorkerAdmin(Record, WorkerModelAdmin):
    list_display = ("name", "is_alive", "busy", "places", "load", "draining", "seen_at")
    fields = list_display

    @admin.display(description="Alive", boolean=True)
    def is_alive(self, worker: AgentWorker) -> bool:
        return (timezone.now() - worker.seen_at).total_seconds() < control.WORKER_SECONDS
