"""One error envelope for everything that can go wrong, and the headers every answer carries."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from avsite import limits
from avsite.accounts.models import ApiKey, User
from tests.conftest import PASSWORD, Api


def error_of(response: Any) -> dict[str, str]:
    """The error, after checking its envelope."""
    body = response.json()
    assert set(body) == {"error", "request_id"}
    assert response["X-Request-ID"] == body["request_id"]
    assert set(body["error"]) <= {"code", "message", "param"}
    assert body["error"]["message"].endswith(".")
    found: dict[str, str] = body["error"]
    return found


def test_malformed_json(alice_api: Api) -> None:
    for path in ("/me/keys", "/lipsyncs", "/lipsyncs/estimate"):
        response = alice_api.post(f"/api/v1{path}", data="{nope", content_type="application/json")
        assert response.status_code == 400, path
        assert error_of(response)["code"] == "bad_request"
        assert "JSON" in error_of(response)["message"]


@pytest.mark.parametrize("body", ["[]", "3", "null", '"text"'])
def test_json_that_is_no_object(alice_api: Api, body: str) -> None:
    response = alice_api.post("/api/v1/me/keys", data=body, content_type="application/json")
    assert response.status_code == 422
    assert error_of(response)["code"] == "invalid"


def test_a_missing_field_is_named(alice_api: Api) -> None:
    response = alice_api.call("POST", "/me/keys", {})
    assert response.status_code == 422
    assert error_of(response)["param"] == "name"


def test_a_nested_field_is_named_with_dots(alice_api: Api) -> None:
    response = alice_api.call(
        "POST",
        "/lipsyncs/estimate",
        {"face": "house:maya", "text": "a", "options": {"mouth_strength": "very"}},
    )
    assert error_of(response)["param"] == "options.mouth_strength"


def test_a_bad_query_is_named(alice_api: Api) -> None:
    assert error_of(alice_api.call("GET", "/assets?limit=0"))["param"] == "limit"
    assert error_of(alice_api.call("GET", "/assets?kind=hat"))["param"] == "kind"
    assert error_of(alice_api.call("GET", "/assets?cursor=abc"))["param"] == "cursor"


def test_an_address_that_leads_nowhere(alice_api: Api) -> None:
    for path in ("/nothing", "/assets/not-a-uuid", "/me/keys/x"):
        response = alice_api.call("GET", path)
        assert (response.status_code, error_of(response)["code"]) == (404, "not_found"), path


def test_a_wrong_method(alice_api: Api) -> None:
    response = alice_api.call("PUT", "/me")
    assert (response.status_code, error_of(response)["code"]) == (405, "method_not_allowed")
    assert response["Allow"] == "GET"


def test_a_bug_says_nothing_of_itself(alice_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> int:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("avsite.accounts.api.used_bytes", broken)
    response = alice_api.call("GET", "/me", X_Request_ID="from-the-caller")
    assert response.status_code == 500
    assert error_of(response)["code"] == "server_error"
    assert response.json()["request_id"] == "from-the-caller"
    assert "swordfish" not in response.content.decode()


@pytest.mark.parametrize("given", ["x", "a b c d e f g h", "<script>alert</script>", "y" * 65])
def test_an_odd_request_id_is_replaced(nobody_api: Api, given: str) -> None:
    assert nobody_api.call("GET", "/session", X_Request_ID=given)["X-Request-ID"] != given


@pytest.mark.parametrize("value", ["Bearer wrong", "Bearer avs_", "Bearer " + "x" * 5000])
def test_a_wrong_key_is_refused_even_beside_a_session(alice_api: Api, value: str) -> None:
    response = alice_api.call("GET", "/me", Authorization=value)
    assert (response.status_code, error_of(response)["code"]) == (401, "unauthenticated")


def test_a_key_works_without_a_session_and_needs_no_csrf(alice: User) -> None:
    client = Api(enforce_csrf_checks=True)
    key, secret = ApiKey.objects.issue(alice, "script")
    made = client.call("POST", "/me/keys", {"name": "another"}, Authorization=f"Bearer {secret}")
    assert made.status_code == 201
    key.refresh_from_db()
    assert key.last_used_at is not None
    alice.is_active = False
    alice.save()
    assert client.call("GET", "/me", Authorization=f"Bearer {secret}").status_code == 401


def test_a_session_needs_the_csrf_token_to_change_things(alice: User) -> None:
    client = Api(enforce_csrf_checks=True)
    client.force_login(alice)
    refused = client.call("POST", "/me/keys", {"name": "forged"})
    assert (refused.status_code, error_of(refused)["code"]) == (403, "forbidden")
    token = client.call("GET", "/session").json()["csrf_token"]
    assert client.call("POST", "/me/keys", {"name": "mine"}, X_CSRFToken=token).status_code == 201


def test_too_many_requests(alice_api: Api, bob_api: Api, settings: Any) -> None:
    settings.REQUESTS_PER_MINUTE = 3
    answers = [alice_api.call("GET", "/me") for _ in range(8)]  # a window may turn in between, once
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert error_of(refused[0])["code"] == "rate_limited"
    assert 1 <= int(refused[0]["Retry-After"]) <= 60
    assert bob_api.call("GET", "/me").status_code == 200


def test_limits_hold_while_redis_is_away(alice_api: Api, settings: Any) -> None:
    settings.CACHES = settings.CACHES | {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"socket_connect_timeout": 1},
        }
    }
    settings.REQUESTS_PER_MINUTE = 3
    assert {alice_api.call("GET", "/me").status_code for _ in range(8)} == {200, 429}


def test_a_count_that_ran_out_starts_again(settings: Any) -> None:
    class Forgetful(dict[str, int]):
        def add(self, key: str, value: int, timeout: int) -> bool:
            return False

        def incr(self, key: str) -> int:
            raise ValueError(key)

        def set(self, key: str, value: int, timeout: int) -> None:
            self[key] = value

    cache = Forgetful()
    assert limits._count(cache, "rate:x") == 1  # type: ignore[arg-type]
    assert cache == {"rate:x": 1}


def test_every_page_has_its_headers(nobody_api: Api) -> None:
    response = nobody_api.get("/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert "ws://testserver" in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert "microphone=(self)" in response["Permissions-Policy"]


def test_cookies_are_kept_from_scripts_and_other_sites(nobody_api: Api, alice: User) -> None:
    nobody_api.call("POST", "/session", {"username": "alice", "password": PASSWORD})
    cookie = nobody_api.cookies["sessionid"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


def test_openapi_page_and_schema(nobody_api: Api) -> None:
    assert nobody_api.get("/api/v1/docs").status_code == 200
    schema = json.loads(nobody_api.get("/api/v1/openapi.json").content)
    assert "/api/v1/assets" in schema["paths"]


def test_a_host_that_is_not_ours(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    assert Client(headers={"host": "evil.example"}).get("/").status_code == 400
