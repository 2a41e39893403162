"""From something that happened to a message that its receiver has verified, and what if it is not taken."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from avsite.accounts.models import User
from avsite.hooks import events, outbox, send, tasks
from avsite.hooks.models import Delivery, Endpoint
from lipsync.models import Batch, Job
from lipsync.progress import publish
from rooms.bell import room_changed
from rooms.models import AvatarSession, Room
from tests.hooks.receiver import Receiver

EndedJob = Callable[..., Job]


def due_now(delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(next_try_at=timezone.now())


def test_a_finished_job_is_told_and_verified(
    alice: User, endpoint: Endpoint, receiver: Receiver, ended_job: EndedJob
) -> None:
    job = ended_job(alice, duration_seconds=2.5)
    publish(job)
    publish(job)  # as often as anyone likes
    delivery = endpoint.deliveries.get()
    tasks.deliver_task(delivery.pk)
    tasks.deliver_task(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.response_status, delivery.attempts) == ("delivered", 204, 1)
    message = receiver.verified.pop()
    assert not receiver.verified, "told once"
    assert message["type"] == "job.done"
    assert message["timestamp"].endswith("Z")
    assert message["data"]["id"] == str(job.uid)
    assert message["data"]["duration_seconds"] == 2.5
    assert "secret between us" not in delivery.body


def test_only_the_owner_and_only_what_was_asked_for(
    alice: User, bob: User, endpoint: Endpoint, ended_job: EndedJob
) -> None:
    endpoint.events = ["job.failed"]
    endpoint.save()
    publish(ended_job(bob, "failed", error_code="no_face", error_message="No face."))
    publish(ended_job(alice))
    assert not Delivery.objects.exists()
    publish(ended_job(alice, "failed", error_code="no_face", error_message="No face."))
    body = json.loads(endpoint.deliveries.get().body)
    assert body["data"]["error"] == {"code": "no_face", "message": "No face."}


def test_what_nobody_rang_for_is_found(alice: User, endpoint: Endpoint, ended_job: EndedJob) -> None:
    ended_job(alice, finished_at=endpoint.told_since - timedelta(seconds=1))  # before it was made
    job = ended_job(alice, "cancelled")
    tasks.sweep_task()
    tasks.sweep_task()
    delivery = endpoint.deliveries.get()
    assert delivery.type == "job.cancelled"
    assert str(job.uid) in delivery.key


def test_a_job_done_again_is_told_again(alice: User, endpoint: Endpoint, ended_job: EndedJob) -> None:
    job = ended_job(alice, "failed")
    publish(job)
    Job.objects.filter(pk=job.pk).update(state="done", finished_at=timezone.now())
    job.refresh_from_db()
    publish(job)
    assert list(endpoint.deliveries.order_by("pk").values_list("type", flat=True)) == [
        "job.failed",
        "job.done",
    ]


def test_a_batch_is_told_once_when_its_last_job_has_ended(
    alice: User, endpoint: Endpoint, ended_job: EndedJob
) -> None:
    endpoint.events = ["batch.finished"]
    endpoint.save()
    refused = [{"index": 3, "name": "d", "code": "no_face", "message": "No face."}]
    batch = Batch.objects.create(owner=alice, name="Private", total=4, refused=refused)
    publish(ended_job(alice, batch=batch))
    publish(ended_job(alice, "failed", batch=batch))
    assert not endpoint.deliveries.exists(), "one row is not there yet"
    last = ended_job(alice, "queued", batch=batch, finished_at=None)
    publish(last)
    assert not endpoint.deliveries.exists(), "one job has not ended"
    Job.objects.filter(pk=last.pk).update(state="done", finished_at=timezone.now())
    for _ in range(2):
        publish(Job.objects.get(pk=last.pk))
    told = json.loads(endpoint.deliveries.get().body)
    expected = {"id": str(batch.uid), "total": 4, "done": 2, "failed": 1, "cancelled": 0, "refused": 1}
    assert (told["type"], told["data"]) == ("batch.finished", expected)


def test_rooms_and_avatars(alice: User, endpoint: Endpoint) -> None:
    endpoint.events = ["avatar.started", "avatar.ended", "avatar.failed", "room.closed"]
    endpoint.save()
    now = timezone.now()
    room = Room.objects.create(owner=alice, name="Very private name", state="closed", closed_at=now)
    AvatarSession.objects.create(
        room=room, name="Maya", kind="house", state="ended", started_at=now, ended_at=now, message="Stopped."
    )
    room_changed.send(None, room_id=room.pk)
    room_changed.send(None, room_id=room.pk)
    told = {one.type: json.loads(one.body)["data"] for one in endpoint.deliveries.all()}
    assert set(told) == {"avatar.started", "avatar.ended", "room.closed"}
    assert told["avatar.ended"]["message"] == "Stopped."
    assert all(one["room"] == room.slug for one in told.values())
    assert "private" not in json.dumps(told)


def test_refused_is_tried_later_and_given_up_at_last(
    alice: User, endpoint: Endpoint, receiver: Receiver, ended_job: EndedJob
) -> None:
    receiver.status = 500
    publish(ended_job(alice))
    delivery = endpoint.deliveries.get()
    waits = []
    for _ in outbox.RETRY_SECONDS:
        due_now(delivery)
        tasks.deliver_task(delivery.pk)
        delivery.refresh_from_db()
        assert delivery.state == "waiting"
        assert delivery.next_try_at and delivery.tried_at
        waits.append(round((delivery.next_try_at - delivery.tried_at).total_seconds()))
        tasks.deliver_task(delivery.pk)  # too early: nothing is sent
    assert waits == sorted(waits) and waits[0] <= 10 and sum(waits) > 24 * 3600
    due_now(delivery)
    tasks.deliver_task(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.response_status) == ("failed", 500)
    assert "500" in delivery.message
    assert len(receiver.verified) == len(outbox.RETRY_SECONDS) + 1
    assert len(set(receiver.ids)) == 1, "the receiver can tell that they are one message"


def test_nobody_listens(alice: User, endpoint: Endpoint, ended_job: EndedJob) -> None:
    endpoint.url = "http://127.0.0.1:9/"
    endpoint.save()
    publish(ended_job(alice))
    delivery = endpoint.deliveries.get()
    tasks.deliver_task(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.response_status) == ("waiting", None)
    assert "could not be reached" in delivery.message


def test_a_slow_receiver_is_given_up(
    alice: User, endpoint: Endpoint, receiver: Receiver, ended_job: EndedJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "SEND_SECONDS", 0.2)
    receiver.hold.clear()
    publish(ended_job(alice))
    delivery = endpoint.deliveries.get()
    tasks.deliver_task(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == "waiting"
    assert "no answer within" in delivery.message


def test_redirects_are_not_followed(
    alice: User, endpoint: Endpoint, receiver: Receiver, ended_job: EndedJob
) -> None:
    receiver.status, receiver.headers = 302, {"Location": receiver.url}
    publish(ended_job(alice))
    delivery = endpoint.deliveries.get()
    tasks.deliver_task(delivery.pk)
    delivery.refresh_from_db()
    assert len(receiver.verified) == 1
    assert "Redirects are not followed" in delivery.message


@pytest.mark.django_db(transaction=True)
def test_one_at_a_time_for_each_endpoint(
    alice: User, endpoint: Endpoint, receiver: Receiver, ended_job: EndedJob
) -> None:
    for _ in range(2):
        publish(ended_job(alice))
    first, second = endpoint.deliveries.order_by("pk")
    receiver.hold.clear()

    def work() -> None:
        tasks.deliver_task(first.pk)
        connection.close()

    sender = threading.Thread(target=work)
    sender.start()
    while not receiver.verified:
        assert sender.is_alive()
    tasks.deliver_task(second.pk)
    assert len(receiver.verified) == 1, "the second waits for the first"
    receiver.hold.set()
    sender.join()
    tasks.deliver_task(second.pk)
    assert [one.state for one in endpoint.deliveries.all()] == ["delivered", "delivered"]


def test_a_worker_that_died_while_sending(
    alice: User, endpoint: Endpoint, receiver: Receiver, ended_job: EndedJob
) -> None:
    publish(ended_job(alice))
    delivery = endpoint.deliveries.get()
    assert Delivery.objects.claim(delivery.pk)
    assert not Delivery.objects.claim(delivery.pk), "held"
    due_now(delivery)  # its time to answer is over
    tasks.deliver_task(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("delivered", 2)


def test_turned_off_after_days_of_failure(
    alice: User, endpoint: Endpoint, receiver: Receiver, ended_job: EndedJob
) -> None:
    receiver.status = 503
    publish(ended_job(alice))
    delivery = endpoint.deliveries.get()
    tasks.deliver_task(delivery.pk)
    endpoint.refresh_from_db()
    assert endpoint.is_enabled and endpoint.failing_since
    Endpoint.objects.update(failing_since=timezone.now() - tasks.FAILING_FOR - timedelta(hours=1))
    due_now(delivery)
    tasks.deliver_task(delivery.pk)
    endpoint.refresh_from_db()
    assert not endpoint.is_enabled
    assert "accepted nothing for 3 days" in endpoint.disabled_reason and "503" in endpoint.disabled_reason
    delivery.refresh_from_db()
    assert delivery.state == "failed"
    publish(ended_job(alice))
    assert endpoint.deliveries.count() == 1, "nothing more is told"
    endpoint.enable()
    assert events.collect(endpoint) == 0, "nor what happened while it was off"


def test_a_success_forgets_failures(
    alice: User, endpoint: Endpoint, receiver: Receiver, ended_job: EndedJob
) -> None:
    receiver.status = 500
    publish(ended_job(alice))
    tasks.deliver_task(endpoint.deliveries.get().pk)
    receiver.status = 200
    due_now(endpoint.deliveries.get())
    tasks.deliver_task(endpoint.deliveries.get().pk)
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None
    assert endpoint.deliveries.get().message == ""


def test_gone_turns_it_off_at_once(
    alice: User, endpoint: Endpoint, receiver: Receiver, ended_job: EndedJob
) -> None:
    receiver.status = 410
    publish(ended_job(alice))
    tasks.deliver_task(endpoint.deliveries.get().pk)
    endpoint.refresh_from_db()
    assert "410" in endpoint.disabled_reason


def test_secrets(
    alice: User, endpoint: Endpoint, receiver: Receiver, ended_job: EndedJob, settings: Any
) -> None:
    old = endpoint.secret
    new = endpoint.roll_secret()
    assert new != old
    for secret in (old, new):  # both, for a day
        receiver.secret = secret
        publish(ended_job(alice))
        tasks.deliver_task(endpoint.deliveries.order_by("-pk")[0].pk)
        assert endpoint.deliveries.order_by("-pk")[0].state == "delivered"
    endpoint.old_until = timezone.now()
    endpoint.save()
    receiver.secret = old
    publish(ended_job(alice))
    tasks.deliver_task(endpoint.deliveries.order_by("-pk")[0].pk)
    assert receiver.forged == 1, "and then no longer"
    settings.SECRET_KEY = "another key of the site, from which other secrets follow"
    publish(ended_job(alice))
    delivery = endpoint.deliveries.order_by("-pk")[0]
    tasks.deliver_task(delivery.pk)
    delivery.refresh_from_db()
    assert "roll this endpoint's secret" in delivery.message


def test_the_database_holds_no_secret(endpoint: Endpoint) -> None:
    row = Endpoint.objects.filter(pk=endpoint.pk).values().get()
    assert endpoint.secret not in str(row)
    assert endpoint.secret.removeprefix("whsec_") not in str(row)


def test_old_deliveries_are_forgotten(alice: User, endpoint: Endpoint, ended_job: EndedJob) -> None:
    for _ in range(3):
        publish(ended_job(alice))
    first, second, third = endpoint.deliveries.order_by("pk")
    long_ago = timezone.now() - tasks.KEPT_FOR - timedelta(days=1)
    Delivery.objects.exclude(pk=third.pk).update(created_at=long_ago)
    Delivery.objects.filter(pk=first.pk).update(state="delivered")
    tasks.tidy_task()
    assert set(endpoint.deliveries.values_list("pk", flat=True)) == {second.pk, third.pk}
