"""The web process stays light: whatever a request may import, torch is not among it."""

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
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def test_web_process_imports_no_torch() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "django" in loaded  # the list is real
    assert loaded.isdisjoint({"torch", "tensorflow", "transformers", "livekit", "scipy.signal", "matplotlib"})
