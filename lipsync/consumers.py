"""Live jobs over WebSocket: a snapshot first, then what changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async

from avsite.accounts.models import User
from avsite.live import STRANGER, UNSIGNED, LiveConsumer
from lipsync.models import Job
from lipsync.progress import job_group, owner_group
from lipsync.queue import JobQuerySet
from lipsync.schemas import describe_job

NEWEST = 20

Described = dict[str, Any]


class JobConsumer(LiveConsumer):
    """Follows some jobs of one person. Subclasses say which."""

    user: User

    async def connect(self) -> None:
        # Accepted even when refused: browsers only see a close code after the handshake.
        await self.accept()
        self.known: dict[str, Described] = {}
        user = self.scope.get("user")
        if not isinstance(user, User) or not user.is_active:
            await self.close(UNSIGNED)
            return
        self.user = user
        group = await self.find_group()
        if group is None:
            await self.close(STRANGER)
            return
        await self.follow(group)

    async def show_first(self) -> None:
        await self.send_snapshot(await self.read(self.first_jobs()))

    async def look(self) -> None:
        await self.show(await self.read_changed())

    async def find_group(self) -> str | None:
        """The group of these jobs; None when they are not this person's to see."""
        raise NotImplementedError

    def first_jobs(self) -> Iterable[JobQuerySet]:
        """The jobs of the snapshot."""
        raise NotImplementedError

    async def send_snapshot(self, jobs: list[Described]) -> None:
        raise NotImplementedError

    async def job_changed(self, message: dict[str, str]) -> None:
        """The channel layer rang for a job."""
        async with self.turn:
            await self.show([message["uid"]])

    async def show(self, uids: Iterable[str]) -> None:
        """Read these rows and send what the page does not know yet."""
        wanted = list(uids)
        if not wanted:
            return
        found = {job["id"]: job for job in await self.read([Job.objects.filter(uid__in=wanted)])}
        for uid in wanted:
            await self.send_difference(uid, self.known.get(uid), found.get(uid))

    async def send_difference(self, uid: str, before: Described | None, now: Described | None) -> None:
        if now is None:
            if self.known.pop(uid, None) is not None:
                await self.send_json({"type": "removed", "id": uid})
        elif before is None:
            self.known[uid] = now
            await self.send_json({"type": "added", "job": now})
        elif now["revision"] > before["revision"]:
            self.known[uid] = now
            changes = {field: value for field, value in now.items() if before[field] != value}
            await self.send_json(
                {"type": "delta", "id": uid, "revision": now["revision"], "changes": changes}
            )

    def mine(self) -> JobQuerySet:
        return Job.objects.filter(owner=self.user)

    @database_sync_to_async
    def read(self, queries: Iterable[JobQuerySet]) -> list[Described]:
        """This person's jobs among ``queries``, newest first."""
        jobs: dict[int, Job] = {}
        for query in queries:
            rows = query.select_related("face", "speech", "music", "batch").prefetch_related(
                "attempts", "segments__speech"
            )
            jobs |= {job.pk: job for job in rows if job.owner_id == self.user.pk}
        return [describe_job(jobs[pk]).model_dump(mode="json") for pk in sorted(jobs, reverse=True)]

    @database_sync_to_async
    def read_changed(self) -> list[str]:
        """Ids of jobs whose row is newer than what was sent, or gone, or not sent yet though unfinished."""
        rows = self.watched().values_list("uid", "revision")
        now = {str(uid): revision for uid, revision in rows}
        newer = [uid for uid, revision in now.items() if revision > self._revision_of(uid)]
        unfinished = [uid for uid, job in self.known.items() if job["finished_at"] is None]
        return newer + [uid for uid in unfinished if uid not in now]

    def watched(self) -> JobQuerySet:
        """Rows to read again and again: those this page shows as unfinished, and new ones."""
        raise NotImplementedError

    def _revision_of(self, uid: str) -> int:
        known = self.known.get(uid)
        return int(known["revision"]) if known else 0


class JobsConsumer(JobConsumer):
    """Every job of the person who is signed in: ``/ws/jobs/``."""

    async def find_group(self) -> str | None:
        return owner_group(self.user.pk)

    def first_jobs(self) -> Iterable[JobQuerySet]:
        return [self.mine().order_by("-id")[:NEWEST], self.mine().unfinished()]

    async def send_snapshot(self, jobs: list[Described]) -> None:
        self.known = {job["id"]: job for job in jobs}
        await self.send_json({"type": "snapshot", "jobs": jobs})

    def watched(self) -> JobQuerySet:
        shown = [uid for uid, job in self.known.items() if job["finished_at"] is None]
        return self.mine().unfinished() | self.mine().filter(uid__in=shown)


class OneJobConsumer(JobConsumer):
    """One job: ``/ws/jobs/<id>/``."""

    @property
    def uid(self) -> UUID:
        return UUID(str(self.scope["url_route"]["kwargs"]["uid"]))

    async def find_group(self) -> str | None:
        return job_group(self.uid) if await self.mine().filter(uid=self.uid).aexists() else None

    def first_jobs(self) -> Iterable[JobQuerySet]:
        return [self.mine().filter(uid=self.uid)]

    async def send_snapshot(self, jobs: list[Described]) -> None:
        self.known = {job["id"]: job for job in jobs}
        for job in jobs:
            await self.send_json({"type": "snapshot", "job": job})

    def watched(self) -> JobQuerySet:
        return self.mine().filter(uid=self.uid)
