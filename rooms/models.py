"""Rooms, the people and avatars in them. LiveKit carries the media; these rows say what ought to be.

A room is open until its owner closes it; LiveKit's own room comes and goes with the people in it.
A participant is one person in one room, by whatever link or account they came:

    waiting --admit--> admitted --joins--> present --leaves--> left --joins--> present
       `---refuse--> refused                  `--remove for good--> removed

An avatar session is one avatar wanted in one room. Agents come and go under it, each a ``run`` of its own:

    waiting --dispatch--> starting --ready--> live --stop--> ended
       ^                     |                 |
       |---- nobody took it -'                 |
       |---- its agent died, or the room is empty
       `--- given up ---> failed
"""

from __future__ import annotations

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from lipsync.models import Asset, Job
from rooms.people import ParticipantQuerySet
from rooms.sessions import AvatarSessionQuerySet

AVATAR_PREFIX = "avatar-"
LETTERS = "abcdefghijkmnpqrstuvwxyz"  # without l and o, which look like figures


def new_slug() -> str:
    """A room's name in its address, such as ``bdf-kqrs-xza``: to be read out, and not to be guessed."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(length)) for length in (3, 4, 3))


def new_identity() -> str:
    return f"p-{secrets.token_hex(6)}"


class Role(models.TextChoices):
    HOST = "host"
    SPEAKER = "speaker"
    GUEST = "guest"
    VIEWER = "viewer"


class Kind(models.TextChoices):
    """How an avatar is drawn; the last four need no face."""

    PHOTO = "photo"
    LOOP = "loop"
    HOUSE = "house"
    FILE = "file"
    WAVE = "wave"
    SPECTRUM = "spectrum"
    HUE = "hue"


class Room(models.Model):
    """A place to meet, known by its slug, which is its name in LiveKit too."""

    class State(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    slug = models.CharField(max_length=24, unique=True, default=new_slug, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="rooms")
    name = models.CharField(max_length=80)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN, db_index=True)
    locked = models.BooleanField(default=False, help_text="Nobody new comes in.")
    waiting_room = models.BooleanField(default=False, help_text="A host lets people in one by one.")
    max_people = models.PositiveSmallIntegerField(default=12)
    revision = models.PositiveIntegerField(default=1, help_text="Grows with every write.")
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    captions = models.BooleanField(default=False, help_text="What is said is shown, and kept.")
    captioner = models.CharField(
        max_length=120, blank=True, help_text="Which process hears it; see CaptionWorker."
    )
    awake_until = models.DateTimeField(
        null=True, blank=True, help_text="Somebody is expected until then: avatars get ready for them."
    )

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"room {self.slug}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class Invite(models.Model):
    """A link into a room. The link is signed; this row says what it is good for, and for how long."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="invites")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.GUEST)
    label = models.CharField(max_length=80, blank=True, help_text="For hosts, to tell links apart.")
    uses = models.PositiveIntegerField(default=0)
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"invite {self.uid}"


class Participant(models.Model):
    """One person in one room. ``identity`` is theirs in LiveKit, for good."""

    class State(models.TextChoices):
        WAITING = "waiting"
        ADMITTED = "admitted"
        PRESENT = "present"
        LEFT = "left"
        REMOVED = "removed"
        REFUSED = "refused"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="participants")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="seats"
    )
    invite = models.ForeignKey(
        Invite, null=True, blank=True, on_delete=models.SET_NULL, related_name="people"
    )
    identity = models.CharField(max_length=24, unique=True, default=new_identity, editable=False)
    name = models.CharField(max_length=60)
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.GUEST)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ADMITTED)
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="When they last asked or were there.")
    joined_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=["room", "user"], condition=Q(user__isnull=False), name="one_seat_per_person"
            )
        ]

    def __str__(self) -> str:
        return self.identity


