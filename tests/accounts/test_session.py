"""Signing in, out and up, by form and by link."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from avsite.accounts.models import SignInLink, User
from tests.conftest import PASSWORD, Api

NEW = {"username": "dora", "email": "dora@example.org", "password": PASSWORD}


def test_session_before_and_after(nobody_api: Api, alice: User, settings: Any) -> None:
    before = nobody_api.call("GET", "/session").json()
    assert (before["signed_in"], before["user"]) == (False, None)
    assert before["csrf_token"]
    assert before["limits"]["upload_bytes"] == settings.UPLOAD_LIMIT_BYTES
    after = nobody_api.call("POST", "/session", {"username": "alice", "password": PASSWORD}).json()
    assert after["user"] == {"username": "alice", "email": "alice@example.org", "is_staff": False}
    assert nobody_api.call("GET", "/me").status_code == 200
    assert nobody_api.call("DELETE", "/session").status_code == 204
    assert nobody_api.call("GET", "/me").status_code == 401


def test_the_token_of_the_answer_works_next(alice: User) -> None:
    client = Api(enforce_csrf_checks=True)
    body = {"username": "alice", "password": PASSWORD}
    assert client.call("POST", "/session", body).status_code == 403
    token = client.call("GET", "/session").json()["csrf_token"]
    answer = client.call("POST", "/session", body, X_CSRFToken=token)
    assert answer.status_code == 200
    token = answer.json()["csrf_token"]
    assert client.call("DELETE", "/session", X_CSRFToken=token).status_code == 204


@pytest.mark.parametrize(("name", "word"), [("alice", "wrong"), ("nobody", PASSWORD)])
def test_wrong_name_and_wrong_password_look_alike(nobody_api: Api, alice: User, name: str, word: str) -> None:
    response = nobody_api.call("POST", "/session", {"username": name, "password": word})
    assert response.status_code == 401
    assert response.json()["error"]["message"] == "The user name or the password is wrong; try again."


def test_guessing_is_slowed(nobody_api: Api, alice: User, settings: Any) -> None:
    settings.SIGNIN_TRIES_PER_MINUTE = 3
    tries = [nobody_api.call("POST", "/session", {"username": "alice", "password": "x"}) for _ in range(8)]
    assert {response.status_code for response in tries} == {401, 429}


def test_sign_up_signs_in(nobody_api: Api, db: None) -> None:
    response = nobody_api.call("POST", "/signup", NEW)
    assert response.status_code == 201
    assert response.json()["user"]["username"] == "dora"
    me = nobody_api.call("GET", "/me").json()
    assert me["storage"]["used_bytes"] == 0 and me["jobs"]["active"] == 0
    user = User.objects.get(username="dora")
    assert not user.is_staff and user.check_password(PASSWORD)


def test_passwords_are_kept_by_argon2() -> None:
    from avsite import settings as site

    assert site.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "ALICE"}, "username"),
        ({"username": "x" * 151}, "username"),
        ({"email": "not an address"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "dora@example.org"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "y" * 257}, "password"),
    ],
)
def test_sign_up_names_the_field_at_fault(
    nobody_api: Api, alice: User, change: dict[str, str], field: str
) -> None:
    response = nobody_api.call("POST", "/signup", NEW | change)
    assert response.status_code == 422
    assert response.json()["error"]["param"] == field
    assert User.objects.count() == 1


def test_sign_up_can_be_closed(nobody_api: Api, db: None, settings: Any) -> None:
    settings.SIGNUP_OPEN = False
    assert nobody_api.call("GET", "/session").json()["signup_open"] is False
    assert nobody_api.call("POST", "/signup", NEW).status_code == 403
    assert not User.objects.exists()


def link(*arguments: str) -> str:
    out = StringIO()
    call_command("signin_link", *arguments, stdout=out)
    assert re.fullmatch(r"\S*/signin/[\w-]{43}\n", out.getvalue())  # and nothing else
    return out.getvalue().strip()


def test_a_link_makes_and_signs_in_the_admin_once(nobody_api: Api) -> None:
    path = link()
    response = nobody_api.get(path)
    assert (response.status_code, response["Location"]) == (302, "/")
    me = nobody_api.call("GET", "/me").json()
    assert (me["username"], me["is_staff"]) == ("admin", True)
    assert not User.objects.get().has_usable_password()
    assert nobody_api.get("/admin/").status_code == 200
    again = Client().get(path)
    assert again.status_code == 410
    assert "was used or has expired" in again.content.decode()
    assert nobody_api.get(path).status_code == 302  # its own user just lands in the studio


def test_a_second_link_keeps_the_same_admin(db: None) -> None:
    link(), link()
    assert User.objects.count() == 1


def test_a_link_expires(nobody_api: Api) -> None:
    path = link()
    SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert nobody_api.get(path).status_code == 410
    assert nobody_api.call("GET", "/session").json()["signed_in"] is False


def test_a_link_for_somebody_else(nobody_api: Api, alice: User) -> None:
    assert link("--username", "alice", "--root", "http://localhost:8000/").startswith(
        "http://localhost:8000/signin/"
    )
    with pytest.raises(CommandError, match="no user 'zoe'"):
        link("--username", "zoe")


@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 3000, "%00"])
def test_a_made_up_link_does_nothing(nobody_api: Api, token: str) -> None:
    link()
    assert nobody_api.get(f"/signin/{token}").status_code in {404, 410}
    assert SignInLink.objects.count() == 1


def test_a_link_is_stored_as_a_hash_only(db: None) -> None:
    token = link().rpartition("/")[2]
    assert token not in str(list(SignInLink.objects.values()))


def test_head_does_not_use_a_link_up(nobody_api: Api) -> None:
    path = link()
    assert nobody_api.head(path).status_code == 405
    assert nobody_api.get(path).status_code == 302
