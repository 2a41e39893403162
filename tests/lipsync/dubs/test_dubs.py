"""Dubs by the API and a worker's turn: from start to video, edits, pauses, failures, and who sees them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from avsite.accounts.models import User
from avsite.hooks.models import Endpoint
from lipsync import runner as job_runner
from lipsync.dubbing.spec import DubSpec, Edit, NeedsPerson
from lipsync.dubbing.store import Store
from lipsync.dubs import runner, tasks
from lipsync.dubs.models import Dub
from lipsync.engines.base import ENGINES
from lipsync.models import Asset, Job
from lipsync.storage import used_bytes
from lipsync.video.probe import probe
from tests.conftest import Api
from tests.engines import ScriptedEngine
from tests.lipsync.dubbing.talk import write_talk
from tests.lipsync.dubbing.test_chain import make_chain

pytestmark = pytest.mark.django_db(transaction=True)

GERMAN = ("Guten Morgen zusammen.", "Wir gehen jetzt an den Fluss.", "Vielen herzlichen Dank.")


SHA256 = "5" * 64


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A film, and the folder of a dub of it as far as it comes by itself: hearing takes its time."""
    folder = tmp_path_factory.mktemp("heard")
    film = write_talk(folder / "talk.mp4")
    with pytest.raises(NeedsPerson):
        make_chain(DubSpec(film, SHA256, "de", lipsync=False), folder / "dub").run()
    return film, folder / "dub"


