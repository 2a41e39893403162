"""A receiver, and endpoints that send to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from avsite.accounts.models import User
from avsite.hooks.models import Endpoint
from lipsync.models import Job
from tests.hooks.receiver import Receiver, receiving


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """Listens on this machine, which messages may reach for once."""
    settings.HOOKS_LOCAL = True
    with receiving() as running:
        yield running


@pytest.fixture
def endpoint(alice: User, receiver: Receiver) -> Endpoint:
    """Alice's, told of everything that jobs do."""
    made = Endpoint.objects.create(
        owner=alice, url=receiver.url, events=["job.done", "job.failed", "job.cancelled"]
    )
    receiver.secret = made.secret
    return made


@pytest.fixture
def ended_job() -> Callable[..., Job]:
    def make(owner: User, state: str = "done", **fields: Any) -> Job:
        values: dict[str, Any] = {
            "house_look": "maya",
            "text": "A secret between us.",
            "state": state,
            "finished_at": timezone.now(),
            "engine_used": "builtin",
        }
        return Job.objects.create(owner=owner, **(values | fields))

    return make
