"""A page that listens sees its job to the end, whatever dies in between."""

from __future__ import annotations

import time

import pytest

from tests.stack.conftest import Stack, wait_until
from tests.stack.listener import Listener

pytestmark = [pytest.mark.stack, pytest.mark.timeout(280)]


def session_of(stack: Stack, name: str) -> str:
    return stack.manage(
        "from django.test import Client\n"
        "from avsite.accounts.models import User\n"
        "client = Client()\n"
        f"client.force_login(User.objects.get(username={name!r}))\n"
        "print(client.cookies['sessionid'].value)"
    ).strip()


def percents(listener: Listener) -> list[int]:
    """Of one job, in the order they were heard, over every connection."""
    said = [message.get("job") or message.get("changes") or {} for message in listener.messages]
    return [one["percent"] for one in said if "percent" in one]


def states(listener: Listener) -> list[str]:
    said = [message.get("job") or message.get("changes") or {} for message in listener.messages]
    return [one["state"] for one in said if "state" in one]


@pytest.mark.parametrize("stack", [12.0], indirect=True)
@pytest.mark.parametrize("dies", ["redis", "web", "worker"])
def test_the_page_sees_the_end(stack: Stack, dies: str) -> None:
    session = session_of(stack, "alice")
    job_id = stack.submit("Hello.")
    listener = Listener(stack.web_port, f"/ws/jobs/{job_id}/", session)
    try:
        wait_until(lambda: percents(listener) and percents(listener)[-1] >= 15, what="progress")
        assert listener.messages[0]["type"] == "snapshot"
        stack.kill(dies)
        time.sleep(0.5)
        stack.start(dies)
        wait_until(lambda: stack.mend() or "done" in states(listener), seconds=90, what="the end")
    finally:
        listener.stop()
    heard = percents(listener)
    assert heard == sorted(heard), "percent never falls"
    assert heard[-1] == 100
    assert len(heard) > 5, "it was seen moving"


def test_strangers_are_refused(stack: Stack) -> None:
    job_id = stack.submit("Hello.")
    for session, code in ((session_of(stack, "bob"), 4403), ("", 4401)):
        listener = Listener(stack.web_port, f"/ws/jobs/{job_id}/", session)
        try:
            wait_until(lambda listener=listener: listener.closes, what="the close")
        finally:
            listener.stop()
        assert listener.closes[0] == code
        assert listener.messages == []