@pytest.fixture(scope="module")
def finished(
    heard: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """The folder of a dub that is done, and its edits."""
    folder = Path(shutil.copytree(heard[1], tmp_path_factory.mktemp("finished") / "dub"))
    items = Store(folder).read("sentences").made["items"]  # type: ignore[union-attr]
    edits = {item["id"]: Edit(translation=text) for item, text in zip(items, GERMAN, strict=True)}
    make_chain(DubSpec(heard[0], SHA256, "de", lipsync=False, edits=edits), folder).run()
    return folder, {name: edit.__dict__ for name, edit in edits.items()}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The lips are made by a scripted engine, whose film is short and small."""
    for name in list(ENGINES):
        monkeypatch.delitem(ENGINES, name)
    monkeypatch.setitem(ENGINES, "scripted", "tests.engines.ScriptedEngine")
    monkeypatch.setattr(ScriptedEngine, "script", None)
    monkeypatch.setattr(ScriptedEngine, "requests", [])
    return


@pytest.fixture
def video(alice: User, heard: tuple[Path, Path]) -> str:
    asset = Asset(
        owner=alice, kind="face", media="video", name="talk.mp4", size_bytes=7, sha256=SHA256,
        info={"duration_seconds": probe(heard[0]).duration_seconds, "audio_codec": "aac"},
        faces=[{"box": [0.3, 0.2, 0.4, 0.5], "outline": [[0.3, 0.2]]}],
    )  # fmt: skip
    asset.file.save(f"assets/{asset.uid}/original.mp4", ContentFile(heard[0].read_bytes()))
    asset.save()
    return str(asset.uid)


@pytest.fixture
def begun(engine: None, video: str, alice_api: Api, heard: tuple[Path, Path]) -> dict[str, Any]:
    """Heard, and paused for want of translations."""
    dub = begin(alice_api, video, lipsync=False)
    shutil.copytree(heard[1], Dub.objects.get().store().folder)
    return work(dub, alice_api)


def begin(api: Api, video: str, **wishes: Any) -> dict[str, Any]:
    response = api.call("POST", "/dubs", {"video": video, "to_language": "de", **wishes})
    assert response.status_code == 201, response.content
    return dict(response.json())


def work(dub: dict[str, Any], api: Api) -> dict[str, Any]:
    """A worker's turn, and how it is then."""
    runner.run(Dub.objects.get(uid=dub["id"]).pk)
    return show(dub, api)


def show(dub: dict[str, Any], api: Api) -> dict[str, Any]:
    return dict(api.call("GET", f"/dubs/{dub['id']}").json())


def stages(dub: dict[str, Any]) -> dict[str, str]:
    return {stage["name"]: stage["state"] for stage in dub["stages"]}


def type_in(api: Api, dub: dict[str, Any], texts: tuple[str, ...]) -> dict[str, Any]:
    items = [
        {"id": one["id"], "translation": text} for one, text in zip(dub["sentences"], texts, strict=True)
    ]
    response = api.call("PUT", f"/dubs/{dub['id']}/sentences", {"items": items})
    assert response.status_code == 200, response.content
    return dict(response.json())


def go_on(api: Api, dub: dict[str, Any], **wishes: Any) -> None:
    assert api.call("POST", f"/dubs/{dub['id']}/run", wishes).status_code == 200


def test_a_dub_from_upload_to_video(engine: None, video: str, alice_api: Api) -> None:
    dub = begin(alice_api, video)
    assert dub["state"] == "queued" and set(stages(dub).values()) == {"todo"}
    dub = work(dub, alice_api)
    assert dub["state"] == "paused" and "no translation yet" in dub["message"]
    assert "models pull m2m100-418m" in dub["message"]
    assert stages(dub)["translate"] == "done" and stages(dub)["edit"] == "needs_you"
    assert [one["translation"] for one in dub["sentences"]] == ["", "", ""]
    type_in(alice_api, dub, GERMAN)
    go_on(alice_api, dub)
    dub = work(dub, alice_api)
    assert dub["state"] == "waiting" and stages(dub)["lipsync"] == "waiting"
    job = Job.objects.get(uid=dub["job_id"])
    assert job.speech is not None and job.speech.hidden_at, "the voices do not fill the library"
    job_runner.run(job.pk)
    tasks.sweep_dubs_task()
    dub = work(dub, alice_api)
    assert dub["state"] == "done", dub["error"]
    assert set(stages(dub).values()) == {"done"} and dub["percent"] == 100
    for name in ("final.mp4", "mix.wav", "captions.vtt", "original.vtt", "words.json"):
        assert alice_api.call("GET", f"/dubs/{dub['id']}/files/{name}").status_code == 200
    captions = alice_api.call("GET", f"/dubs/{dub['id']}/files/captions.vtt").getvalue().decode()
    assert all(text in captions for text in GERMAN)
    sound = alice_api.call("GET", dub["sentences"][0]["sound_url"].removeprefix("/api/v1"))
    assert sound.getvalue().startswith(b"RIFF")
    assert alice_api.call("GET", f"/dubs/{dub['id']}/files/..%2Fsecret").status_code == 404


@pytest.fixture
def dubbed(
    engine: None, video: str, alice: User, alice_api: Api, finished: tuple[Path, dict[str, Any]]
) -> dict[str, Any]:
    """One that is done, without new lips."""
    dub = Dub.objects.create(
        owner=alice, source=Asset.objects.get(), name="Talk", target_language="de", edits=finished[1],
        options={"lipsync": False}, state="done", run_at=timezone.now(),
    )  # fmt: skip
    shutil.copytree(finished[0], dub.store().folder)
    return show({"id": str(dub.uid)}, alice_api)


def test_one_edit_redoes_its_own_parts(dubbed: dict[str, Any], alice_api: Api) -> None:
    second = dubbed["sentences"][1]
    edit = {"items": [{"id": second["id"], "translation": "Jetzt geht es los."}]}
    dub = alice_api.call("PUT", f"/dubs/{dubbed['id']}/sentences", edit).json()
    assert [one["changed"] for one in dub["sentences"]] == [False, True, False]
    assert stages(dub)["translate"] == "done" and stages(dub)["edit"] == "changed"
    go_on(alice_api, dub)
    dub = work(dub, alice_api)
    assert dub["state"] == "done"
    is_new = {stage["name"]: stage["is_new"] for stage in dub["stages"]}
    assert [name for name, new in is_new.items() if not new] == ["words", "sentences", "translate"]
    by_name = {stage["name"]: stage for stage in dub["stages"]}
    assert (by_name["voice"]["redone"], by_name["voice"]["reused"]) == (1, 2)
    assert (by_name["fit"]["redone"], by_name["fit"]["reused"]) == (1, 2)
    assert [one["is_new"] for one in dub["sentences"]] == [False, True, False]
    for before, after, same in zip(dubbed["sentences"], dub["sentences"], (True, False, True), strict=True):
        assert (before["voice_hash"] == after["voice_hash"]) is same
        assert (before["fit_hash"] == after["fit_hash"]) is same


def test_it_can_be_paused_anywhere_and_goes_on(
    begun: dict[str, Any], alice_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    dub = begun
    type_in(alice_api, dub, GERMAN)
    go_on(alice_api, dub, stop_before="mix")
    dub = work(dub, alice_api)
    assert dub["state"] == "paused" and stages(dub)["fit"] == "done" and stages(dub)["mix"] == "needs_you"
    go_on(alice_api, dub)
    paused = alice_api.call("POST", f"/dubs/{dub['id']}/pause").json()
    assert paused["state"] == "paused" and runner.run(Dub.objects.get().pk) is None
    go_on(alice_api, dub)
    monkeypatch.setattr(runner.Lease, "tell", ask_to_pause)
    dub = work(dub, alice_api)
    assert dub["state"] == "paused" and stages(dub)["fit"] == "done", "a worker stops where it is told to"
    monkeypatch.undo()


def ask_to_pause(lease: runner.Lease, stage: str, fraction: float) -> None:
    raise runner.Paused


def test_nothing_is_changed_under_a_workers_hands(dubbed: dict[str, Any], alice_api: Api) -> None:
    Dub.objects.update(state="running", lease_token="0" * 32, lease_expires_at=timezone.now())
    at = f"/dubs/{dubbed['id']}"
    for method, path, body in (
        ("PATCH", at, {"background": "none"}),
        ("PUT", f"{at}/sentences", {"items": [{"id": dubbed["sentences"][0]["id"]}]}),
        ("POST", f"{at}/run", {}),
        ("DELETE", at, None),
    ):
        response = alice_api.call(method, path, body)
        assert response.status_code == 409 and response.json()["error"]["message"], path
    tasks.sweep_dubs_task()
    assert Dub.objects.get().state == "paused", "the delete asked for a pause, and its worker was dead"


def test_a_dead_workers_dub_goes_on_where_it_was(
    begun: dict[str, Any], alice_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    dub = begun
    type_in(alice_api, dub, GERMAN)
    go_on(alice_api, dub, stop_before="mix")
    work(dub, alice_api)
    go_on(alice_api, dub)
    held = Dub.objects.claim(Dub.objects.get().pk, -1.0)
    assert held is not None
    tasks.sweep_dubs_task()
    assert Dub.objects.get().state == "queued"
    dub = work(dub, alice_api)
    assert dub["state"] == "done" and Dub.objects.get().attempt_count == 1, "each stage has its own attempts"
    assert not Dub.objects.settle(held.pk, held.lease_token, "failed"), "who lost a lease writes nothing"
    Dub.objects.update(state="running", attempt_count=5, lease_token=held.lease_token)
    Dub.objects.update(lease_expires_at=timezone.now())
    tasks.sweep_dubs_task()
    assert show(dub, alice_api)["error"]["code"] == "worker_lost"


def test_hearing_has_time_in_which_nothing_renews_the_lease(
    engine: None, video: str, alice_api: Api, settings: Any
) -> None:
    settings.LEASE_SECONDS = 2
    begin(alice_api, video)
    dub = Dub.objects.claim(Dub.objects.get().pk, settings.LEASE_SECONDS)
    assert dub is not None
    runner.Lease(dub, settings.LEASE_SECONDS).tell("words", 0.0)
    until = Dub.objects.get().lease_expires_at
    assert until is not None and (until - timezone.now()).total_seconds() > 30


def test_lips_that_fail_say_why_and_are_tried_again(begun: dict[str, Any], alice_api: Api) -> None:
    dub = begun
    alice_api.call("PATCH", f"/dubs/{dub['id']}", {"lipsync": True})
    type_in(alice_api, dub, GERMAN)
    go_on(alice_api, dub)
    dub = work(dub, alice_api)
    Job.objects.get().owner.jobs.update(
        state="failed", error_code="no_face", error_message="No face was found.", finished_at=timezone.now()
    )
    tasks.sweep_dubs_task()
    dub = work(dub, alice_api)
    assert dub["state"] == "failed" and "No face was found." in dub["error"]["message"]
    assert stages(dub)["mix"] == "done" and stages(dub)["lipsync"] == "failed"
    go_on(alice_api, dub)
    dub = work(dub, alice_api)
    assert dub["state"] == "waiting" and Job.objects.get().state == "queued"
    alice_api.call("PATCH", f"/dubs/{dub['id']}", {"lipsync": False})
    alice_api.call("POST", f"/dubs/{dub['id']}/pause")
    assert alice_api.call("PATCH", f"/dubs/{dub['id']}", {"lipsync": False}).status_code == 200
    go_on(alice_api, dub)
    assert work(dub, alice_api)["state"] == "done", "the picture may stay as it is"


@pytest.mark.parametrize(
    ("wishes", "status", "param"),
    [
        ({"to_language": "klingon"}, 422, "to_language"),
        ({"voices": {"1": "nobody"}}, 422, "voices"),
        ({"engine": "magic"}, 422, "engine"),
        ({"glossary": {" ": "x"}}, 422, "glossary"),
        ({"background": "loud"}, 422, "background"),
        ({"video": "00000000-0000-0000-0000-000000000000"}, 404, "video"),
    ],
)
def test_bad_wishes_are_refused(
    video: str, alice_api: Api, wishes: dict[str, Any], status: int, param: str
) -> None:
    response = alice_api.call("POST", "/dubs", {"video": video, "to_language": "de", **wishes})
    assert response.status_code == status and response.json()["error"]["param"] == param
    assert not Dub.objects.exists()


def test_films_that_cannot_be_dubbed_are_refused(alice: User, alice_api: Api, video: str) -> None:
    Asset.objects.update(info={"duration_seconds": 3.0, "audio_codec": None})
    refused = alice_api.call("POST", "/dubs", {"video": video, "to_language": "de"}).json()["error"]
    assert refused["code"] == "no_audio" and "no sound" in refused["message"]
    Asset.objects.update(media="image")
    refused = alice_api.call("POST", "/dubs", {"video": video, "to_language": "de"}).json()["error"]
    assert "photo" in refused["message"]


def test_a_text_without_end_and_a_strange_sentence_are_refused(
    dubbed: dict[str, Any], alice_api: Api
) -> None:
    at, first = f"/dubs/{dubbed['id']}/sentences", dubbed["sentences"][0]["id"]
    long = alice_api.call("PUT", at, {"items": [{"id": first, "translation": "a" * 1_000_000}]})
    assert long.status_code == 422 and "2000" in long.json()["error"]["message"]
    assert alice_api.call("PUT", at, {"items": [{"id": "strange"}]}).status_code == 422
    assert show(dubbed, alice_api)["sentences"][0]["translation"] == GERMAN[0]


def test_a_language_nobody_hears_fails_with_the_way_out(engine: None, video: str, alice_api: Api) -> None:
    dub = work(begin(alice_api, video, from_language="ko"), alice_api)
    assert dub["state"] == "failed" and "Whisper" in dub["error"]["message"]
    assert stages(dub)["words"] == "failed"


def test_an_endpoint_hears_of_the_end(begun: dict[str, Any], alice: User, alice_api: Api) -> None:
    hook = Endpoint.objects.create(owner=alice, url="https://example.org", events=["dub.done", "dub.failed"])
    type_in(alice_api, begun, GERMAN)
    Asset.objects.update(file="gone.mp4")
    go_on(alice_api, begun)
    assert work(begun, alice_api)["error"]["code"] == "file_missing"
    told = hook.deliveries.get()
    assert told.type == "dub.failed" and begun["id"] in told.body and "deleted" in told.body
    assert GERMAN[0] not in told.body


def test_deleting_removes_what_was_made(dubbed: dict[str, Any], alice_api: Api) -> None:
    folder = Dub.objects.get().store().folder
    assert (folder / "final.mp4").is_file()
    assert used_bytes(Asset.objects.get(kind="face").owner) > (folder / "final.mp4").stat().st_size
    video_id = Asset.objects.get(kind="face").uid
    assert alice_api.call("DELETE", f"/assets/{video_id}").status_code == 204
    assert alice_api.call("GET", f"/assets/{video_id}/file").status_code == 200, "a dub still shows it"
    assert alice_api.call("DELETE", f"/dubs/{dubbed['id']}").status_code == 204
    assert not folder.exists() and not Dub.objects.exists()


def test_dubs_expire(dubbed: dict[str, Any]) -> None:
    Dub.objects.update(expires_at=timezone.now())
    tasks.expire_dubs_task()
    assert not Dub.objects.exists()


def test_bob_and_charlie_see_nothing_of_it(
    dubbed: dict[str, Any], bob_api: Api, charlie_api: Api, nobody_api: Client
) -> None:
    for other in (bob_api, charlie_api):
        assert other.call("GET", "/dubs").json()["items"] == []
        for method, path in (("GET", ""), ("GET", "/files/final.mp4"), ("POST", "/run"), ("DELETE", "")):
            body = {} if method == "POST" else None
            assert other.call(method, f"/dubs/{dubbed['id']}{path}", body).status_code == 404
        video = Asset.objects.get(kind="face").uid
        wish = {"video": str(video), "to_language": "de"}
        assert other.call("POST", "/dubs", wish).status_code == 404


def test_what_can_be_dubbed_here(alice_api: Api) -> None:
    told = alice_api.call("GET", "/dubs/languages").json()
    assert {"de", "fr-FR", "ja"} <= {language["tag"] for language in told["languages"]}
    assert told["recognizer"] == "pocketsphinx" and not told["translates"]
    assert "models pull m2m100-418m" in told["note"]


async def test_pages_hear_of_their_owners_dubs(alice: User, bob: User) -> None:
    from asgiref.sync import sync_to_async

    from lipsync.dubs.bell import publish
    from lipsync.dubs.consumers import DubsConsumer

    def connect(user: User) -> WebsocketCommunicator:
        socket = WebsocketCommunicator(DubsConsumer.as_asgi(), "/ws/dubs/")
        socket.scope["user"] = user
        return socket

    make = sync_to_async(Dub.objects.create)
    mine = await make(owner=alice, name="Talk", target_language="de", state="paused")
    sockets = [connect(alice), connect(bob)]
    for socket in sockets:
        await socket.connect()
    first, others = [await socket.receive_json_from(timeout=60) for socket in sockets]
    assert [dub["id"] for dub in first["dubs"]] == [str(mine.uid)] and others["dubs"] == []
    await sync_to_async(Dub.objects.run)(mine.pk)
    await asyncio.to_thread(publish, mine)
    told = await sockets[0].receive_json_from(timeout=60)
    assert told["type"] == "dub" and told["dub"]["state"] == "queued"
    await sync_to_async(mine.delete)()
    gone = await sockets[0].receive_json_from(timeout=60)
    assert gone == {"type": "removed", "id": str(mine.uid)}
    assert await sockets[1].receive_nothing(0.2)
    for socket in sockets:
        await socket.disconnect()
