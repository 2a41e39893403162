"""Files go out whole, in ranges and revalidated, the same through WSGI and ASGI."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import AsyncRequestFactory, RequestFactory

from avsite.errors import ApiError
from avsite.files import BLOCK_BYTES, safe_name, serve_file

CONTENT = bytes(range(256)) * (3 * BLOCK_BYTES // 256) + b"the end"


@pytest.fixture
def movie(tmp_path: Path) -> Path:
    path = tmp_path / "movie.mp4"
    path.write_bytes(CONTENT)
    return path


def send(path: Path, method: str = "GET", **headers: str) -> HttpResponseBase:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return serve_file(RequestFactory().generic(method, "/", headers=named), path, "video/mp4", "movie.mp4")


def body(response: HttpResponseBase) -> bytes:
    assert isinstance(response, StreamingHttpResponse)
    return response.getvalue()


def test_whole_file(movie: Path) -> None:
    response = send(movie)
    assert response.status_code == 200
    assert body(response) == CONTENT
    assert response["Content-Length"] == str(len(CONTENT))
    assert response["Accept-Ranges"] == "bytes"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"] == 'inline; filename="movie.mp4"'


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-299", 100, 300),
        (f"bytes={len(CONTENT) - 7}-", len(CONTENT) - 7, len(CONTENT)),
        ("bytes=-7", len(CONTENT) - 7, len(CONTENT)),
        (f"bytes=10-{len(CONTENT) * 9}", 10, len(CONTENT)),
        (f"bytes=-{len(CONTENT) * 9}", 0, len(CONTENT)),
    ],
)
def test_range(movie: Path, asked: str, start: int, stop: int) -> None:
    response = send(movie, Range=asked)
    assert response.status_code == 206
    assert body(response) == CONTENT[start:stop]
    assert response["Content-Range"] == f"bytes {start}-{stop - 1}/{len(CONTENT)}"
    assert response["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("asked", [f"bytes={len(CONTENT)}-", "bytes=-0"])
def test_range_beyond_the_end(movie: Path, asked: str) -> None:
    response = send(movie, Range=asked)
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "lines=1-2", "bytes=a-b", "bytes=-", "bytes=0-1,5-6", "bytes=٣-٤"]
)
def test_what_is_no_single_range_gets_the_whole_file(movie: Path, asked: str) -> None:
    assert send(movie, Range=asked).status_code == 200


def test_head_has_headers_only(movie: Path) -> None:
    response = send(movie, "HEAD")
    assert (response.status_code, response["Content-Length"], response.content) == (
        200,
        str(len(CONTENT)),
        b"",
    )  # type: ignore[attr-defined]


def test_unchanged_file_is_not_sent_again(movie: Path) -> None:
    first = send(movie)
    assert send(movie, If_None_Match=first["ETag"]).status_code == 304
    assert send(movie, If_Modified_Since=first["Last-Modified"]).status_code == 304


def test_range_of_a_file_that_changed_gives_the_new_file(movie: Path) -> None:
    etag, modified = send(movie)["ETag"], send(movie)["Last-Modified"]
    assert send(movie, Range="bytes=0-9", If_Range=etag).status_code == 206
    assert send(movie, Range="bytes=0-9", If_Range=modified).status_code == 206
    movie.write_bytes(b"something else entirely")
    assert send(movie, Range="bytes=0-9", If_Range=etag).status_code == 200
    assert send(movie, Range="bytes=0-9", If_Range="nonsense").status_code == 200


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ApiError) as caught:
        send(tmp_path / "gone.mp4")
    assert caught.value.status == 404


async def test_streams_without_holding_a_thread_under_asgi(movie: Path) -> None:
    request = AsyncRequestFactory().get("/", headers={"Range": f"bytes=5-{2 * BLOCK_BYTES}"})
    assert isinstance(request, ASGIRequest)
    response = serve_file(request, movie, "video/mp4", "movie.mp4")
    assert isinstance(response, StreamingHttpResponse) and response.is_async
    blocks = [block async for block in response]  # type: ignore[attr-defined]
    assert max(map(len, blocks)) <= BLOCK_BYTES
    assert b"".join(blocks) == CONTENT[5 : 2 * BLOCK_BYTES + 1]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("holiday.mp4", "holiday.mp4"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a\x00b\r\nc.png", "ab_c.png"),
        ('say "hi": 1?.wav', "say _hi_ 1_.wav"),
        ("...", "file"),
        ("", "file"),
        ("портрет 😀.jpg", "портрет 😀.jpg"),
    ],
)
def test_names_lose_their_paths(given: str, shown: str) -> None:
    assert safe_name(given) == shown


def test_long_names_keep_their_ending() -> None:
    name = safe_name("x" * 500 + ".jpeg")
    assert len(name) <= 120 and name.endswith(".jpeg")
