"""The administration shows rooms as they are and ends what must end."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from avsite.accounts.models import User
from rooms.models import AgentWorker, Avatar, AvatarSession, Participant, Room
from rooms.reconcile import reconcile
from tests.conftest import Api
from tests.rooms.conftest import Crowd, enter, invite_to, until

STATS = {
    "fps": 24.96, "frames_late": 3, "cpu": 0.21, "first_sound_ms": 132,
    "av_offset_ms": {"mean": 6.4, "p1": -12, "p99": 28},
}  # fmt: skip


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def act(admin: Client, model: type[Any], action: str, *rows: Any) -> str:
    address = reverse(f"admin:rooms_{model.__name__.lower()}_changelist")
    body = {"action": action, "_selected_action": [row.pk for row in rows]}
    return admin.post(address, body, follow=True).content.decode()


@pytest.fixture
def session(room: Room, alice: User) -> AvatarSession:
    return AvatarSession.objects.create(
        room=room, name="Maya", kind="house", look="maya", state="live", stats=STATS, run=1,
        started_at=timezone.now(), seen_at=timezone.now(),
    )  # fmt: skip


@pytest.mark.parametrize("model", [Room, Participant, AvatarSession, Avatar, AgentWorker])
def test_every_list_and_every_page_opens(
    model: type[Any], admin: Client, room: Room, alice: User, session: AvatarSession
) -> None:
    Participant.objects.create(room=room, user=alice, name="alice", role="host", state="present")
    Avatar.objects.create(owner=alice, name="Ann", kind="hue")
    AgentWorker.objects.create(name="agent-1", places=3, busy=1, seen_at=timezone.now())
    name = f"admin:rooms_{model.__name__.lower()}"
    assert admin.get(reverse(f"{name}_changelist")).status_code == 200
    page = reverse(f"{name}_change", args=(model.objects.get().pk,))
    assert admin.get(page).status_code == 200
    assert admin.post(page, {}).status_code == 403, "nothing is changed by hand"


def test_what_an_avatar_measures_is_shown(admin: Client, session: AvatarSession) -> None:
    shown = admin.get(reverse("admin:rooms_avatarsession_changelist")).content.decode()
    assert all(text in shown for text in ("25.0", "6 ms (-12 to 28)", "132 ms"))


def test_kicking_closing_and_stopping(
    admin: Client,
    room: Room,
    session: AvatarSession,
    sfu_site: Any,
    alice_api: Api,
    nobody_api: Api,
    crowd: Crowd,
) -> None:
    made = enter(nobody_api, room, invite=invite_to(room, alice_api), name="Gus")
    joined = crowd.join(made["url"], made["token"])
    reconcile([room])
    gus = Participant.objects.get()
    assert "1 removed" in act(admin, Participant, "ban_people", gus)
    until(lambda: not joined.isconnected())
    gus.refresh_from_db()
    assert gus.state == "removed"
    assert "1 stopped" in act(admin, AvatarSession, "stop_sessions", session)
    assert "0 stopped" in act(admin, AvatarSession, "stop_sessions", session)
    session.refresh_from_db()
    assert session.state == "ended"
    assert "1 closed" in act(admin, Room, "close_rooms", room)
    assert alice_api.call("GET", f"/rooms/{room.slug}").json()["state"] == "closed"
