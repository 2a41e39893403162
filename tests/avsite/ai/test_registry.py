"""Installing, verifying and removing models, and what people are told when that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from avsite.ai.errors import BadWeights, ModelUnavailable
from avsite.ai.registry import Registry
from avsite.ai.spec import model_specs, read_specs


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "download.pth"
    path.write_bytes(b"PK\x03\x04" + bytes(range(256)) * 20)
    return path


def test_every_model_says_where_it_comes_from_and_what_its_licence_is() -> None:
    assert {"wav2lip", "syncnet"} <= model_specs().keys()
    for spec in model_specs().values():
        assert spec.home and spec.licence and spec.about and spec.bytes > 0
        assert spec.accept or spec.commercial, "what may not be used freely has to be accepted"
        assert spec.url.startswith("https://") or not spec.url


def test_a_field_that_nobody_reads_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text('[x]\nfiles = ["a"]\ncolour = "red"\n')
    with pytest.raises(ValueError, match="colour"):
        read_specs(tmp_path / "m.toml")
    (tmp_path / "m.toml").write_text('[x]\nfiles = ["../a"]\n')
    with pytest.raises(ValueError, match="plain"):
        read_specs(tmp_path / "m.toml")


def test_import_verify_remove(registry: Registry, weights: Path) -> None:
    told: list[tuple[int, int]] = []
    registry.import_file("wav2lip", weights, accepted=True, on_bytes=lambda *now: told.append(now))
    found = registry.installed("wav2lip")
    assert found is not None and found.bytes == weights.stat().st_size
    assert registry.path("wav2lip").read_bytes() == weights.read_bytes()
    assert told[-1] == (found.bytes, found.bytes)
    registry.verify("wav2lip")
    assert registry.remove("wav2lip") and registry.installed("wav2lip") is None
    assert not registry.remove("wav2lip")


def test_one_changed_byte_is_found(registry: Registry, weights: Path) -> None:
    registry.import_file("wav2lip", weights, accepted=True)
    path = registry.path("wav2lip")
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadWeights, match="changed"):
        registry.verify("wav2lip")


def test_a_licence_is_accepted_first(registry: Registry, weights: Path) -> None:
    with pytest.raises(ModelUnavailable, match="accept-licence"):
        registry.import_file("wav2lip", weights, accepted=False)
    assert registry.installed("wav2lip") is None


@pytest.mark.parametrize(("content", "said"), [(b"  <!DOCTYPE html><p>Sign in", "web page"), (b"", "empty")])
def test_what_is_no_file_of_weights_leaves_what_was_there(
    registry: Registry, weights: Path, tmp_path: Path, content: bytes, said: str
) -> None:
    registry.import_file("wav2lip", weights, accepted=True)
    page = tmp_path / "page.pth"
    page.write_bytes(content)
    with pytest.raises(BadWeights, match=said):
        registry.import_file("wav2lip", page, accepted=True)
    registry.verify("wav2lip")
    assert sorted(path.name for path in registry.folder.iterdir()) == ["wav2lip"]


def test_only_what_its_owner_gives_is_fetched(registry: Registry, weights: Path) -> None:
    asked: list[str] = []

    def fetch(url: str):
        asked.append(url)
        return weights.stat().st_size, iter([weights.read_bytes()])

    with pytest.raises(ModelUnavailable, match="models import wav2lip"):
        registry.pull("wav2lip", fetch, accepted=True)
    assert asked == []
    registry.pull("syncnet", fetch, accepted=True)
    assert asked == [model_specs()["syncnet"].url]
    registry.verify("syncnet")


def test_a_fetch_that_breaks_off_leaves_nothing(registry: Registry) -> None:
    def pieces():
        yield b"PK half"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        registry.pull("syncnet", lambda url: (100, pieces()), accepted=True)
    assert registry.installed("syncnet") is None
    assert list(registry.folder.iterdir()) == []


def test_the_fix_is_named(registry: Registry) -> None:
    with pytest.raises(ModelUnavailable, match="models import wav2lip wav2lip.pth"):
        registry.path("wav2lip")
    with pytest.raises(ModelUnavailable, match="no model called"):
        registry.path("../../etc")


def test_the_command(settings, tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings.MODELS_DIR = tmp_path / "models"
    with pytest.raises(CommandError, match="licence of its own"):
        call_command("models", "import", "wav2lip", str(weights))
    call_command("models", "import", "wav2lip", str(weights), "--accept-licence")
    call_command("models", "list")
    assert "installed" in capsys.readouterr().out
    call_command("models", "show", "wav2lip")
    assert "sha256 of wav2lip.pth" in capsys.readouterr().out
    call_command("models", "verify")
    assert "wav2lip: as it came" in capsys.readouterr().out
    call_command("models", "rm", "wav2lip")
    with pytest.raises(CommandError, match="is not installed"):
        call_command("models", "verify", "wav2lip")
