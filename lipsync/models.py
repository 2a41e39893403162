"""Assets and jobs. The job row is the truth about a render; everything else follows it.

    queued --claim--> running --finish--> done
      ^                 |  |--fail------> failed
      |---- requeue ----|  `--cancel----> cancelled
      `------------ retry (by its owner) ----'
    queued --cancel--> cancelled

A running job is held by a lease: a random token and a time it runs out, renewed by the worker. Every write
by a worker names its token, so a worker that lost its lease can change nothing. A running job that waits for
a service elsewhere has no lease but a time to wake: any worker takes it up then.

Money is in ``Spending``, which outlives its job: reserved before anything is asked for, then settled or
released.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from lipsync.queue import JobQuerySet


class Asset(models.Model):
    """A file someone uploaded: a face (photo or video), speech or music (sound)."""

    class Kind(models.TextChoices):
        FACE = "face"
        SPEECH = "speech"
        MUSIC = "music"

    class Media(models.TextChoices):
        IMAGE = "image"
        VIDEO = "video"
        AUDIO = "audio"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assets")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    media = models.CharField(max_length=8, choices=Media.choices)
    name = models.CharField(max_length=200, help_text="The name it was uploaded with, for people only.")
    file = models.FileField(max_length=200)
    thumbnail = models.FileField(max_length=200, blank=True)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    info = models.JSONField(
        default=dict, help_text="What the probe found: see lipsync.video.probe.MediaInfo."
    )
    faces = models.JSONField(
        default=list, help_text="Face outlines in the thumbnail, 0..1 of its width and height."
    )
    peaks = models.JSONField(default=list, help_text="Waveform peaks, 0..1.")
    notices = models.JSONField(default=list, help_text="Sentences for its owner, such as that it is silent.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(
        null=True, blank=True, help_text="Deleted by its owner, and kept for as long as ended jobs show it."
    )

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["owner", "kind", "sha256"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"


class Batch(models.Model):
    """Many jobs handed in together. Rows that could not become a job are in ``refused``."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="batches")
    name = models.CharField(max_length=80, blank=True)
    total = models.PositiveIntegerField()
    refused = models.JSONField(default=list, help_text="[{index, name, code, message}]")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"batch {self.uid}"


class Job(models.Model):
    """One lip-sync render, from request to result. ``id`` is its order of arrival, ``uid`` its name."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ENDED = (State.DONE, State.FAILED, State.CANCELLED)

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jobs")

    # What was asked.
    face = models.ForeignKey(
        Asset, null=True, blank=True, on_delete=models.SET_NULL, related_name="face_jobs"
    )
    house_look = models.CharField(
        max_length=40, blank=True, help_text="A drawn face, when there is no face asset."
    )
    speech = models.ForeignKey(
        Asset, null=True, blank=True, on_delete=models.SET_NULL, related_name="speech_jobs"
    )
    text = models.TextField(blank=True, help_text="What to say, when there is no speech asset.")
    transcript = models.TextField(
        blank=True, help_text="What is said in the speech asset, where it is known."
    )
    transcript_language = models.CharField(max_length=20, blank=True, help_text="BCP 47 tag.")
    voice = models.CharField(max_length=80, blank=True)
    voice_rate = models.FloatField(default=1.0, help_text="Speed of the synthesised voice; 1 is its own.")
    music = models.ForeignKey(
        Asset, null=True, blank=True, on_delete=models.SET_NULL, related_name="music_jobs"
    )
    engine = models.CharField(max_length=40, default="auto")
    options = models.JSONField(default=dict, help_text="See lipsync.engines.base.RenderOptions.")
    max_cost_usd = models.DecimalField(
        max_digits=10, decimal_places=4, null=True, blank=True, help_text="Empty: the site's ceiling."
    )
    batch = models.ForeignKey(Batch, null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs")
    batch_index = models.PositiveIntegerField(null=True, blank=True, help_text="Its row, from 0.")
    batch_name = models.CharField(max_length=200, blank=True)

    # Where it is.
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED, db_index=True)
    stage = models.CharField(max_length=40, blank=True)
    percent = models.PositiveSmallIntegerField(default=0)
    revision = models.PositiveIntegerField(default=1, help_text="Grows with every write.")
    attempt_count = models.PositiveSmallIntegerField(default=0, help_text="Times a worker took it up.")
    lease_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    wake_at = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="When to look at a service elsewhere again."
    )
    rung_at = models.DateTimeField(null=True, blank=True, help_text="When a worker was last told of it.")
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    retried_at = models.DateTimeField(
        null=True, blank=True, help_text="Attempts before this are of an earlier round."
    )
    expires_at = models.DateTimeField(null=True, blank=True)

    # What came of it.
    engine_used = models.CharField(max_length=40, blank=True)
    result = models.FileField(max_length=200, blank=True)
    poster = models.FileField(max_length=200, blank=True)
    duration_seconds = models.FloatField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=10, decimal_places=4, default=0)
    quality = models.JSONField(null=True, blank=True, help_text="See lipsync.engines.base.QualityReport.")
    warnings = models.JSONField(default=list)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    cache_key = models.CharField(max_length=64, blank=True, db_index=True)
    from_cache = models.BooleanField(default=False)
    share_token = models.CharField(max_length=43, null=True, blank=True, unique=True)  # noqa: DJ001 -- NULL: unique

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["owner", "state", "id"])]

    def __str__(self) -> str:
        return f"job {self.uid}"


class Segment(models.Model):
    """What one of several people says in a job, and when. A job with any has no speech of its own."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="segments")
    number = models.PositiveSmallIntegerField(help_text="Its place in the order, from 0.")
    start_seconds = models.FloatField(null=True, blank=True, help_text="Empty: after the one before it.")
    end_seconds = models.FloatField(null=True, blank=True, help_text="Empty: when all is said.")
    pick = models.JSONField(null=True, blank=True, help_text="See lipsync.face.place.FacePick.")
    speech = models.ForeignKey(
        Asset, null=True, blank=True, on_delete=models.SET_NULL, related_name="segments"
    )
    text = models.TextField(blank=True)
    transcript = models.TextField(blank=True)
    transcript_language = models.CharField(max_length=20, blank=True)
    voice = models.CharField(max_length=80, blank=True)
    voice_rate = models.FloatField(default=1.0)

    class Meta:
        ordering = ("number",)

    def __str__(self) -> str:
        return f"segment {self.number}"


