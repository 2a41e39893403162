"""Runs the stages of ``make test`` one after the other and sums up: run_stages.py [STAGE...].

Every stage runs even when an earlier one failed; the exit status is 1 when any did.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
FRONTEND = str(ROOT / "scripts" / "frontend")
PYTEST = [PYTHON, "-m", "pytest", "-q", "--color=auto"]

STAGES: dict[str, list[list[str]]] = {
    "lint": [
        [PYTHON, "-m", "ruff", "check", "-q", "."],
        [PYTHON, "-m", "ruff", "format", "-q", "--check", "."],
    ],
    "types": [[PYTHON, "-m", "mypy"]],
    "pages": [[FRONTEND, "run", "lint"], [FRONTEND, "run", "test"], [FRONTEND, "build"]],
    "unit": [[*PYTEST, "-m", "not stack and not e2e"]],
    "stack": [[*PYTEST, "-m", "stack and not e2e"]],
    "e2e": [[*PYTEST, "-m", "e2e"]],
}


def run_stage(name: str) -> tuple[bool, float]:
    """Run one stage's commands; whether all passed, and the seconds they took."""
    print(f"\n=== {name} {'=' * (90 - len(name))}", flush=True)
    began = time.monotonic()
    passed = True
    for command in STAGES[name]:
        shown = " ".join(Path(part).name if part in (PYTHON, FRONTEND) else part for part in command)
        print(f"$ {shown}", flush=True)
        ended = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, env=environment(), check=False)  # noqa: S603
        if ended.returncode:
            print(f"{name} failed: {shown} ended with exit status {ended.returncode}", flush=True)
            passed = False
    return passed, time.monotonic() - began


def environment() -> dict[str, str]:
    """Ours without what would point the tests at the data, the Redis or the port of a running product."""
    foreign = ("REDIS_URL", "DATABASE_URL", "AVSITE_DATA_DIR", "HOST", "PORT", "FORCE_COLOR")
    return {
        name: value
        for name, value in os.environ.items()
        if name not in foreign and not name.startswith("LIVEKIT_")
    }


def main() -> int:
    names = sys.argv[1:] or list(STAGES)
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        print(f"There is no stage {unknown[0]}; there are {', '.join(STAGES)}.", file=sys.stderr)
        return 2
    outcomes = {name: run_stage(name) for name in names}
    print(f"\n=== summary {'=' * 83}")
    for name, (passed, seconds) in outcomes.items():
        print(f"  {name:<8}{'passed' if passed else 'FAILED':<8}{seconds:7.1f} s")
    print(f"  {'all':<16}{sum(seconds for _, seconds in outcomes.values()):7.1f} s", flush=True)
    return 0 if all(passed for passed, _ in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