class Avatar(models.Model):
    """A face with a voice of its own, to be put into any room."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="avatars")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    face = models.ForeignKey(Asset, null=True, blank=True, on_delete=models.PROTECT, related_name="avatars")
    look = models.CharField(max_length=40, blank=True, help_text="Which drawn face, of kind house.")
    voice = models.CharField(max_length=80, blank=True)
    voice_rate = models.FloatField(default=1.0)
    expression = models.CharField(max_length=20, default="neutral")
    expression_amount = models.FloatField(default=0.6)
    preview = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"avatar {self.uid}"


class AvatarSession(models.Model):
    """One avatar wanted in one room. What it looks like is copied here: avatars may change or go."""

    class State(models.TextChoices):
        WAITING = "waiting"
        STARTING = "starting"
        LIVE = "live"
        ENDED = "ended"
        FAILED = "failed"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="sessions")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    # What is wanted.
    avatar = models.ForeignKey(
        Avatar, null=True, blank=True, on_delete=models.SET_NULL, related_name="sessions"
    )
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    face = models.ForeignKey(
        Asset, null=True, blank=True, on_delete=models.SET_NULL, related_name="avatar_sessions"
    )
    job = models.ForeignKey(
        Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="avatar_sessions"
    )
    look = models.CharField(max_length=40, blank=True)
    voice = models.CharField(max_length=80, blank=True)
    voice_rate = models.FloatField(default=1.0)
    expression = models.CharField(max_length=20, default="neutral")
    expression_amount = models.FloatField(default=0.6)
    listen_to = models.CharField(max_length=24, blank=True, help_text="Whose microphone drives its face.")
    agent_identity = models.CharField(
        max_length=256, blank=True, help_text="The voice agent that it is the face of (avatar protocol)."
    )
    granted = models.JSONField(default=list, help_text="Files that its agent may fetch.")

    # Where it is.
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING, db_index=True)
    message = models.TextField(blank=True, help_text="What it waits for, or why it ended.")
    activity = models.CharField(max_length=12, default="starting")
    utterance = models.JSONField(null=True, blank=True)
    run = models.PositiveIntegerField(default=0, help_text="How many agents it was given to.")
    dispatch_id = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Agents lost in a row.")
    waiting_since = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="Its agent's last sign of life.")
    empty_since = models.DateTimeField(null=True, blank=True, help_text="Live, with nobody there to see it.")
    absent_since = models.DateTimeField(null=True, blank=True, help_text="Live, and not in LiveKit's room.")
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    stats = models.JSONField(null=True, blank=True, help_text="As its agent measured last.")

    objects = AvatarSessionQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["room", "state"])]

    def __str__(self) -> str:
        return f"avatar session {self.uid}"

    @property
    def identity(self) -> str:
        """The agent's identity in LiveKit. No person can have it: theirs are made here too."""
        return f"{AVATAR_PREFIX}{str(self.uid)[:8]}"


class AgentWorker(models.Model):
    """An agent process, as it said last."""

    name = models.CharField(max_length=120, unique=True)
    places = models.PositiveSmallIntegerField()
    busy = models.PositiveSmallIntegerField()
    load = models.FloatField(default=0.0)
    draining = models.BooleanField(default=False)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class CaptionWorker(models.Model):
    """A process that captions rooms, as it said last."""

    name = models.CharField(max_length=120, unique=True)
    model = models.CharField(max_length=80, help_text="What recognises the words.")
    languages = models.JSONField(default=list)
    note = models.TextField(blank=True, help_text="What people should know of the model.")
    rooms = models.JSONField(default=list, help_text="Slugs of those it is in.")
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class CaptionLine(models.Model):
    """Something that was said in a room: about a sentence, final."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="lines")
    segment = models.CharField(max_length=64, help_text="LiveKit's id of it.")
    identity = models.CharField(max_length=256)
    name = models.CharField(max_length=60, help_text="The speaker's, as it was then.")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ("started_at", "id")
        constraints = [models.UniqueConstraint(fields=["room", "segment"], name="one_line_per_segment")]
        indexes = [models.Index(fields=["room", "started_at"])]

    def __str__(self) -> str:
        return self.segment


class RoomEvent(models.Model):
    """What happened, in words its host can read; and each webhook once. Never speech, never names."""

    room = models.ForeignKey(Room, null=True, blank=True, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(max_length=40)
    message = models.TextField(blank=True)
    webhook_id = models.CharField(max_length=64, null=True, blank=True, unique=True)  # noqa: DJ001 -- NULL: unique

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.kind
