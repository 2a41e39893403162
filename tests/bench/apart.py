"""Runs a Python program in a process of its own and says what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    wall_seconds: float
    cpu_seconds: float
    peak_megabytes: float


# A small process between: what its parent holds counts as a new process's own peak.
_BETWEEN = """
import json, resource, subprocess, sys
code = subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
sys.exit(code != 0)
"""


def run(program: str, *arguments: object, cwd: Path | None = None) -> Cost:
    """What a Python program took in a process of its own, its children included."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
    }
    command = [sys.executable, "-S", "-c", _BETWEEN, "-c", program, *map(str, arguments)]
    began = time.monotonic()
    ended = subprocess.run(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, check=True)
    return Cost(time.monotonic() - began, *json.loads(ended.stdout))
