"""``manage.py dub``: lines to edit, a finished video, and nothing done twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from avsite.ai.captions import TIMING
from tests.lipsync.dubbing.talk import write_talk


def test_a_film_is_dubbed_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = write_talk(tmp_path / "talk.mp4", said=("Good morning, everybody.",))
    options = {"to": "de", "no_lipsync": True}
    with pytest.raises(CommandError, match=r"no translation yet.*m2m100-418m.*lines\.json") as needed:
        call_command("dub", film, **options)
    lines_path = tmp_path / "talk.de.dub" / "lines.json"
    assert str(lines_path) in str(needed.value)
    lines = json.loads(lines_path.read_text())
    lines[0]["translation"] = "Guten Morgen!"
    lines_path.write_text(json.dumps(lines))
    call_command("dub", film, **options)
    assert (tmp_path / "talk.de.mp4").stat().st_size > 10_000
    captions = (tmp_path / "talk.de.vtt").read_text()
    assert "Guten Morgen!" in captions and len(TIMING.findall(captions)) == 1
    capsys.readouterr()
    shutil.rmtree(tmp_path / "talk.de.dub" / "voice")
    call_command("dub", film, **options)
    assert capsys.readouterr().out.startswith("Voice: 1 made"), "only what is missing is made again"
    lines_path.write_text("{")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("dub", film, **options)
    with pytest.raises(CommandError, match="no nothing.mp4|There is no"):
        call_command("dub", tmp_path / "nothing.mp4", **options)
