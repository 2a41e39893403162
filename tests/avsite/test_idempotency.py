"""A request sent twice is done once; a key used for something else is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone
from ninja import Schema

from avsite.accounts.models import KeptResponse, User
from avsite.errors import ApiError
from avsite.idempotency import GIVEN_UP_AFTER, KEPT_FOR, fingerprint, once


class Thing(Schema):
    number: int


def post(user: User, key: str = "", body: str = '{"a": 1}', path: str = "/things") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    request = RequestFactory().post(path, body, content_type="application/json", headers=headers)
    request.user = user
    return request


def do(request: Any, number: int) -> Any:
    with once(request) as answer:
        return answer.replay if answer.replay is not None else answer.keep(201, Thing(number=number))


def test_second_request_gets_the_first_answer(alice: User) -> None:
    first, second = do(post(alice, "k"), 1), do(post(alice, "k"), 2)
    assert (
        (second.status_code, second.content) == (first.status_code, first.content) == (201, b'{"number": 1}')
    )


def test_without_a_key_everything_is_done(alice: User) -> None:
    assert [do(post(alice), n).content for n in (1, 2)] == [b'{"number": 1}', b'{"number": 2}']


@pytest.mark.parametrize("change", [{"body": '{"a": 2}'}, {"path": "/others"}])
def test_the_key_of_another_request_is_refused(alice: User, change: dict[str, str]) -> None:
    do(post(alice, "k"), 1)
    with pytest.raises(ApiError) as caught:
        do(post(alice, "k", **change), 2)
    assert (caught.value.status, caught.value.param) == (409, "Idempotency-Key")


def test_keys_of_different_people_do_not_meet(alice: User, bob: User) -> None:
    do(post(alice, "k"), 1)
    assert do(post(bob, "k", '{"b": 1}'), 2).content == b'{"number": 2}'


def test_a_twin_in_flight_waits(alice: User) -> None:
    with once(post(alice, "k")) as answer:
        with pytest.raises(ApiError) as caught:
            do(post(alice, "k"), 2)
        assert (caught.value.status, caught.value.retry_after_seconds) == (409, 1)
        answer.keep(201, Thing(number=1))
    assert do(post(alice, "k"), 3).content == b'{"number": 1}'


def test_a_failed_request_frees_its_key(alice: User) -> None:
    with pytest.raises(ApiError), once(post(alice, "k")):
        raise ApiError("invalid", "No.")
    assert do(post(alice, "k", '{"a": "mended"}'), 2).content == b'{"number": 2}'


def test_an_answer_whose_transaction_fails_is_not_kept(alice: User) -> None:
    with pytest.raises(RuntimeError), once(post(alice, "k")) as answer, transaction.atomic():
        answer.keep(201, Thing(number=1))
        raise RuntimeError("after the answer was made")
    assert do(post(alice, "k"), 2).content == b'{"number": 2}'


def test_a_request_whose_process_died_can_be_sent_again(alice: User) -> None:
    request = post(alice, "k")
    past = timezone.now() - GIVEN_UP_AFTER - timedelta(seconds=1)
    KeptResponse.objects.create(owner=alice, key="k", request_hash=fingerprint(request), created_at=past)
    assert do(request, 2).content == b'{"number": 2}'


def test_keys_are_forgotten_after_a_day(alice: User) -> None:
    do(post(alice, "k"), 1)
    KeptResponse.objects.update(created_at=timezone.now() - KEPT_FOR - timedelta(seconds=1))
    assert do(post(alice, "k"), 2).content == b'{"number": 2}'


@pytest.mark.parametrize("key", ["x" * 201, "tab\there"])
def test_odd_keys_are_refused(alice: User, key: str) -> None:
    with pytest.raises(ApiError) as caught:
        do(post(alice, key), 1)
    assert caught.value.status == 400


def test_contents_of_files_count(alice: User) -> None:
    def form(content: bytes) -> str:
        file = SimpleUploadedFile("a.png", content)
        return fingerprint(RequestFactory().post("/assets", {"kind": "face", "file": file}))

    assert form(b"one") == form(b"one") != form(b"two")
