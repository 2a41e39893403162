"""``healthcheck.py URL | FILE``: 0 when the URL answers 2xx, or the file was touched in the last minute."""

from __future__ import annotations

import sys
import time
import urllib.request
from pathlib import Path

FRESH_SECONDS = 60
ANSWER_SECONDS = 8


def find_fault(target: str) -> str:
    """What is wrong with ``target``; "" when nothing is."""
    if target.startswith("http://"):
        try:
            with urllib.request.urlopen(target, timeout=ANSWER_SECONDS):  # noqa: S310 -- only http, see above
                return ""
        except OSError as error:
            return f"{target}: {error}"
    try:
        age = time.time() - Path(target).stat().st_mtime
    except OSError as error:
        return f"{target}: {error.strerror}"
    return "" if age < FRESH_SECONDS else f"{target} was touched {age:.0f} s ago"


if __name__ == "__main__":
    sys.exit(find_fault(sys.argv[1]) or 0)
