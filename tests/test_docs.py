"""The settings table and the code name the same variables."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READ_BY_SETTINGS = re.compile(r"env_\w+\(\s*\"([A-Z][A-Z0-9_]+)\"")
OWN_NAMES = re.compile(r"\"(AVSITE_[A-Z0-9_]+)\"")
# Names the starter gives to its children, not settings.
INTERNAL = {"AVSITE_RUN"}


def documented() -> set[str]:
    table = (ROOT / "docs" / "settings.md").read_text()
    return set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", table, flags=re.MULTILINE))


def read_by_code() -> set[str]:
    names = set(READ_BY_SETTINGS.findall((ROOT / "avsite" / "settings.py").read_text()))
    for path in (ROOT / "supervisor").rglob("*.py"):
        text = path.read_text()
        names |= set(OWN_NAMES.findall(text))
        names |= {name for name in ("HOST", "PORT", "NO_COLOR") if f'"{name}"' in text}
    return names - INTERNAL


def test_every_variable_is_documented() -> None:
    names = read_by_code()
    assert "AVSITE_DATA_DIR" in names  # the search itself works
    assert names - documented() == set()


def test_every_documented_variable_is_read() -> None:
    assert documented() - read_by_code() == set()


def test_only_settings_read_the_environment() -> None:
    """Naming the settings module is allowed, and the helpers that settings use."""
    allowed = {"avsite/environment.py"}
    for package in ("avsite", "lipsync"):
        for path in (ROOT / package).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            text = re.sub(r"os\.environ\.setdefault\(\"DJANGO_SETTINGS_MODULE\".*", "", path.read_text())
            assert name in allowed or not re.search(r"\bos\.(environ|getenv)\b", text), name
