"""Messages go to the internet alone, whatever an address says and whatever a name turns out to be."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest

from avsite.accounts.models import User
from avsite.hooks import address, tasks
from avsite.hooks.address import BadAddress, check_url, is_public
from avsite.hooks.models import Endpoint
from lipsync.models import Job
from lipsync.progress import publish
from tests.hooks.receiver import receiving


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "ftp://example.org/hook",
        "javascript:alert(1)",
        "example.org/hook",
        "https://",
        "https:///hook",
        "https://user:word@example.org/hook",
        "https://example.org/hook#part",
        "https://example.org:99999/",
        "https://example.org:0/",
        "https://exa mple.org/",
        "https://example.org\\@127.0.0.1/",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://[fe80::1%25eth0]/hook",
        "https://10.1.2.3/",
        "https://192.168.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/",
        "https://0.0.0.0/",
        "https://example.org/" + "x" * 500,
        "https://[bad",
    ],
)
def test_refused_as_written(url: str) -> None:
    with pytest.raises(BadAddress) as refused:
        check_url(url)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "url", ["https://example.org/hook?x=1", "https://example.org:8443", "https://1.1.1.1/"]
)
def test_accepted_as_written(url: str) -> None:
    assert check_url(url).hostname


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("1.1.1.1", True),
        ("2606:4700:4700::1111", True),
        ("127.0.0.1", False),
        ("100.64.0.1", False),
        ("172.16.0.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fc00::1", False),
        ("fe80::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::101:101", True),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
    ],
)
def test_what_is_on_the_internet(text: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(text)) is public


def fake_names(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """The name server of somebody who means harm: one answer after the other."""
    left, asked = list(answers), []

    def getaddrinfo(host: str, port: Any, *args: Any, **named: Any) -> list[Any]:
        asked.append(host)
        given = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in given.split(",")]

    monkeypatch.setattr(address.socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("answer", ["127.0.0.1", "1.1.1.1,10.0.0.1", "169.254.169.254"])
def test_a_name_that_leads_inside(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    fake_names(monkeypatch, answer)
    with pytest.raises(BadAddress, match="not on the internet"):
        address.resolve("example.org", 443)


def test_looked_up_once_and_connected_to_that(
    monkeypatch: pytest.MonkeyPatch, alice: User, ended_job: Callable[..., Job]
) -> None:
    """A name that is public when asked first, and this machine when asked again, reaches nobody here."""
    with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        endpoint = Endpoint.objects.create(
            owner=alice, url=f"https://rebind.example:{port}/", events=["job.done"]
        )
        publish(ended_job(alice))
        # 203.0.113.1 belongs to nobody; judged as public here, so that the connection is tried.
        monkeypatch.setattr(address, "is_public", lambda one: str(one) == "203.0.113.1" or one.is_global)
        monkeypatch.setattr("avsite.hooks.send.SEND_SECONDS", 0.5)
        asked = fake_names(monkeypatch, "203.0.113.1", "127.0.0.1")
        delivery = endpoint.deliveries.get()
        tasks.deliver_task(delivery.pk)
        delivery.refresh_from_db()
        assert asked == ["rebind.example"], "one look-up for one try"
        assert delivery.state == "waiting" and not receiver.verified and not receiver.forged


def test_a_name_that_came_to_lead_inside_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, alice: User, ended_job: Callable[..., Job]
) -> None:
    with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        endpoint = Endpoint.objects.create(
            owner=alice, url=f"https://moved.example:{port}/", events=["job.done"]
        )
        publish(ended_job(alice))
        fake_names(monkeypatch, "127.0.0.1")
        delivery = endpoint.deliveries.get()
        tasks.deliver_task(delivery.pk)
        delivery.refresh_from_db()
        assert delivery.message == address.NOT_PUBLIC
        assert not receiver.verified and not receiver.forged