class Attempt(models.Model):
    """One engine's try at a job, kept for the record."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="attempts")
    engine = models.CharField(max_length=40)
    reason = models.TextField(blank=True, help_text="Why this engine was chosen.")
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        max_length=20, blank=True, help_text="done, failed, skipped, cancelled or lost; empty: under way."
    )
    error_message = models.TextField(blank=True)
    cost_usd = models.DecimalField(max_digits=10, decimal_places=4, default=0)
    quality = models.JSONField(null=True, blank=True, help_text="See lipsync.engines.base.QualityReport.")
    video = models.FileField(
        max_length=200, blank=True, help_text="A poor result, kept while another engine tries."
    )
    duration_seconds = models.FloatField(null=True, blank=True)
    warnings = models.JSONField(default=list)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.engine} {self.outcome}".strip()


class LogEntry(models.Model):
    """One line of a job's log, in words its owner can read. Never holds speech text or names."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=8, default="info")
    message = models.TextField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.level


class Till(models.Model):
    """One row, locked by everybody who is about to spend money or to take a place at a service."""

    def __str__(self) -> str:
        return "till"


class Spending(models.Model):
    """What one attempt may cost, and then what it did cost."""

    class State(models.TextChoices):
        RESERVED = "reserved"
        SETTLED = "settled"
        RELEASED = "released"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="spendings"
    )
    attempt = models.OneToOneField(
        Attempt, null=True, blank=True, on_delete=models.SET_NULL, related_name="spending"
    )
    job_uid = models.UUIDField(
        null=True, blank=True, db_index=True, help_text="Kept when the job is deleted."
    )
    engine = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RESERVED)
    reserved_usd = models.DecimalField(max_digits=10, decimal_places=4, default=0)
    cost_usd = models.DecimalField(max_digits=10, decimal_places=4, default=0)
    seconds = models.FloatField(default=0.0, help_text="Of video.")
    at = models.DateTimeField(auto_now_add=True, db_index=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    comment = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["owner", "at"])]

    def __str__(self) -> str:
        return f"{self.engine} {self.state}"


class RemoteRender(models.Model):
    """One attempt's render at a service elsewhere. Outlives its job: what was started may still bill."""

    class State(models.TextChoices):
        OPEN = "open", "its job waits for it"
        DETACHED = "detached", "nobody waits, but it may still bill"
        ENDED = "ended", "its files there are to be removed"
        TIDIED = "tidied", "nothing is left to do"

    spending = models.OneToOneField(Spending, on_delete=models.CASCADE, related_name="remote")
    engine = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN, db_index=True)
    memo = models.JSONField(default=dict, help_text="What the engine noted: its keys and the ids over there.")
    slot_until = models.DateTimeField(null=True, blank=True, help_text="Its place at the service.")
    wake_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.engine} {self.state}"


class RemoteEvent(models.Model):
    """Something a service elsewhere told by itself; kept for a while, so that it counts once."""

    engine = models.CharField(max_length=40)
    event_id = models.CharField(max_length=128, help_text="By the service, or the SHA-256 of what it sent.")
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["engine", "event_id"], name="lipsync_remote_event_once")
        ]

    def __str__(self) -> str:
        return f"{self.engine} {self.event_id}"


class Breaker(models.Model):
    """A service that is of no use for now, so that not every job finds out for itself."""

    engine = models.CharField(max_length=40, primary_key=True)
    kind = models.CharField(max_length=10, blank=True, help_text="key, credit or down; empty: closed.")
    message = models.TextField(blank=True)
    key_print = models.CharField(max_length=20, blank=True, help_text="Of the key that was refused.")
    failures = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True, help_text="Empty while open: another key only.")
    trying_until = models.DateTimeField(
        null=True, blank=True, help_text="One job tries whether it is well again."
    )

    def __str__(self) -> str:
        return f"{self.engine} {self.kind or 'closed'}"
