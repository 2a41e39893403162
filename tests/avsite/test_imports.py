"""The web process stays light: neither torch nor what carries LiveKit's media is ever imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import json, sys, pkgutil, importlib
import avsite.asgi, avsite.urls
from lipsync.engines.base import ENGINES, get_engine
for name in ENGINES:
    get_engine(name).check()
import lipsync.speech.voices, lipsync.assets
import avsite.api, rooms.tasks, rooms.sdk
at_start = sorted(sys.modules)
rooms.sdk.load()
print(json.dumps([at_start, sorted(sys.modules)]))
"""


def test_web_process_stays_light() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    at_start, later = (set(names) for names in json.loads(done.stdout.splitlines()[-1]))
    assert {"django", "rooms.api_people"} <= at_start  # the list is real
    assert "livekit.api" not in at_start, "the first page waits for what only rooms need"
    assert "livekit.api" in later
    heavy = {"torch", "tensorflow", "transformers", "scipy.signal", "matplotlib"}
    assert later.isdisjoint(heavy | {"livekit.rtc", "livekit.agents", "livekit.plugins"})
