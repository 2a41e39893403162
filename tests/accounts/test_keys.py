"""API keys are shown once and stored as hashes; the account page counts what a person has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.test import Client

from avsite.accounts.api import KEYS_PER_USER
from avsite.accounts.models import ApiKey, User
from lipsync.models import Asset, Job
from lipsync.storage import used_bytes
from tests.conftest import Api


def test_a_key_from_making_to_deleting(alice_api: Api, nobody_api: Api) -> None:
    made = alice_api.call("POST", "/me/keys", {"name": " laptop "}).json()
    secret = made.pop("secret")
    assert secret.startswith("avs_") and made["hint"] == secret[:8] and made["name"] == "laptop"
    listed = alice_api.call("GET", "/me/keys")
    assert listed.json()["items"] == [made]
    assert secret not in listed.content.decode()
    assert secret not in str(list(ApiKey.objects.values()))
    assert nobody_api.call("GET", "/me", Authorization=f"Bearer {secret}").status_code == 200
    assert alice_api.call("DELETE", f"/me/keys/{made['id']}").status_code == 204
    assert nobody_api.call("GET", "/me", Authorization=f"Bearer {secret}").status_code == 401


def test_keys_need_a_name_and_are_counted(alice_api: Api, alice: User) -> None:
    assert alice_api.call("POST", "/me/keys", {"name": "  "}).json()["error"]["param"] == "name"
    for number in range(KEYS_PER_USER):
        ApiKey.objects.issue(alice, str(number))
    assert alice_api.call("POST", "/me/keys", {"name": "one more"}).status_code == 429


def test_me_counts_storage_and_jobs(alice_api: Api, alice: User, settings: Any) -> None:
    Path(settings.MEDIA_ROOT, "result.mp4").write_bytes(b"12345")
    Asset.objects.create(owner=alice, kind="face", media="image", name="a", file="a", size_bytes=7, sha256="")
    for state in ("done", "done", "queued", "running", "failed"):
        Job.objects.create(owner=alice, state=state, result="result.mp4" if state == "done" else "")
    me = alice_api.call("GET", "/me").json()
    assert me["storage"] == {"used_bytes": 12, "limit_bytes": settings.STORAGE_LIMIT_BYTES}
    assert me["jobs"] == {"active": 2, "limit": settings.JOB_LIMIT}


def test_limits_of_a_person_win(alice_api: Api, alice: User) -> None:
    alice.storage_limit_bytes, alice.job_limit = 0, 3
    alice.save()
    me = alice_api.call("GET", "/me").json()
    assert (me["storage"]["limit_bytes"], me["jobs"]["limit"]) == (0, 3)


def test_lost_results_take_no_room(alice: User) -> None:
    Job.objects.create(owner=alice, state="done", result="gone.mp4")
    assert used_bytes(alice) == 0


def test_admin_shows_people_and_keys_without_secrets(alice: User, db: None) -> None:
    admin = User.objects.create_superuser("root")
    client = Client()
    client.force_login(admin)
    key, _ = ApiKey.objects.issue(alice, "laptop")
    for path in (
        "accounts/user/",
        f"accounts/user/{alice.pk}/change/",
        "accounts/apikey/",
        f"accounts/apikey/{key.pk}/change/",
    ):
        response = client.get(f"/admin/{path}")
        assert response.status_code == 200, path
        assert key.secret_hash not in response.content.decode()
    assert "avsite" in client.get("/admin/").content.decode()
    assert client.get("/admin/accounts/apikey/add/").status_code == 403
