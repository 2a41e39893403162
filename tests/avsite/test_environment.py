"""Variables that make no sense stop the start with one sentence naming them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from avsite.environment import env_bool, env_int, env_list, env_secret, kept_secret


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False), ("", True)])
def test_bool(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("AVSITE_X", text)
    assert env_bool("AVSITE_X", True) is value


@pytest.mark.parametrize("text", ["maybe", "2"])
def test_bool_that_is_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AVSITE_X", text)
    with pytest.raises(ImproperlyConfigured, match="AVSITE_X"):
        env_bool("AVSITE_X", True)


def test_int(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env_int("AVSITE_X", 7) == 7
    monkeypatch.setenv("AVSITE_X", " 1_000 ")
    assert env_int("AVSITE_X", 7) == 1000


@pytest.mark.parametrize("text", ["many", "1.5", "-1"])
def test_int_that_is_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AVSITE_X", text)
    with pytest.raises(ImproperlyConfigured, match="AVSITE_X"):
        env_int("AVSITE_X", 7)


def test_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVSITE_X", "a, b,,c ")
    assert env_list("AVSITE_X") == ["a", "b", "c"]


def test_secret_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    monkeypatch.setenv("AVSITE_X_FILE", str(tmp_path / "secret"))
    assert env_secret("AVSITE_X") == "hush"


def test_secret_said_twice_or_in_a_missing_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AVSITE_X_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        env_secret("AVSITE_X")
    monkeypatch.setenv("AVSITE_X", "hush")
    with pytest.raises(ImproperlyConfigured, match="Both"):
        env_secret("AVSITE_X")


def test_kept_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    first = kept_secret(path)
    assert len(first) >= 50
    assert kept_secret(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
