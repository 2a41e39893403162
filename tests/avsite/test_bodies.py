"""Uploads through the real web server: memory stays small, and what is too large is refused politely."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 1024 * 1024
MAKE_KEY = """
from avsite.accounts.models import ApiKey, User
print(ApiKey.objects.issue(User.objects.create_user("alice"), "test")[1])
"""


class Site:
    """A web process of its own, which accepts files of 20 MB."""

    def __init__(self, data: Path) -> None:
        self.data = data
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = os.environ | {
            "AVSITE_DATA_DIR": str(data),
            "AVSITE_UPLOAD_LIMIT_MB": "20",
            "REDIS_URL": "redis://127.0.0.1:1/0",
        }
        manage = [sys.executable, "manage.py"]
        subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
        made = subprocess.run(
            [*manage, "shell", "-v0", "-c", MAKE_KEY],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        self.key = made.stdout.strip()
        command = [
            sys.executable,
            "-m",
            "daphne",
            "-b",
            "127.0.0.1",
            "-p",
            str(self.port),
            "avsite.asgi:application",
        ]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def wait(self) -> None:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                assert self.process.poll() is None, "the web server ended"
                time.sleep(0.1)
        raise AssertionError("the web server did not start")

    def peak_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    def post(
        self, body: Any, headers: dict[str, str], path: str = "/api/v1/assets"
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        named = {"Authorization": f"Bearer {self.key}"} | headers
        connection.request("POST", path, body, named, encode_chunked="Transfer-Encoding" in headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def upload(self, megabytes: int, is_chunked: bool = False) -> tuple[int, dict[str, Any]]:
        """A form with a file of this size, never whole in memory here either."""
        head = (
            b'--edge\r\nContent-Disposition: form-data; name="kind"\r\n\r\nface\r\n'
            b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
        )
        tail = b"\r\n--edge--\r\n"
        size = len(head) + megabytes * MEGABYTE + len(tail)
        length = {"Transfer-Encoding": "chunked"} if is_chunked else {"Content-Length": str(size)}

        def parts() -> Iterator[bytes]:
            yield head
            for _ in range(megabytes):
                yield b"x" * MEGABYTE
            yield tail

        return self.post(parts(), {"Content-Type": "multipart/form-data; boundary=edge"} | length)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    try:
        site.wait()
        yield site
    finally:
        site.process.terminate()
        site.process.wait(20)


def test_a_large_body_arrives_whole(site: Site) -> None:
    """15 MB that are no video reach the probe, which refuses them for what they are."""
    status, answer = site.upload(15)
    assert (status, answer["error"]["code"]) == (415, "unsupported_media")


def test_memory_does_not_grow_with_the_upload(site: Site) -> None:
    site.upload(1)
    before = site.peak_bytes()
    status, answer = site.upload(38)  # within what a form may have, above what a file may
    assert (status, answer["error"]["param"]) == (413, "file")
    assert site.peak_bytes() - before < 15 * MEGABYTE


@pytest.mark.parametrize("is_chunked", [False, True])
def test_what_no_form_may_have_is_thrown_away(site: Site, is_chunked: bool) -> None:
    before = site.peak_bytes()
    status, answer = site.upload(150, is_chunked)
    assert (status, answer["error"]["code"]) == (413, "too_large")
    assert "20.0 MB" in answer["error"]["message"]
    assert site.peak_bytes() - before < 15 * MEGABYTE
    assert list((site.data / "tmp").iterdir()) == []


def test_small_bodies_with_and_without_a_length(site: Site) -> None:
    body = json.dumps({"name": "laptop"}).encode()
    json_type = {"Content-Type": "application/json"}
    for headers in (json_type, json_type | {"Transfer-Encoding": "chunked"}):
        status, answer = site.post(iter([body]) if len(headers) > 1 else body, headers, "/api/v1/me/keys")
        assert (status, answer["name"]) == (201, "laptop")
