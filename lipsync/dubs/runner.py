"""One dub from claim to where it stops. Every way it can is written to its row by whoever holds its lease."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from avsite.ai.errors import ModelUnavailable
from lipsync.dubbing.chain import Chain
from lipsync.dubbing.spec import DubError, Later, NeedsPerson
from lipsync.dubbing.tools import make_tools
from lipsync.dubs.bell import publish
from lipsync.dubs.lips import make_lips
from lipsync.dubs.models import Dub
from lipsync.render import explain
from lipsync.service import result_expiry

logger = logging.getLogger(__name__)

WRITE_SECONDS = 0.4
LONG_SECONDS = {"words": 60.0}
"""Stages in which a library computes for long in one call, and lets no other thread renew the lease."""
State = Dub.State


class Paused(Exception):  # noqa: N818 -- a request, not an error
    """Its owner asked to stop here."""


class LeaseLost(Exception):  # noqa: N818 -- it is somebody else's now
    """Another process owns this dub; nothing of it may be written to its row."""


class Lease:
    """A worker's hold on a dub: a thread renews it, writes progress, and hears when to stop."""

    def __init__(self, dub: Dub, seconds: float) -> None:
        if dub.lease_token is None:
            raise ValueError("only a claimed dub can be held")
        self.dub, self.token, self.stage = dub, UUID(str(dub.lease_token)), dub.stage
        self._seconds, self._percent = seconds, 0
        self._told = ""
        self._written: tuple[str, int] = ("", -1)
        self._renewed_at = time.monotonic()
        self._stop: type[Exception] | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"dub-{dub.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write nothing from here on."""
        self._over.set()
        self._thread.join()

    def tell(self, stage: str, fraction: float) -> None:
        """Note how far ``stage`` is. Raises Paused or LeaseLost when it is time to stop."""
        is_new, self._told = stage != self._told, stage
        self.stage, self._percent = stage, int(fraction * 100)
        if is_new and stage in LONG_SECONDS:
            Dub.objects.renew(self.dub.pk, self.token, self._lease_seconds())
        if self._stop is not None:
            raise self._stop

    def _lease_seconds(self) -> float:
        return max(self._seconds, LONG_SECONDS.get(self.stage, 0.0))

    def passed(self) -> None:
        """A stage is done: whoever dies in the next one has all its attempts."""
        Dub.objects.renew(self.dub.pk, self.token, self._seconds, attempt_count=1)

    def _keep(self) -> None:
        try:
            while not self._over.wait(WRITE_SECONDS) and self._stop is None:
                self._beat()
        finally:
            connection.close()

    def _beat(self) -> None:
        reached = (self.stage, self._percent)
        changes = {} if reached == self._written else {"stage": reached[0], "percent": reached[1]}
        try:
            asked = Dub.objects.renew(self.dub.pk, self.token, self._lease_seconds(), **changes)
        except DatabaseError as error:
            logger.warning("dub %s: progress not written: %s", self.dub.pk, error)
            if time.monotonic() - self._renewed_at > self._lease_seconds():
                self._stop = LeaseLost
            return
        self._renewed_at = time.monotonic()
        if asked is None:
            self._stop = LeaseLost
        elif asked:
            self._stop = Paused
        if changes:
            self._written = reached
            publish(self.dub)


def run(dub_id: int) -> Dub | None:
    """Claim a dub and do what is to be done; None when it was not to be had."""
    dub = Dub.objects.claim(dub_id, settings.LEASE_SECONDS)
    if dub is None:
        return None
    publish(dub)
    with Lease(dub, settings.LEASE_SECONDS) as lease:
        state, changes = _run_held(dub, lease)
        lease.close()
        if state is None or not Dub.objects.settle(
            dub.pk, lease.token, state, stage=lease.stage, percent=0, **changes
        ):
            logger.warning("dub %s: its lease was lost", dub.pk)
    left = Dub.objects.select_related("source", "job").filter(pk=dub.pk).first()
    if left is not None:
        publish(left)
    return left


def _run_held(dub: Dub, lease: Lease) -> tuple[str | None, dict[str, object]]:
    """How it ended: its new state, None for nobody's business, and what is to be written with it."""
    try:
        make_chain(dub, lease).run(lambda stage, kept: lease.passed())
    except LeaseLost:
        return None, {}
    except Paused:
        return State.PAUSED, {"message": "Paused. Go on whenever you like."}
    except NeedsPerson as needed:
        lease.stage = needed.stage
        return State.PAUSED, {"message": str(needed)}
    except Later:
        return State.WAITING, {"message": ""}
    except DubError as error:
        return State.FAILED, _failure(error.code, str(error))
    except ModelUnavailable as error:
        return State.FAILED, _failure("model_unavailable", str(error))
    except Exception as error:
        logger.exception("dub %s failed in %s", dub.pk, lease.stage)
        failure = explain(error)
        return State.FAILED, _failure(failure.code, str(failure))
    lease.stage = ""
    ended = {"finished_at": timezone.now(), "expires_at": result_expiry()}
    return State.DONE, {"message": "", **ended}


def _failure(code: str, message: str) -> dict[str, object]:
    return {"error_code": code, "error_message": message, "finished_at": timezone.now()}


def make_chain(dub: Dub, lease: Lease) -> Chain:
    """Raises DubError when its video was deleted."""
    if dub.source is None or not Path(dub.source.file.path).is_file():
        raise DubError("file_missing", "Its video was deleted; start a new dub with another one.")
    tools = make_tools(settings.MODELS_DIR, lambda wanted, tell: make_lips(dub, wanted, tell))
    return Chain(dub.spec(Path(dub.source.file.path)), dub.store(), tools, lease.tell)
