"""A dub: what was asked, where it is. What its stages made lies in its folder.

    queued --claim--> running --> done, failed, paused (somebody has to do something)
      ^                 |  `----> waiting (for the job that makes the lips) --> queued
      |---- lost lease -'
      `---- run, by its owner, from paused, failed and done

Edits are for dubs that no worker holds. As with jobs, every write of a worker names its lease.
"""

from __future__ import annotations

import uuid
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models

from lipsync.dubbing.spec import DubSpec, Edit
from lipsync.dubbing.store import Store
from lipsync.dubs.queue import DubQuerySet
from lipsync.models import Asset, Job
from lipsync.storage import share


class Dub(models.Model):
    """One video on its way into another language. ``id`` is its order of arrival, ``uid`` its name."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        WAITING = "waiting"
        PAUSED = "paused"
        DONE = "done"
        FAILED = "failed"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="dubs")
    source = models.ForeignKey(Asset, null=True, blank=True, on_delete=models.SET_NULL, related_name="dubs")
    name = models.CharField(max_length=200)
    source_language = models.CharField(max_length=20, blank=True, help_text="ISO 639-1; empty: found out.")
    target_language = models.CharField(max_length=20, help_text="BCP 47 tag.")
    options = models.JSONField(default=dict, help_text="Other fields of lipsync.dubbing.spec.DubSpec.")
    edits = models.JSONField(default=dict, help_text="Fields of lipsync.dubbing.spec.Edit by sentence.")
    stop_before = models.CharField(max_length=12, blank=True)

    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED, db_index=True)
    stage = models.CharField(max_length=12, blank=True)
    percent = models.PositiveSmallIntegerField(default=0, help_text="Of the stage.")
    message = models.TextField(blank=True, help_text="What its owner is to do.")
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1, help_text="Grows with every write.")
    attempt_count = models.PositiveSmallIntegerField(default=0, help_text="Workers that took up this stage.")
    pause_requested = models.BooleanField(default=False)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    rung_at = models.DateTimeField(null=True, blank=True, help_text="When a worker was last told of it.")
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="dubs")
    job_key = models.CharField(max_length=64, blank=True, help_text="Of what the job makes the lips.")
    created_at = models.DateTimeField(auto_now_add=True)
    run_at = models.DateTimeField(auto_now_add=True, help_text="When its owner last said go.")
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = DubQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["owner", "state", "id"])]

    def __str__(self) -> str:
        return f"dub {self.uid}"

    @property
    def folder_name(self) -> str:
        return f"dubs/{self.uid}"

    def store(self) -> Store:
        """Its files, here or fetched from where media is kept."""
        return Store(
            Path(settings.MEDIA_ROOT) / self.folder_name,
            push=lambda name: share(f"{self.folder_name}/{name}"),
            pull=self._pull,
        )

    def _pull(self, name: str) -> None:
        if settings.S3_BUCKET:
            default_storage.path(f"{self.folder_name}/{name}")

    def spec(self, video: Path) -> DubSpec:
        """What is asked, with the video on this machine's disk."""
        return DubSpec(
            video=video,
            video_sha256=self.source.sha256 if self.source else "",
            target=self.target_language,
            source=self.source_language,
            edits={name: Edit(**edit) for name, edit in self.edits.items()},
            stop_before=self.stop_before,
            **self.options,
        )


def shows(asset: Asset) -> bool:
    """Whether a dub is made of it."""
    return Dub.objects.filter(source=asset).exists()
