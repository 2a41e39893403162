"""A worker is killed in every stage of a dub, and the dub ends done with nobody doing anything about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lipsync.dubbing.spec import STAGES
from tests.lipsync.dubbing.talk import write_talk
from tests.stack.conftest import Stack, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

PREPARE = """
from django.core.files.base import ContentFile
from avsite.accounts.models import User
from lipsync.models import Asset
from lipsync.video.probe import probe
asset = Asset(
    owner=User.objects.get(username="alice"), kind="face", media="video", name="talk.mp4", size_bytes=7,
    sha256="5" * 64, faces=[{{"box": [0.3, 0.2, 0.4, 0.5], "outline": [[0.3, 0.2]]}}],
    info={{"duration_seconds": probe({path!r}).duration_seconds, "audio_codec": "aac"}},
)
asset.file.save(f"assets/{{asset.uid}}/original.mp4", ContentFile(open({path!r}, "rb").read()))
asset.save()
print(asset.uid)
"""


@pytest.fixture
def dying(stack: Stack, tmp_path: Path) -> Stack:
    """The same site, whose worker dies in every stage."""
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    stack.kill("worker")
    stack.environment |= {
        "AVSITE_TEST_DEATHS": str(deaths),
        "AVSITE_TEST_WORKER": "tests.stack.dying_worker",
        "DJANGO_SETTINGS_MODULE": "avsite.settings",
    }
    stack.start("worker")
    return stack


def dub_of(stack: Stack, uid: str) -> dict[str, Any]:
    stack.mend()
    found = dict(stack.call("GET", f"/dubs/{uid}"))
    assert found["state"] != "failed", found["error"]
    return found


@pytest.mark.parametrize("stack", [0.3], indirect=True)
def test_a_worker_is_killed_in_every_stage(dying: Stack, tmp_path: Path) -> None:
    talk = write_talk(tmp_path / "talk.mp4", said=("Good morning, everybody.",))
    video = dying.manage(PREPARE.format(path=str(talk))).strip()
    wish = {"video": video, "to_language": "de", "engine": "slow", "review": False}
    uid = dying.call("POST", "/dubs", wish)["id"]
    heard = wait_until(
        lambda: (dub := dub_of(dying, uid))["state"] == "paused" and dub, 280, "the want of a translation"
    )
    assert heard["sentences"] and "no translation yet" in heard["message"]
    edit = {"items": [{"id": heard["sentences"][0]["id"], "translation": "Guten Morgen!"}]}
    dying.call("PUT", f"/dubs/{uid}/sentences", edit)
    dying.call("POST", f"/dubs/{uid}/run", {})
    done = wait_until(lambda: (dub := dub_of(dying, uid))["state"] == "done" and dub, 280, "the end")
    died = {path.name for path in (tmp_path / "deaths").iterdir()}
    assert died == set(STAGES), "a worker died in every stage"
    assert {stage["state"] for stage in done["stages"]} == {"done"}
    assert len(dying.call("GET", "/lipsyncs")["items"]) == 1, "the lips were ordered once"
    folder = dying.folder / "data" / "media" / "dubs" / uid
    assert "Guten Morgen!" in (folder / "captions.vtt").read_text()
    assert json.loads((folder / "finish.json").read_text())["key"].startswith(done["stages"][-1]["hash"])
    assert (folder / "final.mp4").stat().st_size > 1000
