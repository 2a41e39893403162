"""The screens' page, and pages for what went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Api


@pytest.fixture
def dist(settings: Any, tmp_path: Path) -> Path:
    settings.FRONTEND_DIST = tmp_path / "dist"
    return tmp_path / "dist"


@pytest.mark.parametrize("path", ["/", "/jobs", "/jobs/some-id", "/s/token", "/signup"])
def test_screens_own_every_other_path(dist: Path, nobody_api: Api, path: str) -> None:
    dist.mkdir()
    (dist / "index.html").write_text("<title>the studio</title>")
    response = nobody_api.get(path)
    assert response.status_code == 200
    assert b"the studio" in response.content
    assert "no-cache" in response["Cache-Control"]
    assert "csrftoken" in response.cookies


def test_a_page_says_so_when_screens_are_not_built(dist: Path, nobody_api: Api) -> None:
    response = nobody_api.get("/")
    assert response.status_code == 503
    assert "make run" in response.content.decode()


def test_unknown_paths_outside_the_screens(dist: Path, nobody_api: Api) -> None:
    assert nobody_api.get("/static/missing.js").status_code == 404
    page = nobody_api.get("/api/nothing")
    assert page.json()["error"]["code"] == "not_found"


def test_screens_take_no_posts(dist: Path, nobody_api: Api) -> None:
    assert nobody_api.post("/jobs").status_code == 405
