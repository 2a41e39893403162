"""Every change of a participant's state: conditional updates, so that rivals cannot undo each other."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

if TYPE_CHECKING:
    from rooms.models import Participant

EXPECTED_SECONDS = 60
"""Who was admitted and has not joined for this long is no longer counted as about to come."""
TOKEN_SECONDS = 600
GONE_FROM_DOOR_SECONDS = 45
"""Who waits to be let in and has not been heard of for this long has gone."""

WAITING, ADMITTED, PRESENT, LEFT, REMOVED, REFUSED = (
    "waiting", "admitted", "present", "left", "removed", "refused",
)  # fmt: skip
OUT_FOR_GOOD = (REMOVED, REFUSED)


class ParticipantQuerySet(models.QuerySet["Participant"]):
    """People in rooms, and the only code that changes where they are."""

    def counted(self, now: datetime | None = None) -> ParticipantQuerySet:
        """Those who take up a place: present, or admitted a moment ago and on their way."""
        expected = (now or timezone.now()) - timedelta(seconds=EXPECTED_SECONDS)
        return self.filter(Q(state=PRESENT) | Q(state=ADMITTED, seen_at__gt=expected))

    def seat_of(self, user_id: int) -> Participant | None:
        """This person's own place."""
        return self.filter(user=user_id).first()

    def admit(self, pk: int) -> bool:
        """Let in someone who waits, or was turned away or out before."""
        out = self.filter(pk=pk, state__in=(WAITING, REFUSED, REMOVED))
        return bool(out.update(state=ADMITTED, seen_at=timezone.now()))

    def refuse(self, pk: int) -> bool:
        return bool(self.filter(pk=pk, state=WAITING).update(state=REFUSED, left_at=timezone.now()))

    def remove_from_room(self, pk: int, *, for_good: bool) -> bool:
        """Out of the room; ``for_good``, no token is given to them again."""
        state = REMOVED if for_good else LEFT
        inside = self.filter(pk=pk).exclude(state__in=(state, *OUT_FOR_GOOD))
        return bool(inside.update(state=state, left_at=timezone.now()))

    def note_present(self, identities: Collection[str]) -> list[str]:
        """LiveKit has these: who came in by that. Those who must not be there are left as they are."""
        came = list(
            self.filter(identity__in=identities)
            .exclude(state__in=(PRESENT, *OUT_FOR_GOOD))
            .values_list("identity", flat=True)
        )
        now = timezone.now()
        self.filter(identity__in=came).exclude(state__in=(PRESENT, *OUT_FOR_GOOD)).update(
            state=PRESENT, joined_at=now, left_at=None, seen_at=now
        )
        return came

    def note_absent(self, identities: Collection[str]) -> list[str]:
        """LiveKit has none but these: who left by that."""
        gone = list(
            self.filter(state=PRESENT).exclude(identity__in=identities).values_list("identity", flat=True)
        )
        self.filter(identity__in=gone, state=PRESENT).update(state=LEFT, left_at=timezone.now())
        return gone

    def forget_the_undecided(self) -> int:
        """Whoever was let in and did not come while their token was good: how many."""
        long_ago = timezone.now() - timedelta(seconds=TOKEN_SECONDS)
        return self.filter(state=ADMITTED, seen_at__lt=long_ago).update(state=LEFT, left_at=F("seen_at"))

    def forget_the_impatient(self) -> int:
        """Whoever waited to be let in and closed the page: how many."""
        long_ago = timezone.now() - timedelta(seconds=GONE_FROM_DOOR_SECONDS)
        silent = Q(seen_at__lt=long_ago) | Q(seen_at=None)
        return self.filter(silent, state=WAITING).update(state=LEFT, left_at=F("seen_at"))
