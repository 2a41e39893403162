"""Every change of an avatar session's state, each one conditional UPDATE.

An agent's writes name the ``run`` it was given; they return False once the session was handed to another or
ended, and the agent must then leave.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

if TYPE_CHECKING:
    from rooms.models import AvatarSession

WAITING, STARTING, LIVE, ENDED, FAILED = "waiting", "starting", "live", "ended", "failed"
UNFINISHED = (WAITING, STARTING, LIVE)
RUNNING = (STARTING, LIVE)
MAX_ATTEMPTS = 5
GIVEN_UP = (
    f"{MAX_ATTEMPTS} avatar agents in a row stopped while they showed it, so it was given up; "
    "add it again, and look at the agent's log if it happens again."
)


class AvatarSessionQuerySet(models.QuerySet["AvatarSession"]):
    """Avatar sessions, and the only code that moves them from one state to another."""

    def unfinished(self) -> AvatarSessionQuerySet:
        return self.filter(state__in=UNFINISHED)

    def start(self, pk: int) -> AvatarSession | None:
        """Claimed for one dispatch, which is a new run; None when somebody else was first."""
        now = timezone.now()
        won = self.filter(pk=pk, state=WAITING).update(
            state=STARTING,
            run=F("run") + 1,
            message="",
            dispatch_id="",
            activity="starting",
            dispatched_at=now,
            seen_at=None,
            empty_since=None,
            absent_since=None,
            revision=F("revision") + 1,
        )
        return self.select_related("room", "avatar", "face", "job").get(pk=pk) if won else None

    def note_dispatch(self, pk: int, run: int, dispatch_id: str) -> bool:
        return bool(self.filter(pk=pk, run=run, state=STARTING).update(dispatch_id=dispatch_id))

    def wait(self, pk: int, run: int, message: str, retry_seconds: float, *, lost: bool = False) -> bool:
        """Back to the queue, to be tried again; ``lost`` counts against it."""
        now = timezone.now()
        held = self.filter(pk=pk, run=run, state__in=RUNNING)
        if lost and held.filter(attempts__gte=MAX_ATTEMPTS - 1).exists():
            return self.finish(pk, FAILED, GIVEN_UP, run=run)
        return bool(
            held.update(
                state=WAITING,
                message=message,
                activity="starting",
                attempts=F("attempts") + (1 if lost else 0),
                retry_at=now + timedelta(seconds=retry_seconds),
                waiting_since=Coalesce("waiting_since", now),
                revision=F("revision") + 1,
            )
        )

    def put_off(
        self, session: AvatarSession, message: str, retry_seconds: float, *, queued: bool = True
    ) -> bool:
        """Still waiting, and why; ``queued`` for an agent, which it does not do for ever. True for news."""
        now = timezone.now()
        still = self.filter(pk=session.pk, run=session.run, state=WAITING)
        since = Coalesce("waiting_since", now) if queued else None
        still.update(retry_at=now + timedelta(seconds=retry_seconds), waiting_since=since)
        return bool(still.exclude(message=message).update(message=message, revision=F("revision") + 1))

    def ready(self, pk: int, run: int) -> bool:
        """Its agent shows it. False when this run is over."""
        now = timezone.now()
        held = self.filter(pk=pk, run=run)
        if held.filter(state=STARTING).update(
            state=LIVE,
            message="",
            activity="idle",
            seen_at=now,
            waiting_since=None,
            started_at=Coalesce("started_at", now),
            revision=F("revision") + 1,
        ):
            return True
        return held.filter(state=LIVE).exists()

    def end_waits(self) -> list[int]:
        """Those that wait are to be tried at the next look; the rooms they are in."""
        waiting = self.filter(state=WAITING)
        waiting.update(retry_at=None)
        return list(waiting.values_list("room", flat=True).distinct())

    def touch(self, pk: int, run: int, **changes: Any) -> bool:
        """A sign of life from the agent of this run, with what it says. False when the run is over."""
        held = self.filter(pk=pk, run=run, state__in=RUNNING)
        if changes:
            changes["revision"] = F("revision") + 1
        return bool(held.update(seen_at=timezone.now(), **changes))

    def heard_of(self, uids: Collection[str]) -> int:
        """Agents have these in hand."""
        return self.filter(uid__in=uids, state__in=RUNNING).update(seen_at=timezone.now())

    def rest(self, pk: int, run: int, message: str) -> bool:
        """Nobody is there to see it: its agent is let go, and it comes back with the first person."""
        return bool(
            self.filter(pk=pk, run=run, state__in=RUNNING).update(
                state=WAITING,
                message=message,
                activity="starting",
                attempts=0,
                retry_at=None,
                waiting_since=None,
                revision=F("revision") + 1,
            )
        )

    def note_times(self, pk: int, run: int, **since: Any) -> None:
        """Since when it has been alone, or missing from LiveKit."""
        self.filter(pk=pk, run=run, state=LIVE).update(**since)

    def steady(self, pk: int) -> None:
        """It has been live long enough to forget earlier losses."""
        self.filter(pk=pk, state=LIVE, attempts__gt=0).update(attempts=0)

    def finish(self, pk: int, state: str, message: str, run: int | None = None) -> bool:
        """Ended or failed, with the reason. False when it was over already, or ``run`` is."""
        open_rows = self.filter(pk=pk, state__in=UNFINISHED)
        if run is not None:
            open_rows = open_rows.filter(run=run)
        return bool(
            open_rows.update(
                state=state,
                message=message,
                activity="failed" if state == FAILED else "idle",
                ended_at=timezone.now(),
                waiting_since=None,
                revision=F("revision") + 1,
            )
        )

    def change(self, pk: int, **changes: Any) -> bool:
        """What its host wants of it, while it is not over."""
        return bool(self.filter(pk=pk).unfinished().update(**changes, revision=F("revision") + 1))
