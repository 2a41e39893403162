"""Fetches one pinned wheel with nothing but the standard library: fetch_wheel.py LOCK FOLDER.

For machines with a bare python3, where neither uv nor pip is there yet. LOCK is a requirements file with one
pinned package and its hashes; a file whose SHA-256 is not among them is refused.
"""

from __future__ import annotations

import hashlib
import html
import io
import os
import platform
import re
import sys
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

INDEX = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("PIP_INDEX_URL") or ""


def read_lock(path: Path) -> tuple[str, str, set[str]]:
    """The package's name, its version and the SHA-256 sums it may have."""
    text = path.read_text()
    pinned = re.search(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    if pinned is None:
        raise SystemExit(f"{path} pins no package.")
    return pinned[1], pinned[2], set(re.findall(r"sha256:([0-9a-f]{64})", text))


def find_wheel(name: str, version: str) -> str:
    """The address of the wheel for this machine's processor and C library."""
    page_url = f"{INDEX.rstrip('/')}/{name}/"
    with urllib.request.urlopen(page_url, timeout=60) as reply:  # noqa: S310 -- an index address
        page = reply.read().decode()
    library = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    for href in re.findall(r'href="([^"]+)"', page):
        address = urllib.parse.urljoin(page_url, html.unescape(href))
        file_name = address.partition("#")[0].rpartition("/")[2]
        if (
            file_name.startswith(f"{name.replace('-', '_')}-{version}-")
            and file_name.endswith(".whl")
            and library in file_name
            and f"{platform.machine()}." in file_name
        ):
            return address
    raise SystemExit(f"{page_url} has no {name} {version} for {library} on {platform.machine()}.")


def main() -> None:
    name, version, sums = read_lock(Path(sys.argv[1]))
    address = find_wheel(name, version)
    with urllib.request.urlopen(address, timeout=300) as reply:  # noqa: S310 -- checked by its hash below
        data = reply.read()
    if hashlib.sha256(data).hexdigest() not in sums:
        raise SystemExit(f"{name} {version} does not have the hash in the lock; nothing was installed.")
    target = Path(sys.argv[2])
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        wheel.extractall(target)  # noqa: S202 -- the hash is known
    for program in target.glob("*.data/scripts/*"):
        program.chmod(0o755)


if __name__ == "__main__":
    main()
