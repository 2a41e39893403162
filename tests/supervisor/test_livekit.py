"""The LiveKit server of our own: its ports, its secret, its configuration; and that it may be left out."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor import process as process_module
from supervisor.livekit import WEBHOOK_PATH, LiveKit, choose_livekit, kept_secret
from supervisor.prepare import Site, StartError
from supervisor.process import Process
from supervisor.table import ProcessSpec
from tests.supervisor.test_process import Recorder

ROOT = Path(__file__).resolve().parents[2]
SITE = Site("127.0.0.1", 8000)


@pytest.fixture(autouse=True)
def no_livekit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_API_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_given_server_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_URL", "wss://rtc.example.org")
    assert not choose_livekit(SITE, tmp_path).owned
    assert not list(tmp_path.glob("livekit*"))


def test_the_secret_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first, second = choose_livekit(SITE, tmp_path), choose_livekit(SITE, tmp_path)
    assert first.secret == second.secret == kept_secret(tmp_path / "livekit_secret")
    assert len(first.secret) >= 32
    assert stat.S_IMODE((tmp_path / "livekit_secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(first.write_config(tmp_path).stat().st_mode) == 0o600
    assert [path.name for path in sorted(tmp_path.glob("*livekit*"))] == ["livekit.yaml", "livekit_secret"]


def test_the_site_reads_the_same_secret(tmp_path: Path) -> None:
    secret = choose_livekit(SITE, tmp_path).secret
    script = "from django.conf import settings; print(settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET)"
    environment = {
        **os.environ,
        "AVSITE_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "avsite.settings",
    }
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["avsite", secret]


def test_a_short_secret_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_API_SECRET", "secret")
    with pytest.raises(StartError, match="at least 32"):
        choose_livekit(SITE, tmp_path)


def test_a_taken_port_is_left_to_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        monkeypatch.setattr("supervisor.livekit.UDP_PORT", other.getsockname()[1])
        assert choose_livekit(SITE, tmp_path).udp_port != other.getsockname()[1]


def test_rooms_are_made_by_the_site_alone_and_told_to_it(tmp_path: Path) -> None:
    livekit = LiveKit(True, 1, 2, 3, "key", "s" * 40, Site("0.0.0.0", 8000))
    config = json.loads(livekit.write_config(tmp_path).read_text())
    assert config["room"]["auto_create"] is False
    assert config["room"]["sync_streams"] is True
    assert config["webhook"] == {"api_key": "key", "urls": [f"http://127.0.0.1:8000{WEBHOOK_PATH}"]}
    assert "127.0.0.1" not in config["bind_addresses"], "others on the network are to reach it"
    local = LiveKit(True, 1, 2, 3, "key", "s" * 40, SITE).config()
    assert local["bind_addresses"] == ["127.0.0.1"]


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "raise SystemExit(1)"])
async def test_an_optional_process_is_left_out(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "RESTART_DELAYS", (0.01,))
    console = Recorder()
    spec = ProcessSpec("livekit", [sys.executable, "-c", code], stage=2, optional=True)
    process = Process(spec, console, dict(os.environ))
    await process.run()
    assert process.given_up
    assert process.up.is_set(), "nobody waits for it"
    assert any("left out" in line for line in console.lines)
    restarts = sum("starting it again" in line for line in console.lines)
    assert restarts == (0 if "3" in code else 1)
