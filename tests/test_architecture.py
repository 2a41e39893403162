"""The arrows of the design hold, and files and functions stay small enough to read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("avsite", "lipsync", "rooms", "supervisor")
FILE_LINES = 400
FUNCTION_LINES = 50

# Left to right: a layer uses only itself and what stands to its right.
LAYERS = (
    {"api", "consumers", "admin", "management", "routing", "apps"},
    {"tasks"},
    {"runner"},
    {"attempts"},
    {"remote"},
    {"service", "judge"},
    {"breaker"},
    {"budget"},
    {"dubbing"},
    {"engines", "quality", "policy", "cost", "cache"},
    {"face"},
    {"speech"},
    {"video", "audio"},
)
COMPUTING = {"dubbing", "engines", "quality", "cost", "face", "speech", "video", "audio"}
RIGHT_OF = {name: rank for rank, names in enumerate(LAYERS) for name in names}
# Words that layers share without pointing back: the engine contract is data about sound and pictures.
CONTRACTS = {"lipsync.audio.phones", "lipsync.audio.shape", "lipsync.engines.base"}


def python_files(*packages: str) -> list[Path]:
    return [
        path
        for package in packages
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module imported anywhere in the file, with its line; imports for type checkers do not count."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from ((f"{node.module}.{name.name}", node.lineno) for name in node.names)


def layer_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "lipsync" else None


def is_computing(path: Path) -> bool:
    return layer_of(module_name(path)) in COMPUTING


@pytest.mark.parametrize("path", python_files("lipsync"), ids=module_name)
def test_lipsync_layers_point_one_way(path: Path) -> None:
    own = RIGHT_OF.get(layer_of(module_name(path)) or "")
    if own is None:
        return
    wrong = [
        f"line {line}: {module}"
        for module, line in imports(path)
        if RIGHT_OF.get(layer_of(module) or "", own) < own
        and not any(module.startswith(contract) for contract in CONTRACTS)
    ]
    assert not wrong, f"{module_name(path)} uses a layer to its left: {wrong}"


@pytest.mark.parametrize(
    "path", [path for path in python_files("lipsync") if is_computing(path)], ids=module_name
)
def test_computing_layers_know_no_django(path: Path) -> None:
    wrong = [
        f"line {line}: {module}"
        for module, line in imports(path)
        if (
            module.split(".")[0] in {"django", "ninja", "channels", "celery", "avsite"}
            and not module.startswith("avsite.ai.")  # which knows no Django either
        )
        or module.startswith(("lipsync.models", "lipsync.storage", "lipsync.queue"))
    ]
    assert not wrong, f"{module_name(path)} must run without the site: {wrong}"


def test_the_supervisor_starts_without_the_product() -> None:
    allowed = {"dotenv", "supervisor"}
    for path in python_files("supervisor"):
        for module, line in imports(path):
            top = module.split(".")[0]
            assert top not in {"avsite", "lipsync", "rooms", "django", "celery"} - allowed, (
                f"{path.name}:{line}: {module}"
            )


def test_no_room_for_odds_and_ends() -> None:
    odd = {"utils", "helpers", "common", "misc"}
    found = [str(path.relative_to(ROOT)) for path in python_files(*PACKAGES) if path.stem in odd]
    assert not found, f"give these the name of what they hold: {found}"


@pytest.mark.parametrize("path", python_files(*PACKAGES), ids=module_name)
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= FILE_LINES, f"{path} has more than {FILE_LINES} lines"
    long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert not long, f"{module_name(path)} has functions over {FUNCTION_LINES} lines: {long}"
